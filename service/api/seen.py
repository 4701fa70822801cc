"""Whose rows a list has: a merchant's own; of a platform that acts for none of its sellers, its own and all of theirs.

Of several merchants the newest rows are found in two steps, so that a page reads no more for a million rows. The first
asks the index for the newest so many of each: where the nearest of them ends is the floor, above which nothing of
anybody's was left out. The second reads what stands above the floor. On a cluster there is no floor: the same rows are
found, and all of these merchants' below the cursor are read for it.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import asyncpg
from litestar.params import QueryParameter
from msgspec import Struct

from service.api.ask import Ask, Asked
from service.api.lists import LOOKED_AT_MAX
from service.api.queries import Q
from service.clusters import is_cluster
from service.db import Pool
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.errors import Code, Refused
from service.event_type import EventType

EACH_MIN: Final = 100  # rows that are looked at of each of several merchants, at least

OfSeller = Annotated[
    str | None, QueryParameter(max_length=30, description="of a platform: only its own, or a seller's; absent: all")
]

_OF_ONE: Final = "merchant_id = $1"
_OF_SEVERAL: Final = "merchant_id = any ($1::text[])"


def of_several(statement: str) -> str:
    """A statement about one merchant, $1, as it is of several."""
    assert _OF_ONE in statement
    return statement.replace(_OF_ONE, _OF_SEVERAL)


class Look(Struct, frozen=True):
    """How a list is looked through: of one merchant, of several, and where the floor of several is.

    The first two take: whose; below which id; how many are looked at, and answered; what is asked for; the floor.
    """

    of_one: str
    of_several: str
    floor: str


def _of_events(statement: str, **types: EventType) -> Look:
    """A list by events: their types stand in the statements themselves, for only so is their index used."""
    floor = Q.floor_of_events
    for word, kind in types.items():
        assert f"'{word}'" in statement
        statement, floor = (text.replace(f"'{word}'", f"'{kind}'") for text in (statement, floor))
    return Look(statement, of_several(statement), floor)


PLANS: Final = Look(Q.list_plans, of_several(Q.list_plans), Q.floor_of_plans)
CHECKOUTS: Final = Look(Q.list_checkouts, of_several(Q.list_checkouts), Q.floor_of_checkouts)
CONSUMERS: Final = Look(Q.list_consumers, of_several(Q.list_consumers), Q.floor_of_consumers)
PAYMENTS: Final = _of_events(Q.list_payments, told=EventType.PAID)
REFUNDS: Final = _of_events(Q.list_refunds, told=EventType.REFUNDED)
DISPUTES: Final = _of_events(
    Q.list_disputes, told=EventType.DISPUTE_OPENED, answered=EventType.DISPUTE_ANSWERED, closed=EventType.DISPUTE_CLOSED
)


async def seen_by(request: Asked, ask: Ask, merchant_id: str | None) -> list[str]:
    """The merchants whose rows a key lists, itself first; the one that is named alone, where one is.

    Refused: INVALID_FIELD, for one who is not among them, whether there is such a merchant or not.
    """
    seen, known = [ask.owner_id], ask.services.registry.now.merchants
    if request.auth.platform_id is None and known[ask.owner_id].platform is not None:
        seen += [row["merchant_id"] for row in await ask.services.pool.fetch(Q.sellers_of, ask.owner_id)]
    if merchant_id is None:
        return seen
    if merchant_id not in seen:
        raise Refused(Code.INVALID_FIELD, "It is neither you nor a seller of yours.", "/merchant_id")
    return [merchant_id]


async def look(
    pool: Pool, how: Look, whose: list[str], below: str, looked_at: int, limit: int, wanted: Sequence[Any]
) -> list[asyncpg.Record]:
    """The newest rows below an id that are as `wanted`, each with how far was looked."""
    if len(whose) == 1:
        return await pool.fetch(how.of_one, whose[0], below, looked_at, limit, *wanted, "")
    each = min(looked_at, max(EACH_MIN, LOOKED_AT_MAX // len(whose)))
    async with pool.acquire() as conn:
        floor = "" if is_cluster(conn) else await conn.fetchval(how.floor, whose, below, each)
        return await conn.fetch(how.of_several, whose, below, looked_at, limit, *wanted, floor)


async def number_all(pool: Pool, whose: list[str]) -> None:
    """The events of these merchants have their numbers: until then they are not listed."""
    for row in await pool.fetch(Q.not_numbered_of, whose):
        while await pool.fetchval(ENGINE.number_events, row["merchant_id"], NUMBERED_AT_ONCE) == NUMBERED_AT_ONCE:
            continue
