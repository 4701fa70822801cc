"""A committer: one connection that does works in one transaction, and answers them once it is committed."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import asyncpg

from service import clock
from service.db import Connection
from service.deadline import PATIENCE_S
from service.engine.batch import CommitUnknown
from service.engine.faults import LOST, PASSING, what
from service.engine.keys import refusal
from service.engine.work import Answer, Answers, Work
from service.errors import Code, Refused
from service.logs import DATABASE

Told = TypeVar("Told")

Connect = Callable[[float], Awaitable[Connection]]  # told for how many seconds a statement may wait for a lock
Run = Callable[[Connection, list[Work[Any]]], Awaitable[tuple[Answers, list[Told]]]]
Committed = Callable[[list[Told]], Awaitable[None]]  # told what was committed, or may have been

AWAY = "The database is away; send the same request with the same key again."

log = logging.getLogger("tenor.lane")


class Committer(ABC, Generic[Told]):
    """What lanes and sidings have in common."""

    def __init__(self, connect: Connect, lock_s: float, run: Run[Told], committed: Committed[Told]) -> None:
        self._connect = connect
        self._lock_s = lock_s
        self._run = run
        self._committed = committed
        self._conn: Connection | None = None

    async def persist(self, batch: list[Work[Any]]) -> None:
        """Does it all together; where that breaks, each alone."""
        try:
            await self._persist(batch)
        except Exception as error:
            # Often a second wall has answered, like a unique key taken meanwhile: the command that met it refuses
            # once its facts are read anew.
            log.warning("a batch of %d met %s; running it one by one", len(batch), what(error))
            for work in batch:
                await self._persist_alone(work)

    def drop(self) -> None:
        """Ends the connection."""
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None

    @abstractmethod
    def held(self, batch: list[Work[Any]]) -> None:
        """Somebody else holds what some of the batch needs; nothing of it was done."""

    def gave_up(self) -> None:
        """The database stays away."""

    async def _persist_alone(self, work: Work[Any]) -> None:
        try:
            await self._persist([work])
        except Exception:
            extra = {"request_id": work.trace.request_id} if work.trace else None
            log.exception("%s failed", type(work.item).__name__, extra=extra)
            refuse([work], Code.BROKEN, "Something is wrong on our side; it was reported.")

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
                why = what(unknown.cause)
                log.warning("whether a batch of %d was committed is not known: %s", len(batch), why, extra=DATABASE)
                code, maybe_done = Code.OUTCOME_UNKNOWN, unknown.told
            except PASSING as error:
                if isinstance(error, asyncpg.LockNotAvailableError) and code is Code.UNAVAILABLE:
                    self.held(batch)
                    return
                log.warning("the database does not take a batch of %d now: %s", len(batch), what(error), extra=DATABASE)
            except LOST as error:
                log.warning("the connection was lost: %s", what(error), extra=DATABASE)
                if self._conn is not None:  # not while connecting: something was sent
                    code = Code.OUTCOME_UNKNOWN
            else:
                await self._answer(answers, [*maybe_done, *told])
                return
            self.drop()
            if clock.monotonic() + pause > until:
                refuse(batch, code, AWAY)
                self.gave_up()
                await self._committed(maybe_done)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25)

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
                self._conn = await self._connect(self._lock_s)
        return self._conn


def refuse(works: list[Work[Any]], code: Code, detail: str) -> None:
    """Answers all who still wait."""
    answer: Answer = refusal(Refused(code, detail))
    for work in works:
        if not work.answered.done():
            work.answered.set_result(answer)
