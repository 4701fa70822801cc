"""Events: what happened, for those who listen. Numbered without gaps for each merchant, in the transaction itself."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from service.db import Connection
from service.engine.queries import Q
from service.statement import Int, Json, SmallInt, Statement


class Told(Struct, frozen=True, gc=False):
    """A row of `events`, about one thing: a plan, a decision or an account (of `consumer_id`)."""

    bucket: SmallInt
    event_id: str
    merchant_id: str
    type: str
    at: datetime
    data: Json
    plan_id: str | None = None
    decision_id: str | None = None
    consumer_id: str | None = None
    later: Int = 0  # how many of the same merchant come after it in this statement


TELL = Statement(Q.tell, told=Told)


def in_turn(events: Sequence[Told]) -> list[Told]:
    """The events in their order, each knowing how many of its merchant follow it."""
    later = Counter(event.merchant_id for event in events)
    told = []
    for event in events:
        later[event.merchant_id] -= 1
        told.append(structs.replace(event, later=later[event.merchant_id]))
    return told


async def open_feed(conn: Connection, merchant_id: str) -> None:
    """Where the numbers of a new merchant's events begin."""
    await conn.execute(Q.open_feed, merchant_id)
