"""Who takes what rounding leaves, where that is more than an instalment; few cents; interest above the instalment."""

from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.errors import Code, Refused
from service.terms.schedule import balloon_of, build_schedule
from service.terms.terms import (
    Cost,
    FeeDue,
    Interest,
    InterestOn,
    Method,
    Remainder,
    Terms,
    Uncovered,
    Unit,
)  # fmt: skip
from tests import properties  # noqa: F401 - loads the profile

START = date(2026, 1, 15)


def monthly(instalments: int, percent: str = "0", **terms: Any) -> Terms:
    return Terms(instalments=instalments, every=1, unit=Unit.MONTH, rate_percent=Decimal(percent), **terms)


def runs(terms: Terms, amount: int, *, bound: bool = False) -> list[tuple[int, int]]:
    """The schedule as (count, total) of instalments of the same total."""
    rows = build_schedule(terms, amount, START, bound=bound)
    assert sum(row.principal for row in rows) == amount
    return [(len(list(run)), total) for total, run in groupby(row.total for row in rows)]


@pytest.mark.parametrize(
    ("terms", "amount", "totals"),
    [
        # 416.67 a month is what 1,000.00 bears at 500 %: a level of that alone leaves all of it to the last
        (monthly(36, "500"), 1_000_00, [(6, 416_67), (29, 416_68), (1, 299_95)]),
        (monthly(480, "29.9"), 1_000_00, [(173, 24_92), (306, 24_93), (1, 23_70)]),
        (monthly(120, "100"), 1_000_00, [(28, 83_34), (91, 83_33), (1, 83_28)]),
        (monthly(240, "9.9"), 99_99, [(153, 96), (87, 95)]),
        (monthly(240, "9.9"), 100_00, [(157, 96), (83, 95)]),
        (monthly(240, "9.9"), 101_00, [(145, 97), (95, 96)]),
        # the last may be up to twice the others: 35 in 24 are no 23 of 1 and one of 12
        (monthly(24), 46, [(22, 2), (2, 1)]),
        (monthly(24), 35, [(13, 1), (11, 2)]),
        (monthly(24), 25, [(23, 1), (1, 2)]),
        (monthly(24), 24, [(24, 1)]),
        (monthly(24), 23, [(23, 1)]),
        (monthly(24, remainder=Remainder.LAST_LOWER), 35, [(12, 1), (11, 2), (1, 1)]),
        (monthly(24, remainder=Remainder.LAST_HIGHER), 35, [(13, 1), (11, 2)]),
        # in multiples above the level there are fewer instalments
        (monthly(36, "9", multiple_of=100_00), 1_000_00, [(10, 100_00), (1, 43_47)]),
        (monthly(36, multiple_of=100_00), 60_00, [(1, 60_00)]),
        (monthly(4, multiple_of=1_00), 6_00, [(2, 2_00), (2, 1_00)]),
    ],
)
def test_the_last_is_at_most_twice_the_others(terms: Terms, amount: int, totals: list[tuple[int, int]]) -> None:
    assert runs(terms, amount) == totals


@pytest.mark.parametrize(
    ("amount", "totals"),
    [(1, [1]), (2, [1, 1]), (3, [1, 1, 1]), (4, [1, 1, 1, 1]), (5, [1, 1, 1, 2]), (6, [2, 2, 1, 1]), (7, [2, 2, 2, 1])],
)
def test_few_cents_in_four(amount: int, totals: list[int]) -> None:
    """The first due dates, and no row that asks for nothing."""
    rows = build_schedule(Terms(), amount, START)
    assert [row.total for row in rows] == totals
    assert (rows[0].number, rows[0].due_on.isoformat()) == (1, "2026-01-29")


def test_interest_that_the_first_does_not_cover_is_carried() -> None:
    """1,000.00 at 120 % for 400 days, 13 months and 4 days: 1,313.15 of interest, of which the first two pay 829.52 and
    483.63. It bears none itself: the second month costs 100.00, and the third 10 % of the 754.11 then left.
    """
    terms = monthly(3, "120", first_due_days=400, uncovered_interest=Uncovered.CARRIED)
    rows = build_schedule(terms, 1_000_00, START)
    assert [(row.principal, row.interest) for row in rows] == [(0, 829_52), (245_89, 583_63), (754_11, 75_41)]


def test_beside_equal_principal_all_interest_is_asked_for() -> None:
    rows = build_schedule(monthly(3, "120", first_due_days=400, method=Method.EQUAL_PRINCIPAL), 1_000_00, START)
    assert [(row.principal, row.interest) for row in rows] == [(333_33, 1313_15), (333_33, 66_67), (333_34, 33_33)]


def test_interest_that_the_first_does_not_cover_is_refused_unless_the_terms_carry_it_or_bind() -> None:
    terms = monthly(3, "120", first_due_days=400)
    with pytest.raises(Refused) as refused:
        build_schedule(terms, 1_000_00, START)
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/uncovered_interest")
    assert refused.value.detail == "Instalment 1 does not cover its interest."
    assert runs(terms, 1_000_00, bound=True) == runs(replace(terms, uncovered_interest=Uncovered.CARRIED), 1_000_00)


def test_whether_interest_is_covered_does_not_depend_on_the_cents() -> None:
    """Exactly as much as it bears: 10 % of it a month, until the balloon of all of it."""
    terms = monthly(4, "120", balloon_bps=10_000)
    for amount in range(1, 300):
        rows = build_schedule(terms, amount, START)
        assert rows[-1].principal == amount


levels = st.builds(
    monthly,
    st.sampled_from([2, 3, 4, 6, 12, 24, 36, 60]),
    st.sampled_from(["0", "5", "8.9", "19.9", "29.9", "60", "500"]),
    multiple_of=st.sampled_from([1, 1, 1, 10, 100, 1000]),
    interest=st.sampled_from(Interest),
    interest_on=st.sampled_from(InterestOn),
    method=st.sampled_from(Method),
    remainder=st.sampled_from([Remainder.LAST, Remainder.EVEN, Remainder.LAST_LOWER, Remainder.LAST_HIGHER]),
    balloon_bps=st.sampled_from([0, 0, 3_000]),
    costs=st.sampled_from([(), (Cost("fee", amount=99, due=FeeDue.FIRST),)]),
)


@given(levels, st.integers(1, 300) | st.integers(1, 3_000_00))
def test_the_last_asks_for_no_more_than_twice_what_the_others_do(terms: Terms, amount: int) -> None:
    rows = build_schedule(terms, amount, START, bound=True)
    asked = [row.principal if terms.method is Method.EQUAL_PRINCIPAL else row.principal + row.interest for row in rows]
    assert rows[-1].total > 0
    if len(rows) == terms.instalments:
        assert asked[-1] - balloon_of(terms, amount) <= 2 * max(*asked[:-1], terms.multiple_of)
