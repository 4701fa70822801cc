"""Limits rise with clean history and fall by rule."""

from datetime import date
from typing import Any

import pytest

from service.checkout.case import lay_out
from service.checkout.limit_review import reviewed_limit
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


@pytest.mark.parametrize(
    ("snapshot", "limit"),
    [
        ({"limit": 1_000_00}, 1_000_00),
        ({"limit": 1_000_00, "paid_off_plans": 2}, 1_000_00),
        ({"limit": 1_000_00, "paid_off_plans": 3}, 2_000_00),
        ({"limit": 7_000_00, "paid_off_plans": 3}, 7_000_00),
        ({"limit": 1_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 22)}, 1_000_00),  # 9 days late
        ({"limit": 1_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 31)}, 2_000_00),  # due today
        ({"limit": 2_000_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 21)}, 1_000_00),  # 10
        (
            {"limit": 300_00, "paid_off_plans": 3, "next_due_on": date(2026, 3, 21)},
            300_00,
        ),  # never raised by a decrease
        ({"limit": 2_000_00, "next_due_on": date(2026, 3, 1)}, 0),  # 30
        ({"limit": 900_00, "attributes": {"job": "none"}}, 900_00),  # no grade: nothing new
    ],
)
def test_review(snapshot: dict[str, Any], limit: int) -> None:
    attributes = GRADE_B | snapshot.get("attributes", {})
    reviewed = reviewed_limit(lay_out(asked(), known(**snapshot | {"attributes": attributes}), MERCHANT, POLICY, TODAY))
    assert reviewed == limit
    again = known(**snapshot | {"attributes": attributes, "limit": reviewed})
    assert reviewed_limit(lay_out(asked(), again, MERCHANT, POLICY, TODAY)) == reviewed
