"""A part is paid early: its law gives up its share of the cost, and what is not due yet falls in one proportion."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount as A
from service.plans.money_back import ReturnPayment
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, view
from service.plans.running.facts import Paid
from service.plans.settlement import QuoteSettlement, quote_of
from service.plans.state import PlanState
from service.terms.terms import Captures, RebateMethod, Terms
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.lives import Life
from tests.plans.running.any_facts import running_terms
from tests.plans.test_settlement import BILL, BRITISH, OPERATOR, SPREAD, YEARLY, captured, quoted


def settles(plan: Plan, on: date) -> int:
    """What would settle everything on a day without notice."""
    return quote_of(plan, "all", on, at_once=True).amount


def left(life: Life, plan_id: str) -> list[int]:
    return [line.outstanding for line in life.lines(plan_id)]


def a_british_year() -> tuple[Life, str]:
    """SI 2004/1483, example 1: 5,000.00 in 48 at an APR of 14 %, twelve of 134.57 paid: 3,984.00 settle it."""
    life, plan_id = captured(BRITISH, 5_000_00, "GB")
    life.now = datetime(2027, 1, 15, 12, tzinfo=UTC)
    life.do(RecordPayment, plan_id, amount=12 * 134_57)
    return life, plan_id


def test_a_part_of_the_schedules_example_of_the_united_kingdom() -> None:
    """1,000.00 of it, by s. 94(3): 216.02 are given up, of 860.60 for 3,984.00; the plan's last line is 8 cents more.

    What settles the rest is 1,000.00 less on that day, and has grown as the law says 28 days later.
    """
    life, plan_id = a_british_year()
    assert settles(life.plans[plan_id], date(2027, 1, 15)) == 3_984_00
    quote = quoted(life, plan_id, amount=1_000_00)
    assert (quote.amount, quote.part, quote.interest_rebate, quote.fee_rebate) == (1_000_00, 1_000_00, 216_02, 0)
    assert (quote.principal, quote.interest, quote.method) == (1_000_00, 0, RebateMethod.ACTUARIAL)
    assert quote.good_until == date(2027, 1, 15)
    plan = life.do(RecordPayment, plan_id, amount=1_000_00)
    assert (plan.state, plan.amounts.outstanding) == (PlanState.ACTIVE, 4_844_60 - 1_216_02)
    assert left(life, plan_id)[:12] == [0] * 12
    assert set(left(life, plan_id)[12:47]) == {100_79, 100_80}
    assert settles(plan, date(2027, 1, 15)) == 2_984_00
    assert settles(plan, date(2027, 2, 12)) == 3_013_58  # 2,984.00 for 28 days of 31 at 1.0979 % a month
    assert view(plan, life.now.date()).settlement_quote is None


@pytest.mark.parametrize(
    ("law", "terms", "interest_rebate", "fee_rebate"),
    [
        ("DE", Terms(**YEARLY), 31_38, 0),  # of 62.96 for 1,003.23: 31.379
        ("EU", Terms(**YEARLY, costs=(SPREAD,)), 31_37, 5_82),  # of 74.63 for 1,003.56: 37.183, of it costs 5.816
        ("GB", Terms(**YEARLY), 31_22, 0),  # of 62.66 for 1,003.53: 1,000.00 for 10 days of 31 at 1.0979 % a month
        ("DE", Terms(), 0, 0),  # what costs nothing has nothing to give back
    ],
)
def test_what_each_law_gives_up_for_a_part(law: str, terms: Terms, interest_rebate: int, fee_rebate: int) -> None:
    """500.00 of 1,000.00 ten days after the capture."""
    life, plan_id = captured(terms, 1_000_00, law)
    life.now += timedelta(days=10)
    before = life.plans[plan_id]
    due = sum(line.outstanding for line in life.lines(plan_id) if line.due_on <= life.now.date())
    all_of_it = settles(before, life.now.date())
    quote = quoted(life, plan_id, amount=500_00)
    assert (quote.interest_rebate, quote.fee_rebate, quote.part) == (interest_rebate, fee_rebate, 500_00 - due)
    plan = life.do(RecordPayment, plan_id, amount=500_00)
    assert plan.amounts.outstanding == before.amounts.outstanding - 500_00 - interest_rebate - fee_rebate
    assert (plan.amounts.paid, plan.amounts.overpaid) == (500_00, 0)
    assert abs(settles(plan, life.now.date()) - (all_of_it - 500_00)) <= 1
    assert plan.amounts.used == life.balances(plan_id)[A.CONSUMER_PRINCIPAL]


def test_all_lines_that_are_not_due_fall_in_one_proportion_and_what_is_due_is_paid_first() -> None:
    life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
    life.now = datetime(2026, 2, 15, 12, tzinfo=UTC)
    before = left(life, plan_id)
    quote = quoted(life, plan_id, amount=500_00)
    assert (before[0], quote.part) == (88_85, 500_00 - 88_85)
    life.do(RecordPayment, plan_id, amount=500_00)
    after = left(life, plan_id)
    fall = 1 - sum(after[1:]) / sum(before[1:])
    assert after[0] == 0
    assert all(abs(now - was * (1 - fall)) < 3 for was, now in zip(before[1:], after[1:], strict=True))


def test_less_than_the_amount_gives_up_nothing_and_more_is_a_payment_like_any() -> None:
    for more in (-1, 0, 50_00):
        life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
        quote = quoted(life, plan_id, amount=500_00)
        plan = life.do(RecordPayment, plan_id, amount=500_00 + more)
        rebate = quote.interest_rebate if more >= 0 else 0
        assert plan.amounts.outstanding == 1_066_19 - 500_00 - more - rebate
        assert plan.amounts.overpaid == 0


def test_the_day_after_it_binds_nobody_and_a_payment_that_bounced_gives_up_nothing() -> None:
    life, plan_id = captured(Terms(**YEARLY), 1_000_00, "DE")
    quoted(life, plan_id, amount=500_00)
    life.do(RecordPayment, plan_id, amount=500_00)
    paid = next(one.fact.id for one in life.facts[plan_id] if isinstance(one.fact, Paid))
    back = life.do(ReturnPayment, plan_id, payment_id=paid, actor=OPERATOR)
    assert back.amounts.outstanding == 1_066_19
    life.now += timedelta(days=1)
    assert life.do(RecordPayment, plan_id, amount=500_00).amounts.outstanding == 566_19


RECALCULATED: dict[str, Any] = YEARLY | {"recalculate": True}


@pytest.mark.parametrize(
    ("law", "terms", "amount", "code", "said"),
    [
        ("US", Terms(**YEARLY), 500_00, Code.IMPOSSIBLE_TERMS, "Neither the law of the plan nor its terms"),
        ("AU", Terms(**YEARLY), 500_00, Code.IMPOSSIBLE_TERMS, "Neither the law of the plan nor its terms"),
        ("DE", Terms(**RECALCULATED), 500_00, Code.IMPOSSIBLE_TERMS, "Interest follows what is paid"),
        ("DE", Terms(**YEARLY), 1_003_23, Code.AMOUNT_EXCEEDS_OUTSTANDING, "100323 minor units settle everything"),
        ("DE", Terms(**YEARLY), 1_003_22, None, ""),
        ("DE", Terms(first_due_days=0), 250_00, Code.INVALID_FIELD, "25000 minor units are due"),
        ("DE", Terms(first_due_days=0), 250_01, None, ""),
    ],
)
def test_what_is_no_part(law: str, terms: Terms, amount: int, code: Code | None, said: str) -> None:
    life, plan_id = captured(terms, 1_000_00, law)
    life.now += timedelta(days=10)
    if code is None:
        assert quoted(life, plan_id, amount=amount).amount == amount
        return
    with pytest.raises(Refused, match=said) as refused:
        life.do(QuoteSettlement, plan_id, amount=amount)
    assert (refused.value.code, refused.value.pointer) == (code, "/amount")


def test_a_part_is_not_deferred() -> None:
    life, plan_id = captured(BRITISH, 5_000_00, "GB")
    with pytest.raises(Refused) as refused:
        life.do(QuoteSettlement, plan_id, deferred=True, amount=100_00)
    assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, "/deferred")


def test_where_interest_follows_what_is_paid_costs_are_given_up() -> None:
    """Of 12.00 over twelve months 11.67 belong to days to come; what is paid lowers the interest by itself."""
    life, plan_id = captured(Terms(**RECALCULATED, costs=(SPREAD,)), 1_000_00, "DE")
    life.now += timedelta(days=10)
    quote = quoted(life, plan_id, amount=500_00)
    assert (quote.interest_rebate, quote.fee_rebate) == (0, 5_82)
    plan = life.do(RecordPayment, plan_id, amount=500_00)
    assert sum(line.fee for line in life.lines(plan_id)) == 12_00 - 5_82
    assert (plan.amounts.paid, plan.amounts.overpaid) == (500_00, 0)


@given(
    running_terms(), st.integers(500, 2_000_00), st.sampled_from(["DE", "GB"]),
    st.sampled_from([(), (BILL,), (SPREAD,)]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 999)), min_size=1, max_size=4),
)  # fmt: skip
def test_every_part_leaves_what_settles_the_rest(
    terms: Terms, amount: int, law: str, costs: tuple[Any, ...], parts: list[tuple[int, int]]
) -> None:
    """Parts of what settles everything, one after the other, then all: each lowers what settles by what is paid."""
    terms = structs.replace(terms, costs=costs, captures=Captures.OWN_TERM)
    life, plan_id = captured(terms, amount, law, date(2026, 1, 31))
    for days, permille in parts:
        life.now += timedelta(days=days)
        plan, on = life.plans[plan_id], life.now.date()
        if not plan.amounts.outstanding:
            return
        before = settles(plan, on)
        try:
            quote = quoted(life, plan_id, amount=before * permille // 1000)
        except Refused:
            continue
        plan = life.do(RecordPayment, plan_id, amount=quote.amount)
        assert (plan.amounts.overpaid, plan.amounts.used) == (0, life.balances(plan_id)[A.CONSUMER_PRINCIPAL])
        assert plan.amounts.outstanding > 0
        if not plan.standing.recalculates:
            assert abs(settles(plan, on) - (before - quote.amount)) <= len(life.lines(plan_id))
    quote = quoted(life, plan_id)
    after = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (after.amounts.outstanding, after.amounts.overpaid, after.amounts.used) == (0, 0, 0)
