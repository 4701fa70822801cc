"""The consumer withdraws from the credit: what was lent is owed in one sum, and what was paid counts towards it."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount as A
from service.plans.amend import Amend
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.correction import Correct
from service.plans.guard import ExtendAuthorization, Guard
from service.plans.money_back import Refund
from service.plans.offer import Kind, Leeway
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, view
from service.plans.reschedule import ChargeOff
from service.plans.settlement import QuoteSettlement
from service.plans.state import CollectionState, PlanState
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.terms.terms import Cost, FeeDue, Terms
from service.terms.withdrawal import withdrawable_until
from tests.plans.lives import NOON, PAY_IN_4, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
MONTHLY = Terms(instalments=12, rate_percent=Decimal(12), costs=(Cost("opening", amount=10_00, due=FeeDue.FIRST),))
GERMAN: dict[str, Any] = {"jurisdiction": "DE"}


def bought(terms: Terms = MONTHLY, **more: Any) -> tuple[Life, str]:
    """600.00, captured on 2 March 2026."""
    life = Life()
    plan_id = life.authorize(agreement(terms=terms, **GERMAN | more))
    life.do(Capture, plan_id, amount=600_00, final=True)
    return life, plan_id


def after(life: Life, days: int) -> None:
    life.now = NOON + timedelta(days)


def withdraw(life: Life, plan_id: str, **more: Any) -> Plan:
    return life.do(Withdraw, plan_id, **more)


def test_the_interest_of_the_days_is_owed_with_what_was_lent_and_nothing_else() -> None:
    life, plan_id = bought()
    after(life, 10)
    plan = withdraw(life, plan_id)
    (line,) = life.lines(plan_id)
    # 10 days of 600.00 at 12 %, every 365 days
    assert (line.principal, line.interest, line.fee) == (600_00, 1_97, 0)
    assert line.due_on == date(2026, 4, 13), "30 days after the notice, which is a Saturday"
    assert (plan.state, plan.collection_state) == (PlanState.ACTIVE, CollectionState.COLLECTING)
    shown = view(plan, date(2026, 3, 12)).withdrawal
    assert shown
    assert (shown.on, shown.repay_by, shown.interest) == (date(2026, 3, 12), date(2026, 4, 13), 1_97)
    plan = life.do(RecordPayment, plan_id, amount=601_97)
    assert plan.state is PlanState.PAID_OFF
    assert life.balances(plan_id)[A.FEE_INCOME] == 0, "no fee was earned"


def test_what_was_paid_before_counts_towards_what_was_lent() -> None:
    life, plan_id = bought()
    after(life, 5)
    plan = life.do(RecordPayment, plan_id, amount=100_00)
    assert plan.amounts.fee_paid == 10_00
    after(life, 10)
    plan = withdraw(life, plan_id)
    assert (plan.amounts.outstanding, plan.amounts.principal_paid, plan.amounts.fee_paid) == (501_97, 100_00, 0)


def test_what_was_paid_too_much_is_owed_back() -> None:
    life, plan_id = bought()
    plan = life.do(RecordPayment, plan_id, amount=life.plans[plan_id].amounts.outstanding)
    assert plan.state is PlanState.PAID_OFF
    plan = withdraw(life, plan_id)
    assert plan.state is PlanState.OVERPAID
    assert plan.amounts.paid == 600_00, "without the fee and any interest"


def test_interest_that_follows_what_is_paid_is_that_of_what_was_owed() -> None:
    terms = Terms(instalments=12, rate_percent=Decimal(12), recalculate=True)
    life, plan_id = bought(terms)
    after(life, 5)
    life.do(RecordPayment, plan_id, amount=300_00)
    after(life, 10)
    plan = withdraw(life, plan_id)
    # 5 days of 600.00 and 5 of 300.00
    assert plan.amounts.outstanding == 300_00 + 1_48


def test_what_was_not_captured_is_given_back() -> None:
    life = Life()
    plan_id = life.authorize(agreement(terms=MONTHLY, **GERMAN))
    plan = withdraw(life, plan_id)
    assert (plan.state, plan.amounts.reserved, plan.closed_at) == (PlanState.VOIDED, 0, life.now)
    assert life.account.used == life.account.reserved == 0


def test_of_one_captured_in_parts_the_rest_is_given_back() -> None:
    life = Life()
    plan_id = life.authorize(agreement(terms=PAY_IN_4, **GERMAN))
    life.do(Capture, plan_id, amount=200_00)
    after(life, 3)
    life.do(Capture, plan_id, amount=100_00)
    after(life, 4)
    plan = withdraw(life, plan_id)
    assert [(line.principal, line.due_on) for line in life.lines(plan_id)] == [(300_00, date(2026, 4, 7))], (
        "30 days later is Easter Sunday"
    )
    assert (plan.amounts.voided, life.account.used, life.account.reserved) == (300_00, 300_00, 0)
    with pytest.raises(Refused):
        life.do(Capture, plan_id, amount=1)


def test_a_notice_counts_from_the_day_it_was_sent_and_from_no_day_before_a_capture() -> None:
    life, plan_id = bought()
    after(life, 20)
    plan = withdraw(life, plan_id, on=date(2026, 3, 12))
    assert plan.standing.withdrawal is not None
    assert plan.standing.withdrawal.interest == 1_97
    life = Life()
    plan_id = life.authorize(agreement(terms=MONTHLY, **GERMAN))
    after(life, 6)
    life.do(Capture, plan_id, amount=600_00, final=True)
    after(life, 8)
    plan = withdraw(life, plan_id, on=date(2026, 3, 4))
    assert plan.standing.withdrawal is not None
    assert (plan.standing.withdrawal.on, plan.standing.withdrawal.interest) == (date(2026, 3, 8), 0)


@pytest.mark.parametrize(
    ("jurisdiction", "agreed_on", "until"),
    [
        ("DE", date(2026, 3, 2), date(2026, 3, 16)),
        ("DE", date(2026, 3, 7), date(2026, 3, 23)),  # the 21st is a Saturday
        ("DE", date(2026, 3, 20), date(2026, 4, 7)),  # the 3rd is Good Friday, the 6th Easter Monday
        ("GB", date(2026, 3, 7), date(2026, 3, 21)),
        ("US", date(2026, 3, 2), None),
        ("DE", date(2010, 6, 10), None),  # the day before the first law
    ],
)
def test_withdrawable_until(jurisdiction: str, agreed_on: date, until: date | None) -> None:
    assert withdrawable_until(jurisdiction, "consumer_credit", agreed_on) == until


def test_interest_of_periods_that_have_ended_is_that_which_was_owed() -> None:
    weekly = Terms(instalments=4, every=7, rate_percent=Decimal(12), first_due_days=0)
    life, plan_id = bought(weekly)
    after(life, 10)
    first, second, third, _ = life.lines(plan_id)
    plan = withdraw(life, plan_id)
    assert plan.standing.withdrawal is not None
    assert plan.standing.withdrawal.interest == first.interest + second.interest + round(third.interest * 3 / 7)


def test_too_late_and_where_no_law_gives_it() -> None:
    life, plan_id = bought()
    after(life, 15)
    with pytest.raises(Refused, match="until 2026-03-16 ended") as refused:
        withdraw(life, plan_id)
    assert refused.value.code is Code.STATE_FORBIDS
    life, plan_id = bought(jurisdiction="US")
    with pytest.raises(Refused, match="No law that we know"):
        withdraw(life, plan_id)


def test_not_of_a_deposit_not_twice_and_not_once_given_up() -> None:
    life = Life()
    plan_id = life.authorize(agreement(Kind.DEPOSIT, terms=Terms(instalments=1), held=100_00, **GERMAN))
    with pytest.raises(Refused, match="a deposit is no credit"):
        withdraw(life, plan_id)
    life, plan_id = bought()
    withdraw(life, plan_id)
    with pytest.raises(Refused, match="It cannot be withdrawn from"):
        withdraw(life, plan_id)
    life, plan_id = bought()
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    with pytest.raises(Refused, match="It cannot be withdrawn from"):
        withdraw(life, plan_id)


def test_what_comes_afterwards() -> None:
    """The schedule stays; goods that come back lower what is owed; late, a fee is owed besides."""
    life, plan_id = bought()
    plan = withdraw(life, plan_id)
    assert plan.amounts.outstanding == 600_00
    quote = life.do(QuoteSettlement, plan_id).standing.quote
    assert quote is not None
    assert quote.amount == 600_00, "there is no rebate of the interest that is owed"
    plan = life.do(Refund, plan_id, amount=250_00)
    assert plan.amounts.outstanding == 350_00
    after(life, 40)
    life.do(Levy, plan_id, actor=OPERATOR, amount=5_00, is_penalty=True)
    assert [(line.due_on, line.outstanding) for line in life.lines(plan_id)] == [
        (date(2026, 4, 1), 350_00),
        (date(2026, 4, 11), 5_00),
    ]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [(Void, {}), (Amend, {"amount": 700_00}), (Amend, {"amount": 250_00}), (ExtendAuthorization, {}), (Guard, {})],
)
def test_what_became_of_the_authorization_before_we_heard_of_it_is_nothing(verb: Any, arguments: Any) -> None:
    """The notice was sent on the day of the purchase; since then it was given back, amended, extended or announced."""
    life = Life()
    bends: dict[str, Any] = {"amount_min": 1_00, "amount_max": 900_00, "capture_within_days": 9}
    leeway = Leeway(extend_days_max=30)
    plan_id = life.authorize(agreement(terms=PAY_IN_4, leeway=leeway, **GERMAN | bends))
    life.do(Capture, plan_id, amount=250_00)
    after(life, 8)
    life.do(verb, plan_id, **arguments)
    plan = withdraw(life, plan_id, on=NOON.date())
    assert (plan.remaining, plan.amounts.outstanding, plan.amounts.amount) == (0, 250_00, 600_00)
    assert (plan.amounts.voided, life.account.reserved, life.account.used) == (350_00, 0, 250_00)


def test_a_withdrawal_recorded_by_mistake_never_happened() -> None:
    life, plan_id = bought()
    schedule = life.lines(plan_id)
    withdraw(life, plan_id)
    fact = life.facts[plan_id][-1].fact
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=fact.id)
    assert life.lines(plan_id) == schedule


def test_the_books_forget_what_the_schedule_had_earned() -> None:
    life, plan_id = bought()
    after(life, 5)
    life.do(RecordPayment, plan_id, amount=100_00)
    after(life, 10)
    withdraw(life, plan_id)
    life.do(RecordPayment, plan_id, amount=501_97)
    left = Counter({account: amount for account, amount in life.balances(plan_id).items() if amount})
    assert left[A.FEE_INCOME] == 0
    assert left[A.PROCESSOR_CLEARING] == 601_97
