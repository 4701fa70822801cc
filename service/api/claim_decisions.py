"""For two operators: what who bears a loss has decided about a claim, and paid, where they have no key."""

from typing import Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, InPath, content_type, write
from service.api.body import Body
from service.api.claim_view import ClaimView, DecideBody, PayBody, view_of
from service.api.loss_claims import doer_of, require_claim_id
from service.api.operation import operation
from service.api.reply import reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.claims import claim as rules
from service.claims import flow, steps_flow
from service.claims.claim import Rejection
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code


class Deciding(Struct, frozen=True):
    """A decision that was proposed."""

    claim_id: str
    approved: int
    rejection: Rejection | None
    note: str


class Paying(Struct, frozen=True):
    """A payment that was proposed."""

    claim_id: str
    amount: int
    reference: str


_decide = Body(DecideBody)
_pay = Body(PayBody)


@post(
    "/loss-claims/{claim_id:str}/decide",
    status_code=202,
    opt=operation(
        "claims", Proposed, takes=DecideBody,
        refuses=(Code.STATE_FORBIDS, Code.CAPACITY_EXCEEDED), example={"approved": 0, "rejection": "not_covered"},
    ),
)  # fmt: skip
async def decide_for_party(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Propose what who bears it has decided, where they have no key; another operator approves it. Of 0, 0 is paid."""
    asked = _decide.read(body, content_type(request))
    ask = write(request, body)

    async def decide(conn: Connection) -> Answer:
        held = await steps_flow.hold(conn, claim_id, ask.now, ask.services.registry.time_at)
        rules.decided(held.claim, asked.approved, asked.rejection)  # refused now, if it is to be
        wanted = Deciding(claim_id, asked.approved, asked.rejection, asked.note)
        return await propose("decide_claim", ask, conn, Thing.CLAIM, claim_id, wanted)

    require_claim_id(claim_id)
    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, decide))


@needs_two("decide_claim", "claims")
async def _decide_claim(doing: Doing, wanted: Deciding) -> ClaimView:
    ask, conn = doing.ask, doing.conn
    held = await steps_flow.hold(conn, wanted.claim_id, ask.now, ask.services.registry.time_at)
    await flow.decide(conn, held, wanted.approved, wanted.rejection, wanted.note, doer_of(ask), ask.now)
    await ask.record(conn, Verb.CHANGED, Thing.CLAIM, wanted.claim_id, wanted)
    return await view_of(ask, conn, wanted.claim_id)


@post(
    "/loss-claims/{claim_id:str}/pay",
    status_code=202,
    opt=operation(
        "claims", Proposed, takes=PayBody,
        refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.CAPACITY_EXCEEDED),
        example={"amount": 100_00, "reference": "transfer 4711 of Elbe Insurance"},
    ),
)  # fmt: skip
async def pay_for_party(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Propose that who bears it has paid so much, where they have no key; another operator approves it."""
    asked = _pay.read(body, content_type(request))
    ask = write(request, body)

    async def pay(conn: Connection) -> Answer:
        held = await steps_flow.hold(conn, claim_id, ask.now, ask.services.registry.time_at)
        rules.paid(held.claim, asked.amount)  # refused now, if it is to be
        wanted = Paying(claim_id, asked.amount, asked.reference)
        return await propose("pay_claim", ask, conn, Thing.CLAIM, claim_id, wanted)

    require_claim_id(claim_id)
    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, pay))


@needs_two("pay_claim", "claims")
async def _pay_claim(doing: Doing, wanted: Paying) -> ClaimView:
    ask, conn = doing.ask, doing.conn
    held = await steps_flow.hold(conn, wanted.claim_id, ask.now, ask.services.registry.time_at)
    await flow.pay(conn, held, wanted.amount, wanted.reference, doer_of(ask), ask.now)
    await ask.record(conn, Verb.CHANGED, Thing.CLAIM, wanted.claim_id, wanted)
    return await view_of(ask, conn, wanted.claim_id)


ROUTES: Final = [decide_for_party, pay_for_party]
