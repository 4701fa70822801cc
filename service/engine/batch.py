"""One batch, one transaction: claim the keys, load and lock the facts, apply each item, write it all, commit."""

import asyncio
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncpg

from service import clock
from service.db import Connection
from service.engine.family import Family
from service.engine.faults import LOST, PASSING
from service.engine.keys import Keys, refusal
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


async def _do(
    family: Family[Item, Facts, Effect, Told], keys: Keys, conn: Connection, works: list[Work[Item]]
) -> tuple[Answers, list[Told]]:
    claims = await keys.claim(conn, works)
    begins = min([work.now for work in works])
    facts = await family.load(conn, [work.item for work in claims.fresh], begins)
    done: list[Done[Item, Effect]] = []
    answers: Answers = []
    turn_ends = clock.monotonic() + TURN_S
    for work in claims.fresh:
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
    given = [(work.key, answer) for work, answer in answers if work.key]
    if not_now := [key for key, answer in given if answer.is_not_now]:
        await keys.release(conn, not_now)
        given = [(key, answer) for key, answer in given if not answer.is_not_now]
    await family.save(conn, facts, done, given)
    by_work = {id(work): answer for work, answer in answers}
    twins = [(work, by_work[id(one)]) for work, one in claims.twins]
    return [*answers, *twins, *claims.known], family.tell(done)
