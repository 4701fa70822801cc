"""Money that came in time and was told late: what paying late has cost is let go, wholly or in part."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.ledger.chart import LedgerAccount
from service.plans.charges import Waive
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.money_back import ReturnPayment
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.reschedule import ChargeOff, Forgive
from service.plans.running.facts import ChargedOff, Forgiven, Levied, Paid, PauseReason
from service.plans.state import PlanState
from service.terms.servicing import AskedWith, LateFee, Servicing
from tests.plans.lives import Life
from tests.plans.test_passing_days import day, fees, owed, pass_to
from tests.plans.verbs_of_routes import OPERATOR

FEE = LateFee(amount=5_00, bps=1_000, grace_days=4)  # 102.01 are due on 2 April: 5.00 and a tenth are 15.20
NEXT = LateFee(amount=5_00, bps=1_000, grace_days=4, asked_with=AskedWith.LATE)


def pay(life: Life, plan_id: str, amount: int, on: date, **more: Any) -> None:
    life.do(RecordPayment, plan_id, amount=amount, received_on=on, **more)


def asked(life: Life, plan_id: str) -> list[int]:
    """The penalty on each line."""
    return [line.penalty for line in life.lines(plan_id)]


@pytest.mark.parametrize("late", [FEE, NEXT])
@pytest.mark.parametrize(
    ("amount", "received_on", "left"),
    [
        (102_01, day(4, 2), 0),
        (102_01, day(4, 6), 0),  # the last day of grace
        (102_01, day(4, 7), 15_20),
        (60_00, day(4, 2), 9_20),  # 5.00, and a tenth of 42.01
        (102_00, day(4, 6), 5_00),
        (1_00, day(4, 9), 15_20),  # today
    ],
)
def test_what_was_paid_in_time_costs_nothing(late: LateFee, amount: int, received_on: date, left: int) -> None:
    life, plan_id = owed(Servicing(late_fee=late))
    pass_to(life, plan_id, day(4, 9))
    assert fees(life, plan_id) == [15_20]
    life.events.clear()
    pay(life, plan_id, amount, received_on)
    assert sum(asked(life, plan_id)) == left
    told = {0: ["fee.waived"], 15_20: []}.get(left, ["fee.waived", "fee.levied"])
    assert life.events == ["payment.recorded", *told]
    pass_to(life, plan_id, day(4, 30))
    assert sum(asked(life, plan_id)) == left  # and nothing is levied again


@pytest.mark.parametrize(
    ("time_zone", "received_at", "counts_on"),
    [
        ("America/Los_Angeles", "2026-04-03T04:00", day(4, 2)),  # nine in the evening of its due date
        ("America/Los_Angeles", "2026-04-03T07:00", day(4, 3)),
        ("Europe/Berlin", "2026-04-02T21:59", day(4, 2)),
        ("Europe/Berlin", "2026-04-02T22:00", day(4, 3)),
        ("Pacific/Kiritimati", "2026-04-01T10:00", day(4, 2)),
    ],
)
def test_of_an_instant_the_day_is_that_of_the_plans_place(time_zone: str, received_at: str, counts_on: date) -> None:
    life, plan_id = owed(Servicing(late_fee=LateFee(amount=5_00)), time_zone=time_zone)
    pass_to(life, plan_id, day(4, 9))
    assert fees(life, plan_id) == [5_00]
    at = datetime.fromisoformat(received_at).replace(tzinfo=UTC)
    life.do(RecordPayment, plan_id, amount=102_01, received_at=at)
    (paid,) = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, Paid)]
    assert (paid.on, paid.received_on) == (counts_on, counts_on)
    assert sum(asked(life, plan_id)) == (0 if counts_on <= day(4, 2) else 5_00)


def test_the_day_has_not_looked_yet_when_it_is_told() -> None:
    """The days are passed first: what they levy is let go in the same breath."""
    life, plan_id = owed(Servicing(late_fee=FEE))
    life.now += day(4, 9) - life.now.date()
    pay(life, plan_id, 102_01, day(4, 2))
    assert (fees(life, plan_id), asked(life, plan_id)) == ([15_20], [0, 0, 0])
    assert life.plans[plan_id].amounts.outstanding == 306_02 - 102_01


def test_what_was_paid_of_the_fee_settles_what_is_owed() -> None:
    life, plan_id = owed(Servicing(late_fee=NEXT))
    pass_to(life, plan_id, day(4, 9))
    pay(life, plan_id, 15_20, day(4, 9))
    assert life.plans[plan_id].amounts.penalty_paid == 15_20
    pay(life, plan_id, 102_01, day(4, 2))
    amounts = life.plans[plan_id].amounts
    assert (amounts.penalty_paid, amounts.outstanding) == (0, 306_02 - 102_01 - 15_20)


def test_a_plan_that_was_all_paid_in_time_is_paid_off() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(5, 20))
    assert len(fees(life, plan_id)) == 2
    pay(life, plan_id, 306_02, day(4, 2))
    plan = life.plans[plan_id]
    assert (plan.state, plan.amounts.outstanding, plan.amounts.overpaid) == (PlanState.PAID_OFF, 0, 0)


def test_by_caps_nothing_more_is_asked_for_than_was() -> None:
    """Of two fees the first goes: the second does not take the room that it leaves."""
    life, plan_id = owed(Servicing(late_fee=LateFee(amount=9_00, total_max=12_00)))
    pass_to(life, plan_id, day(5, 3))
    assert fees(life, plan_id) == [9_00, 3_00]
    pay(life, plan_id, 102_01, day(4, 2))
    assert asked(life, plan_id) == [0, 0, 3_00]


def test_a_credit_that_counts_on_an_earlier_day_lowers_it_too() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(4, 9))
    life.do(Credit, plan_id, actor=OPERATOR, kind=CreditKind.GOODWILL, amount=60_00, on=day(4, 1))
    assert sum(asked(life, plan_id)) == 9_20


def test_what_the_bank_takes_back_and_what_is_waived_raises_no_fee() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    pay(life, plan_id, 60_00, day(3, 2))
    pass_to(life, plan_id, day(4, 9))
    assert fees(life, plan_id) == [9_20]
    (payment,) = [one.fact.id for one in life.facts[plan_id] if one.fact.id.startswith("py_")]
    life.do(ReturnPayment, plan_id, actor=OPERATOR, payment_id=payment)
    assert sum(asked(life, plan_id)) == 9_20
    (fee,) = [one.fact.id for one in life.facts[plan_id] if isinstance(one.fact, Levied)]
    life.do(Waive, plan_id, actor=OPERATOR, fee_id=fee)
    pay(life, plan_id, 1_00, day(3, 3))
    assert sum(asked(life, plan_id)) == 0


def test_the_books_say_so() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(4, 9))
    pay(life, plan_id, 60_00, day(4, 2))
    assert life.balances(plan_id)[LedgerAccount.PENALTY_INCOME] == -9_20


def test_a_plan_that_was_given_up_owes_no_such_fee_either() -> None:
    """What was paid in time was told after the day on which an operator gave the plan up; an operator undoes that."""
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(5, 13))
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    assert len(fees(life, plan_id)) == 2
    pay(life, plan_id, 102_01, day(4, 2))
    pay(life, plan_id, 102_01, day(5, 2))
    plan = life.plans[plan_id]
    assert (plan.state, asked(life, plan_id)) == (PlanState.CHARGED_OFF, [0, 0, 0])
    (given_up,) = [one.fact.id for one in life.facts[plan_id] if isinstance(one.fact, ChargedOff)]
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=given_up)
    plan = life.plans[plan_id]
    assert (plan.state, asked(life, plan_id)) == (PlanState.ACTIVE, [0, 0, 0])
    assert plan.amounts.outstanding == 306_02 - 2 * 102_01


def test_a_plan_that_was_let_go_is_looked_at_once_it_goes_on() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(5, 13))
    life.do(Forgive, plan_id, actor=OPERATOR)
    pay(life, plan_id, 102_01, day(4, 2))
    (let_go,) = [one.fact.id for one in life.facts[plan_id] if isinstance(one.fact, Forgiven)]
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=let_go)
    assert asked(life, plan_id) == [0, 0, 15_20]  # that of the instalment of May


@pytest.mark.parametrize(
    ("rests_from", "left"),
    [
        (day(4, 1), [0, 0, 0]),
        (day(4, 7), [0, 0, 0]),  # the day on which the first was levied: the fifth past due
        (day(4, 8), [0, 15_20, 0]),  # on the line of May
        (day(5, 7), [0, 15_20, 0]),
        (day(5, 8), [0, 15_20, 15_20]),
    ],
)
def test_from_the_day_on_which_collection_rests_paying_late_costs_nothing(rests_from: date, left: list[int]) -> None:
    """The consumer has died, and that is told on 20 May."""
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(5, 20))
    assert asked(life, plan_id) == [0, 15_20, 15_20]
    life.do(PauseCollection, plan_id, actor=OPERATOR, why=PauseReason.DEATH, on=rests_from)
    assert asked(life, plan_id) == left
