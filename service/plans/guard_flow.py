"""Every authorization at which the day has to look, some hundred at a time. Run again, it finds nothing left to do."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import THE_DAY
from service.db import Pool
from service.engine.lane import Engine
from service.errors import Code, Refused
from service.plans.guard import Guard
from service.plans.reading_store import Q

AT_ONCE: Final = 256


class Guarded(Struct):
    """How many authorizations were announced to end soon, were extended by themselves, and ended uncaptured."""

    expires_soon: int = 0
    extended: int = 0
    expired: int = 0


class _Recorded(Struct):
    fact: str


class _Answer(Struct):
    recorded: _Recorded


async def guard_all(pool: Pool, engine: Engine, now: datetime) -> Guarded:
    """Looks at all that are to be looked at by `now`, beside others who do the same. Refused: UNAVAILABLE."""
    return await _guard(engine, now, lambda: pool.fetch(Q.load_authorizations_to_guard, now, AT_ONCE))


async def guard_of(pool: Pool, engine: Engine, merchant_id: str, now: datetime, theirs: datetime) -> None:
    """The same for a test merchant, by its time. Refused: UNAVAILABLE."""
    await _guard(engine, now, lambda: pool.fetch(Q.load_authorizations_of_merchant, merchant_id, theirs, AT_ONCE))


async def _guard(
    engine: Engine, now: datetime, find: Callable[[], Coroutine[None, None, list[asyncpg.Record]]]
) -> Guarded:
    done, before = Guarded(), None
    while rows := await find():
        commands = [
            Guard(
                command_id=ids.new_id(ids.COMMAND, row["bucket"], int(now.timestamp() * 1000)),
                actor=THE_DAY,
                plan_id=row["plan_id"],
            )
            for row in rows
        ]
        answers = await asyncio.gather(*[engine.do(command, None, now) for command in commands])
        facts = [_decode(answer.body).recorded.fact for answer in answers if answer.status == 200]
        if not facts and rows == before:  # once, somebody else may have been there first
            raise Refused(Code.UNAVAILABLE, "Authorizations could not be looked at; close the day again later.")
        before = rows
        done.expires_soon += facts.count("expiry_announced")
        done.extended += facts.count("authorization_extended")
        done.expired += facts.count("given_back")
    return done


_decode: Final = msgspec.json.Decoder(_Answer).decode
