"""For the merchant's checkout and its back office: decide, open, capture, void, claim, record."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api import consents, consumers, disclosures, notices, quotes
from service.api.ask import Ask, Asked, content_type, guard_for, is_dry_run, read, write
from service.api.body import Body, Nothing
from service.api.checkouts import answer_checkout
from service.api.queries import Q
from service.api.reply import reply, reply_answer, reply_json
from service.checkout.request import Checkout, Price, Text
from service.engine.books import instalments_by_plan, plan_of
from service.errors import Code, Refused
from service.packed import unpack
from service.payments.record import RecordPayment
from service.plans.authorize import Authorize
from service.plans.book import Command
from service.plans.capture import Capture
from service.plans.deposit import Claim, Release
from service.plans.plan import business_day, view
from service.plans.void import Void

EVENTS_MAX = 500


class AcceptOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """The offer the consumer chose."""

    offer_id: Annotated[str, Meta(pattern=r"^of_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`items` and `discounts`, when given, must add up to the amount: what the consumer sees is what is owed."""

    amount: Price
    final: bool = False
    items: Annotated[tuple["BillLine", ...], Meta(max_length=200)] = ()
    discounts: Annotated[tuple["BillLine", ...], Meta(max_length=200)] = ()


class BillLine(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A line of the final bill, or a discount on it. Minor units, positive in both."""

    name: Text
    amount: Price


class ClaimBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is missing or broken, and what proves it."""

    amount: Price
    evidence: Annotated[str, Meta(max_length=2000)] = ""
    final: bool = True


class ReleaseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the deposit goes back; all of it if nothing is said."""

    amount: Price | None = None


class PaymentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came from the consumer. `reference` is the processor's; once per plan."""

    amount: Price
    received_on: date | None = None
    reference: Text | None = None


class EventView(Struct, frozen=True, omit_defaults=True):
    """A fact in past tense; `number` counts per merchant without gaps."""

    number: int
    event_id: str = field(name="id")
    type: str
    plan_id: str | None  # null: about a checkout or an account
    at: datetime
    data: msgspec.Raw
    decision_id: str | None = None  # absent: about a plan or an account
    consumer_id: str | None = field(name="consumer", default=None)  # whose account it is about; absent: something else


class EventPage(Struct, frozen=True):
    """Events after the number asked for; `after` is what to ask with next."""

    events: list[EventView]
    after: int


_checkout = Body(Checkout)
_accept = Body(AcceptOffer)
_capture = Body(CaptureBody)
_claim = Body(ClaimBody)
_release = Body(ReleaseBody)
_payment = Body(PaymentBody)
_nothing = Body(Nothing)


@post("/checkouts", status_code=200, opt={"scope": "checkouts"})
async def create_checkout(request: Asked, body: RawBody) -> ASGIResponse:
    """Decide a purchase: offers that bind, alternatives, reasons."""
    checkout = _checkout.read(body, content_type(request))
    return reply_answer(await answer_checkout(write(request, body), checkout, body))


@get("/checkouts/{decision_id:str}", opt={"scope": "checkouts"})
async def get_checkout(request: Asked, decision_id: FromPath[str]) -> ASGIResponse:
    """The decision as it was answered; of a referral that a person reviewed, the decision that followed."""
    ask = read(request)
    answer = None
    if ids.is_id(decision_id, ids.DECISION):
        answer = await ask.services.pool.fetchval(
            Q.load_decision, ids.bucket_of(decision_id), decision_id, ask.owner_id
        )
    if answer is None:
        raise Refused(Code.NOT_FOUND, f"There is no checkout {decision_id[:100]!r}.", "/id")
    return reply_json(unpack(answer))


@post("/plans", status_code=201, opt={"scope": "plans", "dry_run": True})
async def open_plan(request: Asked, body: RawBody) -> ASGIResponse:
    """Accept an offer: the limit is reserved, the plan is `authorized`."""
    accept = _accept.read(body, content_type(request))
    ask = write(request, body)
    command = Authorize(
        command_id=ids.new_id(ids.COMMAND, ids.bucket_of(accept.offer_id), ask.now_ms),
        merchant_id=ask.owner_id,
        offer_id=accept.offer_id,
    )
    return await _done(request, ask, command, 201)


@get("/plans/{plan_id:str}", opt={"scope": "plans"})
async def get_plan(request: Asked, plan_id: FromPath[str]) -> ASGIResponse:
    """The plan as it stands, with what is overdue today."""
    return await _plan(read(request), plan_id)


@get("/plans", opt={"scope": "plans"})
async def find_plan(
    request: Asked, merchant_reference: Annotated[str, QueryParameter(min_length=1, max_length=100)]
) -> ASGIResponse:
    """The plan that a merchant reference opened."""
    ask = read(request)
    plan_id = None
    if "\x00" not in merchant_reference:
        plan_id = await ask.services.pool.fetchval(
            Q.find_plan, ids.bucket_for(ask.owner_id, merchant_reference), ask.owner_id, merchant_reference
        )
    if plan_id is None:
        raise Refused(Code.NOT_FOUND, "This merchant reference opened no plan.", "/merchant_reference")
    return await _plan(ask, plan_id)


@post("/plans/{plan_id:str}/capture", status_code=200, opt={"scope": "plans", "dry_run": True})
async def capture_plan(request: Asked, body: RawBody, plan_id: FromPath[str]) -> ASGIResponse:
    """Goods shipped, or use ended: the amount is owed from today."""
    asked = _capture.read(body, content_type(request))
    if asked.items or asked.discounts:
        total = sum(line.amount for line in asked.items) - sum(line.amount for line in asked.discounts)
        if total != asked.amount:
            raise Refused(
                Code.AMOUNT_MISMATCH, f"Items less discounts are {total}, the amount is {asked.amount}.", "/amount"
            )
    ask, names = _on_plan(request, body, plan_id)
    return await _done(request, ask, Capture(**names, amount=asked.amount, final=asked.final))


@post("/plans/{plan_id:str}/void", status_code=200, opt={"scope": "plans", "dry_run": True})
async def void_plan(request: Asked, body: RawBody, plan_id: FromPath[str]) -> ASGIResponse:
    """Give back what was not captured."""
    _read_nothing(request, body)
    ask, names = _on_plan(request, body, plan_id)
    return await _done(request, ask, Void(**names))


@post("/plans/{plan_id:str}/claims", status_code=201, opt={"scope": "plans", "dry_run": True})
async def claim_deposit(request: Asked, body: RawBody, plan_id: FromPath[str]) -> ASGIResponse:
    """Take from a deposit: the held part first."""
    asked = _claim.read(body, content_type(request))
    ask, names = _on_plan(request, body, plan_id)
    claim = Claim(**names, amount=asked.amount, evidence=asked.evidence, final=asked.final)
    return await _done(request, ask, claim, 201)


@post("/plans/{plan_id:str}/release", status_code=200, opt={"scope": "plans", "dry_run": True})
async def release_deposit(request: Asked, body: RawBody, plan_id: FromPath[str]) -> ASGIResponse:
    """Give a deposit back, all or a part."""
    asked = _release.read(body or b"{}", content_type(request) if body else "application/json")
    ask, names = _on_plan(request, body, plan_id)
    return await _done(request, ask, Release(**names, amount=asked.amount))


@post("/plans/{plan_id:str}/payments", status_code=201, opt={"scope": "plans", "dry_run": True})
async def record_payment(request: Asked, body: RawBody, plan_id: FromPath[str]) -> ASGIResponse:
    """Money came from the consumer: what is due is settled, the oldest first."""
    asked = _payment.read(body, content_type(request))
    ask, names = _on_plan(request, body, plan_id)
    payment = RecordPayment(**names, amount=asked.amount, received_on=asked.received_on, reference=asked.reference)
    return await _done(request, ask, payment, 201)


@get("/events", opt={"scope": "events"})
async def list_events(
    request: Asked,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What happened, in order and without gaps."""
    ask = read(request)
    rows = await ask.services.pool.fetch(Q.load_events, ask.owner_id, after, limit)
    events = [
        EventView(number, event_id, type_, plan_id, at, msgspec.Raw(data.encode()), *about)
        for number, event_id, type_, plan_id, at, data, *about in rows
    ]
    return reply(EventPage(events, events[-1].number if events else after))


async def _plan(ask: Ask, plan_id: str) -> ASGIResponse:
    if ids.is_id(plan_id, ids.PLAN):
        bucket = ids.bucket_of(plan_id)
        async with ask.services.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            row = await conn.fetchrow(Q.load_plan, bucket, plan_id, ask.owner_id)
            rows = await conn.fetch(Q.load_plan_instalments, bucket, plan_id)
        if row is not None:
            plan = plan_of(row)
            owed = instalments_by_plan(rows).get(plan_id, ())
            return reply(view(plan, owed, business_day(ask.now, plan.offer.time_zone)))
    raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")


def _on_plan(request: Asked, body: RawBody, plan_id: str) -> tuple[Ask, dict[str, str]]:
    """The request, and the names every verb on a plan needs."""
    ask = write(request, body)
    if not ids.is_id(plan_id, ids.PLAN):
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")
    command_id = ids.new_id(ids.COMMAND, ids.bucket_of(plan_id), ask.now_ms)
    return ask, {"command_id": command_id, "merchant_id": ask.owner_id, "plan_id": plan_id}


async def _done(request: Asked, ask: Ask, command: Command, status: int = 200) -> ASGIResponse:
    engine = ask.services.engine
    if is_dry_run(request):
        return reply_answer(await engine.preview(command, ask.now))
    return reply_answer(await engine.do(command, ask.key, ask.now, status))


def _read_nothing(request: Asked, body: RawBody) -> None:
    if body:
        _nothing.read(body, content_type(request))


merchant_router = Router(
    path="/v1",
    before_request=guard_for("merchant"),
    route_handlers=[
        create_checkout,
        get_checkout,
        notices.get_notice,
        open_plan,
        get_plan,
        find_plan,
        capture_plan,
        void_plan,
        claim_deposit,
        release_deposit,
        record_payment,
        disclosures.disclose_offer,
        disclosures.disclose_plan,
        list_events,
        consumers.register_consumer,
        consumers.get_consumer,
        consumers.get_account,
        consents.give_consent,
        consents.list_consents,
        consents.revoke_consent,
        quotes.make_quote,
    ],
)
