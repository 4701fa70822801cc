"""A due date is put off by the consumer: how far, how often, and when not."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.plans.acceleration import Accelerate
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.correction import Correct
from service.plans.dispute import OpenDispute
from service.plans.offer import Kind
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.plan import next_actions
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.dispute_facts import DisputeReason
from service.plans.running.facts import AnyFact, DueMoved, PauseReason
from service.plans.running.kept import keep, recall
from service.plans.running.versions import standing_after
from service.plans.withdrawal import Withdraw
from service.terms.servicing import LateFee, Servicing
from service.terms.terms import Terms
from tests.plans.lives import CONSUMER, MERCHANT_ACTS, NOON, ONE_SUM, PAY_IN_4, WITH_FEES, Life, agreement
from tests.plans.test_commands import OPERATOR, SOMEBODY_ELSE

TWICE = Servicing(postpone_days_max=14, postpone_times_max=2)
FIRST, SECOND, THIRD, FOURTH = [date(2026, 3, day) for day in (16, 30)] + [date(2026, 4, day) for day in (13, 27)]


def owed(servicing: Servicing = TWICE, terms: Terms = PAY_IN_4, **offer: Any) -> tuple[Life, str]:
    """400.00 lent on 2 March, due in four parts a fortnight apart from 16 March on."""
    life = Life()
    plan_id = life.authorize(agreement(amount=400_00, terms=terms, servicing=servicing, **offer))
    life.do(Capture, plan_id, amount=400_00)
    return life, plan_id


def dates(life: Life, plan_id: str) -> list[date]:
    return [line.due_on for line in life.lines(plan_id)]


def refusal(life: Life, plan_id: str, due_on: date = FIRST, days: int = 1, **more: Any) -> Refused:
    before = life.plans[plan_id]
    with pytest.raises(Refused) as refused:
        life.do(PostponeDueDate, plan_id, due_on=due_on, to=due_on + timedelta(days), **more)
    assert life.plans[plan_id] is before
    return refused.value


def test_those_after_it_follow_and_nothing_else_changes() -> None:
    life, plan_id = owed()
    assert dates(life, plan_id) == [FIRST, SECOND, THIRD, FOURTH]
    balances, account = life.balances(plan_id), life.account
    plan = life.do(PostponeDueDate, plan_id, due_on=SECOND, to=date(2026, 4, 4))
    assert dates(life, plan_id) == [FIRST, date(2026, 4, 4), date(2026, 4, 18), date(2026, 5, 2)]
    assert (plan.amounts.outstanding, plan.standing.postponed) == (400_00, 1)
    assert (life.balances(plan_id), life.account.used) == (balances, account.used)
    assert life.events[-1] == "plan.rescheduled"


def test_it_is_as_far_and_as_often_as_the_product_says() -> None:
    life, plan_id = owed()
    too_far = refusal(life, plan_id, FIRST, 15)
    assert (too_far.code, too_far.pointer) == (Code.IMPOSSIBLE_TERMS, "/to")
    assert "allows 2 in a plan's life, each by at most 14 days, of which 2 are left" in too_far.detail
    life.do(PostponeDueDate, plan_id, due_on=FIRST, to=FIRST + timedelta(14))
    assert "postpone_due_date" in next_actions(life.plans[plan_id])
    life.do(PostponeDueDate, plan_id, due_on=FIRST + timedelta(14), to=FIRST + timedelta(15))
    spent = refusal(life, plan_id, FIRST + timedelta(15))
    assert (spent.code, spent.actions) == (Code.STATE_FORBIDS, ("pay",))
    assert "of which 0 are left" in spent.detail
    assert "is active since 2026-03-02T12:00:00+00:00, by the merchant" in spent.detail


def test_a_later_instalment_may_go_before_an_earlier_one() -> None:
    """Each takes effect on the day it was asked for, so that a date to come is no fact of the days before it."""
    life, plan_id = owed()
    life.do(PostponeDueDate, plan_id, due_on=THIRD, to=THIRD + timedelta(7))
    life.do(PostponeDueDate, plan_id, due_on=FIRST, to=FIRST + timedelta(1))
    assert dates(life, plan_id) == [day + timedelta(1) for day in (FIRST, SECOND, THIRD, FOURTH)]


def test_the_lender_is_not_bounded_and_not_counted() -> None:
    life, plan_id = owed()
    for days in (60, 90):
        due_on = dates(life, plan_id)[-1]
        moved = DueMoved(**UNWRITTEN, on=due_on, to=due_on + timedelta(days))
        life.do(Reschedule, plan_id, change=moved, actor=OPERATOR)
    assert life.plans[plan_id].standing.postponed == 0
    none, other = owed(Servicing())
    none.do(Reschedule, other, change=DueMoved(**UNWRITTEN, on=FIRST, to=SECOND), actor=OPERATOR)


@pytest.mark.parametrize("verb", [Accelerate, ChargeOff, Forgive, Withdraw])
def test_a_due_date_that_the_lender_moved_stands_in_the_way_of_nothing(verb: type[PlanCommand]) -> None:
    """It was moved today, for a day to come: what ends the schedule today comes after it."""
    life, plan_id = owed(jurisdiction="DE")
    moved = DueMoved(**UNWRITTEN, on=FOURTH, to=FOURTH + timedelta(30))
    life.do(Reschedule, plan_id, change=moved, actor=OPERATOR)
    fact = life.facts[plan_id][-1].fact
    assert isinstance(fact, DueMoved)
    assert (fact.on, fact.due_on, fact.to) == (NOON.date(), FOURTH, FOURTH + timedelta(30))
    assert dates(life, plan_id)[-1] == FOURTH + timedelta(30)
    more = {"due_on": NOON.date(), "why": AccelerationReason.FRAUD} if verb is Accelerate else {}
    life.do(verb, plan_id, **more, actor=MERCHANT_ACTS if verb is Withdraw else OPERATOR)


def test_one_that_was_corrected_does_not_count() -> None:
    life, plan_id = owed()
    life.do(PostponeDueDate, plan_id, due_on=FIRST, to=FIRST + timedelta(14))
    life.do(Correct, plan_id, undone_id=life.facts[plan_id][-1].fact.id, actor=OPERATOR)
    assert (dates(life, plan_id), life.plans[plan_id].standing.postponed) == ([FIRST, SECOND, THIRD, FOURTH], 0)


@pytest.mark.parametrize("servicing", [Servicing(), Servicing(postpone_days_max=14), Servicing(postpone_times_max=2)])
def test_a_product_without_it_says_who_may(servicing: Servicing) -> None:
    life, plan_id = owed(servicing)
    refused = refusal(life, plan_id)
    assert (refused.code, refused.actions) == (Code.STATE_FORBIDS, ("pay",))
    assert "lets the consumer put off none, and only the lender may move it" in refused.detail


@pytest.mark.parametrize(("late_fee", "days", "goes"), [
    (None, 14, True),
    (None, 15, False),
    (LateFee(amount=5_00, grace_days=3), 17, True),
    (LateFee(amount=5_00, grace_days=3), 18, False),
])  # fmt: skip
def test_not_once_an_instalment_is_late_beyond_its_grace(late_fee: LateFee | None, days: int, goes: bool) -> None:
    life, plan_id = owed(Servicing(postpone_days_max=14, postpone_times_max=2, late_fee=late_fee))
    life.now = NOON + timedelta(days)
    assert ("postpone_due_date" in next_actions(life.plans[plan_id], life.now.date())) == goes
    if goes:
        life.do(PostponeDueDate, plan_id, due_on=FIRST, to=FIRST + timedelta(14))
        assert dates(life, plan_id)[0] == SECOND
    else:
        refused = refusal(life, plan_id, SECOND)
        assert refused.code is Code.STATE_FORBIDS
        assert "the instalment due on 2026-03-16 is" in refused.detail


@pytest.mark.parametrize(("verb", "arguments", "because"), [
    (OpenDispute, {"reason": DisputeReason.NOT_RECEIVED}, "collection rests, for dispute"),
    (PauseCollection, {"why": PauseReason.RETURN}, "collection rests, for return"),
    (PauseCollection, {"why": PauseReason.HARDSHIP, "actor": OPERATOR}, "collection rests, for hardship"),
    (Withdraw, {}, "its schedule has ended"),
    (Accelerate, {"due_on": SECOND, "why": "fraud", "actor": OPERATOR}, "its schedule has ended"),
    (Forgive, {"actor": OPERATOR}, "its schedule has ended"),
    (RecordPayment, {"amount": 400_00}, "nothing is owed"),
])  # fmt: skip
def test_not_while_something_else_goes_on(verb: Any, arguments: dict[str, Any], because: str) -> None:
    life, plan_id = owed(jurisdiction="DE")
    life.do(verb, plan_id, **arguments)
    refused = refusal(life, plan_id)
    assert refused.code is Code.STATE_FORBIDS
    assert because in refused.detail
    assert "postpone_due_date" not in next_actions(life.plans[plan_id])


def test_what_is_put_off_hinders_nothing_that_comes_after() -> None:
    """Before the day that it was due, too: the consumer withdraws, or the lender calls all of it due."""
    for verb, arguments in ((Withdraw, {}), (Accelerate, {"due_on": SECOND, "why": "fraud", "actor": OPERATOR})):
        life, plan_id = owed(jurisdiction="DE")
        life.do(PostponeDueDate, plan_id, due_on=FIRST, to=FIRST + timedelta(14))
        assert life.do(verb, plan_id, **arguments).amounts.outstanding == 400_00


@pytest.mark.parametrize(("due_on", "days", "code", "pointer"), [
    (FIRST, 0, Code.INVALID_FIELD, "/to"),
    (FIRST, -1, Code.INVALID_FIELD, "/to"),
    (FIRST + timedelta(1), 1, Code.IMPOSSIBLE_TERMS, "/due_on"),
])  # fmt: skip
def test_the_days_that_cannot_be(due_on: date, days: int, code: Code, pointer: str) -> None:
    life, plan_id = owed()
    refused = refusal(life, plan_id, due_on, days)
    assert (refused.code, refused.pointer) == (code, pointer)


def test_a_day_that_is_past_and_one_that_is_settled() -> None:
    life, plan_id = owed(Servicing(postpone_days_max=14, postpone_times_max=2, late_fee=LateFee(1_00, grace_days=9)))
    life.now = NOON + timedelta(18)
    assert refusal(life, plan_id, FIRST, 3).code is Code.INVALID_FIELD  # 19 March, and it is the 20th
    life.do(RecordPayment, plan_id, amount=100_00)
    settled = refusal(life, plan_id, FIRST, 4)
    assert (settled.code, settled.pointer) == (Code.STATE_FORBIDS, "/due_on")


def test_not_beyond_the_end_that_the_law_has() -> None:
    """Credit that is left alone because it is paid within twelve months stays so; one of another class has no end."""
    for product_class, goes in (("consumer_credit", True), ("exempt_instalments", False)):
        life, plan_id = owed(terms=Terms(instalments=12, every=30), jurisdiction="GB", product_class=product_class)
        last = dates(life, plan_id)[-1]
        assert last == date(2027, 2, 25)  # twelve months end on 2 March 2027
        if goes:
            life.do(PostponeDueDate, plan_id, due_on=last, to=date(2027, 3, 3))
            continue
        refused = refusal(life, plan_id, last, 6)
        assert (refused.code, refused.pointer) == (Code.IMPOSSIBLE_TERMS, "/to")
        assert "due on 2027-03-03, after 2027-03-02, the last day by Regulated Activities Order" in refused.detail
        life.do(PostponeDueDate, plan_id, due_on=last, to=date(2027, 3, 2))


def test_a_deferral_counts_from_the_delivery() -> None:
    """The seller may wait fifty days from the delivery, five days after the agreement."""
    day = date(2026, 11, 30)
    life = Life(now=NOON.replace(month=11, day=30))
    agreed = agreement(
        Kind.PAY_AFTER_USE, 100_00, ONE_SUM, servicing=TWICE, jurisdiction="DE", product_class="merchant_deferral",
        expires_at=life.now + timedelta(hours=1),
    )  # fmt: skip
    plan_id = life.authorize(agreed)
    life.now += timedelta(5)
    life.do(Capture, plan_id, amount=100_00)
    due_on, delivered_on = dates(life, plan_id)[0], day + timedelta(5)
    assert due_on == delivered_on + timedelta(30)
    life.do(PostponeDueDate, plan_id, due_on=due_on, to=due_on + timedelta(14))
    refused = refusal(life, plan_id, due_on + timedelta(14), 7)
    assert refused.code is Code.IMPOSSIBLE_TERMS
    assert f"after {delivered_on + timedelta(50)}" in refused.detail
    life.do(PostponeDueDate, plan_id, due_on=due_on + timedelta(14), to=delivered_on + timedelta(50))


def test_with_interest_the_days_between_are_paid_for() -> None:
    life, plan_id = owed(terms=WITH_FEES)
    before = sum(line.interest for line in life.lines(plan_id))
    due_on = dates(life, plan_id)[0]
    life.do(PostponeDueDate, plan_id, due_on=due_on, to=due_on + timedelta(14))
    lines = life.lines(plan_id)
    assert sum(line.principal for line in lines) == 400_00
    assert sum(line.interest for line in lines) > before


def test_who_may() -> None:
    life, plan_id = owed()
    assert refusal(life, plan_id, actor=SOMEBODY_ELSE).code is Code.NOT_FOUND
    assert refusal(life, plan_id, actor=OPERATOR).code is Code.FORBIDDEN
    own = Actor(ActorKind.CONSUMER, CONSUMER)
    assert life.do(PostponeDueDate, plan_id, due_on=FIRST, to=SECOND, actor=own).standing.postponed == 1


def test_it_is_kept_and_told_again_from_the_facts() -> None:
    life, plan_id = owed()
    plan = life.do(PostponeDueDate, plan_id, due_on=FIRST, to=SECOND)
    facts = [msgspec.json.decode(msgspec.json.encode(one.fact), type=AnyFact) for one in life.facts[plan_id]]
    anew = standing_after(plan.offer.terms, facts)
    assert keep(anew) == keep(plan.standing)
    kept = recall(keep(plan.standing), plan.offer.terms)
    assert kept is not None
    assert kept.postponed == 1


def test_what_was_kept_before_there_was_such_a_right_reads_as_before() -> None:
    """An offer's servicing that says nothing of it allows nothing, is written as it was, and so is a moved date."""
    assert msgspec.json.decode(b"{}", type=Servicing) == Servicing()
    assert msgspec.json.encode(Servicing()) == b"{}"
    assert (Servicing().postpone_days_max, Servicing().postpone_times_max) == (0, 0)
    moved = b'{"fact":"due_moved","on":"2026-03-16","to":"2026-03-20","id":"fc_1","recorded_on":"2026-03-02"}'
    fact = msgspec.json.decode(moved, type=AnyFact)
    assert msgspec.json.encode(fact) == moved
    assert isinstance(fact, DueMoved)
    assert fact.due_on is None
