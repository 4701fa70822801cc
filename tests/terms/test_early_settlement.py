"""Settling early: dates, figures and caps on both sides of every edge."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.terms.early_settlement import (
    compensation_max,
    eu_settlement,
    is_too_long_for_78,
    method_of,
    proportional,
    rule_of_78_earned,
    rule_of_78_rebate,
    settlement_by_78,
)
from service.terms.schedule import Instalment, build_schedule
from service.terms.terms import Cost, FeeDue, RebateMethod, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile

ANNUITY = Terms(instalments=48, every=1, unit=Unit.MONTH, rate_percent=Decimal("13.1748"))
START = date(2026, 1, 15)


def rows_of(instalments: int, total: int, start_on: date = START) -> tuple[Instalment, ...]:
    """Monthly instalments of `total`, all principal: a printed schedule of which only the totals are known."""
    terms = Terms(instalments=instalments, every=1, unit=Unit.MONTH)
    return build_schedule(terms, instalments * total, start_on)


@pytest.mark.parametrize(
    ("settle_on", "rebate"),
    [
        (START, 78_00),  # nothing has begun
        (date(2026, 1, 16), 66_00),  # the first of twelve months has
        (date(2026, 2, 15), 66_00),
        (date(2026, 2, 16), 55_00),
        (date(2027, 1, 14), 0),
        (date(2027, 1, 15), 0),
    ],
)
def test_rule_of_78(settle_on: date, rebate: int) -> None:
    figure = settlement_by_78(rows_of(12, 106_50), START, settle_on, 78_00)
    assert (figure.method, figure.rebate) == (RebateMethod.RULE_OF_78, rebate)


@pytest.mark.parametrize("settle_on", [date(2025, 12, 1), START, date(2026, 2, 16)])
def test_a_down_payment_is_no_period(settle_on: date) -> None:
    """Neither of the rule of 78 nor of the days; before the start it is still to be paid, and all cost falls away."""
    rows = rows_of(12, 106_50)
    with_it = (Instalment(0, START, 300_00), *rows)
    unpaid = 300_00 if settle_on < START else 0
    for plain, figure in (
        (settlement_by_78(rows, START, settle_on, 78_00), settlement_by_78(with_it, START, settle_on, 78_00)),
        (eu_settlement(rows, START, settle_on), eu_settlement(with_it, START, settle_on)),
    ):
        assert (figure.rebate, figure.amount) == (plain.rebate, plain.amount + unpaid)
    if settle_on <= START:
        assert settlement_by_78(with_it, START, settle_on, 78_00).rebate == 78_00
        with_a_fee = (Instalment(0, START, 300_00, 0, 9_00), *rows)
        assert eu_settlement(with_a_fee, START, settle_on).rebate == 9_00


def test_a_first_instalment_on_the_first_day() -> None:
    rows = build_schedule(Terms(first_due_days=0, costs=(Cost("fee", amount=9_00),)), 400_00, START)
    assert eu_settlement(rows, START, date(2025, 12, 1)).amount == 400_00


@pytest.mark.parametrize(
    ("place", "instalments", "is_too_long"), [("US", 61, False), ("US", 62, True), ("NZ", 62, False)]
)
def test_rule_of_78_only_up_to_61_months_in_the_united_states(place: str, instalments: int, is_too_long: bool) -> None:
    """15 U.S.C. 1615(b)."""
    assert is_too_long_for_78(place, START, rows_of(instalments, 100_00)[-1].due_on) is is_too_long


@pytest.mark.parametrize(
    ("place", "agreed", "method"),
    [
        ("DE", None, RebateMethod.PROPORTIONAL),
        ("DE", RebateMethod.RULE_OF_78, RebateMethod.PROPORTIONAL),  # the law goes first
        ("GB", RebateMethod.UNEARNED, RebateMethod.ACTUARIAL),
        ("US", None, RebateMethod.UNEARNED),
        ("US", RebateMethod.RULE_OF_78, RebateMethod.RULE_OF_78),
        ("US", RebateMethod.PROPORTIONAL, RebateMethod.UNEARNED),
        ("NZ", None, RebateMethod.NONE),
        ("NZ", RebateMethod.UNEARNED, RebateMethod.UNEARNED),
        ("NZ", RebateMethod.ACTUARIAL, RebateMethod.NONE),
    ],
)
def test_what_is_agreed_goes_where_the_law_leaves_it_open(
    place: str, agreed: RebateMethod | None, method: RebateMethod
) -> None:
    assert method_of(place, agreed) is method


@pytest.mark.parametrize(
    ("settle_on", "left"),
    [(date(2026, 1, 1), 365), (date(2026, 1, 2), 364), (date(2026, 12, 31), 1), (date(2027, 1, 1), 0)],
)
def test_proportional(settle_on: date, left: int) -> None:
    assert proportional(365, date(2026, 1, 1), date(2027, 1, 1), settle_on) == left


def test_eu_gives_back_the_fee_and_the_interest_of_days_to_come() -> None:
    fee = Cost(name="arrangement", amount=120_00, due=FeeDue.UP_FRONT)
    terms = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), costs=(fee,))
    rows = build_schedule(terms, 1200_00, START)
    half_way = rows[6].due_on
    figure = eu_settlement(rows, START, half_way)
    principal = sum(row.principal for row in rows[7:])
    assert figure.amount == principal - proportional(120_00, START, rows[-1].due_on, half_way)
    assert eu_settlement(rows, START, rows[-1].due_on).amount == 0


@pytest.mark.parametrize(
    ("place", "signed_on", "ends_on", "facts", "most"),
    [
        ("DE", date(2026, 11, 20), date(2028, 1, 1), {}, 10_00),  # more than a year left: 1 %
        ("DE", date(2026, 11, 19), date(2028, 1, 1), {}, 10_00),  # by the directive before
        ("DE", date(2026, 11, 20), date(2027, 12, 1), {}, 5_00),  # a year to the day: 0.5 %
        ("DE", date(2026, 11, 20), date(2027, 12, 2), {}, 10_00),
        ("DE", date(2026, 11, 20), date(2028, 1, 1), {"interest_left": 9_99}, 9_99),
        ("DE", date(2026, 11, 20), date(2028, 1, 1), {"is_fixed_rate": False}, 0),
        ("GB", date(2026, 11, 20), date(2028, 1, 1), {"repaid_in_12_months": 8_000_00}, 0),
        ("GB", date(2026, 11, 20), date(2028, 1, 1), {"repaid_in_12_months": 8_000_01}, 10_00),
        ("US", date(2026, 11, 20), date(2028, 1, 1), {}, 0),
        ("DE", date(2009, 1, 1), date(2028, 1, 1), {}, 0),  # before any row
    ],
)
def test_compensation(place: str, signed_on: date, ends_on: date, facts: dict[str, Any], most: int) -> None:
    good: dict[str, Any] = {"repaid": 1000_00, "interest_left": 50_00, "repaid_in_12_months": 1000_00}
    assert compensation_max(place, signed_on, date(2026, 12, 1), ends_on, **(good | facts)) == most


@given(st.integers(0, 10**9), st.integers(1, 120), st.data())
def test_the_whole_charge_is_earned_or_given_back(charge: int, term: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, term))
    assert rule_of_78_rebate(charge, term, term) == charge
    assert rule_of_78_rebate(charge, term, 0) == 0
    assert 0 <= rule_of_78_rebate(charge, term, left) <= charge
    assert rule_of_78_earned(term, term - left) >= Fraction(term - left, term)  # never slower than evenly


@given(st.integers(0, 10**9), st.integers(1, 3650), st.integers(0, 3650))
def test_proportional_never_exceeds_the_cost(cost: int, days: int, passed: int) -> None:
    begin, end = date(2026, 1, 1), date.fromordinal(date(2026, 1, 1).toordinal() + days)
    settle_on = date.fromordinal(begin.toordinal() + passed)
    assert 0 <= proportional(cost, begin, end, settle_on) <= cost
