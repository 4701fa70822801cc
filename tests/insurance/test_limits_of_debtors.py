"""Who decides on a limit, and how it is lowered."""

from typing import Any

import pytest

from service.errors import Code, Refused
from service.insurance.granting import DebtorRecord, asked_for
from service.insurance.limit import LimitSource, LimitState, LimitStep, answered, limit_on, lowered
from service.insurance.record import Paid, index_of
from tests.insurance.sample import day, policy

GOOD = {"paid_orders": 3, "overdue": 0, "index": 700}


@pytest.mark.parametrize(("differs", "amount", "more", "state", "source"), [
    ({}, 5_000_00, {}, LimitState.GRANTED, LimitSource.RULE),
    ({}, 5_000_01, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"index": 690}, 5_000_00, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"index": 699}, 5_000_00, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"index": None}, 1_00, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"paid_orders": 2}, 1_00, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"overdue": 1}, 1_00, {}, LimitState.REQUESTED, LimitSource.ASKED),
    ({"overdue": 1}, 5_000_00, {"discretionary": True}, LimitState.GRANTED, LimitSource.DISCRETIONARY),
    ({"overdue": 1}, 5_000_01, {"discretionary": True}, LimitState.REQUESTED, LimitSource.ASKED),
    ({}, 1_00, {"restricted": True, "discretionary": True}, LimitState.REQUESTED, LimitSource.ASKED),
])  # fmt: skip
def test_who_decides(
    differs: dict[str, Any], amount: int, more: dict[str, bool], state: LimitState, source: LimitSource
) -> None:
    said = {"discretionary": False, "restricted": False} | more
    step = asked_for(policy(limit_fee=15_00), DebtorRecord(**GOOD | differs), amount, 7, day("03-02"), **said)
    assert (step.state, step.source) == (state, source)
    assert step.rule_id == ("prompt-payers" if source is LimitSource.RULE else None)
    assert (step.limit, step.fee) == ((7, 15_00) if state is LimitState.REQUESTED else (amount, 0))


def test_without_a_rule_the_insurer_is_asked() -> None:
    step = asked_for(
        policy(automatic=None), DebtorRecord(**GOOD), 1, 0, day("03-02"), discretionary=False, restricted=False
    )  # fmt: skip
    assert step.state is LimitState.REQUESTED


ASKED = LimitStep(LimitState.REQUESTED, LimitSource.ASKED, 25_000_00, 0, day("01-01"))


@pytest.mark.parametrize(("amount", "state"), [
    (25_000_00, LimitState.GRANTED), (24_999_99, LimitState.PARTIAL), (0, LimitState.REFUSED),
])  # fmt: skip
def test_what_the_insurer_answers(amount: int, state: LimitState) -> None:
    step = answered([ASKED], amount, day("01-05"), None)
    assert (step.state, limit_on([ASKED, step], day("01-05")).amount) == (state, amount)
    assert limit_on([ASKED, step], day("01-04")).amount == 0


GRANTED = LimitStep(LimitState.GRANTED, LimitSource.INSURER, 25_000_00, 25_000_00, day("01-05"))
FROM = day("03-10")


@pytest.mark.parametrize(("steps", "amount", "on", "code", "pointer"), [
    ([ASKED], 0, FROM, Code.STATE_FORBIDS, "/debtor_id"),
    ([GRANTED], 25_000_00, FROM, Code.INVALID_FIELD, "/amount"),
    ([GRANTED], 0, day("03-09"), Code.INVALID_FIELD, "/from_on"),
    ([GRANTED, lowered([GRANTED], 0, FROM, FROM, None)], 0, FROM, Code.STATE_FORBIDS, "/debtor_id"),
    ([GRANTED, lowered([GRANTED], 5, day("04-01"), FROM, None)], 1, FROM, Code.INVALID_FIELD, "/from_on"),
])  # fmt: skip
def test_how_a_limit_cannot_be_lowered(steps: list[LimitStep], amount: int, on: Any, code: Code, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        lowered(steps, amount, on, FROM, None)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_what_nobody_asked_for_is_not_answered() -> None:
    for steps, amount, code in [([GRANTED], 1, Code.STATE_FORBIDS), ([ASKED], 25_000_01, Code.INVALID_FIELD)]:
        with pytest.raises(Refused) as refused:
            answered(steps, amount, FROM, None)
        assert refused.value.code is code


@pytest.mark.parametrize(("paid", "index"), [
    ([(60_000, 0), (30_000, 30), (10_000, 120)], 650),  # PAYDEX
    ([(1, 0), (1, 0), (1, 0), (1, 30)], 725),
    ([(100, 14)], 700), ([(100, 15)], 686), ([(100, 21)], 600), ([(100, 60)], 400), ([(100, 90)], 300),
    ([(100, 400)], 200), ([(100, -9)], 800), ([(100, -10)], 900), ([(100, -30)], 1_000), ([], None),
])  # fmt: skip
def test_how_promptly_somebody_pays(paid: list[tuple[int, int]], index: int | None) -> None:
    assert index_of([Paid(*one) for one in paid]) == index
