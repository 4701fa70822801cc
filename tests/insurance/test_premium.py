"""The premium of a policy, what is recovered, and money of another currency."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.insurance.abroad import Rate, price_of, price_text, unchanged
from service.insurance.insured import Sale
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.losing import indemnity_of
from service.insurance.policy import CountryCover, CountryStatus, Insurance, Line
from service.insurance.premium import Premium, Turnover, periods, premium_of
from service.insurance.salvage import Lost, Shared, share_salvage
from service.support.arrangement import ArrangementKind, Cause
from service.support.arrangement import Rate as CoverRate
from service.support.cover import Limit, Used
from tests.insurance.sample import day, policy, terms

# Premium --------------------------------------------------------------------------------------------------------------


def charged(turnovers: list[Turnover], **differs: Any) -> list[Premium]:
    """The premium of each month, from January on."""
    one, found = policy(**differs), list[Premium]()
    for number, (period, turnover) in enumerate(zip(periods(terms()), turnovers, strict=False)):
        found.append(premium_of(one, period, turnover, list(zip(turnovers, found, strict=False))[:number], 0))
    return found


def test_turnover_credit_notes_and_the_minimum_of_a_year() -> None:
    sold, credit, nothing = Turnover(1_250_000_00, 0, 0), Turnover(0, 0, 50_000_00), Turnover(0, 0, 0)
    found = charged([sold, credit, *[nothing] * 10], minimum_premium=6_000_00)
    assert [one.total for one in found] == [4_375_00, -175_00, *[0] * 9, 1_800_00]
    assert sum(one.total for one in found) == 6_000_00
    found = charged([sold, Turnover(500_000_00, 7, 0), *[nothing] * 10], minimum_premium=6_000_00)
    assert [*[one.total for one in found][:2], found[-1].total] == [4_375_00, 1_750_00, 0]


TURNOVERS = st.builds(Turnover, st.integers(0, 10**9), st.just(0), st.integers(0, 10**8))


@given(st.lists(TURNOVERS, min_size=12, max_size=12), st.integers(0, 10_000), st.integers(0, 10**7))
def test_no_cent_is_lost_by_declaring_in_parts(turnovers: list[Turnover], bps: int, minimum: int) -> None:
    found = charged(turnovers, premium_bps=bps, minimum_premium=minimum)
    net = sum(one.net for one in turnovers)
    of_all = (abs(net) * bps * 2 + 10_000) // 20_000 * (1 if net >= 0 else -1)
    assert sum(one.on_turnover for one in found) == of_all
    assert sum(one.total for one in found) == max(of_all, minimum)


def test_periods_are_months_within_the_days_and_years_of_the_policy() -> None:
    one = terms(begins_on=date(2026, 2, 15), ends_on=date(2027, 3, 10))
    found = periods(one)
    assert [found[0].begin_on, found[0].end_on, found[1].begin_on] == [day("02-15"), day("02-28"), day("03-01")]
    assert [(one.begin_on, one.end_on) for one in found if one.is_last] == [
        (date(2027, 2, 1), date(2027, 2, 14)), (date(2027, 3, 1), date(2027, 3, 10)),
    ]  # fmt: skip
    assert [one.year for one in found] == [*[1] * 13, 2, 2]
    leap = periods(terms(begins_on=date(2024, 2, 29), ends_on=date(2025, 2, 28)))
    assert [one.is_last for one in leap].count(True) == 1


# What is recovered ----------------------------------------------------------------------------------------------------


def test_salvage_by_the_limit_over_the_debt() -> None:
    lost = Lost(30_000_00, 25_000_00, 9_000, 22_500_00)
    assert share_salvage(lost, 0, 10_000_00) == Shared(7_500_00, 2_500_00)
    assert share_salvage(Lost(30_000_00, 15_000_00, 10_000, 15_000_00), 0, 15_000_00) == Shared(7_500_00, 7_500_00)


SUMS = st.integers(1, 10**6)


@given(st.lists(SUMS, max_size=8), SUMS, SUMS, st.integers(0, 10_000))
def test_nobody_gets_more_of_it_by_parts(parts: list[int], debt: int, insured: int, bps: int) -> None:
    lost = Lost(debt, min(insured, debt), bps, min(insured, debt) * bps // 10_000)
    shares = [share_salvage(lost, sum(parts[:number]), part) for number, part in enumerate(parts)]
    assert sum(one.to_insurer for one in shares) == share_salvage(lost, 0, sum(parts)).to_insurer <= lost.paid
    assert all(one.to_insurer + one.to_insured == part for one, part in zip(shares, parts, strict=True))
    assert all(min(one.to_insurer, one.to_insured) >= 0 for one in shares)


# Another currency -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("currency", "into", "price", "amount", "converted"), [
    ("EUR", "CNY", "7.8", 10_000_00, 78_000_00), ("EUR", "CNY", "7.80005", 1_00, 7_80),
    ("EUR", "JPY", "163.255", 1_00, 163), ("JPY", "EUR", "0.0061", 1_000, 6_10), ("KWD", "EUR", "3", 1_000, 3_00),
    ("EUR", "CNY", "7.815", 1_00, 7_82), ("EUR", "CNY", "7.8149", 1_00, 7_81),
])  # fmt: skip
def test_conversion(currency: str, into: str, price: str, amount: int, converted: int) -> None:
    rate = Rate(currency, into, price_of(price))
    assert rate.of(amount) == converted
    assert price_text(rate.price) == price


@given(st.integers(0, 10**12))
def test_a_currency_into_itself_changes_nothing(amount: int) -> None:
    assert unchanged("EUR").of(amount) == unchanged("EUR").back(amount) == amount


GRANTED = LimitStep(LimitState.GRANTED, LimitSource.INSURER, 70_000_00, 70_000_00, day("01-01"))


@pytest.mark.parametrize(("cause", "country", "insured", "bps", "amount", "limit"), [
    (Cause.CREDIT, "CN", 70_000_00, 9_000, 63_000_00, None),
    (Cause.POLITICAL, "CN", 70_000_00, 9_500, 66_500_00, None),
    (Cause.POLITICAL, "BR", 0, 9_500, 0, Limit.NOTHING_LEFT),  # the country is covered for commercial causes alone
    (Cause.CREDIT, "BR", 70_000_00, 9_000, 63_000_00, None),
    (Cause.CREDIT, "US", 0, 9_000, 0, Limit.NOTHING_LEFT),
    (Cause.FRAUD, "CN", 70_000_00, 9_000, 0, Limit.EXCLUDED_CAUSE),
])  # fmt: skip
def test_what_is_paid_by_cause_and_country(
    cause: Cause, country: str, insured: int, bps: int, amount: int, limit: Limit | None
) -> None:
    countries = (
        CountryCover("CN", CountryStatus.OPEN, day("01-01")),
        CountryCover("BR", CountryStatus.OPEN, day("01-01"), political=False),
    )
    one = terms(
        ArrangementKind.EXPORT_TRADE_INSURANCE, currency="CNY", causes=(Cause.CREDIT, Cause.POLITICAL),
        rates=(CoverRate(9_500, cause=Cause.POLITICAL),),
    )  # fmt: skip
    under = Insurance("ip", policy(Line.EXPORT, countries=countries), one)
    rate, sales = Rate("EUR", "CNY", price_of("7.8")), [Sale(day("02-01"), 10_000_00)]
    found = indemnity_of(under, country, [GRANTED], Used(), rate, "db", cause, day("03-01"), sales)
    assert (found.debt, found.insured, found.cover_bps, found.amount, found.limit) == (
        78_000_00, insured, bps, amount, limit,
    )  # fmt: skip
