"""What a policy says of how its plans are looked after is refused where it could not be followed."""

from typing import Any

import pytest

from service.policies.validate import read_policy
from tests.policies.sample import document_with

LATER = "/servicing/retry/insufficient_funds/1"


@pytest.mark.parametrize(
    ("retry", "at", "sentence"),
    [
        ({}, None, None),
        ({"insufficient_funds": [1, 2, 3, 4, 5, 6, 7, 720]}, None, None),
        ({"insufficient_funds": [], "declined": [], "processor_away": []}, None, None),
        ({"insufficient_funds": [24, 24]}, LATER, "24 hours are not later than 24."),
        ({"insufficient_funds": [72, 24]}, LATER, "24 hours are not later than 72."),
        ({"declined": [0]}, "/servicing/retry/declined/0", "Expected `int` >= 1."),
        ({"declined": [721]}, "/servicing/retry/declined/0", "Expected `int` <= 720."),
        ({"processor_away": list(range(1, 10))}, "/servicing/retry/processor_away", "Expected `array` of length <= 8."),
        ({"blocked": [24]}, "/servicing/retry", "Object contains unknown field `blocked`."),
    ],
)
def test_a_ladder_of_tries_goes_up(retry: dict[str, Any], at: str | None, sentence: str | None) -> None:
    found = read_policy(document_with(("/servicing", {"retry": retry})))[1]
    assert [(fault.pointer, fault.sentence) for fault in found] == ([] if at is None else [(at, sentence)])


def test_a_row_has_one_of_its_own() -> None:
    servicing = {"retry": {"insufficient_funds": [72, 24]}}
    found = read_policy(document_with(("/pay_after_use/0/servicing", servicing)))[1]
    assert [fault.pointer for fault in found] == ["/pay_after_use/0/servicing/retry/insufficient_funds/1"]


@pytest.mark.parametrize(("servicing", "at"), [
    ({}, []),
    ({"postpone_days_max": 14, "postpone_times_max": 2}, []),
    ({"postpone_days_max": 14}, ["/servicing/postpone_days_max"]),
    ({"postpone_times_max": 2}, ["/servicing/postpone_times_max"]),
    ({"postpone_days_max": 91, "postpone_times_max": 1}, ["/servicing/postpone_days_max"]),
    ({"postpone_days_max": 90, "postpone_times_max": 25}, ["/servicing/postpone_times_max"]),
])  # fmt: skip
def test_due_dates_are_put_off_by_days_and_so_often_or_not_at_all(servicing: dict[str, int], at: list[str]) -> None:
    found = read_policy(document_with(("/servicing", servicing)))[1]
    assert [fault.pointer for fault in found] == at
