"""Which business day an instant is of."""

from datetime import date, datetime

import pytest

from service.partners.business_date import business_date

SUNDAY, MONDAY, TUESDAY = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)


@pytest.mark.parametrize(
    ("at", "cut_off", "day"),
    [
        ("2026-03-02T22:00:00.000000+00:00", "23:00", MONDAY),  # 23:00:00.000 in Berlin
        ("2026-03-02T22:00:00.000001+00:00", "23:00", TUESDAY),
        ("2026-03-02T22:00:00.001000+00:00", "23:00", TUESDAY),
        ("2026-03-02T22:59:59.999999+00:00", "24:00", MONDAY),
        ("2026-03-02T23:00:00.000000+00:00", "24:00", TUESDAY),
        ("2026-03-01T23:30:00.000000+00:00", "23:00", MONDAY),  # past midnight: before its own cut-off
        ("2026-03-28T22:00:00.000000+00:00", "23:00", date(2026, 3, 28)),
        ("2026-03-29T21:00:00.000000+00:00", "23:00", date(2026, 3, 29)),  # summer time since two o'clock
        ("2026-03-29T21:00:01.000000+00:00", "23:00", date(2026, 3, 30)),
        ("2026-10-25T00:30:00.000000+00:00", "02:30", date(2026, 10, 25)),  # the first 02:30 of two
        ("2026-10-25T01:30:00.000000+00:00", "02:30", date(2026, 10, 25)),  # the second
        ("2026-10-25T01:30:01.000000+00:00", "02:30", date(2026, 10, 26)),
    ],
)
def test_business_date(at: str, cut_off: str, day: date) -> None:
    assert business_date(datetime.fromisoformat(at), "Europe/Berlin", cut_off) == day
