"""Leeway that makes no sense is refused where it stands."""

from typing import Any

import pytest

from service.policies.validate import read_policy
from service.policies.validate_leeway import (
    ABOVE_DEPOSIT,
    AFTER_DEPOSIT,
    AGREED_DEPOSIT,
    LATE_DEPOSIT,
    NO_DAYS,
    NOTHING_TO_PERMIT,
    ONE_INSTALMENT,
)
from tests.policies.sample import document_with


@pytest.mark.parametrize(
    ("pointer", "value", "at", "sentence"),
    [
        ("/leeway", {"extend_days_max": 14, "extends_by_itself": True, "capture_tolerance_bps": 1_500}, None, None),
        ("/leeway", {"extends_by_itself": True}, "/leeway/extends_by_itself", NO_DAYS),
        ("/leeway", {"extend_days_max": 3_646}, None, None),
        ("/leeway", {"extend_days_max": 3_647}, "/leeway/extend_days_max", "14 days and 3647 more are above 3660"),
        ("/leeway", {"extend_days_max": -1}, "/leeway/extend_days_max", "Expected `int` >= 0."),
        ("/leeway", {"capture_tolerance_bps": 5_001}, "/leeway/capture_tolerance_bps", "Expected `int` <= 5000."),
        ("/leeway", {"days": 1}, "/leeway", "Object contains unknown field `days`."),
        ("/instalments/0/capture_within_days", 3_660, None, None),
        ("/instalments/0/capture_within_days", 0, "/instalments/0/capture_within_days", "Expected `int` >= 1."),
        ("/instalments/0/leeway", {"late_capture_grace_days": 7}, None, None),
        ("/pay_after_use/0/leeway", {"extends_by_itself": True}, "/pay_after_use/0/leeway/extends_by_itself", NO_DAYS),
        ("/pay_after_use/0/use", {"scenario": "ride", "confirm_days": 90, "evidence": True}, None, None),
        ("/pay_after_use/0/use", {"confirm_days": 91}, "/pay_after_use/0/use/confirm_days", "Expected `int` <= 90."),
        ("/pay_after_use/0/use", {"days_max": 0}, "/pay_after_use/0/use/days_max", "Expected `int` >= 1."),
        ("/pay_after_use/0/use", {"scenario": "stay", "confirm_days": 1, "permission": True}, None, None),
        (
            "/pay_after_use/0/use",
            {"confirm_days": 1, "permission": True},
            "/pay_after_use/0/use/permission",
            NOTHING_TO_PERMIT,
        ),
        (
            "/pay_after_use/0/use",
            {"scenario": "stay", "permission": True},
            "/pay_after_use/0/use/permission",
            NOTHING_TO_PERMIT,
        ),
        ("/deposits/0/use", {"permission": True}, "/deposits/0/use/permission", AGREED_DEPOSIT),
        ("/pay_after_use/0/use", {"convert_max": 2}, None, None),
        ("/pay_after_use/0/use", {"convert_max": 1}, "/pay_after_use/0/use/convert_max", ONE_INSTALMENT),
        ("/pay_after_use/0/use", {"convert_max": 25}, "/pay_after_use/0/use/convert_max", "Expected `int` <= 24."),
        ("/deposits/0/use", {"days_max": 30}, None, None),
        ("/deposits/0/use", {"convert_max": 2}, "/deposits/0/use/convert_max", LATE_DEPOSIT),
        ("/deposits/0/use", {"confirm_days": 1}, "/deposits/0/use/confirm_days", AGREED_DEPOSIT),
        ("/deposits/0/use", {"evidence": True}, "/deposits/0/use/evidence", AGREED_DEPOSIT),
        ("/deposits/0/authentication", {"above": 1}, None, None),
        ("/deposits/0/leeway", {"extend_days_max": 7}, None, None),
        (
            "/deposits/0/leeway",
            {"capture_tolerance_bps": 1},
            "/deposits/0/leeway/capture_tolerance_bps",
            ABOVE_DEPOSIT,
        ),
        (
            "/deposits/0/leeway",
            {"late_capture_grace_days": 1},
            "/deposits/0/leeway/late_capture_grace_days",
            AFTER_DEPOSIT,
        ),
    ],
)
def test_each_fault_has_its_place(pointer: str, value: Any, at: str | None, sentence: str | None) -> None:
    found = [(fault.pointer, fault.sentence) for fault in read_policy(document_with((pointer, value)))[1]]
    assert [pointer for pointer, _ in found] == ([] if at is None else [at])
    if sentence is not None:
        assert found[0][1].startswith(sentence)


def test_a_row_without_leeway_of_its_own_has_days_that_fit_the_policys() -> None:
    changes = ("/leeway", {"extend_days_max": 100}), ("/instalments/0/capture_within_days", 3_600)
    found = read_policy(document_with(*changes))[1]
    assert [fault.pointer for fault in found] == ["/instalments/0/capture_within_days"]
