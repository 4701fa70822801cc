"""One batch, done in one transaction: the short way, and the way with locks; and who does it until it is known.

at once        read the facts without locks, apply each item, write it all in one statement, which claims the keys
               and checks that nothing it was made of has changed. Two round trips.
with locks     begin, claim the keys, load and lock the facts, apply each item, write it all, commit. For what was
               overtaken, was done before under its key, or takes more than one statement to write.

A committer has one connection: it does a batch, again while the database is away, and answers it once it is committed.
A connection that it asked for is not given up with the batch that wanted it: a server that stood still, or has much to
do, answers first who asked first.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import asyncpg

from service import clock
from service.db import Connection
from service.deadline import PATIENCE_S
from service.engine.family import Family
from service.engine.faults import LOST, OVERTAKEN, PASSING, BeyondTheShard, was_undone, what
from service.engine.keys import Keys, alike, is_same, refusal, reused
from service.engine.work import Answer, Answers, Done, Work
from service.errors import Code, Refused
from service.logs import DATABASE

PAUSE_MAX_S: Final = 0.1  # between two tries, while the database is away
TURN_S: Final = 0.01  # most items take a tenth of a millisecond; a plan that is folded anew takes some

Item = TypeVar("Item")
Facts = TypeVar("Facts")
Effect = TypeVar("Effect")
Told = TypeVar("Told")

Connect = Callable[[float], Awaitable[Connection]]  # told for how many seconds a statement may wait for a lock
Run = Callable[[Connection, list[Work[Any]]], Awaitable[tuple[Answers, list[Told]]]]
Committed = Callable[[list[Told]], Awaitable[None]]  # told what was committed, or may have been

AWAY: Final = "The database is away; send the same request with the same key again."

log = logging.getLogger("tenor.lane")


class CommitUnknown(Exception):
    """The connection was lost after COMMIT was sent: it may have happened or not. `told` is for whom it may concern."""

    def __init__(self, told: list[Any], cause: Exception) -> None:
        super().__init__()
        self.told = told
        self.cause = cause


async def run(
    family: Family[Item, Facts, Effect, Told], keys: Keys, conn: Connection, works: list[Work[Item]]
) -> tuple[Answers, list[Told]]:
    """Does `works` in one transaction. Returns the answers, to be given only now, and what others are to be told.

    Refused work is answered as refused and spoils nothing. Any database error rolls all of it back.
    """
    return await _at_once(family, conn, works) or await run_locked(family, keys, conn, works)


async def run_locked(
    family: Family[Item, Facts, Effect, Told], keys: Keys, conn: Connection, works: list[Work[Item]]
) -> tuple[Answers, list[Told]]:
    """The same, with locks."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        answers, told = await _do(family, keys, conn, works)
    except BaseException:
        with suppress(*LOST, asyncpg.PostgresError):  # the connection is dropped then, and the server rolls back
            await transaction.rollback()
        raise
    try:
        await transaction.commit()
    except (*LOST, *PASSING) as error:
        raise CommitUnknown(told, error) from error
    return answers, told


async def _at_once(
    family: Family[Item, Facts, Effect, Told], conn: Connection, works: list[Work[Item]]
) -> tuple[Answers, list[Told]] | None:
    """None: nothing was written, and locks are needed."""
    groups = alike(works)
    firsts = [one for one, *_ in groups]
    facts = await family.read(conn, [work.item for work in firsts], min([work.now for work in works]))
    if facts is None:
        return None
    try:
        done, answers = await _apply(family, facts, firsts)
    except AssertionError:
        return None  # what was read in several statements may not fit together; if it does, it fails again
    if any(answer.is_not_now for _, answer in answers):
        return None  # it is not kept, and may have been done before
    told = family.tell(done)
    try:
        if not await family.write(conn, facts, done, answers):
            return None
    except OVERTAKEN:
        return None
    except (*LOST, *PASSING) as error:
        if was_undone(error):
            raise
        raise CommitUnknown(told, error) from error
    by_work = {id(work): answer for work, answer in answers}
    for one, *others in groups:
        answers += [(work, by_work[id(one)] if is_same(work, one) else reused()) for work in others]
    return answers, told


async def _apply(
    family: Family[Item, Facts, Effect, Told], facts: Facts, works: list[Work[Item]]
) -> tuple[list[Done[Item, Effect]], Answers]:
    """What the items bring about one after the other, and what each caller is to be told."""
    done: list[Done[Item, Effect]] = []
    answers: Answers = []
    turn_ends = clock.monotonic() + TURN_S
    for work in works:
        if clock.monotonic() > turn_ends:
            await asyncio.sleep(0)  # other requests of the process get their turn
            turn_ends = clock.monotonic() + TURN_S
        now = family.time_of(work.item, facts, work.now)
        try:
            effect = family.apply(work.item, facts, now)
        except Refused as refused:
            answers.append((work, refusal(refused)))
        else:
            done.append(Done(work, effect, now))
            answers.append((work, Answer(work.status, family.answer(effect, now))))
    return done, answers


async def _do(
    family: Family[Item, Facts, Effect, Told], keys: Keys, conn: Connection, works: list[Work[Item]]
) -> tuple[Answers, list[Told]]:
    claims = await keys.claim(conn, works)
    begins = min([work.now for work in works])
    facts = await family.load(conn, [work.item for work in claims.fresh], begins)
    done, answers = await _apply(family, facts, claims.fresh)
    given = [(work.key, answer) for work, answer in answers if work.key]
    if not_now := [key for key, answer in given if answer.is_not_now]:
        await keys.release(conn, not_now)
        given = [(key, answer) for key, answer in given if not answer.is_not_now]
    await family.save(conn, facts, done, given)
    by_work = {id(work): answer for work, answer in answers}
    twins = [(work, by_work[id(one)]) for work, one in claims.twins]
    return [*answers, *twins, *claims.known], family.tell(done)


class Committer(ABC, Generic[Told]):
    """What lanes and sidings have in common."""

    def __init__(self, connect: Connect, lock_s: float, run: Run[Told], committed: Committed[Told]) -> None:
        self._connect = connect
        self._lock_s = lock_s
        self._run = run
        self._committed = committed
        self._conn: Connection | None = None
        self._asked: asyncio.Future[Connection] | None = None  # for another one; nobody waits for it any more

    async def persist(self, batch: list[Work[Any]]) -> None:
        """Does it all together; where that breaks, each alone."""
        try:
            await self._persist(batch)
        except Exception as error:
            # Often a second wall has answered, like a unique key taken meanwhile: the command that met it refuses
            # once its facts are read anew.
            if not isinstance(error, BeyondTheShard):
                log.warning("a batch of %d met %s; running it one by one", len(batch), what(error))
            for work in batch:
                await self._persist_alone(work)

    def drop(self) -> None:
        """Ends the connection, and asks for none."""
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None
        if self._asked is not None:
            self._asked.cancel()
            self._asked.add_done_callback(_let_go)
            self._asked = None

    @abstractmethod
    def held(self, batch: list[Work[Any]]) -> None:
        """Somebody else holds what some of the batch needs; nothing of it was done."""

    def gave_up(self) -> None:
        """The database stays away."""

    async def _persist_alone(self, work: Work[Any]) -> None:
        try:
            await self._persist([work])
        except BeyondTheShard as error:
            if not work.answered.done():
                work.answered.set_exception(error)
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
            if self._conn is not None:
                self.drop()
            if clock.monotonic() + pause > until:
                refuse(batch, code, AWAY)
                self.gave_up()
                await self._committed(maybe_done)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_MAX_S)

    async def _answer(self, answers: Answers, told: list[Told]) -> None:
        if told:
            await self._committed(told)
        for work, answer in answers:
            if not work.answered.done():  # a caller who left was cancelled; the work was not
                work.answered.set_result(answer)

    async def _connected(self, until: float) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = None
            if self._asked is None:
                self._asked = asyncio.ensure_future(self._connect(self._lock_s))
            await asyncio.wait([self._asked], timeout=until - clock.monotonic())
            if not self._asked.done():  # whoever comes next waits for the same: who asks anew stands behind it
                raise TimeoutError
            asked, self._asked = self._asked, None
            if (found := asked.result()).is_closed():  # it came long ago, when nobody needed it any more
                return await self._connected(until)
            self._conn = found
        return self._conn


def _let_go(asked: "asyncio.Future[Connection]") -> None:
    """Ends a connection that came after all."""
    if not asked.cancelled() and asked.exception() is None:
        asked.result().terminate()


def refuse(works: list[Work[Any]], code: Code, detail: str) -> None:
    """Answers all who still wait."""
    if works:  # mostly nobody is refused
        answer: Answer = refusal(Refused(code, detail))
        for work in works:
            if not work.answered.done():
                work.answered.set_result(answer)
