"""A plan's days are those of its own time zone: when it is due, until when it is not overdue, when it was paid."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.errors import Code, Refused
from service.plans.capture import Capture
from service.plans.payment import RecordPayment, day_of_plan
from service.plans.plan import business_day, view
from service.terms.terms import Terms
from tests.plans.lives import NOON, Life, agreement

ZONES = ("Pacific/Honolulu", "America/Los_Angeles", "UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati")
ONE_INSTALMENT = Terms(instalments=1, every=14, first_due_days=14)

waits = st.just(timedelta()) | st.timedeltas(timedelta(), timedelta(days=60))
instants = st.integers(0, 400 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(zone=st.sampled_from(ZONES), opened_at=instants, later=st.timedeltas(timedelta(13), timedelta(16)))
def test_nobody_is_overdue_before_the_due_day_ends_there(zone: str, opened_at: datetime, later: timedelta) -> None:
    life = Life(now=opened_at)
    agreed = agreement(terms=ONE_INSTALMENT, time_zone=zone, expires_at=opened_at + timedelta(hours=1))
    plan_id = life.authorize(agreed)
    plan = life.do(Capture, plan_id, amount=600_00)
    due_on = life.lines(plan_id)[0].due_on
    assert due_on == opened_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=14)

    ends_at = datetime.combine(due_on + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    for at in (opened_at + later, ends_at - timedelta(microseconds=1), ends_at):
        seen = view(plan, business_day(at, zone))
        assert (seen.overdue, seen.time_zone) == (600_00 if at >= ends_at else 0, zone)


@given(zone=st.sampled_from(ZONES), elsewhere=st.sampled_from(ZONES), opened_at=instants, later=waits)
def test_money_dated_where_it_came_is_taken(zone: str, elsewhere: str, opened_at: datetime, later: timedelta) -> None:
    """Whatever calendar the processor keeps, paid at once or much later."""
    life = Life(now=opened_at)
    plan_id = life.authorize(agreement(time_zone=zone, expires_at=opened_at + timedelta(hours=1)))
    life.do(Capture, plan_id, amount=600_00)
    life.now += later
    opened_on, today = business_day(opened_at, zone), business_day(life.now, zone)
    life.do(RecordPayment, plan_id, amount=150_00, received_on=business_day(life.now, elsewhere))
    paid_on = life.lines(plan_id)[0].settled_on
    assert paid_on is not None
    assert opened_on <= paid_on <= today
    assert abs(paid_on - today) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "counts_on"),
    [(27, None), (28, 1), (1, 1), (2, 2), (5, 5), (6, 5), (7, None)],
)
def test_a_plan_opened_on_the_first_and_paid_by_the_fifth(day: int, counts_on: int | None) -> None:
    received_on = date(2026, 2 if day > 7 else 3, day)
    if counts_on is None:
        with pytest.raises(Refused) as refused:
            day_of_plan(received_on, date(2026, 3, 1), date(2026, 3, 5))
        assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, "/received_on")
        return
    assert day_of_plan(received_on, date(2026, 3, 1), date(2026, 3, 5)) == date(2026, 3, counts_on)
