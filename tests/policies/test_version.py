"""Where a version is in its life, and which one is in force."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from service.policies.version import Span, first_day, in_force, state_of
from tests.policies.sample import POLICY

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("has_faults", "active_from", "is_in_force", "state"),
    [
        (True, None, False, "draft"),
        (False, None, False, "validated"),
        (False, NOON + TICK, False, "published"),
        (False, NOON, True, "active"),
        (False, NOON, False, "retired"),  # another one that began then was published later
        (False, NOON - TICK, True, "active"),
        (False, NOON - TICK, False, "retired"),
    ],
)
def test_the_life_of_a_version(has_faults: bool, active_from: datetime | None, is_in_force: bool, state: str) -> None:
    assert state_of(has_faults, active_from, is_in_force, NOON) == state


SPANS = (Span(NOON, "po_1", 1), Span(NOON, "po_1", 3), Span(NOON + timedelta(days=1), "po_2", 1))


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (NOON - TICK, None),
        (NOON, SPANS[1]),  # of two that begin together, the one published later
        (NOON + timedelta(days=1) - TICK, SPANS[1]),
        (NOON + timedelta(days=1), SPANS[2]),
    ],
)
def test_the_one_in_force(now: datetime, found: Span | None) -> None:
    assert in_force(SPANS, now) == found


@pytest.mark.parametrize(
    ("time_zone", "at", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 1, 22, 59, tzinfo=UTC), date(2026, 3, 1)),
        ("Europe/Berlin", datetime(2026, 3, 1, 23, 0, tzinfo=UTC), date(2026, 3, 2)),
        ("Europe/Atlantis", datetime(2026, 3, 1, 23, 0, tzinfo=UTC), date(2026, 3, 1)),  # a fault told elsewhere
    ],
)
def test_the_day_a_policy_begins(time_zone: str, at: datetime, day: date) -> None:
    assert first_day(replace(POLICY.policy, time_zone=time_zone), at) == day
