"""What changed is known everywhere within 5 seconds, whether or not it is announced; and only that is read."""

import asyncio
from typing import NoReturn

import pytest

from service import clock
from service.access.flow import NewKey, Wanted, make_key, revoke_key
from service.access.key import Principal, Secrets
from service.db import Connection, Pool, connect_session
from service.merchants.flow import take_on
from service.merchants.merchant import Merchant
from service.registry import registry as registry_module
from service.registry.known import Keys, Merchants
from service.registry.registry import Registry

UNDER = Secrets("a" * 32)
BY = Principal("ke_1", "operator", "ada", frozenset("*"))
WITHIN_S = 5.0


@pytest.fixture(autouse=True)
async def operator(pool: Pool) -> None:
    """Ada, who is an operator."""
    await pool.execute("insert into operators (person, scopes, enrolled_at) values ('ada', '{*}', now())")


async def made(conn: Connection, owner: str = "ada") -> NewKey:
    return await make_key(conn, UNDER, Wanted("operator", owner, ("*",)), BY, clock.now())


class Deaf:
    """A connection that takes LISTEN and hears nothing, as behind a connection pool."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    async def add_listener(self, channel: str, _: object) -> None:
        await self._conn.execute(f"listen {channel}")

    def add_termination_listener(self, _: object) -> None:
        pass

    def terminate(self) -> None:
        self._conn.terminate()


async def deaf(url: str) -> Deaf:
    return Deaf(await connect_session(url))


async def refused(_: str) -> NoReturn:
    raise OSError("nobody listens here")


@pytest.mark.parametrize("connect", [deaf, refused])
async def test_a_revoked_key_ends_within_5_seconds_where_nothing_is_announced(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch, connect: object
) -> None:
    monkeypatch.setattr(registry_module, "connect_session", connect)
    async with pool.acquire() as conn:
        key, other = await made(conn), await made(conn)
        registry = Registry(database_url, pool, UNDER)
        await registry.start()
        try:
            assert await registry.principal(key.text)
            revoked_at = clock.monotonic()
            await revoke_key(conn, key.key_id, BY, clock.now())
            while await registry.principal(key.text):
                assert clock.monotonic() < revoked_at + WITHIN_S
                await asyncio.sleep(0.05)
            assert await registry.principal(other.text)
        finally:
            await registry.close()


async def test_a_key_that_was_made_while_we_looked_is_seen_the_next_time(pool: Pool, database_url: str) -> None:
    """Transactions end in another order than they began: none is missed that was not over."""
    registry = Registry(database_url, pool, UNDER)
    async with pool.acquire() as early, pool.acquire() as late:
        transaction = early.transaction()
        await transaction.start()
        first = await made(early)
        second = await made(late)
        await registry.reload()
        assert set(registry.now.hmacs) == {second.key_id}
        for _ in range(3):
            await made(late)
        await registry.reload()
        assert first.key_id not in registry.now.hmacs
        await transaction.commit()
        await registry.reload()
        assert first.key_id in registry.now.hmacs
        assert len(registry.now.keys) == len(registry.now.hmacs) == 5
    await registry.close()


async def nothing_is_read(registry: Registry, taken: list[str]) -> None:
    """In the end. What was committed while a transaction is open, whoever's on this server, is read once more."""
    for _ in range(200):
        taken.clear()
        await registry.reload()
        if not taken:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{taken} did not change, and is read again and again")


async def test_only_what_changed_is_read_again(pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    for kind, name in ((Keys, "key_id"), (Merchants, "merchant_id")):
        take = kind.take

        def noting(self: object, row: dict[str, str], take: object = take, name: str = name) -> None:
            taken.append(row[name])
            take(self, row)  # type: ignore[operator]

        monkeypatch.setattr(kind, "take", noting)
    registry = Registry(database_url, pool, UNDER)
    merchant = Merchant("me_00000000000000000000000000", "Laden", "DE", "Europe/Berlin", {})
    async with pool.acquire() as conn:
        keys = [await made(conn) for _ in range(3)]
        await take_on(conn, merchant, clock.now())
        await registry.reload()
        assert sorted(taken) == sorted([*(key.key_id for key in keys), merchant.merchant_id])
        await nothing_is_read(registry, taken)
        await revoke_key(conn, keys[1].key_id, BY, clock.now())
        await conn.execute("update merchants set active = false")
        await registry.reload()
        assert set(taken) == {keys[1].key_id, merchant.merchant_id}
        assert not registry.now.merchants[merchant.merchant_id].active
        assert set(registry.now.hmacs) == {keys[0].key_id, keys[2].key_id}
        await registry._read_whole()
        assert set(registry.now.hmacs) == {keys[0].key_id, keys[2].key_id}
    await registry.close()
