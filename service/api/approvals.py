"""What waits for a second person: listed, approved and done in one transaction, or rejected."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterApproval, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import ACTS, Doing, done
from service.approvals import flow
from service.approvals.approval import Approval, ApprovalState
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused


class ApprovalView(Struct, frozen=True, kw_only=True):
    """An act that one operator proposed, and what became of it."""

    approval_id: str = field(name="id")
    act: str  # what is to be done
    thing: Thing
    thing_id: str
    payload: dict[str, Any]  # what was proposed, as it was sent
    proposed_by: str  # the person
    proposed_at: datetime  # when
    expires_at: datetime  # afterwards it has lapsed
    state: ApprovalState
    decided_by: str | None  # the person who approved or rejected it; null: nobody has
    decided_at: datetime | None


class ApprovalDone(ApprovalView, frozen=True, kw_only=True):
    """An act that was approved and done."""

    result: dict[str, Any]  # what the act answers; a secret in it is shown this once


class ApprovalPage(Struct, frozen=True):
    """Approvals, the oldest first; `after` is what to ask with next."""

    approvals: list[ApprovalView]
    after: str


_nothing = Body(Nothing)


@get("/approvals", opt=operation("approvals", ApprovalPage, example={"in_state": "pending"}))
async def list_approvals(
    request: Asked,
    in_state: Annotated[ApprovalState | None, QueryParameter()] = None,
    after: AfterApproval = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """What was proposed: what waits for a second person, what was approved and done, what was rejected."""
    page = [_view(one) for one in await flow.waiting(read(request).services.pool, after, limit, in_state)]
    return reply(ApprovalPage(page, page[-1].approval_id if page else after))


@post(
    "/approvals/{approval_id:str}/approve",
    status_code=200,
    opt=operation(
        "approvals",
        ApprovalDone,
        takes=Nothing,
        refuses=(
            Code.STATE_FORBIDS,
            Code.FOUR_EYES,
            Code.AMOUNT_EXCEEDS_OUTSTANDING,
            Code.ALREADY_ASSIGNED,
            Code.CAPACITY_EXCEEDED,
            Code.CURRENCY_MISMATCH,
            Code.DISPUTED_RECEIVABLE,
            Code.PAST_DUE,
        ),
    ),
)
async def approve(request: Asked, body: RawBody, approval_id: InPath) -> ASGIResponse:
    """Do what another operator proposed, as it was proposed. It needs the scope of the act besides `approvals`.

    Whoever proposed it does not approve it, with whatever key.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    waiting = await flow.load(ask.services.pool, _known(approval_id))
    if not request.auth.may(scope := ACTS[waiting.act].scope, "write"):
        raise Refused(Code.FORBIDDEN, f"Your key lacks the scope {scope}, which this act needs.")
    doings: list[Doing] = []

    async def do(conn: Connection) -> Answer:
        approval = await flow.lock(conn, approval_id, ask.by, ask.now)
        doing = Doing(ask, conn, approval)
        result = await done(doing)
        decided = await _decide(ask, conn, approval, ApprovalState.APPROVED)
        doings[:] = [doing]
        return Answer(200, encode(_done(decided, msgspec.json.decode(result))))

    answer = await ask.services.engine.once(ask.must_key, ask.now, do)
    for doing in doings:
        for then in doing.afterwards:
            await then()
    await ask.services.registry.reload()
    if answer.status == 200 and doings and doings[0].shown is not None:
        kept = msgspec.json.decode(answer.body, type=ApprovalDone)
        return reply(msgspec.structs.replace(kept, result=msgspec.to_builtins(doings[0].shown)))
    return reply_answer(answer)


@post(
    "/approvals/{approval_id:str}/reject",
    status_code=200,
    opt=operation("approvals", ApprovalView, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def reject(request: Asked, body: RawBody, approval_id: InPath) -> ASGIResponse:
    """It is not done. Whoever proposed it takes it back so, too."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    _known(approval_id)

    async def do(conn: Connection) -> Answer:
        approval = await flow.lock(conn, approval_id, None, ask.now)
        return Answer(200, encode(_view(await _decide(ask, conn, approval, ApprovalState.REJECTED))))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


async def _decide(ask: Ask, conn: Connection, approval: Approval, state: ApprovalState) -> Approval:
    decided = await flow.decide(conn, approval.approval_id, state, ask.by, ask.now)
    verb = Verb.APPROVED if state is ApprovalState.APPROVED else Verb.REJECTED
    told = {"act": approval.act, "approval": approval.approval_id, "proposed_by": approval.proposed_by}
    await ask.record(conn, verb, approval.thing, approval.thing_id, told)
    return decided


def _known(approval_id: str) -> str:
    if not ids.is_id(approval_id, ids.APPROVAL):
        raise Refused(Code.NOT_FOUND, f"There is no approval {approval_id[:100]!r}.", "/id")
    return approval_id


def _view(one: Approval) -> ApprovalView:
    return ApprovalView(**_fields(one))


def _done(one: Approval, result: dict[str, Any]) -> ApprovalDone:
    return ApprovalDone(**_fields(one), result=result)


def _fields(one: Approval) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ApprovalView.__struct_fields__}


ROUTES = [list_approvals, approve, reject]
