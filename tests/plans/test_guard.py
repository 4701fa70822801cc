"""An authorization never ends unnoticed: it is announced, extended, and given back, each once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from service.errors import Code, Refused
from service.plans.book import completed
from service.plans.capture import Capture
from service.plans.guard import ExtendAuthorization, Guard, next_look
from service.plans.offer import Leeway
from service.plans.state import PlanState
from tests.plans.lives import NOON, Life, agreement

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def opened(**leeway: Any) -> tuple[Life, str]:
    """A plan to be captured within 30 days."""
    life = Life()
    return life, life.authorize(agreement(leeway=Leeway(**leeway)))


def look(life: Life, plan_id: str, days: float) -> list[str]:
    """What the days tell up to that one, when a day is closed then, however often."""
    life.now, first = NOON + timedelta(days), len(life.events)
    while (at := next_look(life.plans[plan_id])) is not None and at < life.now:
        life.do(Guard, plan_id)
    return life.events[first:]


@pytest.mark.parametrize(
    ("closed", "told"),
    [
        ([22.9, 23.1, 24, 28.9, 29.1, 29.5, 30], ["plan.expires_soon", "plan.expires_soon"]),
        ([22.9, 23.1, 31], ["plan.expires_soon", "plan.expired"]),
        ([29.5, 30.1], ["plan.expires_soon", "plan.expired"]),  # a week before is no news any more
        ([31, 32], ["plan.expired"]),
    ],
)
def test_each_is_told_once_and_what_is_no_use_any_more_is_not(closed: list[float], told: list[str]) -> None:
    life, plan_id = opened()
    assert [event for day in closed for event in look(life, plan_id, day)] == told


def test_the_end_of_a_short_time_is_not_announced_as_it_begins() -> None:
    life = Life()
    week, day = (life.authorize(agreement(amount=1_00, capture_within_days=days)) for days in (7, 1))
    assert next_look(life.plans[week]) == NOON + 6 * DAY
    assert next_look(life.plans[day]) == NOON + 1 * DAY


def test_an_extension_moves_the_end_as_far_as_the_product_allows() -> None:
    life, plan_id = opened(extend_days_max=10)
    assert "extend_authorization" in refused_next(life, plan_id)
    assert life.do(ExtendAuthorization, plan_id, days=4).capture_by == NOON + 34 * DAY
    with pytest.raises(Refused) as too_long:
        life.do(ExtendAuthorization, plan_id, days=7)
    assert (too_long.value.code, too_long.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/days")
    assert "by 6 days at most, until 2026-04-11T12:00:00+00:00" in too_long.value.detail
    assert life.do(ExtendAuthorization, plan_id).capture_by == NOON + 40 * DAY
    with pytest.raises(Refused) as no_more:
        life.do(ExtendAuthorization, plan_id)
    assert no_more.value.code is Code.STATE_FORBIDS
    assert "its product allows 10 days more in all, and 10 were added" in no_more.value.detail
    assert "extend_authorization" not in refused_next(life, plan_id)
    life.now = NOON + 40 * DAY
    assert life.do(Capture, plan_id, amount=600_00).state is PlanState.ACTIVE


def refused_next(life: Life, plan_id: str) -> tuple[str, ...]:
    """The verbs that are said to go, where one does not."""
    with pytest.raises(Refused) as refused:
        life.do(Capture, plan_id, amount=600_01)
    return completed(refused.value, life.plans[plan_id]).actions


@pytest.mark.parametrize(
    ("leeway", "at", "sentence"),
    [
        ({}, NOON, "until 2026-04-01T12:00:00+00:00 and no longer: its product allows none"),
        ({"extend_days_max": 5}, NOON + 30 * DAY + SECOND, "ended at 2026-04-01T12:00:00+00:00"),
    ],
)
def test_an_extension_that_is_not_allowed_says_why(leeway: dict[str, Any], at: datetime, sentence: str) -> None:
    life, plan_id = opened(**leeway)
    life.now = at
    with pytest.raises(Refused) as refused:
        life.do(ExtendAuthorization, plan_id)
    assert refused.value.code is Code.STATE_FORBIDS
    assert sentence in refused.value.detail


def test_what_is_captured_whole_is_not_extended() -> None:
    life, plan_id = opened(extend_days_max=5)
    life.do(Capture, plan_id, amount=600_00)
    with pytest.raises(Refused):
        life.do(ExtendAuthorization, plan_id)


@pytest.mark.parametrize("closed", [[23.1, 29.1, 36.1, 42.1, 44], [23.1, 29.1, 36.1, 44], [44]])
def test_it_is_extended_by_itself_once_and_days_missed_lead_to_the_same(closed: list[float]) -> None:
    life, plan_id = opened(extend_days_max=14, extends_by_itself=True)
    for day in closed:
        look(life, plan_id, day)
    assert life.plans[plan_id].capture_by == NOON + 44 * DAY
    assert life.events.count("plan.authorization_extended") == 1
    assert look(life, plan_id, 44.1) == ["plan.expired"]
    assert life.account.available == life.account.limit


def test_what_would_have_been_extended_by_itself_is_captured_although_no_day_was_closed() -> None:
    life, plan_id = opened(extend_days_max=14, extends_by_itself=True)
    life.now = NOON + 44 * DAY
    assert life.do(Capture, plan_id, amount=100_00).remaining == 500_00
    life.now += SECOND
    with pytest.raises(Refused):
        life.do(Capture, plan_id, amount=1)
