"""For the merchant's checkout: decide; and what happened to all its plans."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.actor import ActorKind
from service.api import (
    attributes,
    authentications,
    authorizations,
    charges,
    claims,
    consents,
    consumers,
    disclosures,
    disputes,
    endpoints,
    erasing,
    instruments,
    moved_clock,
    notices,
    own_keys,
    passkeys,
    payouts,
    permissions,
    plan_money,
    plan_reading,
    plans,
    quotes,
    schemes,
    sellers,
    settlements,
    uses,
)
from service.api.ask import Asked, content_type, guard_for, read, write
from service.api.body import Body
from service.api.checkouts import answer_checkout
from service.api.operation import operation
from service.api.reply import OBJECT, reply, reply_answer, reply_json
from service.checkout.answer import Answer
from service.checkout.flow import Q as CHECKOUT
from service.checkout.request import Checkout
from service.engine.events import read_events
from service.errors import Code, Refused
from service.event_type import EventType
from service.packed import unpack

EVENTS_MAX = 500


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


_checkout = Body(Checkout)


_CART: Final[dict[str, Any]] = {
    "merchant_reference": "order-1001", "consumer": "{consumer_id}", "currency": "EUR", "amount": 600_00,
    "items": [
        {"name": "Washing machine", "category": "domestic appliances", "unit_amount": 280_00, "quantity": 2},
        {"name": "Delivery", "category": "domestic appliances", "unit_amount": 40_00},
    ],
    "kinds": ["instalments"], "deposit_amount": 0, "category": "domestic appliances", "instalments": 4,
}  # fmt: skip


@post(
    "/checkouts",
    status_code=200,
    opt=operation("checkouts", Answer, takes=Checkout, refuses=(Code.NOT_FOUND, Code.REFERENCE_USED), example=_CART),
)
async def create_checkout(request: Asked, body: RawBody) -> ASGIResponse:
    """Decide a purchase: offers that bind, alternatives, reasons."""
    checkout = _checkout.read(body, content_type(request))
    ask = write(request, body, ids.bucket_of(checkout.consumer_id))
    return reply_answer(await answer_checkout(ask, checkout, body))


@get("/checkouts/{decision_id:str}", opt=operation("checkouts", Answer))
async def get_checkout(request: Asked, decision_id: FromPath[str]) -> ASGIResponse:
    """The decision as it was answered; of a referral that a person reviewed, the decision that followed."""
    ask = read(request)
    answer = None
    if ids.is_id(decision_id, ids.DECISION):
        answer = await ask.services.pool.fetchval(
            CHECKOUT.load_decision, ids.bucket_of(decision_id), decision_id, ask.owner_id
        )
    if answer is None:
        raise Refused(Code.NOT_FOUND, f"There is no checkout {decision_id[:100]!r}.", "/id")
    return reply_json(unpack(answer))


@get("/events", opt=operation("events", EventPage, refuses=(Code.EVENTS_GONE,)))
async def list_events(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What happened, in order and without gaps; without `after` from the first event that is kept.

    Events are kept for 400 days, or as long as whoever runs the service has set.
    """
    ask = read(request)
    rows = await read_events(ask.services.pool, ask.owner_id, after, limit)
    events = [
        EventView(number, event_id, EventType(type_), plan_id, at, ActorKind(actor), msgspec.Raw(data.encode()), *about)
        for number, event_id, type_, plan_id, at, actor, data, *about in rows
    ]
    return reply(EventPage(events, events[-1].number if events else after or 0))


merchant_router = Router(
    path="/v1",
    before_request=guard_for("merchant"),
    route_handlers=[
        attributes.list_attributes,
        consumers.register_consumer,
        consumers.get_consumer,
        consumers.get_account,
        consents.give_consent,
        consents.list_consents,
        consents.revoke_consent,
        *erasing.ROUTES,
        *permissions.ROUTES,
        *passkeys.ROUTES,
        *authentications.ROUTES,
        *instruments.ROUTES,
        *moved_clock.ROUTES,
        *endpoints.ROUTES,
        own_keys.list_own_keys,
        quotes.make_quote,
        create_checkout,
        get_checkout,
        notices.get_notice,
        disclosures.disclose_offer,
        *plans.ROUTES,
        *uses.ROUTES,
        settlements.list_settlements,
        settlements.get_settlement,
        settlements.list_settlement_lines,
        settlements.get_statement,
        settlements.get_settlement_file,
        payouts.list_payouts,
        *sellers.ROUTES,
        *schemes.MERCHANT_ROUTES,
        *plan_money.ROUTES,
        *disputes.ROUTES,
        *claims.ROUTES,
        *charges.MERCHANT_ROUTES,
        *authorizations.ROUTES,
        *plan_reading.MERCHANT_ROUTES,
        disclosures.disclose_plan,
        list_events,
    ],
)
