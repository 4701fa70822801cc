"""All that is owed is called due on one day: what was not earned by then is not asked for, and the schedule ends."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.acceleration import Accelerate
from service.plans.accrual import earned_interest
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.correction import Correct
from service.plans.money_back import Refund
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import RecordPayment
from service.plans.plan import schedule_of
from service.plans.reschedule import ChargeOff
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.facts import PauseReason
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.terms.terms import Terms
from tests.plans.lives import NOON, YEARLY, Life, agreement
from tests.plans.verbs_of_routes import OPERATOR

# 1,200.00 at 9.9 % in twelve months from 2 March 2026 on: 9.90 of interest in the first month, 105.45 an instalment.
APRIL, MAY, JUNE = date(2026, 4, 2), date(2026, 5, 2), date(2026, 6, 2)


def lent(terms: Terms = YEARLY, *, on: date = date(2026, 5, 10), **offer: Any) -> tuple[Life, str]:
    """The first two instalments are past due on `on`."""
    life = Life()
    life.account = replace(life.account, limit=2_000_00)
    plan_id = life.authorize(agreement(amount=1_200_00, terms=terms, **offer))
    life.do(Capture, plan_id, amount=1_200_00)
    life.now = NOON + (on - NOON.date()) * 1
    return life, plan_id


def accelerate(life: Life, plan_id: str, due_on: date, why: AccelerationReason = AccelerationReason.LATE) -> Any:
    return life.do(Accelerate, plan_id, due_on=due_on, why=why, actor=OPERATOR)


def asked(life: Life, plan_id: str) -> list[tuple[date, int, int]]:
    rows = schedule_of(life.plans[plan_id], life.now.date())
    return [(row.due_on, row.principal, row.interest) for row in rows]


@pytest.mark.parametrize("recalculate", [False, True])
def test_what_is_not_due_falls_due_with_the_interest_earned_by_then(recalculate: bool) -> None:
    life, plan_id = lent(replace(YEARLY, recalculate=recalculate))
    before = asked(life, plan_id)
    plan = accelerate(life, plan_id, date(2026, 5, 24))
    after = asked(life, plan_id)
    assert after[:2] == before[:2]
    ((due_on, principal, interest),) = after[2:]
    assert (due_on, principal) == (date(2026, 5, 24), 1_200_00 - before[0][1] - before[1][1])
    by_days = round(before[2][2] * 22 / 31)
    assert (by_days, interest) == ((620, 631) if recalculate else (590, 590))
    assert plan.amounts.outstanding == sum(row[1] + row[2] for row in after)
    assert life.events[-1] == "plan.accelerated"
    life.now += timedelta(days=60)
    assert asked(life, plan_id) == after, "time asks for more"
    assert earned_interest(life.plans[plan_id].standing, life.now.date()) == sum(row[2] for row in after)
    paid = life.do(RecordPayment, plan_id, amount=plan.amounts.outstanding)
    assert (paid.state, life.account.used) == (PlanState.PAID_OFF, 0)


def test_a_fee_that_is_due_later_falls_due_as_well() -> None:
    life, plan_id = lent()
    life.do(Levy, plan_id, amount=5_00, due_on=date(2027, 6, 1), actor=OPERATOR)
    plan = accelerate(life, plan_id, JUNE)
    assert max(row.due_on for row in plan.lines) == JUNE
    assert sum(row.fee for row in plan.lines) == 5_00


def test_a_payment_that_arrives_late_is_taken_though_nothing_was_left_to_call_due() -> None:
    life, plan_id = lent(on=date(2026, 4, 10))
    accelerate(life, plan_id, date(2026, 4, 24))
    paid = life.do(RecordPayment, plan_id, amount=1_400_00, received_on=date(2026, 4, 1))
    assert (paid.amounts.outstanding, paid.state) == (0, PlanState.OVERPAID)


def test_what_can_still_happen_to_it() -> None:
    life, plan_id = lent()
    accelerate(life, plan_id, JUNE)
    fact = life.facts[plan_id][-1].fact
    refunded = life.do(Refund, plan_id, amount=100_00)
    assert refunded.amounts.refunded == 100_00
    other = Life(life.account, life.now, dict(life.plans), {plan_id: life.facts[plan_id][:]})
    assert other.do(ChargeOff, plan_id, actor=OPERATOR).state is PlanState.CHARGED_OFF
    undone = life.do(Correct, plan_id, undone_id=fact.id, actor=OPERATOR)
    assert (len(undone.lines), max(row.due_on for row in undone.lines)) == (12, date(2027, 3, 2))


def test_a_quote_binds_all_the_same() -> None:
    life, plan_id = lent(jurisdiction="DE")
    quote = life.do(QuoteSettlement, plan_id).standing.quote
    assert quote is not None
    accelerate(life, plan_id, JUNE)
    settled = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (settled.amounts.outstanding, settled.amounts.overpaid) == (0, 0)


@pytest.mark.parametrize(
    ("on", "due_on", "code", "sentence"),
    [
        (date(2026, 4, 2), MAY, Code.STATE_FORBIDS, "nothing of it is overdue"),
        (date(2026, 5, 10), date(2026, 5, 9), Code.INVALID_FIELD, "2026-05-09 is before today, 2026-05-10"),
        (date(2026, 5, 10), date(2226, 5, 9), Code.IMPOSSIBLE_TERMS, "100 years"),
        (date(2026, 5, 10), date(2027, 3, 2), Code.STATE_FORBIDS, "All of it is due by 2027-03-02 anyway"),
    ],
)
def test_what_is_refused(on: date, due_on: date, code: Code, sentence: str) -> None:
    life, plan_id = lent(on=on)
    version = life.plans[plan_id].version
    with pytest.raises(Refused) as refusal:
        accelerate(life, plan_id, due_on)
    assert (refusal.value.code, sentence in refusal.value.detail) == (code, True)
    assert life.plans[plan_id].version == version


def test_while_collection_rests_nothing_is_accelerated() -> None:
    life, plan_id = lent()
    life.do(PauseCollection, plan_id, why=PauseReason.HARDSHIP, actor=OPERATOR)
    with pytest.raises(Refused, match="accelerated while collection rests"):
        accelerate(life, plan_id, JUNE, AccelerationReason.FRAUD)
    life.do(ResumeCollection, plan_id, why=PauseReason.HARDSHIP, actor=OPERATOR)
    assert accelerate(life, plan_id, JUNE).lines[-1].due_on == JUNE


def test_who_has_lied_need_not_be_late() -> None:
    life, plan_id = lent(on=date(2026, 3, 10))
    plan = accelerate(life, plan_id, date(2026, 3, 24), AccelerationReason.FRAUD)
    assert [(row.due_on, row.principal) for row in plan.lines] == [(date(2026, 3, 24), 1_200_00)]
