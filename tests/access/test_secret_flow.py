"""The secret that keys are stored under: remembered, and replaced by another without a key being lost."""

from datetime import datetime

import pytest

from service import clock, ids
from service.access import known_by
from service.access.flow import Wanted, introduce, make_key
from service.access.key import Secrets, mark_of
from service.access.secret_flow import settle
from service.config import CannotStart
from service.db import Pool
from service.registry import uses
from service.registry.registry import Registry

A, B, C = (letter * 32 for letter in "abc")
ADA = Wanted("operator", "ada", ("*",))


@pytest.fixture(autouse=True)
async def operator(pool: Pool) -> None:
    """Ada, who is an operator."""
    await pool.execute("insert into operators (person, scopes, enrolled_at) values ('ada', '{*}', now())")


@pytest.mark.parametrize(
    ("started", "then", "starts"),
    [
        ([], Secrets(A), True),  # the first start writes it down
        ([Secrets(A)], Secrets(A), True),
        ([Secrets(A)], Secrets(B), False),
        ([Secrets(A)], Secrets(B, C), False),
        ([Secrets(A)], Secrets(B, A), True),  # it takes the place of A
        ([Secrets(A)], Secrets(A, B), True),  # it is made known before
        ([Secrets(A), Secrets(B, A)], Secrets(B), True),
        ([Secrets(A), Secrets(B, A)], Secrets(A), True),  # the one before: a process that is to be replaced
        ([Secrets(A), Secrets(B, A)], Secrets(A, B), True),
        ([Secrets(A), Secrets(B, A)], Secrets(C), False),
        ([Secrets(A), Secrets(B, A)], Secrets(C, A), False),  # only the present one is replaced
        ([Secrets(A), Secrets(B, A), Secrets(C, B)], Secrets(A), False),
        ([Secrets(A), Secrets(B, A), Secrets(A)], Secrets(B), True),  # what started in between moved nothing back
    ],
)
async def test_which_secret_starts(pool: Pool, started: list[Secrets], then: Secrets, starts: bool) -> None:
    async with pool.acquire() as conn:
        for under in started:
            await settle(conn, under, clock.now())
        if starts:
            await settle(conn, then, clock.now())
            return
        before = await conn.fetchrow("select * from key_secrets")
        with pytest.raises(CannotStart, match="TENOR_KEY_SECRET_BEFORE") as refused:
            await settle(conn, then, clock.now())
        assert mark_of(then.present) in str(refused.value)
        assert then.present not in str(refused.value)
        assert await conn.fetchrow("select * from key_secrets") == before


async def test_a_key_is_stored_anew_when_it_is_used(pool: Pool, database_url: str) -> None:
    async with pool.acquire() as conn:
        await settle(conn, Secrets(A), clock.now())
        used, unused = [await make_key(conn, Secrets(A), ADA, None, clock.now()) for _ in range(2)]
        await settle(conn, Secrets(B, A), clock.now())
    both, new, old = (Registry(database_url, pool, under) for under in (Secrets(B, A), Secrets(B), Secrets(A)))
    for one in (both, new, old):
        await one.reload()
    assert await new.principal(used.text) is None
    assert await old.principal(used.text) is not None
    for _ in range(2):
        assert (principal := await both.principal(used.text)) is not None
        assert principal.key_id == used.key_id
    await both._uses.save()
    assert {tuple(row) for row in await pool.fetch("select key_id, secret_mark from keys")} == {
        (used.key_id, mark_of(B)), (unused.key_id, mark_of(A)),
    }  # fmt: skip
    for one in (both, new):
        await one.reload()
        assert (principal := await one.principal(used.text)) is not None
        assert principal.key_id == used.key_id
    assert (await both.principal(unused.text), await new.principal(unused.text)) != (None, None)
    for one in (both, new, old):
        await one.close()


async def test_what_others_know_us_by_outlives_the_secret(pool: Pool) -> None:
    gateway = ids.new_id(ids.GATEWAY, 0, 1)
    async with pool.acquire() as conn:
        await settle(conn, Secrets(A), clock.now())
        said = await introduce(conn, Secrets(A), gateway)
        await settle(conn, Secrets(B, A), clock.now())
        owner, sealed, mark = await conn.fetchrow("select owner_id, sealed, secret_mark from known_by") or ("", b"", "")
    bits = known_by.read(Secrets(B), mark, owner, sealed)
    assert bits is not None
    assert known_by.said(bits) == said
    assert known_by.read(Secrets(A), mark, owner, sealed) is None  # A may be forgotten
    assert known_by.read(Secrets(B), mark, ids.new_id(ids.GATEWAY, 0, 1), sealed) is None  # it is nobody else's


async def test_uses_are_told_once_a_minute_in_one_statement(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as conn:
        keys = [await make_key(conn, Secrets(A), ADA, None, clock.now()) for _ in range(3)]
    registry = Registry(database_url, pool, Secrets(A))
    await registry.reload()
    for key in keys[:2]:
        assert await registry.principal(key.text)
    await registry._uses.save()  # a minute has not passed
    assert await pool.fetchval("select count(*) from key_uses") == 0
    monkeypatch.setattr(uses, "APART_S", 0)
    before = await pool.fetchval("select max(changed_in) from keys")
    await registry._uses.save()
    told = await told_uses(pool)
    assert set(told) == {key.key_id for key in keys[:2]}
    assert await registry.principal(keys[0].text)
    await registry._uses.save()
    again = await told_uses(pool)
    assert again[keys[0].key_id] > told[keys[0].key_id]
    assert again[keys[1].key_id] == told[keys[1].key_id]
    assert await pool.fetchval("select max(changed_in) from keys") == before  # nobody has to read them anew
    await registry.close()


async def told_uses(pool: Pool) -> dict[str, datetime]:
    """When each key was last used, as the database knows it."""
    rows = await pool.fetch("select key_id, last_used_at from key_uses")
    return {row["key_id"]: row["last_used_at"] for row in rows}
