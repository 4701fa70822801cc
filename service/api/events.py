"""A merchant's feed: what happened, in order and without gaps, read page by page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.actor import ActorKind
from service.api.ask import Asked, read
from service.api.operation import operation
from service.api.reply import OBJECT, reply
from service.api.streams import Heard, Stream, begins_after, wants_stream
from service.engine.events import Wanted, read_events
from service.errors import Code, Refused
from service.event_type import EventType

EVENTS_MAX: Final = 500
SUBJECTS: Final = (ids.PLAN, ids.DECISION, ids.CONSUMER)


class EventView(Struct, frozen=True, omit_defaults=True):
    """A fact in past tense; `number` counts per merchant without gaps."""

    number: int
    event_id: str = field(name="id")
    type: EventType
    plan_id: str | None  # null: about a checkout or an account
    at: datetime
    actor: ActorKind  # in what role somebody brought it about
    data: Annotated[msgspec.Raw, OBJECT]  # what else there is to know; `type` says what
    decision_id: str | None = None  # absent: about a plan or an account
    consumer_id: str | None = field(name="consumer", default=None)  # whose account it is about; absent: something else


class EventPage(Struct, frozen=True):
    """Events after the number asked for; `after` is what to ask with next."""

    events: list[EventView]
    after: int


@get("/events", opt=operation("events", EventPage, refuses=(Code.EVENTS_GONE, Code.BUSY), streams=True))
async def list_events(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    of_type: Annotated[EventType | None, QueryParameter()] = None,
    subject: Annotated[str | None, QueryParameter(max_length=30)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What happened, in order and without gaps; without `after` from the first event that is kept.

    Of one type, or about one plan, checkout or consumer, where that is asked for: numbers stay those of all events.
    Go on with the `after` that was answered, also where a page is not full: an empty page ends the list when its
    `after` is the one you sent. Events are kept for 400 days, or as long as whoever runs the service has set.

    With `Accept: text/event-stream` the connection stays open, and each event is sent as it happens, with its number as
    `id` and its type as `event`. A client that comes back goes on after `Last-Event-ID`, which goes before `after`. A
    key has at most 16 of these in each process, beside what else it asks.
    """
    ask, wanted = read(request), wanted_by(of_type, subject)

    async def page(after: int | None) -> Heard:
        found = await read_events(ask.services.pool, ask.owner_id, after, limit, wanted)
        return Heard(views_of(found.rows), found.after)

    if wants_stream(request):
        return Stream(request, ask.services.events, begins_after(request, after), page)
    found = await page(after)
    return reply(EventPage(found.events, found.after))


def wanted_by(of_type: EventType | None, subject: str | None) -> Wanted:
    """Refused: INVALID_FIELD, for a subject that is no plan, checkout or consumer."""
    if subject is not None and not any(ids.is_id(subject, prefix) for prefix in SUBJECTS):
        raise Refused(Code.INVALID_FIELD, "It is the id of a plan, a checkout or a consumer.", "/subject")
    return Wanted(of_type, subject)


def views_of(rows: Iterable[Any]) -> list[EventView]:
    """Events as a merchant reads them."""
    return [
        EventView(
            row["number"], row["id"], EventType(row["type"]), row["plan_id"], row["at"], ActorKind(row["actor"]),
            msgspec.Raw(row["data"].encode()), row["decision_id"], row["consumer_id"],
        )
        for row in rows
    ]  # fmt: skip


ROUTES: Final = [list_events]
