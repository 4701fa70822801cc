"""The day on which a charge's money came: as the processor tells it, within what the clocks of the Earth can show."""

from datetime import UTC, date, datetime

import pytest

from service.payments.flow import value_date
from tests.payments.test_retry import charge


@pytest.mark.parametrize(
    ("made_at", "told", "heard_at", "counts"),
    [
        # Los Angeles, on the evening of the 2nd: heard at once, or days later
        ("2026-03-03T04:00", "2026-03-02", "2026-03-03T04:01", "2026-03-02"),
        ("2026-03-03T04:00", "2026-03-02", "2026-03-06T09:00", "2026-03-02"),
        ("2026-03-03T04:00", "2026-03-01", "2026-03-06T09:00", "2026-03-02"),  # before it was charged, anywhere
        # Shanghai, on the morning of the 3rd
        ("2026-03-02T17:00", "2026-03-03", "2026-03-02T17:01", "2026-03-03"),
        ("2026-03-02T17:00", "2026-03-04", "2026-03-02T17:01", "2026-03-03"),  # a day to come, anywhere
        ("2026-03-02T12:00", "2026-03-05", "2026-03-04T11:59", "2026-03-04"),
    ],
)
def test_its_calendar_may_be_a_day_before_ours_or_after(made_at: str, told: str, heard_at: str, counts: str) -> None:
    made, heard = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (made_at, heard_at))
    assert value_date(charge(made_at=made), date.fromisoformat(told), heard) == date.fromisoformat(counts)


def test_none_is_told() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert value_date(charge(made_at=now), None, now) is None
