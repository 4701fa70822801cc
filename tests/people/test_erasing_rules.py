"""Until when the books keep what an erasure leaves: the law of the country, from the end of the year."""

from datetime import UTC, date, datetime

import pytest

from service.people.erasing import Keeping, left_to_the_books


def ended(jurisdiction: str, day: date | None) -> Keeping:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
    return Keeping(jurisdiction, datetime(2020, 1, 1, tzinfo=UTC), at, 0)


@pytest.mark.parametrize(
    ("keeping", "today", "left"),
    [
        ([ended("DE", date(2026, 5, 3))], date(2031, 6, 1), {"books": "2036-12-31", "vouchers": "2034-12-31"}),
        ([ended("DE", date(2026, 12, 31))], date(2034, 12, 31), {"books": "2036-12-31", "vouchers": "2034-12-31"}),
        ([ended("DE", date(2026, 5, 3))], date(2035, 1, 1), {"books": "2036-12-31"}),
        ([ended("DE", date(2026, 5, 3))], date(2037, 1, 1), {}),
        ([ended("DE", date(2023, 5, 3))], date(2024, 6, 1), {"books": "2033-12-31", "vouchers": "2033-12-31"}),
        ([ended("AT", date(2026, 5, 3)), ended("FR", date(2025, 1, 1))], date(2031, 6, 1), {"books": "2035-12-31"}),
        ([ended("DE", None)], date(2031, 6, 1), {}),
        ([ended("US", date(2026, 5, 3))], date(2027, 6, 1), {}),
    ],
)
def test_what_is_left_to_the_books(keeping: list[Keeping], today: date, left: dict[str, str]) -> None:
    assert {one.record: str(one.until) for one in left_to_the_books(keeping, today)} == left
