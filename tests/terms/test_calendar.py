"""When instalments fall due, and how much of a year lies between two dates."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from service.terms.calendar import due_dates
from service.terms.day_count import year_fraction
from service.terms.frame import period_shares
from service.terms.terms import DayCount, FirstPeriod, Interest, Terms, Unit


@pytest.mark.parametrize(
    ("terms", "start", "dates"),
    [
        ({"every": 14}, "2024-02-20", ["2024-03-05", "2024-03-19", "2024-04-02"]),
        ({"every": 1, "unit": "week"}, "2024-12-25", ["2025-01-01", "2025-01-08", "2025-01-15"]),
        # counted from the anchor, never chained: the 31st comes back
        ({"every": 1, "unit": "month"}, "2024-01-31", ["2024-02-29", "2024-03-31", "2024-04-30"]),
        ({"every": 2, "unit": "month"}, "2023-12-31", ["2024-02-29", "2024-04-30", "2024-06-30"]),
        ({"every": 1, "unit": "year"}, "2024-02-29", ["2025-02-28", "2026-02-28", "2027-02-28"]),
        ({"every": 1, "unit": "half_month"}, "2025-01-01", ["2025-01-16", "2025-02-01", "2025-02-16"]),
        ({"every": 1, "unit": "half_month"}, "2025-01-15", ["2025-01-31", "2025-02-15", "2025-02-28"]),
        ({"every": 1, "unit": "half_month", "anchor_day": 15}, "2025-01-20",
         ["2025-02-15", "2025-02-28", "2025-03-15"]),
        # begun off the anchor: half a month counts from the next of the two days
        ({"every": 1, "unit": "half_month", "anchor_day": 1}, "2026-01-31",
         ["2026-02-16", "2026-03-01", "2026-03-16"]),
        ({"every": 1, "unit": "half_month", "anchor_day": 20}, "2024-06-30",
         ["2024-07-20", "2024-08-05", "2024-08-20"]),
        ({"every": 1, "unit": "half_month", "anchor_day": 1, "first_period": "short"}, "2026-01-31",
         ["2026-02-01", "2026-02-16", "2026-03-01"]),
        # an anchor day: the first one a whole interval on, or the next one there is
        ({"every": 1, "unit": "month", "anchor_day": 5}, "2025-01-10", ["2025-03-05", "2025-04-05", "2025-05-05"]),
        ({"every": 1, "unit": "month", "anchor_day": 5, "first_period": "short"}, "2025-01-10",
         ["2025-02-05", "2025-03-05", "2025-04-05"]),
        ({"every": 1, "unit": "month", "anchor_day": 31}, "2025-01-31", ["2025-02-28", "2025-03-31", "2025-04-30"]),
        ({"every": 1, "unit": "month", "first_due_days": 0}, "2025-01-31", ["2025-01-31", "2025-02-28", "2025-03-31"]),
        ({"every": 1, "unit": "month", "first_due_days": 45}, "2025-01-01",
         ["2025-02-15", "2025-03-15", "2025-04-15"]),
        ({"every": 1, "unit": "month", "first_due_on": date(2025, 3, 30)}, "2025-01-01",
         ["2025-03-30", "2025-04-30", "2025-05-30"]),
    ],
)  # fmt: skip
def test_due_dates(terms: dict[str, Any], start: str, dates: list[str]) -> None:
    made = Terms(**terms | {"unit": Unit(terms.get("unit", "day")),
                            "first_period": FirstPeriod(terms.get("first_period", "long"))})  # fmt: skip
    assert [day.isoformat() for day in due_dates(made, date.fromisoformat(start), 3)] == dates


@pytest.mark.parametrize(
    ("day_count", "begin", "end", "share"),
    [
        (DayCount.THIRTY_360, "2024-01-31", "2024-02-29", Fraction(29, 360)),
        (DayCount.THIRTY_360, "2024-01-01", "2025-01-01", Fraction(1)),
        (DayCount.ACTUAL_360, "2024-01-01", "2025-01-01", Fraction(366, 360)),
        (DayCount.ACTUAL_365, "2024-01-01", "2025-01-01", Fraction(366, 365)),
        (DayCount.ACTUAL_ACTUAL, "2023-11-01", "2024-02-01", Fraction(61, 365) + Fraction(31, 366)),
        (DayCount.ACTUAL_ACTUAL, "2023-11-01", "2025-02-01", Fraction(61, 365) + 1 + Fraction(31, 365)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2023-12-12", "2024-01-12", Fraction(31, 365)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-02-12", "2024-03-12", Fraction(29, 366)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-01-31", "2024-02-29", Fraction(29, 365)),  # the last day is not in it
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-01-31", "2024-03-01", Fraction(30, 366)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-02-29", "2024-09-28", Fraction(212, 366)),  # the first day is
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-03-01", "2024-09-28", Fraction(211, 365)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-02-29", "2026-03-01", 2 + Fraction(1, 366)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2024-02-28", "2026-03-01", 2 + Fraction(2, 366)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2023-11-01", "2025-02-01", 1 + Fraction(92, 365)),
        (DayCount.ACTUAL_ACTUAL_AFB, "2023-02-28", "2024-02-29", Fraction(1)),
        (DayCount.ACTUAL_ACTUAL_END, "2023-12-31", "2024-01-31", Fraction(31, 366)),
        (DayCount.ACTUAL_ACTUAL_END, "2023-12-12", "2024-01-12", Fraction(19, 365) + Fraction(12, 366)),
        (DayCount.ACTUAL_ACTUAL, "2024-05-05", "2024-05-05", Fraction(0)),
    ],
)
def test_year_fraction(day_count: DayCount, begin: str, end: str, share: Fraction) -> None:
    assert year_fraction(day_count, date.fromisoformat(begin), date.fromisoformat(end)) == share


@pytest.mark.parametrize(
    ("terms", "first", "second"),
    [
        ({"unit": Unit.MONTH, "every": 1}, Fraction(1, 12), Fraction(1, 12)),
        ({"unit": Unit.MONTH, "every": 3}, Fraction(1, 4), Fraction(1, 4)),
        ({"unit": Unit.WEEK, "every": 2}, Fraction(2, 52), Fraction(2, 52)),
        ({"unit": Unit.HALF_MONTH, "every": 1}, Fraction(1, 24), Fraction(1, 24)),
        # whole months counted back from the first due date, and the odd days before them over 365
        ({"unit": Unit.MONTH, "every": 1, "first_due_on": date(2025, 2, 4)}, Fraction(1, 12) + Fraction(3, 365),
         Fraction(1, 12)),
        ({"unit": Unit.YEAR, "every": 1, "first_due_on": date(2025, 2, 4)}, Fraction(34, 365), Fraction(1)),
        ({"unit": Unit.MONTH, "every": 1, "interest": Interest.DAILY}, Fraction(31, 365), Fraction(28, 365)),
        ({"unit": Unit.MONTH, "every": 1, "interest": Interest.DAILY, "day_count": DayCount.THIRTY_365},
         Fraction(30, 365), Fraction(30, 365)),
        ({"unit": Unit.MONTH, "every": 1, "interest_free": 1}, Fraction(0), Fraction(1, 12)),
    ],
)  # fmt: skip
def test_period_shares(terms: dict[str, Any], first: Fraction, second: Fraction) -> None:
    _, shares = period_shares(Terms(**terms), date(2025, 1, 1))
    assert shares[:2] == [first, second]
