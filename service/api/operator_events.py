"""The operators' feed: what waits for a person, and what became of it, in order and without gaps."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Asked, read
from service.api.events import EVENTS_MAX
from service.api.operation import operation
from service.api.reply import OBJECT, reply
from service.api.streams import Heard, Stream, begins_after, wants_stream
from service.engine.events import OPERATORS, Wanted, read_events
from service.errors import Code
from service.event_type import EventType


class OperatorEvent(Struct, frozen=True):
    """Something that operators look after; `number` counts without gaps."""

    number: int
    event_id: str = field(name="id")
    type: EventType
    at: datetime
    actor: str  # in what role somebody brought it about: an operator, a partner, a merchant, or the day itself
    data: Annotated[msgspec.Raw, OBJECT]  # what else there is to know; `type` says what


class OperatorEventPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[OperatorEvent]
    after: int


@get("/events", opt=operation("events", OperatorEventPage, refuses=(Code.EVENTS_GONE, Code.BUSY), streams=True))
async def list_operator_events(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    of_type: Annotated[EventType | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What waits for a person, and what became of it: checkouts that were referred, acts that need a second operator,
    breaks, files of partners that were refused, days that were compared, payouts that came back.

    Go on with the `after` that was answered, also where a page is not full. With `Accept: text/event-stream` each event
    is sent as it happens, from `Last-Event-ID` on. `tenor worker` tells of a referral some seconds after the checkout.
    """
    ask = read(request)

    async def page(after: int | None) -> Heard:
        found = await read_events(ask.services.pool, OPERATORS, after, limit, Wanted(of_type))
        return Heard([_view(row) for row in found.rows], found.after)

    if wants_stream(request):
        return Stream(request, ask.services.events, begins_after(request, after), page, OPERATORS)
    found = await page(after)
    return reply(OperatorEventPage(found.events, found.after))


def _view(row: Any) -> OperatorEvent:
    type_, data = EventType(row["type"]), msgspec.Raw(row["data"].encode())
    return OperatorEvent(row["number"], row["id"], type_, row["at"], row["actor"], data)


ROUTES: Final = [list_operator_events]
