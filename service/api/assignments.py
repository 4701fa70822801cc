"""Assignments: the lender buys a merchant's receivable, or registers who has bought it or holds it as a pledge."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterAssignment, Limit
from service.api.receivables import told_of
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.factoring import assigning_flow as flow
from service.factoring import receivables_flow
from service.factoring.assignment import (
    Assignment,
    AssignmentBody,
    AssignmentStepKind,
    Mode,
    require_assignment,
    require_live,
)
from service.factoring.receivable import Receivable
from service.money import take_bps

REFUSES: Final = (
    Code.NOT_FOUND, Code.STATE_FORBIDS, Code.ALREADY_ASSIGNED, Code.CURRENCY_MISMATCH, Code.DISPUTED_RECEIVABLE,
    Code.PAST_DUE,
)  # fmt: skip

IsLive = Annotated[bool, QueryParameter()]


class AssignmentPage(Struct, frozen=True):
    """Assignments, the oldest first; `after` is what to ask with next."""

    assignments: list[Assignment]
    after: str


class NotifiedBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When who owes it was told."""

    notified_on: date  # from this day on only the assignee may be paid


class WantedWriteOff(Struct, frozen=True):
    """A purchase of which nothing more is to come."""

    assignment_id: str


_assignment = Body(AssignmentBody)
_nothing = Body(Nothing)
_notified = Body(NotifiedBody)

TERMS: Final[dict[str, Any]] = {
    "advance_bps": 8_500, "service_bps": 80, "discount_bps": 800, "recourse_after_days": 60,
}  # fmt: skip


@post(
    "/assignments",
    status_code=201,
    opt=operation(
        "receivables",
        {201: Assignment, 202: Proposed},
        takes=AssignmentBody,
        refuses=(*REFUSES, Code.OVER_PLEDGED),
        example={
            "receivable_id": "{receivable_id}", "mode": "purchase", "currency": "EUR", "recourse": "full",
            "terms": TERMS,
        },
    ),
)  # fmt: skip
async def assign_receivable(request: Asked, body: RawBody) -> ASGIResponse:
    """Buy a receivable, or register who else has bought it, or to whom a part of it is pledged.

    What we buy is advanced at once, in the merchant's next settlement. An advance of more than one operator moves alone
    (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _assignment.read(body, content_type(request))
    require_assignment(asked)
    ask = write(request, body)

    async def assign(conn: Connection) -> Answer:
        one = await _receivable(conn, asked.receivable_id)
        alone_max = ask.services.settings.alone_max.of(one.currency)
        if asked.terms and take_bps(one.open, asked.terms.advance_bps) > alone_max:
            return await propose("assign_receivable", ask, conn, Thing.RECEIVABLE, one.receivable_id, asked)
        return Answer(201, encode(await _assign(ask, conn, one, asked)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, assign))


@needs_two("assign_receivable", "receivables")
async def _assign_as_proposed(doing: Doing, wanted: AssignmentBody) -> Assignment:
    return await _assign(doing.ask, doing.conn, await _receivable(doing.conn, wanted.receivable_id), wanted)


@post(
    "/assignments/{assignment_id:str}/notify",
    status_code=200,
    opt=operation(
        "receivables",
        Assignment,
        takes=NotifiedBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"notified_on": "2026-03-02"},
    ),
)
async def notify_debtor(request: Asked, body: RawBody, assignment_id: InPath) -> ASGIResponse:
    """Say that who owes it was told of the assignment (disclosed): what they pay the merchant from then on is a
    finding, MISDIRECTED_PAYMENT."""
    asked = _notified.read(body, content_type(request))

    async def notify(ask: Ask, conn: Connection) -> Assignment:
        one = await flow.assignment(conn, assignment_id)
        return await flow.notify(conn, assignment_id, asked.notified_on, await told_of(ask, conn, one.merchant_id))

    return await _once(request, body, known(assignment_id), notify)


@post(
    "/assignments/{assignment_id:str}/repurchase",
    status_code=200,
    opt=operation("receivables", Assignment, takes=Nothing, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS)),
)
async def repurchase_receivable(request: Asked, body: RawBody, assignment_id: InPath) -> ASGIResponse:
    """The merchant buys it back, by the recourse agreed: it owes the advance, the service and the discount until today,
    less what was collected; its next settlement takes it."""
    return await _end(request, body, assignment_id, AssignmentStepKind.REPURCHASED)


@post(
    "/assignments/{assignment_id:str}/write-off",
    status_code=200,
    opt=operation(
        "receivables",
        {200: Assignment, 202: Proposed},
        takes=Nothing,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
    ),
)
async def write_off_receivable(request: Asked, body: RawBody, assignment_id: InPath) -> ASGIResponse:
    """Nothing more comes of it: what was advanced and not collected is lost, and costs the merchant nothing.

    More than one operator gives up alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    known(assignment_id)

    async def write_off(conn: Connection) -> Answer:
        one = await flow.assignment(conn, assignment_id)
        require_live(one, Mode.PURCHASE)
        alone_max = ask.services.settings.alone_max
        if one.position and one.position.advance - one.position.collected > alone_max.of(one.currency):
            wanted = WantedWriteOff(assignment_id)
            return await propose("write_off_receivable", ask, conn, Thing.ASSIGNMENT, assignment_id, wanted)
        return Answer(200, encode(await _write_off(ask, conn, assignment_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, write_off))


@needs_two("write_off_receivable", "receivables")
async def _write_off_as_proposed(doing: Doing, wanted: WantedWriteOff) -> Assignment:
    return await _write_off(doing.ask, doing.conn, wanted.assignment_id)


@post(
    "/assignments/{assignment_id:str}/release",
    status_code=200,
    opt=operation("receivables", Assignment, takes=Nothing, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS)),
)
async def release_pledge(request: Asked, body: RawBody, assignment_id: InPath) -> ASGIResponse:
    """A pledge secures nothing any more: so much of the receivable may be pledged again."""
    return await _end(request, body, assignment_id, AssignmentStepKind.RELEASED)


@get("/assignments", opt=operation("receivables", AssignmentPage))
async def list_all_assignments(
    request: Asked, live: IsLive = False, after: AfterAssignment = "", limit: Limit = 100
) -> ASGIResponse:
    """All assignments, or those that are live."""
    return await _page(read(request), None, None, after, limit, is_live=live)


@get("/assignments", opt=operation("receivables", AssignmentPage))
async def list_own_assignments(
    request: Asked, live: IsLive = False, after: AfterAssignment = "", limit: Limit = 100
) -> ASGIResponse:
    """Who has bought your receivables, or holds them as a pledge, and what each brought."""
    ask = read(request)
    return await _page(ask, ask.owner_id, None, after, limit, is_live=live)


@get("/assignments", opt=operation("assignments", AssignmentPage))
async def list_partner_assignments(
    request: Asked, live: IsLive = False, after: AfterAssignment = "", limit: Limit = 100
) -> ASGIResponse:
    """Receivables that you have bought, or hold as a pledge."""
    ask = read(request)
    return await _page(ask, None, ask.owner_id, after, limit, is_live=live)


def known(assignment_id: str) -> str:
    """Refused: NOT_FOUND, what is no assignment's id."""
    if not ids.is_id(assignment_id, ids.ASSIGNMENT):
        raise flow.no_assignment(assignment_id)
    return assignment_id


async def _assign(ask: Ask, conn: Connection, one: Receivable, asked: AssignmentBody) -> Assignment:
    made = await flow.assign(conn, asked, await told_of(ask, conn, one.merchant_id), ask.now_ms)
    await ask.record(conn, Verb.MADE, Thing.ASSIGNMENT, made.assignment_id, asked)
    return made


async def _write_off(ask: Ask, conn: Connection, assignment_id: str) -> Assignment:
    one = await flow.assignment(conn, assignment_id)
    told = await told_of(ask, conn, one.merchant_id)
    after = await flow.end(conn, assignment_id, AssignmentStepKind.WRITTEN_OFF, told)
    await ask.record(conn, Verb.CHANGED, Thing.ASSIGNMENT, assignment_id, {"state": after.state})
    return after


async def _receivable(conn: Connection, receivable_id: str) -> Receivable:
    row = await conn.fetchrow(receivables_flow.Q.receivable, receivable_id, None)
    if row is None:
        raise receivables_flow.no_receivable(receivable_id, "/receivable_id")
    return receivables_flow.receivable_of(row)


async def _end(request: Asked, body: bytes, assignment_id: str, what: AssignmentStepKind) -> ASGIResponse:
    if body:
        _nothing.read(body, content_type(request))

    async def end(ask: Ask, conn: Connection) -> Assignment:
        one = await flow.assignment(conn, assignment_id)
        return await flow.end(conn, assignment_id, what, await told_of(ask, conn, one.merchant_id))

    return await _once(request, body, known(assignment_id), end)


async def _once(
    request: Asked, body: bytes, assignment_id: str, do: Callable[[Ask, Connection], Awaitable[Assignment]]
) -> ASGIResponse:
    ask = write(request, body)

    async def act(conn: Connection) -> Answer:
        after = await do(ask, conn)
        await ask.record(conn, Verb.CHANGED, Thing.ASSIGNMENT, assignment_id, {"state": after.state})
        return Answer(200, encode(after))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, act))


async def _page(
    ask: Ask, merchant_id: str | None, assignee_id: str | None, after: str, limit: int, *, is_live: bool
) -> ASGIResponse:
    page = await flow.assignments(ask.services.pool, merchant_id, assignee_id, after, limit, is_live=is_live)
    return reply(AssignmentPage(page, page[-1].assignment_id if page else after))


OPERATOR_ROUTES: Final = [
    assign_receivable, notify_debtor, repurchase_receivable, write_off_receivable, release_pledge, list_all_assignments,
]  # fmt: skip
MERCHANT_ROUTES: Final = [list_own_assignments]
PARTNER_ROUTES: Final = [list_partner_assignments]
