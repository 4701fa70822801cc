"""What time was to bring about on a day that had passed before that was known comes about on the next one."""

from datetime import date, timedelta

from service.plans.bill import BillLine
from service.plans.contest import ContestClaim
from service.plans.correction import Correct
from service.plans.days import PassDays, next_day
from service.plans.dispute import AnswerDispute, OpenDispute
from service.plans.pausing import PauseCollection
from service.plans.running.deposit_facts import ClaimContested
from service.plans.running.dispute_facts import DisputeAnswered, DisputeReason, DisputeState
from service.plans.running.fact import Fact
from service.plans.running.facts import PauseReason
from service.plans.running.versions import in_order
from service.plans.state import PlanState
from tests.plans.lives import NOON, Life
from tests.plans.simulated.asked import CONSUMER, OPERATOR
from tests.plans.test_deposit_claims import claimed
from tests.plans.test_passing_days import owed

DAY = timedelta(days=1)
LENS = (BillLine(1, "Lens", 200_00),)


def never(life: Life, plan_id: str, kind: type[Fact]) -> None:
    """The last fact of a kind was a mistake."""
    facts, plan = [one.fact for one in life.facts[plan_id]], life.plans[plan_id]
    plan.standing.done = in_order(plan.offer.terms, facts)
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=[one for one in facts if isinstance(one, kind)][-1].id)


def next_morning(life: Life, plan_id: str) -> None:
    assert next_day(life.plans[plan_id]) == life.now.date() + DAY
    life.now += DAY
    life.do(PassDays, plan_id)


def test_a_return_that_is_told_after_its_thirty_days() -> None:
    """Goods were sent back on 3 March, says the merchant on 12 April; they had 30 days. Else it rested for good."""
    life, plan_id = owed()
    life.now = NOON + (date(2026, 4, 12) - NOON.date())
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN, on=date(2026, 3, 3))
    next_morning(life, plan_id)
    assert life.events[-1] == "plan.collection_resumed"
    (pause,) = life.plans[plan_id].standing.pauses
    assert (pause.begin, pause.end) == (date(2026, 3, 3), date(2026, 4, 13))


def test_an_answer_that_was_a_mistake_after_the_last_day_for_it() -> None:
    """The merchant had until 23 March; on 30 March it turns out that it never answered, and on the 31st it has lost."""
    life, plan_id = owed()
    life.do(OpenDispute, plan_id, reason=DisputeReason.NOT_RECEIVED, amount=300_00)
    life.do(AnswerDispute, plan_id, evidence="Signed for.")
    life.now += 28 * DAY
    never(life, plan_id, DisputeAnswered)
    next_morning(life, plan_id)
    plan = life.plans[plan_id]
    assert plan.standing.dispute is not None
    assert (plan.standing.dispute.state, plan.amounts.refunded) == (DisputeState.LOST, 300_00)


def test_a_contest_that_was_a_mistake_after_its_window() -> None:
    """The claim of 2 March could be contested until the 16th; on 22 March it turns out that it was not."""
    life, plan_id = claimed(lines=LENS)
    life.do(ContestClaim, plan_id, actor=CONSUMER, words="It was broken before.")
    life.now += 20 * DAY
    never(life, plan_id, ClaimContested)
    assert life.plans[plan_id].state is PlanState.ASSESSING
    next_morning(life, plan_id)
    assert (life.plans[plan_id].state, life.plans[plan_id].amounts.captured) == (PlanState.PAYMENT_DUE, 200_00)
