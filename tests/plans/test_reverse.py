"""A capture that was a mistake is reversed on its own day: the plan stands as if it had not happened."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount as A
from service.plans.bill import LineKind, lines_of
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.deposit import Claim
from service.plans.guard import Guard
from service.plans.money_back import Refund, Returned, ReturnOverpayment
from service.plans.offer import Kind, Leeway
from service.plans.payment import RecordPayment
from service.plans.reverse import ReverseCapture
from service.plans.state import PlanState
from service.plans.void import Void
from tests.plans.lives import NOON, ONE_SUM, YEARLY, Life, agreement
from tests.plans.test_commands import OPERATOR

DAY = timedelta(days=1)


def opened(**offer: Any) -> tuple[Life, str]:
    life = Life()
    return life, life.authorize(agreement(**offer))


def refused(life: Life, plan_id: str, capture: int = 1) -> tuple[Code, str, tuple[str, ...]]:
    with pytest.raises(Refused) as refusal:
        life.do(ReverseCapture, plan_id, capture=capture)
    return refusal.value.code, refusal.value.detail, refusal.value.actions


def test_limit_merchant_fee_and_partner_are_put_back() -> None:
    life, plan_id = opened(terms=YEARLY)
    life.do(Capture, plan_id, amount=600_00)
    plan = life.do(ReverseCapture, plan_id, capture=1)
    assert (plan.state, plan.remaining, plan.lines) == (PlanState.AUTHORIZED, 600_00, ())
    assert (life.account.reserved, life.account.used) == (600_00, 0)
    balances = {account: amount for account, amount in life.balances(plan_id).items() if amount}
    assert balances == {A.COMMITMENT: 600_00, A.COMMITMENT_CONTRA: -600_00}
    assert life.events[-1] == "plan.capture_reversed"
    again = life.do(Capture, plan_id, amount=600_00)
    assert [(bill.capture, bill.is_reversed) for bill in again.bills] == [(1, True), (2, False)]
    assert {line.capture for line in again.lines} == {2}


def test_the_others_keep_their_numbers_and_their_lines() -> None:
    life, plan_id = opened()
    for amount in (100_00, 200_00, 300_00):
        life.do(Capture, plan_id, amount=amount)
    plan = life.do(ReverseCapture, plan_id, capture=2)
    assert {line.capture for line in plan.lines} == {1, 3}
    assert (plan.amounts.captured, plan.remaining) == (400_00, 200_00)
    code, detail, _ = refused(life, plan_id, 2)
    assert (code, detail) == (Code.STATE_FORBIDS, "Capture 2 was reversed before.")
    assert refused(life, plan_id, 4)[0] is Code.NOT_FOUND
    assert life.do(Capture, plan_id, amount=200_00).bills[-1].capture == 4


def test_what_was_paid_on_it_is_owed_back_and_never_lost() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=600_00)
    life.do(RecordPayment, plan_id, amount=650_00)
    life.do(ReturnOverpayment, plan_id, actor=OPERATOR, amount=20_00)
    plan = life.do(ReverseCapture, plan_id, capture=1)
    assert (plan.amounts.overpaid, plan.amounts.paid, plan.state) == (630_00, 0, PlanState.AUTHORIZED)
    assert life.do(Capture, plan_id, amount=600_00).amounts.overpaid == 30_00


def test_from_the_next_day_on_it_is_refunded() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=600_00)
    life.now = NOON + timedelta(hours=11)  # midnight in Berlin
    code, detail, actions = refused(life, plan_id)
    assert code is Code.STATE_FORBIDS
    assert "Capture 1 was made on 2026-03-02, and is reversed on its own day only." in detail
    assert actions == ("refund",)


def test_what_was_refunded_in_part_is_refunded_whole() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=200_00)
    life.do(Capture, plan_id, amount=400_00)
    life.do(Refund, plan_id, amount=1)  # of the first
    assert "Of capture 1 1 minor units were refunded." in refused(life, plan_id)[1]
    assert life.do(ReverseCapture, plan_id, capture=2).amounts.captured == 200_00


def test_a_refund_is_bound_to_captures_and_moves_on_when_lines_come_back() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=200_00, lines=lines_of(200_00, [("tent", 200_00, LineKind.ITEM)]))
    life.do(Capture, plan_id, amount=400_00)
    assert life.do(Refund, plan_id, amount=250_00).standing.refunded_of == {1: 200_00, 2: 50_00}
    lines = (Returned(1, 1),)
    assert life.do(Refund, plan_id, lines=lines).standing.refunded_of == {1: 200_00, 2: 250_00}


def test_others_may_stand_on_it() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=600_00)
    life.do(Levy, plan_id, actor=OPERATOR, amount=1_00)
    code, detail, actions = refused(life, plan_id)
    assert (code, actions) == (Code.STATE_FORBIDS, ("refund",))
    assert detail.startswith("Others stand on capture 1 (levied).")


def test_a_claim_on_a_deposit_is_refunded() -> None:
    life, plan_id = opened(kind=Kind.DEPOSIT, terms=ONE_SUM, held=100_00)
    life.do(Claim, plan_id, amount=150_00, final=False)
    assert refused(life, plan_id)[0] is Code.STATE_FORBIDS


def test_what_a_last_capture_gave_back_needs_room_again() -> None:
    life, plan_id = opened(kind=Kind.PAY_AFTER_USE, terms=ONE_SUM)
    life.do(Capture, plan_id, amount=100_00)
    other = life.authorize(agreement(amount=800_00))
    code, detail, _ = refused(life, plan_id)
    assert (code, detail.startswith("What this capture had given back was used elsewhere")) == (
        Code.LIMIT_EXCEEDED,
        True,
    )
    life.do(Void, other)
    assert life.do(ReverseCapture, plan_id, capture=1).remaining == 600_00


def test_a_late_capture_reversed_has_expired_again() -> None:
    life, plan_id = opened(leeway=Leeway(late_capture_grace_days=7))
    life.now = NOON + 31 * DAY
    while life.plans[plan_id].remaining:
        life.do(Guard, plan_id)
    life.do(Capture, plan_id, amount=600_00)
    plan = life.do(ReverseCapture, plan_id, capture=1)
    assert (plan.state, plan.takes_reference, life.account.reserved) == (PlanState.EXPIRED, False, 0)


def test_more_than_was_authorized_is_not_promised_any_more() -> None:
    life, plan_id = opened(leeway=Leeway(capture_tolerance_bps=1_000))
    life.do(Capture, plan_id, amount=660_00)
    plan = life.do(ReverseCapture, plan_id, capture=1)
    assert (plan.amounts.amount, plan.remaining, life.account.reserved) == (600_00, 600_00, 600_00)


def test_a_reference_is_captured_once_and_again_when_that_was_reversed() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=100_00, reference="Parcel 1")
    with pytest.raises(Refused) as twice:
        life.do(Capture, plan_id, amount=100_00, reference=" parcel  1")
    assert (twice.value.code, twice.value.pointer) == (Code.DUPLICATE_CAPTURE, "/reference")
    assert "Capture 1, of 10000 minor units, has the reference 'Parcel 1'" in twice.value.detail
    life.do(Capture, plan_id, amount=100_00, reference="Parcel 2")
    life.do(Capture, plan_id, amount=100_00)
    life.do(Capture, plan_id, amount=100_00)
    life.do(ReverseCapture, plan_id, capture=1)
    assert life.do(Capture, plan_id, amount=100_00, reference="Parcel 1").bills[-1].reference == "Parcel 1"


def test_a_reversal_needs_no_room_where_all_stays_promised() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=600_00)
    life.account = replace(life.account, limit=100_00)
    assert life.do(ReverseCapture, plan_id, capture=1).remaining == 600_00
