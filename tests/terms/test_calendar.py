"""When instalments fall due, and how much of a year lies between two dates."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from service.terms.calendar import due_dates
from service.terms.day_count import bond_days, thirty_days, year_fraction
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


# Begin, end, and the days between them by 30/360 (Bond Basis) and by 30E/360, where that has others.
# Source: ISDA, examples of the 30/360 day count fractions, as printed by finance.fyicenter.com/1000400; of 30E/360 the
# definition, ISDA 2006 section 4.16(g).
MONTHS_OF_THIRTY: tuple[tuple[str, str, int, int], ...] = (
    ("2006-08-20", "2007-02-20", 180, 180),
    ("2008-08-20", "2009-02-20", 180, 180),
    ("2006-08-31", "2007-02-28", 178, 178),
    ("2007-02-28", "2007-08-31", 183, 182),
    ("2007-08-31", "2008-02-29", 179, 179),
    ("2008-02-29", "2008-08-31", 182, 181),
    ("2008-08-31", "2009-02-28", 178, 178),
    ("2006-01-31", "2006-02-28", 28, 28),
    ("2006-01-30", "2006-02-28", 28, 28),
    ("2006-02-28", "2006-03-03", 5, 5),
    ("2006-02-14", "2006-02-28", 14, 14),
    ("2006-09-30", "2006-10-31", 30, 30),
    ("2006-10-31", "2006-11-28", 28, 28),
    ("2008-02-28", "2008-08-28", 180, 180),
    ("2008-02-28", "2008-08-30", 182, 182),
    ("2008-02-28", "2008-08-31", 183, 182),
    ("2007-02-26", "2008-02-28", 362, 362),
    ("2007-02-26", "2008-02-29", 363, 363),
    ("2008-02-29", "2009-02-28", 359, 359),
    ("2008-02-28", "2008-03-30", 32, 32),
    ("2008-02-28", "2008-03-31", 33, 32),
    ("2007-01-15", "2007-01-30", 15, 15),
    ("2007-01-15", "2007-01-31", 16, 15),
    ("2007-01-15", "2007-02-15", 30, 30),
    ("2007-09-30", "2008-03-31", 180, 180),
    ("2007-09-30", "2008-09-30", 360, 360),
    ("2007-01-31", "2007-02-28", 28, 28),
    ("2007-02-28", "2007-03-31", 33, 32),
    ("2008-02-29", "2008-03-30", 31, 31),
    ("2008-02-29", "2008-03-31", 32, 31),
    ("2007-02-28", "2007-03-05", 7, 7),
)


@pytest.mark.parametrize(("begin", "end", "bond", "european"), MONTHS_OF_THIRTY)
def test_months_of_thirty_days(begin: str, end: str, bond: int, european: int) -> None:
    dates = date.fromisoformat(begin), date.fromisoformat(end)
    assert (bond_days(*dates), thirty_days(*dates)) == (bond, european)
    assert year_fraction(DayCount.THIRTY_360_BOND, *dates) == Fraction(bond, 360)


def test_by_the_bond_basis_a_month_may_last_33_days() -> None:
    """30E/360 has a twelfth of a year for each month, by whichever days it begins and ends."""
    terms = Terms(unit=Unit.MONTH, every=1, anchor_day=31, interest=Interest.DAILY)
    bond, european = (
        period_shares(replace(terms, day_count=day_count), date(2025, 1, 31))[1][:2]
        for day_count in (DayCount.THIRTY_360_BOND, DayCount.THIRTY_360)
    )
    assert bond == [Fraction(28, 360), Fraction(33, 360)]
    assert european == [Fraction(1, 12), Fraction(1, 12)]


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
