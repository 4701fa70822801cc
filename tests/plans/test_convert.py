"""A bill that is overdue after a use is spread over instalments: the same debt, on other days."""

from datetime import date, timedelta
from typing import Any

import pytest

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.plans.capture import Capture
from service.plans.convert import Convert
from service.plans.days import PassDays
from service.plans.money_back import Refund
from service.plans.offer import Kind, Use
from service.plans.payment import RecordPayment
from service.plans.reschedule import ChargeOff
from service.plans.state import PlanState
from service.plans.use import StartUse
from service.plans.withdrawal import Withdraw
from service.terms.servicing import LateFee, Servicing
from tests.plans.lives import CONSUMER, NOON, ONE_SUM, Life, agreement
from tests.plans.test_commands import OPERATOR

DUE_ON = date(2026, 4, 1)  # thirty days after its capture
LATE = Servicing(late_fee=LateFee(amount=5_00))


def billed(amount: int = 90_00, convert_max: int = 6, **offer: Any) -> tuple[Life, str]:
    """A ride of 90.00, due on 1 April, which may be spread over six instalments."""
    life = Life()
    use = Use(convert_max=convert_max)
    plan_id = life.authorize(agreement(Kind.PAY_AFTER_USE, 100_00, ONE_SUM, use=use, **offer))
    life.do(Capture, plan_id, amount=amount)
    return life, plan_id


def days_on(life: Life, days: int) -> None:
    life.now = NOON + timedelta(days)


def owed(life: Life, plan_id: str) -> list[tuple[date, int, int]]:
    """What is still to be paid: the day, its principal, its penalties."""
    return [
        (line.due_on, line.principal - line.paid_principal, line.penalty - line.paid_penalty)
        for line in life.lines(plan_id)
        if line.outstanding
    ]


def refused(life: Life, plan_id: str, instalments: int = 3, **more: Any) -> tuple[Code, str | None]:
    with pytest.raises(Refused) as refusal:
        life.do(Convert, plan_id, instalments=instalments, **more)
    return refusal.value.code, refusal.value.pointer


def test_it_is_the_same_debt_on_other_days() -> None:
    life, plan_id = billed(servicing=LATE)
    days_on(life, 39)
    before = life.do(PassDays, plan_id).amounts
    account, books = life.account, life.balances(plan_id)
    plan = life.do(Convert, plan_id, instalments=3)
    assert plan.amounts == before
    assert (life.account, life.balances(plan_id)) == (account, books)
    assert life.account.used == 90_00
    assert owed(life, plan_id) == [
        (date(2026, 5, 10), 30_00, 5_00), (date(2026, 6, 10), 30_00, 0), (date(2026, 7, 10), 30_00, 0),
    ]  # fmt: skip
    assert life.events[-1] == "plan.converted"
    assert plan.state is PlanState.PAYMENT_DUE


def test_instalments_come_back_to_the_day_on_which_it_was_spread() -> None:
    life, plan_id = billed()
    life.now = NOON.replace(month=5, day=31)
    life.do(Convert, plan_id, instalments=3)
    assert [due_on for due_on, *_ in owed(life, plan_id)] == [date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)]


def test_what_was_paid_of_it_counts_and_the_rest_is_paid_off() -> None:
    life, plan_id = billed()
    life.do(RecordPayment, plan_id, amount=20_00)
    days_on(life, 31)
    life.do(Convert, plan_id, instalments=2)
    assert [amount for _, amount, _ in owed(life, plan_id)] == [35_00, 35_00]
    life.do(RecordPayment, plan_id, amount=35_00)
    life.do(Refund, plan_id, amount=5_00)
    plan = life.do(RecordPayment, plan_id, amount=30_00)
    assert (plan.state, life.account.used) == (PlanState.PAID_OFF, 0)


def test_nothing_is_past_due_until_the_first_instalment_is() -> None:
    life, plan_id = billed(servicing=LATE)
    days_on(life, 31)
    life.do(Convert, plan_id, instalments=2)
    told = len(life.events)
    days_on(life, 31 + 30)  # the day on which the first is due
    life.do(PassDays, plan_id)
    assert [event for event in life.events[told:] if event in ("instalment.overdue", "plan.aged")] == []
    days_on(life, 31 + 31)
    life.do(PassDays, plan_id)
    assert life.events[-3:] == ["instalment.overdue", "fee.levied", "plan.aged"]


@pytest.mark.parametrize(
    ("days", "steps", "code"),
    [
        (30, [], Code.STATE_FORBIDS),  # due, not overdue
        (31, [], None),
        (31, [(RecordPayment, {"amount": 90_00})], Code.STATE_FORBIDS),
        (31, [(Convert, {"instalments": 2})], Code.STATE_FORBIDS),
        (31, [(ChargeOff, {"actor": OPERATOR})], Code.STATE_FORBIDS),
    ],
)
def test_only_what_is_overdue_and_only_once(days: int, steps: list[tuple[Any, Any]], code: Code | None) -> None:
    life, plan_id = billed()
    days_on(life, days)
    for verb, arguments in steps:
        life.do(verb, plan_id, **arguments)
    if code is None:
        life.do(Convert, plan_id, instalments=3, actor=Actor(ActorKind.CONSUMER, CONSUMER))
    else:
        assert refused(life, plan_id) == (code, None)


def test_as_far_as_the_product_goes() -> None:
    life, plan_id = billed()
    days_on(life, 31)
    assert refused(life, plan_id, 7) == (Code.INVALID_FIELD, "/instalments")
    life.do(Convert, plan_id, instalments=6)
    other, never = billed(convert_max=0)
    days_on(other, 31)
    assert refused(other, never, 2) == (Code.STATE_FORBIDS, None)


def test_not_what_is_still_in_use_or_was_withdrawn_from() -> None:
    life = Life()
    in_use = life.authorize(agreement(Kind.PAY_AFTER_USE, 100_00, ONE_SUM, use=Use(convert_max=6)))
    life.do(StartUse, in_use)
    assert refused(life, in_use) == (Code.STATE_FORBIDS, None)
    other, withdrawn = billed(jurisdiction="DE")
    other.do(Withdraw, withdrawn)
    days_on(other, 40)
    assert refused(other, withdrawn) == (Code.STATE_FORBIDS, None)


def test_a_penalty_alone_is_not_spread() -> None:
    life, plan_id = billed(servicing=LATE)
    days_on(life, 31)
    life.do(PassDays, plan_id)
    plan = life.do(RecordPayment, plan_id, amount=90_00)
    assert (plan.amounts.used, plan.amounts.outstanding) == (0, 5_00)
    assert refused(life, plan_id) == (Code.STATE_FORBIDS, None)
