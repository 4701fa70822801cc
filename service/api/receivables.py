"""Receivables: a merchant registers what it is owed, and says what was paid; the lender says what came to it."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import AfterReceivable, AfterReceivablePayment, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.factoring import collecting_flow, receivables_flow
from service.factoring.payment import Finding, PaidTo, ReceivablePayment, ReceivablePaymentBody, Told
from service.factoring.receivable import PlanReceivable, Receivable, ReceivableBody, require_receivable
from service.money import AMOUNT_MAX


class ReceivablePage(Struct, frozen=True):
    """Receivables, the oldest first; `after` is what to ask with next."""

    receivables: list[Receivable]
    after: str


class ReceivableDisputeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a receivable is disputed."""

    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units; 0: nothing any more")]


class ReceivablePaymentList(Struct, frozen=True):
    """What was paid of a receivable, in order."""

    payments: list[ReceivablePayment]


class RemittedBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When it came."""

    remitted_on: date  # in the merchant's time zone


class FindingPage(Struct, frozen=True):
    """Findings, the oldest first; `after` is what to ask with next."""

    findings: list[Finding]
    after: str


_receivable = Body(ReceivableBody)
_dispute = Body(ReceivableDisputeBody)
_payment = Body(ReceivablePaymentBody)
_remitted = Body(RemittedBody)

_INVOICE: Final = {
    "kind": "invoice", "currency": "EUR", "amount": 10_000_00, "due_on": "2026-05-01", "reference": "2026-117",
    "buyer": {"country": "DE", "number": "HRB12345", "name": "Elbe Machines GmbH"},
}  # fmt: skip
_PAID: Final = {"paid_on": "2026-03-02", "amount": 1_000_00, "reference": "transfer 77"}


@post(
    "/receivables",
    status_code=201,
    opt=operation("receivables", Receivable, takes=ReceivableBody, refuses=(Code.REFERENCE_USED,), example=_INVOICE),
)
async def register_receivable(request: Asked, body: RawBody) -> ASGIResponse:
    """Register what you are owed: an invoice, or what an acquirer settles on one day; each once.

    It may be assigned then, or pledged. What consumers owe on plans is ours already, from the capture on.
    """
    asked = _receivable.read(body, content_type(request))
    require_receivable(asked)
    ask = write(request, body)

    async def register(conn: Connection) -> Answer:
        one = await receivables_flow.register(conn, ask.owner_id, asked, ask.now, ask.now_ms)
        return Answer(201, encode(one))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, register))


@get("/receivables", opt=operation("receivables", ReceivablePage))
async def list_receivables(request: Asked, after: AfterReceivable = "", limit: Limit = 100) -> ASGIResponse:
    """What you are owed, and what of it is disputed, pledged, bought or paid."""
    ask = read(request)
    return await _page(ask, ask.owner_id, after, limit)


@get("/receivables/{receivable_id:str}", opt=operation("receivables", Receivable))
async def get_receivable(request: Asked, receivable_id: InPath) -> ASGIResponse:
    """One of them."""
    ask = read(request)
    return reply(await receivables_flow.receivable(ask.services.pool, known(receivable_id), ask.owner_id))


@post(
    "/receivables/{receivable_id:str}/disputes",
    status_code=200,
    opt=operation(
        "receivables",
        Receivable,
        takes=ReceivableDisputeBody,
        refuses=(Code.NOT_FOUND, Code.AMOUNT_EXCEEDS_OUTSTANDING),
        example={"amount": 500_00},
    ),
)
async def dispute_receivable(request: Asked, body: RawBody, receivable_id: InPath) -> ASGIResponse:
    """Say how much of it who owes it disputes now. It is not bought meanwhile; with recourse it may be given back."""
    asked = _dispute.read(body, content_type(request))
    known(receivable_id)

    async def dispute(ask: Ask, conn: Connection) -> object:
        by = ask.by.key_id or ""
        return await receivables_flow.dispute(conn, receivable_id, ask.owner_id, asked.amount, by, ask.now)

    return await _once(request, body, 200, dispute)


_OF_A_PAYMENT: Final = (Code.NOT_FOUND, Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING)


@post(
    "/receivables/{receivable_id:str}/payments",
    status_code=201,
    opt=operation("receivables", ReceivablePayment, takes=ReceivablePaymentBody, refuses=_OF_A_PAYMENT, example=_PAID),
)
async def record_own_payment(request: Asked, body: RawBody, receivable_id: InPath) -> ASGIResponse:
    """Say what you were paid of it, or what you credited besides.

    If it was bought you collect as an agent, and hand the money on until the next business day ends (`remit_by`). If
    who owes it was told to pay somebody else, nothing is paid until then (`is_misdirected`).
    """
    asked = _payment.read(body, content_type(request))
    ask = write(request, body)
    return await _record(ask, known(receivable_id), ask.owner_id, asked, PaidTo.SELLER)


@get("/receivables/{receivable_id:str}/payments", opt=operation("receivables", ReceivablePaymentList))
async def list_receivable_payments(request: Asked, receivable_id: InPath) -> ASGIResponse:
    """What was paid of it, to whomever."""
    ask = read(request)
    one = await receivables_flow.receivable(ask.services.pool, known(receivable_id), ask.owner_id)
    return reply(ReceivablePaymentList(await collecting_flow.payments(ask.services.pool, one.receivable_id)))


@get("/plans/{plan_id:str}/receivable", opt=operation("plans", PlanReceivable))
async def get_plan_receivable(request: Asked, plan_id: InPath) -> ASGIResponse:
    """What the consumer owes on it is ours from the capture on. If they do not pay, that costs you nothing beyond what
    you have agreed to bear (`borne`); a dispute that is lost or accepted is charged back, all of it."""
    ask = read(request)
    return reply(await receivables_flow.plan_receivable(ask.services.pool, plan_id, ask.owner_id))


@get("/receivable-findings", opt=operation("receivables", FindingPage))
async def list_own_findings(request: Asked, after: AfterReceivablePayment = "", limit: Limit = 100) -> ASGIResponse:
    """What you were paid of receivables that others have bought, and must hand on: by when, and whether you did."""
    ask = read(request)
    return await _findings(ask, ask.owner_id, after, limit)


@get("/receivable-findings", opt=operation("receivables", FindingPage))
async def list_findings(request: Asked, after: AfterReceivablePayment = "", limit: Limit = 100) -> ASGIResponse:
    """What merchants were paid of receivables that others have bought: as agents, or misdirected."""
    return await _findings(read(request), None, after, limit)


@get("/receivables", opt=operation("receivables", ReceivablePage))
async def list_all_receivables(request: Asked, after: AfterReceivable = "", limit: Limit = 100) -> ASGIResponse:
    """The receivables of all merchants."""
    return await _page(read(request), None, after, limit)


@post(
    "/receivables/{receivable_id:str}/payments",
    status_code=201,
    opt=operation("receivables", ReceivablePayment, takes=ReceivablePaymentBody, refuses=_OF_A_PAYMENT, example=_PAID),
)
async def record_receivable_payment(request: Asked, body: RawBody, receivable_id: InPath) -> ASGIResponse:
    """Say what came to who has bought it. When nothing is open any more, what is left is owed to the merchant."""
    asked = _payment.read(body, content_type(request))
    return await _record(write(request, body), known(receivable_id), None, asked, PaidTo.ASSIGNEE)


@post(
    "/receivable-payments/{receivable_payment_id:str}/remitted",
    status_code=200,
    opt=operation(
        "receivables",
        ReceivablePayment,
        takes=RemittedBody,
        refuses=_OF_A_PAYMENT,
        example={"remitted_on": "2026-03-02"},
    ),
)
async def payment_was_remitted(request: Asked, body: RawBody, receivable_payment_id: InPath) -> ASGIResponse:
    """What the merchant received has come. What was misdirected is paid now."""
    asked = _remitted.read(body, content_type(request))
    if not ids.is_id(receivable_payment_id, ids.RECEIVABLE_PAYMENT):
        raise Refused(Code.NOT_FOUND, f"There is no payment {receivable_payment_id[:100]!r}.", "/id")

    async def remit(ask: Ask, conn: Connection) -> object:
        row = await collecting_flow.payment_row(conn, receivable_payment_id)
        told = await told_of(ask, conn, row["merchant_id"])
        done = await collecting_flow.remit(conn, receivable_payment_id, asked.remitted_on, told)
        await ask.record(conn, Verb.RESOLVED, Thing.RECEIVABLE, done.receivable_id, done)
        return done

    return await _once(request, body, 200, remit)


def known(receivable_id: str) -> str:
    """Refused: NOT_FOUND, what is no receivable's id."""
    if not ids.is_id(receivable_id, ids.RECEIVABLE):
        raise receivables_flow.no_receivable(receivable_id)
    return receivable_id


async def told_of(ask: Ask, conn: Connection, merchant_id: str) -> Told:
    """Who tells something of a merchant's, on which of its days."""
    now = ask.time_at(merchant_id)
    zone = ZoneInfo(ask.services.registry.now.merchants[merchant_id].time_zone)
    calendar = await collecting_flow.calendar_of(conn, merchant_id)
    return Told(now.astimezone(zone).date(), now, ask.by.key_id or "", calendar)


async def _record(
    ask: Ask, receivable_id: str, merchant_id: str | None, asked: ReceivablePaymentBody, by: PaidTo
) -> ASGIResponse:
    async def record(conn: Connection) -> Answer:
        one = await receivables_flow.receivable(conn, receivable_id, merchant_id)
        told = await told_of(ask, conn, one.merchant_id)
        made = await collecting_flow.record(conn, receivable_id, merchant_id, asked, by, told, ask.now_ms)
        if merchant_id is None:
            await ask.record(conn, Verb.CHANGED, Thing.RECEIVABLE, receivable_id, made)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, record))


async def _once(
    request: Asked, body: bytes, status: int, do: Callable[[Ask, Connection], Awaitable[object]]
) -> ASGIResponse:
    ask = write(request, body)

    async def act(conn: Connection) -> Answer:
        return Answer(status, encode(await do(ask, conn)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, act))


async def _page(ask: Ask, merchant_id: str | None, after: str, limit: int) -> ASGIResponse:
    page = await receivables_flow.receivables(ask.services.pool, merchant_id, after, limit)
    return reply(ReceivablePage(page, page[-1].receivable_id if page else after))


async def _findings(ask: Ask, merchant_id: str | None, after: str, limit: int) -> ASGIResponse:
    today = ask.now.date()
    if merchant_id is not None:
        zone = ZoneInfo(ask.services.registry.now.merchants[merchant_id].time_zone)
        today = ask.now.astimezone(zone).date()
    page = await collecting_flow.findings(ask.services.pool, merchant_id, after, limit, today)
    return reply(FindingPage(page, page[-1].payment_id if page else after))


MERCHANT_ROUTES: Final = [
    register_receivable, list_receivables, get_receivable, dispute_receivable, record_own_payment,
    list_receivable_payments, get_plan_receivable, list_own_findings,
]  # fmt: skip
OPERATOR_ROUTES: Final = [list_all_receivables, list_findings, record_receivable_payment, payment_was_remitted]
