"""A capture may be of a little more than was authorized, or come a little late, where the limit has room for it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.capture import Capture
from service.plans.guard import Guard
from service.plans.offer import Kind, Leeway
from service.plans.state import PlanState
from service.plans.void import Void
from service.terms.schedule import build_schedule
from service.terms.terms import Captures, Cost, FeeDue, Terms, Unit
from tests.plans.lives import NOON, ONE_SUM, PAY_IN_4, Life, agreement

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def opened(kind: Kind = Kind.INSTALMENTS, terms: Terms = PAY_IN_4, **leeway: Any) -> tuple[Life, str]:
    """A plan of 600.00 to be captured within 30 days, on a limit of 1,000.00."""
    life = Life()
    return life, life.authorize(agreement(kind, terms=terms, leeway=Leeway(**leeway)))


def refused(life: Life, plan_id: str, amount: int) -> tuple[Code, str]:
    with pytest.raises(Refused) as refusal:
        life.do(Capture, plan_id, amount=amount)
    return refusal.value.code, refusal.value.detail


@pytest.mark.parametrize("kind", [Kind.INSTALMENTS, Kind.PAY_AFTER_USE])
def test_a_tip_is_captured_with_what_was_authorized(kind: Kind) -> None:
    life, plan_id = opened(kind, ONE_SUM if kind is Kind.PAY_AFTER_USE else PAY_IN_4, capture_tolerance_bps=1_500)
    code, detail = refused(life, plan_id, 690_01)
    assert code is Code.AMOUNT_EXCEEDS_AUTHORIZED
    assert "the 60000 minor units that may still be captured, and 9000 more than was authorized" in detail
    plan = life.do(Capture, plan_id, amount=690_00)
    assert (plan.amounts.amount, plan.amounts.captured, plan.remaining) == (690_00, 690_00, 0)
    assert (life.account.reserved, life.account.used) == (0, 690_00)
    assert not life.account.is_owed_again
    assert refused(life, plan_id, 1)[0] is Code.STATE_FORBIDS


def test_the_tolerance_is_of_all_that_was_authorized_and_comes_last() -> None:
    life, plan_id = opened(capture_tolerance_bps=1_000)
    life.do(Capture, plan_id, amount=500_00)
    assert refused(life, plan_id, 160_01)[0] is Code.AMOUNT_EXCEEDS_AUTHORIZED
    assert life.do(Capture, plan_id, amount=160_00).amounts.captured == 660_00


def test_more_than_was_authorized_needs_room_on_the_limit() -> None:
    life, plan_id = opened(capture_tolerance_bps=1_000)
    life.account = replace(life.account, limit=659_99)
    code, detail = refused(life, plan_id, 660_00)
    assert (code, "needs 6000 more of the limit, 5999 is available" in detail) == (Code.LIMIT_EXCEEDED, True)
    life.account = replace(life.account, limit=660_00)
    assert life.do(Capture, plan_id, amount=660_00).state is PlanState.ACTIVE


@pytest.mark.parametrize("captures", [Captures.OWN_TERM, Captures.MERGED])
@pytest.mark.parametrize("parts", [[630_00], [300_00, 330_00], [1, 599_99, 0], [200_00, 200_00, 230_00]])
def test_parts_bear_no_more_than_all_of_it_at_once_would(captures: Captures, parts: list[int]) -> None:
    """Fees of a fixed amount are shared by another whole once more is captured, and still are charged once."""
    terms = Terms(
        instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), captures=captures,
        costs=(Cost("opening", amount=20_00, bps=100, due=FeeDue.SPREAD), Cost("keeping", amount=7, due=FeeDue.EACH)),
    )  # fmt: skip
    life, plan_id = opened(terms=terms, capture_tolerance_bps=500)
    for amount in parts:
        if amount:
            life.do(Capture, plan_id, amount=amount)
    whole = build_schedule(terms, sum(parts), NOON.date())
    lines = life.lines(plan_id)
    assert sum(line.fee for line in lines) <= sum(row.fee for row in whole)
    assert sum(line.interest for line in lines) <= sum(row.interest for row in whole)
    assert sum(line.principal for line in lines) == sum(parts)


def expired(**leeway: Any) -> tuple[Life, str]:
    life, plan_id = opened(**leeway)
    life.now = NOON + 30 * DAY + SECOND
    while life.plans[plan_id].state is not PlanState.EXPIRED:
        life.do(Guard, plan_id)
    return life, plan_id


def test_a_capture_that_comes_late_is_tried_anew() -> None:
    life, plan_id = expired(late_capture_grace_days=7)
    assert life.account.reserved == 0
    assert life.plans[plan_id].late_capture_until == NOON + 37 * DAY
    code, detail = refused(life, plan_id, 600_01)
    assert (code, "the 60000 minor units" in detail) == (Code.AMOUNT_EXCEEDS_AUTHORIZED, True)
    life.now = NOON + 37 * DAY
    plan = life.do(Capture, plan_id, amount=400_00)
    assert (plan.state, plan.amounts.captured, plan.amounts.voided) == (PlanState.ACTIVE, 400_00, 200_00)
    assert (plan.closed_at, plan.takes_reference) == (None, True)
    assert (life.account.reserved, life.account.used) == (0, 400_00)
    life.now += SECOND
    assert refused(life, plan_id, 1)[0] is Code.STATE_FORBIDS


def test_a_late_capture_needs_room_on_the_limit_again() -> None:
    life, plan_id = expired(late_capture_grace_days=7)
    other = life.authorize(agreement(amount=500_00, expires_at=life.now + DAY))
    code, detail = refused(life, plan_id, 600_00)
    assert (code, "needs 60000 more of the limit, 50000 is available" in detail) == (Code.LIMIT_EXCEEDED, True)
    life.do(Void, other)
    assert life.do(Capture, plan_id, amount=600_00).amounts.used == 600_00


@pytest.mark.parametrize("grace", [0, 7])
def test_what_was_voided_or_is_too_late_is_not_captured(grace: int) -> None:
    life, plan_id = opened(late_capture_grace_days=grace)
    life.do(Void, plan_id)
    assert refused(life, plan_id, 1)[0] is Code.STATE_FORBIDS
    life, plan_id = expired(late_capture_grace_days=grace)
    life.now = NOON + 37 * DAY + SECOND
    assert refused(life, plan_id, 1)[0] is Code.STATE_FORBIDS


def test_in_the_days_of_grace_what_the_day_has_not_ended_yet_is_captured_too() -> None:
    life, plan_id = opened(late_capture_grace_days=7)
    life.now = NOON + 37 * DAY
    assert life.do(Capture, plan_id, amount=600_00).state is PlanState.ACTIVE
