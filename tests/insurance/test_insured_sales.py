"""What of a debtor's sales is insured: by the limit, and the cover of the country, of each sale's own day."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.insurance.insured import Age, Sale, Uninsured, ageing, insured_sales
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.policy import CountryCover, CountryStatus, Line
from service.support.arrangement import ArrangementKind, Cause
from tests.insurance.sample import day, policy, terms


def granted(limit: int, on: str, source: LimitSource = LimitSource.INSURER) -> LimitStep:
    return LimitStep(LimitState.GRANTED, source, limit, limit, day(on))


WITHDRAWN = LimitStep(LimitState.WITHDRAWN, LimitSource.INSURER, 25_000_00, 0, day("03-10"))
REDUCED = LimitStep(LimitState.REDUCED, LimitSource.INSURER, 25_000_00, 10_000_00, day("03-10"))
ASKED = LimitStep(LimitState.REQUESTED, LimitSource.ASKED, 90_000_00, 25_000_00, day("01-02"))
LIMIT = granted(25_000_00, "01-01")
OVER, NONE = Uninsured.OVER_LIMIT, Uninsured.NO_LIMIT


@pytest.mark.parametrize(("steps", "sales", "insured", "why"), [
    ([LIMIT], [("03-09", 25_000_00)], [25_000_00], [None]),
    ([LIMIT], [("03-09", 25_000_01)], [25_000_00], [OVER]),
    ([LIMIT], [("03-09", 24_000_00), ("03-10", 2_000_00)], [24_000_00, 1_000_00], [None, OVER]),
    ([LIMIT, WITHDRAWN], [("03-09", 24_000_00), ("03-10", 2_000_00)], [24_000_00, 0], [None, NONE]),
    ([LIMIT, REDUCED], [("03-09", 24_000_00), ("03-10", 2_000_00)], [24_000_00, 0], [None, OVER]),
    ([LIMIT, REDUCED], [("03-09", 9_000_00), ("03-10", 2_000_00)], [9_000_00, 1_000_00], [None, OVER]),
    ([LIMIT, WITHDRAWN, granted(1_000_00, "03-20")], [("03-20", 500_00)], [500_00], [None]),
    ([LIMIT, ASKED], [("03-09", 26_000_00)], [25_000_00], [OVER]),
    ([], [("03-09", 1)], [0], [NONE]),
    ([LIMIT], [("03-10", 2_000_00), ("03-09", 24_000_00)], [24_000_00, 1_000_00], [None, OVER]),
])  # fmt: skip
def test_each_sale_by_the_limit_of_its_day(
    steps: list[LimitStep], sales: list[tuple[str, int]], insured: list[int], why: list[Uninsured | None]
) -> None:
    found = insured_sales(policy(), terms(), "DE", steps, [Sale(day(on), amount) for on, amount in sales])
    assert [one.insured for one in found] == insured
    assert [one.why for one in found] == why


def test_only_while_the_policy_is_in_force() -> None:
    one = terms(begins_on=day("03-01"), ends_on=day("03-31"))
    sales = [Sale(day(on), 100) for on in ("02-28", "03-01", "03-31", "04-01")]
    found = insured_sales(policy(), one, "DE", [LIMIT], sales)
    assert [one.insured for one in found] == [0, 100, 100, 0]
    assert found[0].why is Uninsured.NOT_IN_FORCE


def test_the_arrangements_own_limit_of_a_debtor_holds_too() -> None:
    (found,) = insured_sales(policy(), terms(debtor_max=3_000), "DE", [LIMIT], [Sale(day("03-01"), 5_000)])
    assert (found.insured, found.why) == (3_000, OVER)


OPEN, CLOSED, RESTRICTED = CountryStatus.OPEN, CountryStatus.CLOSED, CountryStatus.RESTRICTED


@pytest.mark.parametrize(("country", "on", "source", "insured", "why"), [
    ("CN", "03-09", LimitSource.INSURER, 100, None),
    ("CN", "06-01", LimitSource.INSURER, 0, Uninsured.COUNTRY_CLOSED),  # from that day on
    ("CN", "05-31", LimitSource.DISCRETIONARY, 100, None),
    ("BR", "03-09", LimitSource.DISCRETIONARY, 0, Uninsured.COUNTRY_RESTRICTED),
    ("BR", "03-09", LimitSource.RULE, 0, Uninsured.COUNTRY_RESTRICTED),
    ("BR", "03-09", LimitSource.INSURER, 100, None),
    ("US", "03-09", LimitSource.INSURER, 0, Uninsured.COUNTRY_CLOSED),  # not named
])  # fmt: skip
def test_a_sale_abroad_by_the_cover_of_the_country(
    country: str, on: str, source: LimitSource, insured: int, why: Uninsured | None
) -> None:
    countries = (
        CountryCover("CN", OPEN, day("01-01")), CountryCover("CN", CLOSED, day("06-01")),
        CountryCover("BR", RESTRICTED, day("01-01")),
    )  # fmt: skip
    one = terms(ArrangementKind.EXPORT_TRADE_INSURANCE, causes=(Cause.CREDIT, Cause.POLITICAL))
    steps = [granted(1_000, "01-01", source)]
    (found,) = insured_sales(policy(Line.EXPORT, countries=countries), one, country, steps, [Sale(day(on), 100)])
    assert (found.insured, found.why) == (insured, why)


def test_ageing_tells_the_part_over_the_limit() -> None:
    sales = [Sale(day("01-09"), 20_000_00, 31), Sale(day("03-09"), 6_000_00), Sale(day("01-02"), 1_00, 91)]
    found = ageing(sales, insured_sales(policy(), terms(), "DE", [LIMIT], sales))
    assert found == (
        Age(0, 6_000_00, 4_999_00, 1_001_00), Age(30, 0, 0, 0), Age(60, 20_000_00, 20_000_00, 0), Age(90, 0, 0, 0),
        Age(None, 1_00, 1_00, 0),
    )  # fmt: skip


DAYS = st.dates(day("01-01"), day("12-31"))


@given(
    st.lists(st.builds(LimitStep, st.sampled_from([LimitState.GRANTED, LimitState.REDUCED]),
                       st.just(LimitSource.INSURER), st.just(0), st.integers(0, 1_000), DAYS), max_size=4),
    st.lists(st.builds(Sale, DAYS, st.integers(1, 800)), max_size=6),
    DAYS,
)  # fmt: skip
def test_a_limit_that_ends_takes_nothing_from_earlier_sales(steps: list[LimitStep], sales: list[Sale], on: Any) -> None:
    ended = LimitStep(LimitState.WITHDRAWN, LimitSource.INSURER, 0, 0, on)
    before = insured_sales(policy(), terms(), "DE", steps, sales)
    after = insured_sales(policy(), terms(), "DE", [*steps, ended], sales)
    assert [one for one in before if one.on < on] == [one for one in after if one.on < on]
    assert all(one.insured == 0 for one in after if one.on >= on)
    assert sum(one.insured for one in before) <= max((one.limit for one in steps), default=0)
