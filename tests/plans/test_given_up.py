"""What is told late undoes a charge-off by time, or brings one about; a person's stays."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from service.ledger.chart import LedgerAccount
from service.plans.capture import Capture
from service.plans.correction import Correct
from service.plans.days import PassDays, next_day
from service.plans.money_back import ReturnPayment
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.reschedule import ChargeOff
from service.plans.running.facts import ChargedOff, PauseReason
from service.plans.running.versions import lines_on
from service.plans.state import PlanState
from service.terms.servicing import AskedWith, LateFee, Servicing
from service.terms.terms import Captures, Terms, Unit
from service.terms.terms import ChargeOff as ChargeOffRule
from tests.plans.lives import Life, agreement
from tests.plans.test_passing_days import START, TERMS, day, owed, pass_to
from tests.plans.verbs_of_routes import OPERATOR

AFTER_40 = Servicing(charge_off_days=40)  # 102.01 are due on 2 April and on 2 May, 102.00 on 2 June


def pay(life: Life, plan_id: str, amount: int, on: date, **more: Any) -> str:
    life.do(RecordPayment, plan_id, amount=amount, received_on=on, **more)
    return life.facts[plan_id][-1].fact.id


def given_up_on(life: Life, plan_id: str) -> date | None:
    return life.plans[plan_id].standing.charged_off_on


@pytest.mark.parametrize(
    ("amount", "received_on", "state", "given_up"),
    [
        (102_01, day(4, 2), PlanState.ACTIVE, None),
        (102_01, day(5, 11), PlanState.ACTIVE, None),  # the last day
        (102_01, day(5, 12), PlanState.CHARGED_OFF, day(5, 12)),
        (102_00, day(4, 2), PlanState.CHARGED_OFF, day(5, 12)),  # a cent is still late
        (306_02, day(4, 2), PlanState.PAID_OFF, None),
    ],
)
def test_what_had_been_paid_before_that_day_undoes_it(
    amount: int, received_on: date, state: PlanState, given_up: date | None
) -> None:
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(5, 20))
    assert (life.plans[plan_id].state, given_up_on(life, plan_id)) == (PlanState.CHARGED_OFF, day(5, 12))
    life.events.clear()
    pay(life, plan_id, amount, received_on)
    assert (life.plans[plan_id].state, given_up_on(life, plan_id)) == (state, given_up)
    assert life.events == ["payment.recorded", *(() if given_up else ("plan.corrected",))]
    assert (life.balances(plan_id)[LedgerAccount.CREDIT_LOSSES] > 0) is (given_up is not None)
    assert life.account.used == life.plans[plan_id].amounts.used


def test_it_goes_on_from_there() -> None:
    """The instalment of 2 May is late for 40 days on 11 June."""
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(5, 20))
    pay(life, plan_id, 102_01, day(4, 2))
    assert pass_to(life, plan_id, day(6, 10))[-1] != "plan.charged_off"
    assert pass_to(life, plan_id, day(6, 11))[-1] == "plan.charged_off"


def test_it_is_given_up_as_of_the_day_on_which_the_next_one_was_late_for_so_long() -> None:
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(7, 1))
    life.events.clear()
    pay(life, plan_id, 102_01, day(4, 2))
    assert life.events == ["payment.recorded", "plan.corrected", "plan.charged_off"]
    assert given_up_on(life, plan_id) == day(6, 11)


def test_a_plan_on_which_collection_rested_was_not_to_be_given_up() -> None:
    """The consumer died on 12 May, the day on which it was given up; on the 13th it was too late for that."""
    for on, state in ((day(5, 12), PlanState.ACTIVE), (day(5, 13), PlanState.CHARGED_OFF)):
        life, plan_id = owed(AFTER_40)
        pass_to(life, plan_id, day(5, 20))
        life.do(PauseCollection, plan_id, actor=OPERATOR, why=PauseReason.DEATH, on=on)
        assert life.plans[plan_id].state == state


def test_what_a_person_gave_up_is_for_a_person_to_undo() -> None:
    for servicing in (Servicing(), AFTER_40):
        life, plan_id = owed(servicing)
        pass_to(life, plan_id, day(5, 10))
        life.do(ChargeOff, plan_id, actor=OPERATOR)
        pay(life, plan_id, 204_02, day(4, 2))
        assert given_up_on(life, plan_id) == day(5, 10)


def test_what_the_bank_takes_back_after_that_day_gives_it_up_at_once() -> None:
    """306.02 were paid on 2 April, and are returned on 15 September: 166 days late, which no day would notice."""
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(4, 2))
    payment_id = pay(life, plan_id, 306_02, day(4, 2))
    pass_to(life, plan_id, day(9, 15))
    life.events.clear()
    life.do(ReturnPayment, plan_id, actor=OPERATOR, payment_id=payment_id)
    assert life.events == ["payment.returned", "plan.charged_off"]
    assert given_up_on(life, plan_id) == day(9, 15)


def test_what_is_captured_later_gives_nothing_up() -> None:
    """Captured as if agreed at the start, it is owed in part since days that are past; but nobody was late with it."""
    life, terms = Life(), replace(TERMS, captures=Captures.FORESEEN)
    plan_id = life.authorize(agreement(amount=300_00, terms=terms, servicing=AFTER_40, capture_within_days=120))
    life.do(Capture, plan_id, amount=150_00)
    pass_to(life, plan_id, day(5, 1))
    pay(life, plan_id, 51_01, day(4, 2))
    pass_to(life, plan_id, day(5, 20))
    life.do(Capture, plan_id, amount=150_00)
    plan = life.plans[plan_id]
    assert (plan.state, plan.remaining, plan.lines[0].outstanding) == (PlanState.ACTIVE, 0, 51_00)


def test_before_that_day_it_comes_in_time() -> None:
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(4, 2))
    payment_id = pay(life, plan_id, 306_02, day(4, 2))
    pass_to(life, plan_id, day(5, 11))
    life.do(ReturnPayment, plan_id, actor=OPERATOR, payment_id=payment_id)
    assert given_up_on(life, plan_id) is None
    assert pass_to(life, plan_id, day(5, 12))[-1] == "plan.charged_off"


def test_what_an_operator_has_undone_is_not_given_up_again() -> None:
    life, plan_id = owed(AFTER_40)
    pass_to(life, plan_id, day(5, 20))
    (given_up,) = [one.fact.id for one in life.facts[plan_id] if isinstance(one.fact, ChargedOff)]
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=given_up)
    assert given_up_on(life, plan_id) is None
    payment_id = pay(life, plan_id, 1_00, day(5, 1))
    life.do(ReturnPayment, plan_id, actor=OPERATOR, payment_id=payment_id)
    assert given_up_on(life, plan_id) is None
    assert next_day(life.plans[plan_id]) == day(5, 30)  # the one of 2 June is to be announced


@pytest.mark.parametrize("seed", range(60))
def test_a_payment_comes_to_the_same_whenever_it_is_told(seed: int) -> None:
    """On its day, or up to 70 days later. At most a fee is not levied, of a day on which it was given up by mistake."""
    chance = Random(seed)
    terms = replace(
        TERMS, unit=chance.choice((Unit.MONTH, Unit.HALF_MONTH)), rate_percent=Decimal(chance.choice((0, 12, 24))),
        recalculate=chance.random() < 0.4, overdue_interest=chance.random() < 0.5,
        charge_off=chance.choice(tuple(ChargeOffRule)),
    )  # fmt: skip
    late = LateFee(amount=5_00, bps=chance.choice((0, 1_000)), grace_days=chance.choice((0, 4)),
                   asked_with=chance.choice(tuple(AskedWith)))  # fmt: skip
    servicing = Servicing(late_fee=chance.choice((None, late)), charge_off_days=chance.choice((20, 40, 60)))
    paid, on = list[tuple[date, int, date]](), START
    for _ in range(chance.randint(1, 5)):
        on += timedelta(chance.randint(1, 45))
        told_on = on + timedelta(chance.choice((0, 3, 10, 30, 70)))
        paid.append((told_on, chance.choice((10_00, 50_00, 100_00, 102_01, 150_00, 306_02)), on))
    ends = max(told_on for told_on, *_ in paid) + timedelta(chance.randint(1, 60))
    in_time = _lived(servicing, terms, [(on, amount, on) for _, amount, on in paid], ends)
    in_the_end = _lived(servicing, terms, paid, ends)
    if in_the_end[0] < in_time[0]:
        assert in_the_end[2] == in_time[2]
    else:
        assert in_the_end == in_time


def _lived(
    servicing: Servicing, terms: Terms, paid: list[tuple[date, int, date]], ends: date
) -> tuple[int, int, date | None, PlanState]:
    """The penalties, what is owed less what was overpaid, the day on which it was given up, and its state."""
    life, plan_id = owed(servicing, terms)
    for told_on, amount, on in sorted(paid):
        _pass_all(life, plan_id, told_on)
        life.do(RecordPayment, plan_id, amount=amount, received_on=on)
    _pass_all(life, plan_id, ends)
    plan = life.plans[plan_id]
    left = sum(line.outstanding for line in lines_on(plan.standing, ends)) - plan.amounts.overpaid
    return sum(line.penalty for line in life.lines(plan_id)), left, given_up_on(life, plan_id), plan.state


def _pass_all(life: Life, plan_id: str, on: date) -> None:
    pass_to(life, plan_id, on)
    while (day := next_day(life.plans[plan_id])) is not None and day <= on:
        life.do(PassDays, plan_id)
