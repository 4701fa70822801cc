"""Terms at the edges of what may be written: a quote answers, within the contract's numbers, or is refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.terms.frame import are_years_apart
from service.terms.quote import Quote, QuoteRequest, quote
from service.terms.terms import Cost, FeeDue, RateKind, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile
from tests.terms.any_terms import extreme_terms

TODAY = date(2026, 1, 15)


def request(terms: Terms, amount: int, jurisdiction: str = "EU", start_on: date = TODAY) -> QuoteRequest:
    return QuoteRequest(currency="EUR", amount=amount, terms=terms, jurisdiction=jurisdiction, start_on=start_on)


def quote_or_refusal(asked: QuoteRequest) -> Quote | Refused:
    try:
        return quote(asked, TODAY)
    except Refused as refused:
        return refused


starts = st.sampled_from([date.min, date(2, 1, 1), date(9899, 1, 1), date(9998, 12, 31), date.max]) | st.dates()


@given(
    extreme_terms(),
    st.integers(1, AMOUNT_MAX) | st.sampled_from([1, 100, AMOUNT_MAX // 2, AMOUNT_MAX]),
    st.sampled_from(["EU", "US", "CN", "IN"]),
    st.just(TODAY) | starts,
)
def test_every_quote_ends(terms: Terms, amount: int, jurisdiction: str, start_on: date) -> None:
    """By an answer whose every amount and date the contract has a place for, or by a refusal that says why."""
    answer = quote_or_refusal(request(terms, amount, jurisdiction, start_on))
    if isinstance(answer, Refused):
        assert answer.code in (Code.IMPOSSIBLE_TERMS, Code.NO_APR, Code.SEVERAL_APRS)
        assert answer.pointer or answer.code is not Code.IMPOSSIBLE_TERMS
        return
    assert not are_years_apart(start_on, answer.schedule[-1].due_on)
    assert 0 <= answer.total_cost <= answer.total_payable <= AMOUNT_MAX
    assert all(0 <= part <= AMOUNT_MAX for row in answer.schedule for part in (row.principal, row.interest, row.fee))


CENTURY: dict[str, Any] = {"instalments": 1, "every": 100, "unit": Unit.YEAR}
EFFECTIVE: dict[str, Any] = {"unit": Unit.YEAR, "rate_kind": RateKind.EFFECTIVE}


@pytest.mark.parametrize(
    ("terms", "amount", "pointer"),
    [
        (Terms(**CENTURY), 1000_00, None),
        (Terms(**CENTURY | {"every": 101}), 1000_00, "/terms/every"),
        (Terms(instalments=1200, every=1, unit=Unit.MONTH), 1000_00, None),
        (Terms(instalments=401, every=3, unit=Unit.MONTH), 1000_00, "/terms/instalments"),
        (Terms(instalments=12, amortized_over=401, every=3, unit=Unit.MONTH), 1000_00, "/terms/amortized_over"),
        (Terms(instalments=1, first_due_on=date(2126, 1, 15)), 1000_00, None),
        (Terms(instalments=1, first_due_on=date(2126, 1, 16)), 1000_00, "/terms/first_due_on"),
        (Terms(instalments=1, first_due_on=date(9998, 1, 15), unit=Unit.WEEK), 1000_00, "/terms/first_due_on"),
        (Terms(**EFFECTIVE, instalments=2, every=60, rate_percent=Decimal(100_000)), 1000_00, "/terms/instalments"),
        (Terms(**EFFECTIVE, instalments=2, every=28, rate_percent=Decimal(1000)), 1000_00, "/terms/rate_percent"),
        (Terms(**EFFECTIVE, instalments=2, every=50, rate_percent=Decimal(100)), 1000_00, "/terms/rate_percent"),
        (Terms(**EFFECTIVE, instalments=1, every=110, rate_percent=Decimal(100_000)), 1000_00, "/terms/every"),
        (Terms(**EFFECTIVE, instalments=1, every=20, rate_percent=Decimal(900)), 1000_00, "/terms/rate_percent"),
        (Terms(**EFFECTIVE, instalments=1, every=7, rate_percent=Decimal(900)), 1000_00, None),
        (Terms(costs=(Cost("fee", amount=AMOUNT_MAX - 1000_00),), rate_percent=Decimal(0)), 1000_00, None),
        (Terms(costs=(Cost("fee", amount=AMOUNT_MAX - 1000_00 + 1),)), 1000_00, "/terms/costs"),
        (Terms(costs=(Cost("fee", amount=AMOUNT_MAX // 4, due=FeeDue.EACH),)), 1000_00, "/terms/costs"),
        (Terms(), AMOUNT_MAX, None),
        (Terms(rate_percent=Decimal(1)), AMOUNT_MAX, "/terms/rate_percent"),
    ],
)  # fmt: skip
def test_a_plan_has_bounds(terms: Terms, amount: int, pointer: str | None) -> None:
    """A hundred years from its start to its last due date, and no amount above the largest there is."""
    answer = quote_or_refusal(request(terms, amount))
    if isinstance(answer, Quote):
        assert pointer is None
    elif pointer is None:
        assert answer.code is Code.NO_APR  # the cost is above the credit: no fault of the terms
    else:
        assert (answer.code, answer.pointer) == (Code.IMPOSSIBLE_TERMS, pointer)


@pytest.mark.parametrize(
    ("fee", "printed"),
    [(20_00, "5857.0"), (20_01, "5869.1")],  # with the fee, the first instalment is what was lent; or a cent more
)
def test_a_payment_equal_to_what_was_lent(fee: int, printed: str) -> None:
    terms = Terms(instalments=3, every=1, unit=Unit.MONTH, costs=(Cost("fee", amount=fee, due=FeeDue.FIRST),))
    assert quote(request(terms, 30_00), TODAY).apr.printed == printed


@pytest.mark.parametrize(
    ("start_on", "printed"), [(date(2024, 2, 15), "219.9"), (date(2024, 1, 15), "218.9"), (date(2025, 2, 15), "218.9")]
)
def test_thirty_days_of_a_leap_year(start_on: date, printed: str) -> None:
    """100.00 for 30 days to 110.00: over 366 where the year that ends with them holds a 29 February."""
    terms = Terms(instalments=1, every=30, costs=(Cost("fee", amount=10_00, due=FeeDue.FIRST),))
    assert quote(request(terms, 100_00, start_on=start_on), TODAY).apr.printed == printed
