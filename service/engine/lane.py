"""The lane: a queue, one task, one connection. It takes all that waits (at most 64), does it in one transaction, and
only then answers. No timer: a free lane takes what is there.

What can go wrong, and what is then true:
    a command is refused            its caller hears why; the others of the batch do not notice
    the database rejects the batch  nothing happened; each is run again alone, and the one at fault is refused
    the connection is lost          nothing happened, or all of it did: run again; the idempotency keys tell which
    the database stays away         503 to all who wait; the same key may be sent again
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg

from service import clock
from service.db import Connection
from service.engine.batch import Answers, CommitUnknown, run
from service.engine.faults import LOST, PASSING
from service.engine.keys import refusal
from service.engine.work import Answer, Work
from service.errors import Code, Refused
from service.inbox import Inbox
from service.limits.account import Account

BATCH_MAX = 64  # more only adds latency
WAITING_MAX = 2_048  # a longer queue is an honest 503 at once
PATIENCE_S = 4.0  # how long a batch is tried while the database is away

Connect = Callable[[], Awaitable[Connection]]
Committed = Callable[[list[Account]], Awaitable[None]]

log = logging.getLogger("tenor.lane")


class Lane:
    """One committer. `submit` is all a caller sees."""

    def __init__(self, connect: Connect, committed: Committed) -> None:
        self._connect = connect
        self._committed = committed
        self._inbox: Inbox[Work] = Inbox(WAITING_MAX)
        self._conn: Connection | None = None
        self._task = asyncio.create_task(self._serve())

    def submit(self, work: Work) -> None:
        """Queues work; its future is answered after COMMIT. Refused with BUSY when the queue is full."""
        if not self._inbox.put(work):
            raise Refused(Code.BUSY, "Too much is waiting; send the same request again in a second.")

    async def close(self) -> None:
        """Finishes what waits, then stops."""
        self._inbox.close()
        await self._task
        if self._conn and not self._conn.is_closed():
            await self._conn.close()

    async def _serve(self) -> None:
        while batch := await self._inbox.take(BATCH_MAX):
            try:
                await self._finish(batch)
            except Exception:
                log.exception("a batch of %d failed", len(batch))
                _refuse(batch, Code.UNAVAILABLE, "The service could not do this; send the same request again.")

    async def _finish(self, batch: list[Work]) -> None:
        """Runs the batch until it is answered: together, then, if the database objects, one by one."""
        try:
            await self._persist(batch)
        except asyncpg.PostgresError:
            if len(batch) == 1:
                # A second wall answered (a unique key taken meanwhile): with the facts read anew the command refuses.
                await self._persist(batch)
                return
            log.warning("a batch of %d was rejected; running it one by one", len(batch), exc_info=True)
            for work in batch:
                try:
                    await self._finish([work])
                except Exception:
                    log.exception("rejected: %r", work.item)
                    _refuse([work], Code.UNAVAILABLE, "The service could not do this; send the same request again.")

    async def _persist(self, batch: list[Work]) -> None:
        """One transaction, tried again while the database is away. Running again is safe: a key is claimed once."""
        until = clock.monotonic() + PATIENCE_S
        maybe_done = False
        pause = 0.02
        while True:
            try:
                conn = await self._connected()
                answers, accounts = await run(conn, batch)
            except CommitUnknown:
                maybe_done = True
            except PASSING:
                log.warning("the database is busy or leaving", exc_info=True)
            except LOST:
                log.warning("the connection was lost", exc_info=True)
            else:
                await self._answer(answers, accounts)
                return
            self._drop()
            if clock.monotonic() + pause > until:
                code = Code.OUTCOME_UNKNOWN if maybe_done else Code.UNAVAILABLE
                _refuse(batch, code, "The database is away; send the same request with the same key again.")
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _answer(self, answers: Answers, accounts: list[Account]) -> None:
        if accounts:
            await self._committed(accounts)
        for work, answer in answers:
            if not work.answered.done():  # a caller who left was cancelled; the work was not
                work.answered.set_result(answer)

    async def _connected(self) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = await self._connect()
        return self._conn

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None


def _refuse(batch: list[Work], code: Code, detail: str) -> None:
    answer: Answer = refusal(Refused(code, detail))
    for work in batch:
        if not work.answered.done():
            work.answered.set_result(answer)
