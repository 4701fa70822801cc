"""Limits rise with clean history and fall by rule."""

from datetime import date, timedelta
from typing import Any

import pytest

from service.checkout.case import lay_out
from service.checkout.limit_review import Reviewed, reviewed_limit
from service.limits.change import LimitRule
from tests.checkout.cases import MERCHANT, asked, known
from tests.policies.sample import policy_with


def late(name: str, days: int, kept_bps: int) -> dict[str, Any]:
    condition = {"feature": "days-overdue", "is": "at_least", "value": days}
    return {"name": name, "when": [condition], "kept_bps": kept_bps}


POLICY = policy_with(
    ("/features/-", {"name": "days-overdue", "type": "integer", "source": "history", "of": "days_overdue"}),
    ("/decreases", [late("late", 10, 5000), late("very-late", 30, 0)]),
)
TODAY = date(2026, 3, 31)
GRADE_B = {"age": 25, "job": "some"}  # 1,000.00; 2,000.00 from three plans paid off


STEP = (LimitRule.STEP, None)
LATE = (LimitRule.DECREASE, "late")
VERY_LATE = (LimitRule.DECREASE, "very-late")


@pytest.mark.parametrize(
    ("snapshot", "limit", "rule"),
    [
        ({"limit": 1_000_00}, 1_000_00, None),
        ({"limit": 1_000_00, "paid_off_plans": 2}, 1_000_00, None),
        ({"limit": 1_000_00, "paid_off_plans": 3}, 2_000_00, STEP),
        ({"limit": 7_000_00, "paid_off_plans": 3}, 7_000_00, None),
        ({"limit": 1_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 22)}, 1_000_00, None),  # 9 days late
        ({"limit": 1_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 31)}, 2_000_00, STEP),  # due today
        ({"limit": 2_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 21)}, 1_000_00, LATE),  # 10
        ({"limit": 300_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 21)}, 300_00, None),  # never raised by it
        ({"limit": 2_000_00, "next_due_on": date(2026, 3, 1)}, 0, VERY_LATE),  # 30
        ({"limit": 900_00, "attributes": {"job": "none"}}, 900_00, None),  # no grade: nothing new
    ],
)
def test_review(snapshot: dict[str, Any], limit: int, rule: tuple[LimitRule, str | None] | None) -> None:
    attributes = GRADE_B | snapshot.get("attributes", {})
    reviewed = reviewed_limit(lay_out(asked(), known(**snapshot | {"attributes": attributes}), MERCHANT, POLICY, TODAY))
    assert reviewed == Reviewed(limit, *(rule or (None, None)))
    again = known(**snapshot | {"attributes": attributes, "limit": limit})
    assert reviewed_limit(lay_out(asked(), again, MERCHANT, POLICY, TODAY)) == Reviewed(limit)


@pytest.mark.parametrize(
    ("limit", "by_hand", "days_late", "reviewed"),
    [
        (1_000_00, 1_000_00, 0, Reviewed(1_000_00)),
        (500_00, 1_000_00, 0, Reviewed(1_000_00, *STEP)),  # lowered once, and clean again
        (1_000_00, 1_999_99, 0, Reviewed(1_999_99, *STEP)),
        (1_000_00, 2_000_01, 0, Reviewed(2_000_00, *STEP)),
        (3_000_00, 3_000_00, 0, Reviewed(3_000_00)),
        (3_000_00, 3_000_00, 10, Reviewed(1_000_00, *LATE)),
    ],
)
def test_no_step_goes_beyond_what_was_set_by_hand(limit: int, by_hand: int, days_late: int, reviewed: Reviewed) -> None:
    due_on = TODAY - timedelta(days=days_late) if days_late else None
    snapshot = known(attributes=GRADE_B, limit=limit, paid_off_plans=3, next_due_on=due_on)
    assert reviewed_limit(lay_out(asked(), snapshot, MERCHANT, POLICY, TODAY), by_hand) == reviewed
