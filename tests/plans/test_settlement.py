"""Settling early: by each law a quote, and its payment, which pays the plan off to the cent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount as A
from service.limits.account import Account
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.money_back import ReturnPayment
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, view
from service.plans.quoted import SettlementQuote
from service.plans.running.facts import SettlementQuoted
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.terms.apr import Apr, AprMethod
from service.terms.terms import Cost, DayCount, FeeDue, PaidEarly, RateKind, RebateMethod, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.lives import CONSUMER, Life, agreement
from tests.plans.running.any_facts import running_terms

YEARLY: dict[str, Any] = {"instalments": 12, "every": 1, "unit": Unit.MONTH, "rate_percent": Decimal(12)}
BRITISH = Terms(instalments=48, every=1, unit=Unit.MONTH, rate_percent=Decimal(14), rate_kind=RateKind.EFFECTIVE)
BILL = Cost(name="opening", amount=12_00, due=FeeDue.FIRST)
SPREAD = Cost(name="keeping", amount=12_00, due=FeeDue.SPREAD)
OPERATOR = Actor(ActorKind.OPERATOR, "ada")


def captured(terms: Terms, amount: int, law: str, day: date = date(2026, 1, 15)) -> tuple[Life, str]:
    """A life in which a plan of these terms was captured on a day at noon."""
    life = Life(Account(7, CONSUMER, "EUR", 100_000_00), datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    agreed = agreement(
        amount=amount, terms=terms, jurisdiction=law, expires_at=life.now + timedelta(hours=1),
        apr=Apr(AprMethod.EU_EFFECTIVE, "14.0000", "14.0"),
    )  # fmt: skip
    plan_id = life.authorize(agreed)
    life.do(Capture, plan_id, amount=amount)
    return life, plan_id


def quoted(life: Life, plan_id: str, **how: Any) -> SettlementQuote:
    shown = view(life.do(QuoteSettlement, plan_id, **how), life.now.date()).settlement_quote
    assert shown is not None
    assert shown.amount == shown.principal + shown.interest + shown.fee + shown.penalty
    return shown


@pytest.mark.parametrize(
    ("deferred", "good_until", "amount"),
    [
        (False, date(2027, 2, 12), 4_023_49),
        (True, date(2027, 3, 12), 4_065_88),
    ],  # then the thirteenth is in it, due before,
)
def test_the_schedules_example_of_the_united_kingdom(deferred: bool, good_until: date, amount: int) -> None:
    """SI 2004/1483, example 1b: 5,000.00 in 48 of 134.57 at 14 %, notice on the day of the twelfth, 28 days more."""
    life, plan_id = captured(BRITISH, 5_000_00, "GB")
    assert [line.principal + line.interest for line in life.lines(plan_id)[:47]] == [134_57] * 47
    life.now = datetime(2027, 1, 15, 12, tzinfo=UTC)
    life.do(RecordPayment, plan_id, amount=12 * 134_57)
    quote = quoted(life, plan_id, deferred=deferred)
    assert (quote.amount, quote.good_until, quote.method) == (amount, good_until, RebateMethod.ACTUARIAL)
    life.now = datetime(2027, 2, 12, 12, tzinfo=UTC)
    assert life.do(RecordPayment, plan_id, amount=quote.amount).state is PlanState.PAID_OFF


@pytest.mark.parametrize(
    ("law", "terms", "interest_rebate", "fee_rebate", "method"),
    [
        ("DE", Terms(**YEARLY), 62_96, 0, RebateMethod.PROPORTIONAL),  # 66.19 less ten of 31 days of 10.00
        ("EU", Terms(**YEARLY, costs=(SPREAD,)), 62_96, 11_67, RebateMethod.PROPORTIONAL),
        ("US", Terms(**YEARLY, costs=(SPREAD,)), 62_96, 0, RebateMethod.UNEARNED),
        ("AU", Terms(**YEARLY), 0, 0, RebateMethod.NONE),
        ("DE", Terms(), 0, 0, RebateMethod.PROPORTIONAL),  # what costs nothing has nothing to give back
    ],
)
def test_what_each_law_gives_up(
    law: str, terms: Terms, interest_rebate: int, fee_rebate: int, method: RebateMethod
) -> None:
    life, plan_id = captured(terms, 1_000_00, law)
    before = life.plans[plan_id].amounts
    life.now += timedelta(days=10)
    quote = quoted(life, plan_id)
    assert (quote.interest_rebate, quote.fee_rebate, quote.method) == (interest_rebate, fee_rebate, method)
    assert quote.amount == before.outstanding - interest_rebate - fee_rebate
    plan = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (plan.state, plan.amounts.overpaid) == (PlanState.PAID_OFF, 0)
    assert plan.amounts.paid == quote.amount
    books = life.balances(plan_id)
    assert books[A.CONSUMER_PRINCIPAL] == books[A.CONSUMER_FEES] == books[A.CONSUMER_PAYABLE] == 0
    assert books[A.FEE_INCOME] == -(quote.fee)
    assert books[A.CONSUMER_INTEREST] == -quote.interest


def test_a_day_later_the_quote_binds_nobody() -> None:
    life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
    quote = quoted(life, plan_id)
    life.now += timedelta(days=1)
    plan = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert plan.amounts.outstanding == quote.interest_rebate
    assert view(plan, life.now.date()).settlement_quote is None


def test_what_was_received_in_time_and_heard_of_later_settles() -> None:
    life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
    quote = quoted(life, plan_id)
    on = life.now.date()
    life.now += timedelta(days=3)
    plan = life.do(RecordPayment, plan_id, amount=quote.amount, received_on=on)
    assert plan.state is PlanState.PAID_OFF
    # The bank returns it: the plan stands as if it had not come, and the quote's day has ended.
    paid = life.facts[plan_id][-1].fact.id
    back = life.do(ReturnPayment, plan_id, payment_id=paid, actor=OPERATOR)
    assert back.amounts.outstanding == quote.amount + quote.interest_rebate


def test_less_than_the_quote_gives_up_nothing_and_more_is_overpaid() -> None:
    for more, outstanding, overpaid in ((-1, 1, 0), (0, 0, 0), (5, 0, 5)):
        life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
        quote = quoted(life, plan_id)
        plan = life.do(RecordPayment, plan_id, amount=quote.amount + more)
        left = outstanding and outstanding + quote.interest_rebate
        assert (plan.amounts.outstanding, plan.amounts.overpaid) == (left, overpaid)


def test_a_fee_levied_after_the_quote_stays_owed() -> None:
    life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
    quote = quoted(life, plan_id)
    life.do(Levy, plan_id, amount=5_00, actor=OPERATOR)
    plan = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert plan.amounts.outstanding == 5_00


@pytest.mark.parametrize(
    ("law", "terms", "code", "pointer"),
    [
        ("DE", Terms(**YEARLY), Code.INVALID_FIELD, "/deferred"),
        ("GB", Terms(**YEARLY), Code.IMPOSSIBLE_TERMS, "/deferred"),
    ],
)
def test_no_deferral(law: str, terms: Terms, code: Code, pointer: str) -> None:
    life, plan_id = captured(terms, 1_000_00, law)
    with pytest.raises(Refused) as refused:
        life.do(QuoteSettlement, plan_id, deferred=True)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@given(
    running_terms(), st.integers(500, 2_000_00), st.sampled_from(["DE", "GB", "US", "AU"]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 500_00)), max_size=3), st.integers(0, 400),
)  # fmt: skip
def test_every_quote_pays_the_plan_off(
    terms: Terms, amount: int, law: str, payments: list[tuple[int, int]], days: int
) -> None:
    """Whatever the terms and whatever was paid before: to the cent, at most what is owed, at least the principal."""
    life, plan_id = captured(terms, amount, law, date(2026, 1, 31))
    for later, paid in payments:
        life.now += timedelta(days=later)
        plan = life.do(RecordPayment, plan_id, amount=paid)
    life.now += timedelta(days=days)
    plan = life.plans[plan_id]
    if not plan.amounts.outstanding:
        return
    quote = last_quote(life.do(QuoteSettlement, plan_id))
    assert plan.amounts.used <= quote.amount
    if not plan.standing.recalculates:  # else principal past due has borne interest since
        assert quote.amount <= plan.amounts.outstanding
    after = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (after.amounts.outstanding, after.amounts.overpaid) == (0, 0)
    assert after.amounts.used == 0
    assert life.balances(plan_id)[A.CONSUMER_PRINCIPAL] == 0


def last_quote(plan: Plan) -> SettlementQuoted:
    assert plan.standing.quote is not None
    return plan.standing.quote


def test_what_is_past_due_bears_no_more_interest_in_a_quote_than_in_the_terms() -> None:
    """969.02 in five weeks at 47.6441 %, nothing paid until 2 April, in the last week: of that, settled, all interest
    is asked for, 1.80, and none of what is past due. So the quote pays the plan off to the cent."""
    terms = Terms(
        instalments=5, every=7, rate_percent=Decimal("47.6441"), day_count=DayCount.ACTUAL_ACTUAL, recalculate=True,
        paid_early=PaidEarly.AT_ONCE_UNLESS_SETTLED, overdue_interest=False,
    )  # fmt: skip
    life, plan_id = captured(terms, 969_02, "NZ", date(2026, 3, 2))
    life.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    quote = quoted(life, plan_id)
    assert (quote.principal, quote.interest) == (969_02, 8_85 + 7_12 + 5_36 + 3_59 + 1_80)
    plan = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (plan.state, plan.amounts.overpaid) == (PlanState.PAID_OFF, 0)
