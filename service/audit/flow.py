"""The audit log in the database: acts written in their own transactions, and sealed after their commit."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import clock, ids
from service.audit.chain import BEGINNING, Gone, Head, mark_of, next_head, proof_of
from service.audit.entry import Act, By, Entry
from service.audit.head_store import HeadStore
from service.audit.refusals import Refusal, Refusals
from service.db import Connection, Pool, load_queries
from service.deadline import CLOSE_S
from service.engine.faults import LOST, PASSING, what
from service.logs import DATABASE
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

SEALED_AT_ONCE: Final = 500
TICK_S: Final = 20.0  # entries of others, and refusals of a minute that is over, wait at most so long
SOON_S: Final = 0.05  # after an entry was written: by then most have committed
LATEST_S: Final = 10.0  # so long it is looked for again and again

log = logging.getLogger("tenor.audit")


class _Written(Entry, frozen=True, gc=False):
    mark: bytes


class _Seal(msgspec.Struct, frozen=True, gc=False):
    entry_id: str
    number: int
    seal: bytes


INSERT: Final = Statement(Q.insert_entries, written=_Written)
SEAL: Final = Statement(Q.seal_entries, sealed=_Seal)


async def record(
    conn: Connection,
    secret: str,
    by: By,
    acts: Sequence[Act],
    request_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Writes down acts in the transaction that does them, at the real time of this machine, or at `at`."""
    at = at or clock.now()
    entries = [
        Entry(
            ids.new_id(ids.AUDIT, 0, int(at.timestamp() * 1000)), at, by.audience, by.owner_id, by.key_id,
            act.verb, act.thing, act.thing_id, _json(act.before), _json(act.after), request_id,
        )
        for act in acts
    ]  # fmt: skip
    await INSERT.execute(
        conn, written=[_Written(**msgspec.structs.asdict(one), mark=mark_of(secret, one)) for one in entries]
    )


async def seal(conn: Connection, secret: str, store: HeadStore) -> Head:
    """Numbers and seals what was committed, and keeps the head; returns it."""
    while True:
        async with conn.transaction():
            await conn.execute(Q.lock_chain)
            head = await last_head(conn)
            is_whole = await _is_whole(conn, head, store)
            rows = await conn.fetch(Q.load_unsealed, SEALED_AT_ONCE)
            seals = []
            for row in rows:
                head = next_head(secret, head, Entry(*row))
                seals.append(_Seal(row["entry_id"], head.number, head.seal))
            if seals:
                await SEAL.execute(conn, sealed=seals)
        if is_whole and head.number:
            _keep(store, head)
        if len(rows) < SEALED_AT_ONCE:
            return head


async def last_head(conn: Connection) -> Head:
    """The end of the chain as the database has it."""
    row = await conn.fetchrow(Q.last_head)
    return Head(*row) if row else BEGINNING


async def beginning(conn: Connection) -> tuple[Gone, bytes] | None:
    """Which first entries are not kept any more, and the proof of it; None: all are."""
    row = await conn.fetchrow(Q.last_beginning)
    if row is None:
        return None
    head = Head(row["number"], row["seal"])
    return Gone(head, row["first_number"], row["until_at"], row["forgotten_at"]), row["proof"]


async def forget_entries(conn: Connection, secret: str, before: datetime, now: datetime, at_most: int) -> int:
    """Forgets the first entries, as long as they are of before an instant, at most so many; how many."""
    async with conn.transaction():
        await conn.execute(Q.lock_chain)
        row = await conn.fetchrow(Q.find_old, before, at_most)
        if row is None:
            return 0
        gone = Gone(Head(row["number"], row["seal"]), row["first_number"], row["until_at"], now)
        told = (gone.head.number, gone.head.seal, gone.first, gone.until, gone.at)
        done: int = await conn.fetchval(Q.forget_entries, *told, proof_of(secret, gone))
        return done


async def _is_whole(conn: Connection, head: Head, store: HeadStore) -> bool:
    """Whether what this machine has sealed before still is there: if not, what it kept is evidence and stays."""
    kept = store.read()
    if kept is None or kept == head:
        return True
    gone = await beginning(conn)
    if gone is not None and kept.number < gone[0].head.number:
        return True  # what this machine kept was forgotten meanwhile
    if kept.number <= head.number and await conn.fetchval(Q.seal_of, kept.number) == kept.seal:
        return True
    log.error("the audit log no longer has entry %d as it was sealed here; run: tenor audit verify", kept.number)
    return False


def _keep(store: HeadStore, head: Head) -> None:
    try:
        if store.read() != head:
            store.keep(head)
    except OSError as error:
        log.warning("the head of the audit log could not be kept in %s: %s", store.path, error.strerror)


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


class Audit:
    """The log, for a process that serves: entries are sealed a moment after they are written."""

    def __init__(self, pool: Pool, secret: str, data: Path) -> None:
        self._pool = pool
        self._secret = secret
        self._store = HeadStore(data)
        self._refusals = Refusals()
        self._written_at = 0.0
        self._written = asyncio.Event()
        self._closed = False
        self._task = asyncio.create_task(self._serve())

    async def record(self, conn: Connection, by: By, acts: Sequence[Act], request_id: str | None = None) -> None:
        """Writes down acts in the transaction that does them."""
        await record(conn, self._secret, by, acts, request_id)
        self._written_at = clock.monotonic()
        self._written.set()

    async def record_now(self, by: By, act: Act) -> None:
        """Writes down an act that changes nothing: that somebody has read something."""
        async with self._pool.acquire() as conn:
            await self.record(conn, by, [act])

    def refused(self, refusal: Refusal, route: str, address: str | None) -> None:
        """Counts a key that was refused."""
        self._refusals.count(refusal, route, address, clock.now())

    async def entries(
        self, after: int, limit: int, thing: str | None, thing_id: str | None, owner_id: str | None,
        since: datetime | None, until: datetime | None,
    ) -> list[asyncpg.Record]:  # fmt: skip
        """Entries after a number, the oldest first; what was committed before is among them."""
        async with self._pool.acquire() as conn:
            await seal(conn, self._secret, self._store)
            return await conn.fetch(Q.list_entries, after, limit, thing, thing_id, owner_id, since, until)

    async def tell(self, *, everything: bool) -> None:
        """Writes down the refusals of minutes that are over, or of all, and seals what is there."""
        async with self._pool.acquire() as conn:
            for by, act, at in self._refusals.over(None if everything else clock.now()):
                await record(conn, self._secret, by, [act], at=at)
            await seal(conn, self._secret, self._store)

    async def close(self) -> None:
        """Tells what is left, and stops."""
        self._closed = True
        self._written.set()
        await self._task

    async def _serve(self) -> None:
        is_last = False
        while not is_last:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._written.wait()
                self._written.clear()
                await asyncio.sleep(SOON_S)
            except TimeoutError:
                pass
            is_last = self._closed
            try:
                async with asyncio.timeout(CLOSE_S if is_last else TICK_S):
                    await self.tell(everything=is_last)
            except (*LOST, *PASSING) as error:
                log.warning("the audit log was not sealed, and is sealed later: %s", what(error), extra=DATABASE)
            except Exception:
                log.exception("the audit log was not sealed")

    def _pause(self) -> float:
        """An entry may be written and not committed when it is looked for: the longer ago, the more rarely again."""
        ago = clock.monotonic() - self._written_at
        return max(ago, SOON_S) if ago < LATEST_S else TICK_S
