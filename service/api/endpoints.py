"""Webhooks of a merchant, a partner or a party that bears losses: where events are sent, and what became of each.

They go by real time, whatever Tenor-Clock says.
"""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import clock, ids
from service.api.addresses import Url, refuse_no_address
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterEndpoint, Limit
from service.api.reply import Made, encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.events import TELL, Told
from service.engine.work import Answer
from service.errors import Code, Refused
from service.event_type import EventType
from service.webhooks import store
from service.webhooks.endpoint import OVERLAP_MAX, Endpoint, EndpointState, is_told_to

Types = Annotated[tuple[EventType, ...], Meta(max_length=len(EventType))]


class EndpointBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to send events, and which."""

    url: Url  # of a server of yours
    types: Types = ()  # empty: everything, what there will be later included
    of_sellers: bool = False  # of a platform: what happens to its sellers, too; `merchant_id` names the seller


class EndpointChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be another; what is left out stays."""

    url: Url | None = None  # null: as it is
    types: Types | None = None  # empty: everything; null: as it is
    of_sellers: bool | None = None  # null: as it is
    state: EndpointState | None = None  # `off`: what waits is parked, and what happens meanwhile is not sent


class RotateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the secret of before signs besides."""

    overlap_hours: Annotated[int, Meta(ge=0, le=int(OVERLAP_MAX.total_seconds()) // 3600)] = 24  # from now on


class EndpointMade(Struct, frozen=True):
    """The secret is shown once, and not to the same request sent again."""

    endpoint_id: str = field(name="id")
    secret: str | None  # `whsec_...`: by it a receiver verifies a message; null: it was shown before


class EndpointPage(Struct, frozen=True):
    """Endpoints, the oldest first; `after` is what to ask with next."""

    endpoints: list[Endpoint]
    after: str


_endpoint = Body(EndpointBody)
_change = Body(EndpointChange)
_rotate = Body(RotateBody)
_nothing = Body(Nothing)

_HOOK: Final[dict[str, Any]] = {"url": "https://shop.example/tenor", "types": ["plan.captured", "payment.recorded"]}


@post(
    "/endpoints",
    status_code=201,
    opt=operation("endpoints", EndpointMade, takes=EndpointBody, refuses=(Code.STATE_FORBIDS,), example=_HOOK),
)
async def make_endpoint(request: Asked, body: RawBody) -> ASGIResponse:
    """Have events sent to a server of yours, signed by the Standard Webhooks specification, from now on.

    An event is sent at least once: what is not answered with 2xx within 10 seconds is tried again, for three days at
    pauses that grow. Events about one plan, checkout or consumer come one after the other. 410 switches the endpoint
    off.
    """
    asked = _endpoint.read(body, content_type(request))
    ask = write(request, body)
    refuse_no_address(asked.url, ask.services.settings)
    _refuse_what_is_never_told(ask, asked.types, of_sellers=asked.of_sellers)

    async def make(conn: Connection, shown: dict[str, str]) -> str:
        wanted, by_key = store.Wanted(asked.url, asked.types, asked.of_sellers), ask.by.key_id or ask.owner_id
        made = await store.make(conn, ask.services.registry.secrets, _owner(ask), wanted, by_key, clock.now())
        await ask.record(conn, Verb.MADE, Thing.ENDPOINT, made.endpoint_id, asked)
        shown[made.endpoint_id] = made.secret
        return made.endpoint_id

    return await _shown_once(ask, make, 201)


@get("/endpoints", opt=operation("endpoints", EndpointPage))
async def list_endpoints(request: Asked, after: AfterEndpoint = "", limit: Limit = 100) -> ASGIResponse:
    """Your endpoints, with those that are switched off, and what waits for each."""
    ask = read(request)
    page = await store.endpoints(ask.services.pool, ask.owner_id, after, limit, clock.now())
    return reply(EndpointPage(page, page[-1].endpoint_id if page else after))


@post(
    "/endpoints/{endpoint_id:str}/change",
    status_code=200,
    opt=operation("endpoints", Made, takes=EndpointChange, example={"types": ["plan.captured"]}),
)
async def change_endpoint(request: Asked, body: RawBody, endpoint_id: InPath) -> ASGIResponse:
    """Send elsewhere, or other events; switch it off, or on again."""
    asked = _change.read(body, content_type(request))
    require_id(endpoint_id)
    ask = write(request, body)
    if asked.url is not None:
        refuse_no_address(asked.url, ask.services.settings)
    _refuse_what_is_never_told(ask, asked.types or (), of_sellers=asked.of_sellers or False)

    async def do(conn: Connection) -> Answer:
        before = await store.hold(conn, endpoint_id, ask.owner_id)
        after = store.Wanted(
            before.url if asked.url is None else asked.url,
            before.types if asked.types is None else asked.types,
            before.of_sellers if asked.of_sellers is None else asked.of_sellers,
            before.state if asked.state is None else asked.state,
        )
        await store.change(conn, endpoint_id, _owner(ask), before, after, clock.now())
        await ask.record(conn, Verb.CHANGED, Thing.ENDPOINT, endpoint_id, after, before)
        return Answer(200, encode(Made(endpoint_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@post(
    "/endpoints/{endpoint_id:str}/rotate-secret",
    status_code=200,
    opt=operation("endpoints", EndpointMade, takes=RotateBody, example={"overlap_hours": 24}),
)
async def rotate_secret(request: Asked, body: RawBody, endpoint_id: InPath) -> ASGIResponse:
    """Take another secret; until the overlap is over each message is signed by both."""
    asked = _rotate.read(body or b"{}", content_type(request) if body else "application/json")
    require_id(endpoint_id)
    ask = write(request, body)

    async def make(conn: Connection, shown: dict[str, str]) -> str:
        await store.hold(conn, endpoint_id, ask.owner_id)
        overlap = timedelta(hours=asked.overlap_hours)
        shown[endpoint_id] = await store.rotate(
            conn, ask.services.registry.secrets, endpoint_id, overlap, clock.now()
        )  # fmt: skip
        await ask.record(conn, Verb.ROTATED, Thing.ENDPOINT, endpoint_id, asked)
        return endpoint_id

    return await _shown_once(ask, make, 200)


@post(
    "/endpoints/{endpoint_id:str}/test",
    status_code=200,
    opt=operation("endpoints", Made, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def test_endpoint(request: Asked, body: RawBody, endpoint_id: InPath) -> ASGIResponse:
    """Send an event `endpoint.tested` to it, whatever it wants else, and to no other."""
    if body:
        _nothing.read(body, content_type(request))
    require_id(endpoint_id)
    ask = write(request, body)

    async def do(conn: Connection) -> Answer:
        held = await store.hold(conn, endpoint_id, ask.owner_id)
        if held.state is EndpointState.OFF:
            raise Refused(Code.STATE_FORBIDS, "The endpoint is switched off.", "/id", ("change",))
        event_id = ids.new_id(ids.EVENT, ids.bucket_of(endpoint_id), ask.now_ms)
        data = encode({"endpoint_id": endpoint_id}).decode()
        bucket, type_ = ids.bucket_of(event_id), EventType.ENDPOINT_TESTED
        told = Told(bucket, event_id, ask.owner_id, type_, ask.now, ask.actor.kind, data)
        await TELL.execute(conn, told=[told])
        return Answer(200, encode(Made(event_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


def _owner(ask: Ask) -> store.Owner:
    return store.Owner(ask.owner_id, ask.by.audience)


def _refuse_what_is_never_told(ask: Ask, types: tuple[EventType, ...], *, of_sellers: bool) -> None:
    """Refused: INVALID_FIELD."""
    for place, one in enumerate(types):
        if not is_told_to(one, ask.by.audience):
            sentence = f"With a key of this audience ({ask.by.audience}) one is never told of {one}."
            raise Refused(Code.INVALID_FIELD, sentence, f"/types/{place}")
    merchant = ask.services.registry.now.merchants.get(ask.owner_id)
    if of_sellers and (merchant is None or merchant.platform is None):
        raise Refused(Code.INVALID_FIELD, "You are no platform: nobody sells through you.", "/of_sellers")


def require_id(endpoint_id: str) -> None:
    """Refused: NOT_FOUND, for what is no endpoint's id."""
    if not ids.is_id(endpoint_id, ids.ENDPOINT):
        raise not_there(endpoint_id)


def not_there(endpoint_id: str) -> Refused:
    """No such endpoint is theirs."""
    return Refused(Code.NOT_FOUND, f"There is no endpoint {endpoint_id[:100]!r}.", "/id")


async def _shown_once(ask: Ask, make: Any, status: int) -> ASGIResponse:
    """Makes a secret once under the request's key: it is in the answer, and not in what is kept of it."""
    shown: dict[str, str] = {}  # work is done again where it is not known whether it was committed

    async def kept(conn: Connection) -> Answer:
        return Answer(status, encode(EndpointMade(await make(conn, shown), None)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, kept)
    if answer.status != status:
        return reply_answer(answer)
    endpoint_id = msgspec.json.decode(answer.body, type=EndpointMade).endpoint_id
    return reply(EndpointMade(endpoint_id, shown.get(endpoint_id)), status)


ROUTES: Final = [
    make_endpoint, list_endpoints, change_endpoint, rotate_secret, test_endpoint,
]  # fmt: skip
