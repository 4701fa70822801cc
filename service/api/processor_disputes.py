"""Disputes that a processor tells of: the consumer's bank disputes a charge, and decides (a chargeback)."""

from datetime import date
from typing import Annotated, Final, Literal

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, content_type, write
from service.api.body import Body
from service.api.charges import ChargeId
from service.api.operation import operation
from service.api.reply import encode, reply_answer
from service.checkout.request import Price
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.payments.charge import Charge
from service.payments.disputing_flow import decide_dispute, dispute_of, open_dispute
from service.payments.processor_dispute import MONEY_CAME
from service.payments.store import load_charges
from service.plans.running.dispute_facts import DisputeReason, DisputeState

Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,100}\Z")]


class ChargeDisputeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the consumer's bank says of a charge."""

    charge_id: ChargeId  # a charge that this processor was called for
    reference: Reference  # the processor's own of the dispute
    reason: DisputeReason
    amount: Price  # minor units that are disputed; at most the charge's
    respond_by: date | None = None  # the last day for evidence; null: as many days as the plan's product gives


class DecisionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How the consumer's bank has decided."""

    charge_id: ChargeId
    reference: Reference  # of the dispute, as it was opened
    outcome: Literal["won", "lost", "withdrawn"]  # for the merchant; withdrawn: the bank takes it back


class ChargeDispute(Struct, frozen=True):
    """A dispute as it stands, to the processor that opened it."""

    dispute_id: str = field(name="id")
    charge_id: str
    plan_id: str
    reference: str  # the processor's own
    currency: str
    amount: int  # minor units that are disputed
    reason: DisputeReason  # what the consumer says
    state: DisputeState
    evidence: str | None  # what the merchant has answered, for the bank, the second time below the first; null: nothing
    opened_on: date  # the day it was opened
    respond_by: date | None  # the last day for the merchant's answer; null: it is not due
    closed_on: date | None  # null: it is open


_opened = Body(ChargeDisputeBody)
_decided = Body(DecisionBody)


@post(
    "/disputes",
    status_code=201,
    opt=operation(
        "disputes", ChargeDispute, takes=ChargeDisputeBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
        example={"charge_id": "{charge_id}", "reference": "dp-4711", "reason": "not_received", "amount": 50_00},
    ),
)  # fmt: skip
async def open_charge_dispute(request: Asked, body: RawBody) -> ASGIResponse:
    """The consumer's bank disputes a charge: nothing is collected for its plan until the dispute is closed.

    The merchant is to answer until `respond_by` ends. The same reference again is the same dispute, which is answered
    as it stands: so a processor hears what the merchant has answered (`evidence`), and hands it to the bank. If the
    bank has taken the money back, that is told as news of the charge.
    """
    asked = _opened.read(body, content_type(request))
    ask = write(request, body, ids.bucket_of(asked.charge_id))
    if before := await ask.services.engine.answered(ask.must_key):
        return reply_answer(before)
    charge = await _own_charge(ask, asked.charge_id)
    pool, engine, now = ask.services.pool, ask.services.engine, ask.real_now
    if (await dispute_of(pool, charge, asked.reference))[0] is None:
        _refuse_opening(charge, asked)
        refused = await open_dispute(
            engine, charge, asked.reference, asked.reason, asked.amount, asked.respond_by, now
        )  # fmt: skip
        if refused and (await dispute_of(pool, charge, asked.reference))[0] is None:  # it may have come twice at once
            return reply_answer(refused)
    return await _kept(ask, charge, asked.reference, 201)


@post(
    "/disputes/decide",
    status_code=200,
    opt=operation(
        "disputes", ChargeDispute, takes=DecisionBody, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"charge_id": "{disputed_charge_id}", "reference": "dp-4711", "outcome": "lost"},
    ),
)  # fmt: skip
async def decide_charge_dispute(request: Asked, body: RawBody) -> ASGIResponse:
    """The consumer's bank has decided: lost by the merchant, what is disputed is refunded.

    Won or withdrawn, the plan is collected again. The same decision, said again, changes nothing.
    """
    asked = _decided.read(body, content_type(request))
    ask = write(request, body, ids.bucket_of(asked.charge_id))
    if before := await ask.services.engine.answered(ask.must_key):
        return reply_answer(before)
    charge, outcome = await _own_charge(ask, asked.charge_id), DisputeState(asked.outcome)
    dispute, _ = await dispute_of(ask.services.pool, charge, asked.reference)
    if dispute is None:
        sentence = f"You have opened no dispute {asked.reference!r} of the charge {charge.charge_id}."
        raise Refused(Code.NOT_FOUND, sentence, "/reference")
    if dispute.state is not outcome:
        refused = await decide_dispute(ask.services.engine, charge, dispute, outcome, ask.real_now)
        if refused:
            dispute, _ = await dispute_of(ask.services.pool, charge, asked.reference)
            if dispute is None or dispute.state is not outcome:
                return reply_answer(refused)
    return await _kept(ask, charge, asked.reference, 200)


async def _own_charge(ask: Ask, charge_id: str) -> Charge:
    """Refused: NOT_FOUND, of another processor's, too."""
    found = await load_charges(ask.services.pool, [charge_id])
    if not found or found[0].processor_id != ask.owner_id:
        raise Refused(Code.NOT_FOUND, f"There is no charge {charge_id!r} of yours.", "/charge_id")
    return found[0]


def _refuse_opening(charge: Charge, asked: ChargeDisputeBody) -> None:
    """Refused: STATE_FORBIDS (no money came by it), AMOUNT_EXCEEDS_OUTSTANDING (more than it was)."""
    if charge.state not in MONEY_CAME:
        sentence = f"The charge {charge.charge_id} is {charge.state}: no money came by it that could be disputed."
        raise Refused(Code.STATE_FORBIDS, sentence, "/charge_id")
    if asked.amount > charge.amount:
        sentence = f"{asked.amount} is more than the {charge.amount} minor units of the charge."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")


async def _kept(ask: Ask, charge: Charge, reference: str, status: int) -> ASGIResponse:
    """The dispute as it stands, which is the answer to the same request from now on."""
    one, answers = await dispute_of(ask.services.pool, charge, reference)
    assert one is not None
    shown = ChargeDispute(
        one.id, charge.charge_id, charge.plan_id, reference, charge.currency, one.amount, one.reason, one.state,
        answers or None, one.opened_on, one.respond_by, one.closed_on,
    )  # fmt: skip

    async def keep(_: Connection) -> Answer:
        return Answer(status, encode(shown))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


ROUTES: Final = [open_charge_dispute, decide_charge_dispute]
