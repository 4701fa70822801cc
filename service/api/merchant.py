"""For the merchant's checkout: decide; and what happened to all its plans."""

from typing import Any, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from service import ids
from service.api import (
    assignments,
    attributes,
    authentications,
    authorizations,
    business_reports,
    charges,
    claims,
    consents,
    consumers,
    deliveries,
    disclosures,
    dispute_lists,
    disputes,
    eligibility,
    endpoints,
    erasing,
    event_types,
    events,
    holds,
    instruments,
    merchant_lists,
    moved_clock,
    notices,
    own_keys,
    passkeys,
    paybacks,
    payment_lists,
    payouts,
    permissions,
    plan_money,
    plan_reading,
    plan_schedules,
    plans,
    quotes,
    receivables,
    refund_lists,
    report_consents,
    schemes,
    sellers,
    sessions,
    settlements,
    uses,
)
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.checkouts import answer_checkout
from service.api.guard import guard_for
from service.api.operation import operation
from service.api.reply import reply_answer, reply_json
from service.api.straight import Handlers
from service.checkout.answer import Answer
from service.checkout.flow import Q as CHECKOUT
from service.checkout.request import Checkout
from service.errors import Code, Refused
from service.packed import unpack

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
async def get_checkout(request: Asked, decision_id: InPath) -> ASGIResponse:
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


merchant_router = Handlers(
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
        *deliveries.ROUTES,
        own_keys.list_own_keys,
        quotes.make_quote,
        *eligibility.ROUTES,
        *sessions.ROUTES,
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
        *receivables.MERCHANT_ROUTES,
        *assignments.MERCHANT_ROUTES,
        *business_reports.MERCHANT_ROUTES,
        *report_consents.MERCHANT_ROUTES,
        *plan_money.ROUTES,
        *plan_schedules.MERCHANT_ROUTES,
        *disputes.ROUTES,
        *claims.ROUTES,
        *charges.MERCHANT_ROUTES,
        *holds.MERCHANT_ROUTES,
        *paybacks.MERCHANT_ROUTES,
        *authorizations.ROUTES,
        *plan_reading.MERCHANT_ROUTES,
        disclosures.disclose_plan,
        *events.ROUTES,
        *merchant_lists.MERCHANT_ROUTES,
        *payment_lists.MERCHANT_ROUTES,
        *refund_lists.MERCHANT_ROUTES,
        *dispute_lists.MERCHANT_ROUTES,
        *event_types.ROUTES,
    ],
)
