"""A charge is disputed by its consumer's bank: the plan's dispute of a processor's reference, opened, decided, once."""

from datetime import date, datetime

from service import ids
from service.actor import Actor, ActorKind
from service.db import Pool
from service.engine.lane import Engine
from service.engine.work import Answer
from service.payments.charge import Charge
from service.payments.store import milliseconds
from service.plans.dispute import CloseDispute, OpenDispute
from service.plans.flow import after_its_days
from service.plans.reading_store import load_facts, load_plans
from service.plans.running.dispute_facts import DisputeAnswered, DisputeOpener, DisputeReason, DisputeState
from service.plans.running.facts import undone_by
from service.plans.running.standing import Dispute
from service.plans.timeline import last_of_dispute, steps


def cause_of(charge: Charge, reference: str) -> str:
    """The id of the command that opens the dispute of this reference: always the same one."""
    return ids.named(ids.COMMAND, charge.charge_id, charge.processor_id, charge.charge_id, reference)


async def dispute_of(pool: Pool, charge: Charge, reference: str) -> tuple[Dispute | None, str]:
    """The processor's dispute of this reference, the last of its plan or an earlier one, and what its merchant has
    answered to it; None if there is none, or an operator has undone it.
    """
    async with pool.acquire() as conn:
        (plan,) = await load_plans(conn, [charge.plan_id])
        facts = (await load_facts(conn, [charge.plan_id]))[charge.plan_id]
    dispute_id = ids.derive(ids.FACT, cause_of(charge, reference))
    known = [one.fact for one in facts]
    if any(undone_by(one) == dispute_id for one in known):
        return None, ""
    answers = [one.evidence for one in known if isinstance(one, DisputeAnswered) and one.dispute_id == dispute_id]
    return last_of_dispute(steps(plan.kind, plan.offer.terms, facts), dispute_id), "\n\n".join(answers)


async def open_dispute(
    engine: Engine, charge: Charge, reference: str, reason: DisputeReason, amount: int, respond_by: date | None,
    now: datetime,
) -> Answer | None:  # fmt: skip
    """Opens it, after the days of its plan that have passed; None, or the refusal."""
    command = OpenDispute(
        command_id=cause_of(charge, reference), actor=Actor(ActorKind.PROCESSOR, charge.processor_id),
        plan_id=charge.plan_id, reason=reason, amount=amount, opened_by=DisputeOpener.PROCESSOR, reference=reference,
        respond_by=respond_by,
    )  # fmt: skip
    return await _do(engine, command, now)


async def decide_dispute(
    engine: Engine, charge: Charge, dispute: Dispute, outcome: DisputeState, now: datetime
) -> Answer | None:
    """Decides it; None, or the refusal."""
    command = CloseDispute(
        command_id=ids.new_id(ids.COMMAND, charge.bucket, milliseconds(now)),
        actor=Actor(ActorKind.PROCESSOR, charge.processor_id), plan_id=charge.plan_id, outcome=outcome,
        dispute_id=dispute.id,
    )  # fmt: skip
    return await _do(engine, command, now)


async def _do(engine: Engine, command: OpenDispute | CloseDispute, now: datetime) -> Answer | None:
    answer = await after_its_days(engine, command.plan_id, now, lambda: engine.do(command, None, now))
    return None if answer.status == 200 else answer
