"""What a partner, or a party that bears losses, is told, in order and without gaps: one shape for both."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Struct, field

from service.api.ask import Ask
from service.api.reply import OBJECT
from service.engine.events import Wanted, read_events
from service.event_type import EventType
from service.partners.telling_flow import Teller


class News(Struct, frozen=True):
    """Something that happened; `number` counts without gaps."""

    number: int
    event_id: str = field(name="id")
    type: EventType
    at: datetime
    actor: Teller  # in what role somebody brought it about
    data: Annotated[msgspec.Raw, OBJECT]  # what else there is to know; `type` says what


class NewsPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[News]
    after: int


async def news_of(ask: Ask, after: int | None, limit: int) -> NewsPage:
    """What whoever asks was told after a number. Refused: EVENTS_GONE."""
    found = await read_events(ask.services.pool, ask.owner_id, after, limit, Wanted())
    told = [
        News(
            row["number"], row["id"], EventType(row["type"]), row["at"], Teller(row["actor"]),
            msgspec.Raw(row["data"].encode()),
        )
        for row in found.rows
    ]  # fmt: skip
    return NewsPage(told, found.after)
