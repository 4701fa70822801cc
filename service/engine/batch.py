"""One batch, done in one transaction: the short way, and the way with locks.

at once        read the facts without locks, apply each item, write it all in one statement, which claims the keys
               and checks that nothing it was made of has changed. Two round trips.
with locks     begin, claim the keys, load and lock the facts, apply each item, write it all, commit. For what was
               overtaken, was done before under its key, or takes more than one statement to write.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncpg

from service import clock
from service.db import Connection
from service.engine.family import Family
from service.engine.faults import LOST, OVERTAKEN, PASSING, was_undone
from service.engine.keys import Keys, alike, is_same, refusal, reused
from service.engine.work import Answer, Answers, Done, Work
from service.errors import Refused

TURN_S: Final = 0.01  # most items take a tenth of a millisecond; a plan that is folded anew takes some

Item = TypeVar("Item")
Facts = TypeVar("Facts")
Effect = TypeVar("Effect")
Told = TypeVar("Told")


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
