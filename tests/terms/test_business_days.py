"""Which days are business days, and where a due date goes that is none."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from holidays import country_holidays
from holidays.registry import EntityLoader
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.terms.business_days import closed_days, is_business_day, moved, payable_on
from service.terms.schedule import build_schedule
from service.terms.terms import NonBusinessDay, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile

CALENDARS = [
    *EntityLoader.get_country_codes(include_aliases=False),
    *EntityLoader.get_financial_codes(include_aliases=False),
]


@pytest.mark.parametrize(
    ("day", "rule", "calendar", "expected"),
    [
        ("2025-05-03", NonBusinessDay.KEEP, "DE", "2025-05-03"),
        ("2025-05-03", NonBusinessDay.FOLLOWING, "", "2025-05-05"),  # a Saturday
        ("2025-05-03", NonBusinessDay.PRECEDING, "", "2025-05-02"),
        ("2025-05-01", NonBusinessDay.FOLLOWING, "DE", "2025-05-02"),  # Labour Day
        ("2025-05-01", NonBusinessDay.FOLLOWING, "GB", "2025-05-01"),
        ("2025-11-01", NonBusinessDay.PRECEDING, "DE-BY", "2025-10-31"),  # All Saints, a Saturday
        ("2025-06-19", NonBusinessDay.FOLLOWING, "DE-BY", "2025-06-20"),  # Corpus Christi
        ("2025-06-19", NonBusinessDay.FOLLOWING, "DE-BE", "2025-06-19"),  # not in Berlin
        ("2025-05-31", NonBusinessDay.FOLLOWING, "", "2025-06-02"),
        ("2025-05-31", NonBusinessDay.MODIFIED_FOLLOWING, "", "2025-05-30"),  # never into the next month
        ("2025-12-25", NonBusinessDay.FOLLOWING, "DE", "2025-12-29"),  # two holidays and a weekend
        # weekends of the country: Friday and Saturday
        ("2026-12-11", NonBusinessDay.FOLLOWING, "KW", "2026-12-13"),
        ("2026-12-12", NonBusinessDay.FOLLOWING, "KW", "2026-12-13"),
        ("2026-12-13", NonBusinessDay.FOLLOWING, "KW", "2026-12-13"),
        ("2026-12-11", NonBusinessDay.FOLLOWING, "SA", "2026-12-13"),
        ("2026-12-11", NonBusinessDay.FOLLOWING, "EG", "2026-12-13"),
        ("2026-12-11", NonBusinessDay.PRECEDING, "IL", "2026-12-10"),
        ("2026-12-11", NonBusinessDay.FOLLOWING, "IR", "2026-12-12"),  # Friday alone
        ("2026-12-12", NonBusinessDay.FOLLOWING, "HK", "2026-12-12"),  # Sunday alone
        ("2026-12-13", NonBusinessDay.FOLLOWING, "HK", "2026-12-14"),
        ("2026-12-11", NonBusinessDay.FOLLOWING, "BN", "2026-12-12"),  # Friday and Sunday
        ("2021-12-31", NonBusinessDay.FOLLOWING, "AE", "2022-01-03"),  # the last Friday before the weekend changed
        ("2022-01-07", NonBusinessDay.FOLLOWING, "AE", "2022-01-07"),
        # made up for a longer holiday: a Sunday and a Saturday are worked in China, a Saturday in Russia for January
        ("2026-09-20", NonBusinessDay.FOLLOWING, "CN", "2026-09-20"),
        ("2026-10-10", NonBusinessDay.FOLLOWING, "CN", "2026-10-10"),
        ("2026-10-01", NonBusinessDay.FOLLOWING, "CN", "2026-10-08"),
        ("2024-12-28", NonBusinessDay.FOLLOWING, "RU", "2024-12-28"),
        # the days on which banks close beside public holidays
        ("2026-01-02", NonBusinessDay.FOLLOWING, "JP", "2026-01-02"),
        ("2026-01-02", NonBusinessDay.FOLLOWING, "JP+bank", "2026-01-05"),
        ("2026-06-19", NonBusinessDay.FOLLOWING, "SE", "2026-06-19"),
        ("2026-06-19", NonBusinessDay.FOLLOWING, "SE+bank", "2026-06-22"),  # Midsummer Eve
        ("2026-12-24", NonBusinessDay.FOLLOWING, "SE+bank", "2026-12-28"),
        ("2026-12-24", NonBusinessDay.FOLLOWING, "DK", "2026-12-24"),
        ("2026-12-24", NonBusinessDay.FOLLOWING, "DK+optional", "2026-12-28"),
        ("2026-02-16", NonBusinessDay.FOLLOWING, "BR+optional", "2026-02-19"),  # Carnival
        ("2026-02-16", NonBusinessDay.FOLLOWING, "CA-ON", "2026-02-17"),  # Family Day
        ("2026-02-16", NonBusinessDay.FOLLOWING, "CA-QC", "2026-02-16"),
        ("2026-04-03", NonBusinessDay.FOLLOWING, "XECB", "2026-04-07"),  # Good Friday and Easter Monday
        ("2026-11-26", NonBusinessDay.FOLLOWING, "XNYS", "2026-11-27"),  # Thanksgiving
    ],
)
def test_moved(day: str, rule: NonBusinessDay, calendar: str, expected: str) -> None:
    assert moved(date.fromisoformat(day), rule, calendar) == date.fromisoformat(expected)


def test_a_due_date_never_moves_back_to_the_start() -> None:
    """Due on a Saturday, the day after a Friday's purchase."""
    friday, saturday = date(2025, 5, 2), date(2025, 5, 3)
    assert payable_on(saturday, friday, NonBusinessDay.PRECEDING, "") == date(2025, 5, 5)
    assert payable_on(saturday, saturday, NonBusinessDay.PRECEDING, "") == friday  # due at once


@pytest.mark.parametrize(
    "calendar",
    ["XX", "DE-XX", "de", "Germany", "HolidayBase", "JAN", "DE+bank", "DE-BY+moon", "DE+", "+bank", "XECB-BY"],
)
def test_a_calendar_that_nobody_keeps_is_refused(calendar: str) -> None:
    with pytest.raises(Refused) as refused:
        is_business_day(date(2026, 1, 2), calendar)
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/calendar")
    assert refused.value.detail == f"Nobody keeps a calendar called {calendar}."


@pytest.mark.parametrize("calendar", ["DE-BY", "CA-ON", "CN", "KW", "IL", "MY", "AE"])
def test_the_library_says_which_days_are_worked(calendar: str) -> None:
    country, _, subdivision = calendar.partition("-")
    kept = country_holidays(country, subdiv=subdivision or None, years=range(2021, 2029))
    days = [date(2021, 1, 1) + timedelta(number) for number in range(7 * 365)]
    assert [is_business_day(day, calendar) for day in days] == [kept.is_working_day(day) for day in days]


def test_every_calendar_has_business_days() -> None:
    for calendar in CALENDARS:
        assert 52 <= len(closed_days(calendar, 2026)) < 160, calendar


@pytest.mark.parametrize("year", [1, 2150, 9999])
def test_a_calendar_has_every_year(year: int) -> None:
    assert 52 <= len(closed_days("CN", year)) < 160


@given(
    st.sampled_from(["", "VN", "CN", "TW", "RU", "KG", "AZ", "JO", "MM", "IR", "KW", "JP+bank", "XSHG"]),
    st.sampled_from(NonBusinessDay),
    st.sampled_from([(Unit.DAY, 1), (Unit.DAY, 3), (Unit.WEEK, 1), (Unit.HALF_MONTH, 1), (Unit.MONTH, 1)]),
    st.dates(date(2025, 1, 1), date(2028, 12, 31)),
    st.integers(0, 10) | st.none(),
)
def test_from_every_day_there_is_a_schedule(
    calendar: str, rule: NonBusinessDay, rhythm: tuple[Unit, int], start_on: date, first_due_days: int | None
) -> None:
    """However long the holidays: no instalment falls due before the one ahead of it, nor before the start."""
    unit, every = rhythm
    terms = Terms(instalments=12, unit=unit, every=every, first_due_days=first_due_days,
                  non_business_day=rule, calendar=calendar)  # fmt: skip
    due_on = [row.due_on for row in build_schedule(terms, 1200_00, start_on)]
    assert len(due_on) == 12
    assert all(early <= late for early, late in pairwise([start_on, *due_on]))
    if rule is not NonBusinessDay.KEEP:
        assert all(is_business_day(day, calendar) for day in due_on if day > start_on)


@pytest.mark.parametrize(
    ("start", "fourth_to_eighth"),
    [
        ("2026-12-17", ["01-14", "01-21", "01-28", "02-11", "02-11"]),
        ("2026-12-24", ["01-21", "01-28", "02-11", "02-11", "02-18"]),
        ("2026-12-23", ["01-20", "01-27", "02-03", "02-11", "02-17"]),
    ],
)
def test_two_instalments_behind_a_long_holiday_fall_due_on_one_day(start: str, fourth_to_eighth: list[str]) -> None:
    """In Vietnam 4 to 10 February 2027 are closed: those of Thursday the 4th and the 11th are both due on the 11th."""
    terms = Terms(instalments=8, every=1, unit=Unit.WEEK, non_business_day=NonBusinessDay.FOLLOWING, calendar="VN")
    rows = build_schedule(terms, 8_000_000, date.fromisoformat(start))
    assert [row.due_on.isoformat()[5:] for row in rows][3:] == fourth_to_eighth
    assert [row.total for row in rows] == [1_000_000] * 8
