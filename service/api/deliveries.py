"""What became of each event on its way to an endpoint, and what is sent once more."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import clock
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.endpoints import not_there, require_id
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import Limit
from service.api.reply import encode, reply_answer
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.webhooks import store
from service.webhooks.endpoint import DeliveryState, EndpointState
from service.webhooks.store import Q

FEED: Final = r"^(ledger|me_[0-9A-HJKMNP-TV-Z]{26})?\Z"
Feed = Annotated[str, Meta(pattern=FEED)]
Number = Annotated[int, Meta(ge=1, le=2**62)]


class ReplayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of events, the last one included."""

    first: Number  # of an event
    last: Number | None = None  # null: the first alone
    feed: Feed = ""  # in which they count: as of a delivery


class Replayed(Struct, frozen=True):
    """How many deliveries are sent again."""

    deliveries: int  # how many


class AttemptView(Struct, frozen=True):
    """One attempt."""

    at: datetime  # when it was sent
    took_ms: int  # milliseconds until the answer, or until it was given up
    status: int | None  # of the answer; null: none was heard in 10 seconds


class DeliveryView(Struct, frozen=True):
    """An event on its way to an endpoint."""

    feed: str  # in which the number counts: a seller's id, a partner's `ledger`; empty: the endpoint's owner's own
    number: int  # the event's
    event_id: str  # the same at each attempt
    type: str | None  # null: the event is not kept any more
    subject: str  # what it is about; of one subject they are sent one after the other. Empty: the merchant
    state: DeliveryState
    attempts: int  # since it was asked for last
    due_at: datetime | None  # of the next attempt; null: it is not tried any more
    ended_at: datetime | None  # null: it waits
    tried: list[AttemptView]  # every attempt, the oldest first


class DeliveryPage(Struct, frozen=True):
    """Deliveries in the order of their events; `after` is what to ask with next."""

    deliveries: list[DeliveryView]
    after: int


_replay = Body(ReplayBody)
_attempts = msgspec.json.Decoder(list[AttemptView]).decode


@post(
    "/endpoints/{endpoint_id:str}/replay",
    status_code=200,
    opt=operation(
        "endpoints", Replayed, takes=ReplayBody, refuses=(Code.STATE_FORBIDS,), example={"first": 1, "last": 9}
    ),
)
async def replay_deliveries(request: Asked, body: RawBody, endpoint_id: InPath) -> ASGIResponse:
    """Send again what was made for events of these numbers, whatever became of it; at most 10,000 at once."""
    asked = _replay.read(body, content_type(request))
    require_id(endpoint_id)
    ask = write(request, body)
    last = asked.first if asked.last is None else asked.last
    if last < asked.first:
        raise Refused(Code.INVALID_FIELD, f"The last number comes before the first, {asked.first}.", "/last")

    async def do(conn: Connection) -> Answer:
        held = await store.hold(conn, endpoint_id, ask.owner_id)
        if held.state is EndpointState.OFF:
            raise Refused(Code.STATE_FORBIDS, "The endpoint is switched off.", "/id", ("change",))
        done = await store.send_again(conn, endpoint_id, asked.feed, asked.first, last, clock.now())
        return Answer(200, encode(Replayed(done)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@get("/endpoints/{endpoint_id:str}/deliveries", opt=operation("endpoints", DeliveryPage, csv=True))
async def list_deliveries(
    request: Asked,
    endpoint_id: InPath,
    in_state: Annotated[DeliveryState | None, QueryParameter()] = None,
    feed: Annotated[str, QueryParameter(pattern=FEED, max_length=30)] = "",
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> ASGIResponse:
    """What was sent to an endpoint, and each attempt: kept for 30 days, or as long as was set.

    Numbers count by feed: your own, of a platform that of each seller, of a partner its sub-ledger.
    """
    ask = read(request)
    require_id(endpoint_id)
    if not await ask.services.pool.fetchval(Q.is_theirs, endpoint_id, ask.owner_id):
        raise not_there(endpoint_id)
    rows = await ask.services.pool.fetch(Q.list_deliveries, endpoint_id, after, in_state, limit, feed)
    page = [DeliveryView(**dict(row) | {"tried": _attempts(row["tried"])}) for row in rows]
    return Listed(DeliveryPage(page, page[-1].number if page else after))


ROUTES: Final = [replay_deliveries, list_deliveries]
