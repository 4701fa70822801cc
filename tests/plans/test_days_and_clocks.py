"""A plan's days begin at midnight where it lives: a fortnight over a clock change, a month from the 31st."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from service.errors import Refused
from service.plans.capture import Capture
from service.plans.days import PassDays
from service.terms.servicing import Servicing
from service.terms.terms import Terms, Unit
from tests.plans.lives import Life, agreement

HALF_AN_HOUR = timedelta(minutes=30)
FORTNIGHTLY, MONTHLY = Terms(instalments=3, every=14, unit=Unit.DAY), Terms(instalments=4, every=1, unit=Unit.MONTH)


def told(zone: str, begin: str, terms: Terms) -> list[str]:
    """When each instalment was said to be due, in UTC: somebody looks every half an hour until the last of them."""
    life = Life(now=datetime.fromisoformat(begin).replace(tzinfo=UTC))
    expires_at, servicing = life.now + HALF_AN_HOUR, Servicing(remind_days=())
    offer = agreement(amount=300_00, terms=terms, time_zone=zone, servicing=servicing, expires_at=expires_at)
    plan_id = life.authorize(offer)
    life.do(Capture, plan_id, amount=300_00)
    life.events.clear()
    due = list[str]()
    while len(due) < terms.instalments:
        before = life.events.count("instalment.due")
        with suppress(Refused):  # no day has begun on which something is to be done
            life.do(PassDays, plan_id)
        due += [f"{life.now:%Y-%m-%d %H:%M}"] * (life.events.count("instalment.due") - before)
        life.now += HALF_AN_HOUR
    return due


@pytest.mark.parametrize(
    ("zone", "begin", "due"),
    [
        # 29 March 2026: 02:00 becomes 03:00. 25 October: 03:00 becomes 02:00
        ("Europe/Berlin", "2026-03-15 12:00", ["2026-03-28 23:00", "2026-04-11 22:00", "2026-04-25 22:00"]),
        ("Europe/Berlin", "2026-10-11 12:00", ["2026-10-24 22:00", "2026-11-07 23:00", "2026-11-21 23:00"]),
        # 4 November 2018 has no midnight: it begins at 01:00. 17 February 2018 has its last hour twice
        ("America/Sao_Paulo", "2018-10-21 12:00", ["2018-11-04 03:00", "2018-11-18 02:00", "2018-12-02 02:00"]),
        ("America/Sao_Paulo", "2018-02-04 12:00", ["2018-02-18 03:00", "2018-03-04 03:00", "2018-03-18 03:00"]),
        # half an hour: 5 April 2026 back to UTC+10:30, 4 October on to UTC+11
        ("Australia/Lord_Howe", "2026-03-22 00:00", ["2026-04-04 13:00", "2026-04-18 13:30", "2026-05-02 13:30"]),
        ("Australia/Lord_Howe", "2026-09-20 00:00", ["2026-10-03 13:30", "2026-10-17 13:00", "2026-10-31 13:00"]),
        # there is no 30 December 2011: what is due then is due as the 31st begins
        ("Pacific/Apia", "2011-12-16 12:00", ["2011-12-30 10:00", "2012-01-12 10:00", "2012-01-26 10:00"]),
        ("Pacific/Apia", "2011-12-17 12:00", ["2011-12-30 10:00", "2012-01-13 10:00", "2012-01-27 10:00"]),
    ],
)
def test_a_fortnight_over_a_clock_change(zone: str, begin: str, due: list[str]) -> None:
    assert told(zone, begin, FORTNIGHTLY) == due


@pytest.mark.parametrize(("year", "february"), [(2025, "02-28"), (2024, "02-29"), (2028, "02-29"), (2100, "02-28")])
def test_a_month_from_the_31st_is_the_last_of_a_shorter_one(year: int, february: str) -> None:
    days = [february, "03-31", "04-30", "05-31"]
    assert told("UTC", f"{year}-01-31 12:00", MONTHLY) == [f"{year}-{day} 00:00" for day in days]


def test_a_month_from_the_31st_over_a_clock_change() -> None:
    """Berlin's March ends in summer, and its days then begin an hour earlier."""
    due = ["2025-02-27 23:00", "2025-03-30 22:00", "2025-04-29 22:00", "2025-05-30 22:00"]
    assert told("Europe/Berlin", "2025-01-31 12:00", MONTHLY) == due
