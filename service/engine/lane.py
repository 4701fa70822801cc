"""The lane: a queue, one task, one connection. It takes all that waits (at most 64), does it in one transaction, and
only then answers. No timer: a free lane takes what is there.

What can go wrong, and what is then true:
    a command is refused            its caller hears why; the others of the batch do not notice
    the batch fails                 nothing happened; each is run again alone, and the one at fault is told: 500
    the connection is lost          nothing happened, or all of it did: run again; the idempotency keys tell which
    the database stays away         503 to all who wait: `outcome_unknown` to those whose work was sent to it,
                                    `unavailable` to the others; the same key may be sent again
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from service import clock
from service.db import Connection
from service.deadline import PATIENCE_S
from service.engine.batch import CommitUnknown
from service.engine.faults import LOST, PASSING, traceback_of, what
from service.engine.keys import refusal
from service.engine.work import Answer, Answers, Work
from service.errors import Code, Refused
from service.inbox import Inbox
from service.metrics import BATCHES

BATCH_MAX = 64  # more only adds latency
WAITING_MAX = 2_048  # a longer queue is an honest 503 at once

Told = TypeVar("Told")

Connect = Callable[[], Awaitable[Connection]]
Run = Callable[[Connection, list[Work[Any]]], Awaitable[tuple[Answers, list[Told]]]]
Committed = Callable[[list[Told]], Awaitable[None]]  # told what was committed, or may have been

log = logging.getLogger("tenor.lane")


class Lane(Generic[Told]):
    """One committer. `submit` is all a caller sees."""

    def __init__(self, name: str, connect: Connect, run: Run[Told], committed: Committed[Told]) -> None:
        self._batches = BATCHES.labels(name)
        self._connect = connect
        self._run = run
        self._committed = committed
        self._inbox: Inbox[Work[Any]] = Inbox(WAITING_MAX)
        self._conn: Connection | None = None
        self._task = asyncio.create_task(self._serve())

    def submit(self, work: Work[Any]) -> None:
        """Queues work; its future is answered after COMMIT. Refused with BUSY when the queue is full."""
        if not self._inbox.put(work):
            raise Refused(Code.BUSY, "Too much is waiting; send the same request again in a second.")

    async def close(self) -> None:
        """Finishes what waits, then stops."""
        self._inbox.close()
        await self._task
        self._drop()

    async def _serve(self) -> None:
        while batch := await self._inbox.take(BATCH_MAX):
            self._batches.observe(len(batch))
            try:
                await self._persist(batch)
            except Exception as error:
                # Often a second wall has answered, like a unique key taken meanwhile: the command that met it refuses
                # once its facts are read anew.
                log.warning("a batch of %d met %s; running it one by one", len(batch), what(error))
                for work in batch:
                    await self._persist_alone(work)

    async def _persist_alone(self, work: Work[Any]) -> None:
        try:
            await self._persist([work])
        except Exception as error:
            log.error("%s failed: %s", type(work.item).__name__, what(error), exc_info=traceback_of(error))  # noqa: TRY400
            _refuse([work], Code.BROKEN, "Something is wrong on our side; it was reported.")

    async def _persist(self, batch: list[Work[Any]]) -> None:
        """One transaction, tried again while the database is away. Running again is safe: a key is claimed once."""
        until = clock.monotonic() + PATIENCE_S
        maybe_done: list[Told] = []
        code, pause = Code.UNAVAILABLE, 0.02
        while True:
            try:
                conn = await self._connected(until)
                answers, told = await self._run(conn, batch)
            except CommitUnknown as unknown:
                log.warning("whether a batch of %d was committed is not known: %s", len(batch), what(unknown.cause))
                code, maybe_done = Code.OUTCOME_UNKNOWN, unknown.told
            except PASSING as error:
                log.warning("the database does not take a batch of %d now: %s", len(batch), what(error))
            except LOST as error:
                log.warning("the connection was lost: %s", what(error))
                if self._conn is not None:  # not while connecting: something was sent
                    code = Code.OUTCOME_UNKNOWN
            else:
                await self._answer(answers, [*maybe_done, *told])
                return
            self._drop()
            if clock.monotonic() + pause > until:
                _refuse(batch, code, _AWAY)
                _refuse(self._inbox.empty(), Code.UNAVAILABLE, _AWAY)  # they would only wait for the same
                await self._committed(maybe_done)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _answer(self, answers: Answers, told: list[Told]) -> None:
        if told:
            await self._committed(told)
        for work, answer in answers:
            if not work.answered.done():  # a caller who left was cancelled; the work was not
                work.answered.set_result(answer)

    async def _connected(self, until: float) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = None
            async with asyncio.timeout(until - clock.monotonic()):
                self._conn = await self._connect()
        return self._conn

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None


_AWAY = "The database is away; send the same request with the same key again."


def _refuse(batch: list[Work[Any]], code: Code, detail: str) -> None:
    answer: Answer = refusal(Refused(code, detail))
    for work in batch:
        if not work.answered.done():
            work.answered.set_result(answer)
