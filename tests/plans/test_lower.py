"""A bill that was too high is lowered after its capture: less is owed, and it never goes up."""

from typing import Any

import pytest

from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount as A
from service.plans.bill import LineKind, lines_of
from service.plans.capture import Capture
from service.plans.correction import Correct
from service.plans.dispute import OpenDispute
from service.plans.lower import LowerCapture
from service.plans.money_back import Refund, Returned
from service.plans.offer import Kind
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, view
from service.plans.reverse import ReverseCapture
from service.plans.running.dispute_facts import DisputeReason
from service.plans.running.facts import PauseReason
from service.plans.state import CollectionState, PlanState
from tests.plans.lives import NOON, ONE_SUM, PAY_IN_4, Life, agreement
from tests.plans.test_commands import OPERATOR

STAY = [("Two nights", 180_00, LineKind.ITEM), ("Minibar", 22_00, LineKind.CHARGE)]
CORRECTED = lines_of(180_00, [("Two nights", 190_00, LineKind.ITEM), ("Late room", -10_00, LineKind.DISCOUNT)])


def billed(amount: int = 202_00, **offer: Any) -> tuple[Life, str]:
    """A stay of 202.00, with its bill."""
    life = Life()
    use: dict[str, Any] = {"kind": Kind.PAY_AFTER_USE, "terms": ONE_SUM}
    plan_id = life.authorize(agreement(**use | offer))
    life.do(Capture, plan_id, amount=amount, lines=lines_of(202_00, STAY) if amount == 202_00 else ())
    return life, plan_id


def lower(life: Life, plan_id: str, amount: int, **more: Any) -> Plan:
    return life.do(LowerCapture, plan_id, **{"capture": 1, "amount": amount, "because": "Nobody opened it."} | more)


def refused(life: Life, plan_id: str, amount: int, **more: Any) -> tuple[Code, str | None]:
    version = life.plans[plan_id].version
    with pytest.raises(Refused) as refusal:
        lower(life, plan_id, amount, **more)
    assert life.plans[plan_id].version == version
    return refusal.value.code, refusal.value.pointer


def test_less_is_owed_as_after_a_refund() -> None:
    (life, plan_id), (other, refunded_id) = billed(), billed()
    plan = lower(life, plan_id, 180_00, lines=CORRECTED)
    refunded = other.do(Refund, refunded_id, amount=22_00)
    assert plan.amounts == refunded.amounts
    assert (plan.amounts.captured, plan.amounts.refunded, plan.amounts.outstanding) == (202_00, 22_00, 180_00)
    assert life.balances(plan_id) == other.balances(refunded_id)
    assert (life.account.reserved, life.account.used) == (other.account.reserved, other.account.used) == (0, 180_00)
    assert life.events[-1] == "plan.capture_lowered"
    capture = view(plan, NOON.date()).captures[0]
    assert (capture.amount, capture.refunded, capture.lines) == (202_00, 22_00, lines_of(202_00, STAY))
    assert capture.lowered is not None
    assert (capture.lowered.amount, capture.lowered.lines) == (180_00, CORRECTED)
    assert (capture.lowered.because, capture.lowered.on) == ("Nobody opened it.", NOON.date())


def test_what_was_paid_too_much_is_owed_back() -> None:
    life, plan_id = billed()
    life.do(RecordPayment, plan_id, amount=202_00)
    plan = lower(life, plan_id, 0)
    assert (plan.state, plan.amounts.overpaid) == (PlanState.OVERPAID, 202_00)
    assert life.balances(plan_id)[A.CONSUMER_PAYABLE] == -202_00


@pytest.mark.parametrize(
    ("amount", "more", "code", "pointer"),
    [
        (179_99, {}, None, None),
        (180_00, {}, Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount"),
        (180_01, {}, Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount"),
        (1_00, {"capture": 2}, Code.NOT_FOUND, "/capture"),
        (1_00, {"actor": OPERATOR}, Code.FORBIDDEN, None),
    ],
)
def test_it_goes_down_from_where_it_stands(
    amount: int, more: dict[str, Any], code: Code | None, pointer: str | None
) -> None:
    life, plan_id = billed()
    lower(life, plan_id, 180_00)
    if code is None:
        assert lower(life, plan_id, amount, **more).amounts.outstanding == amount
    else:
        assert refused(life, plan_id, amount, **more) == (code, pointer)


def test_what_came_back_before_counts_and_what_is_reversed_is_not_lowered() -> None:
    life, plan_id = billed()
    life.do(Refund, plan_id, amount=100_00)
    assert refused(life, plan_id, 102_00) == (Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount")
    assert lower(life, plan_id, 101_99).amounts.outstanding == 101_99
    other, reversed_id = billed()
    other.do(ReverseCapture, reversed_id, capture=1)
    assert refused(other, reversed_id, 1_00) == (Code.STATE_FORBIDS, "/capture")


def test_it_is_bound_to_its_own_capture() -> None:
    life, plan_id = billed(100_00, kind=Kind.INSTALMENTS, terms=PAY_IN_4)
    life.do(Capture, plan_id, amount=200_00)
    life.do(Refund, plan_id, amount=30_00)  # of the first
    plan = lower(life, plan_id, 150_00, capture=2)
    assert [one.refunded for one in view(plan, NOON.date()).captures] == [30_00, 50_00]
    assert plan.amounts.used == 220_00


def test_from_then_on_it_comes_back_by_the_lines_it_should_have_had() -> None:
    life, plan_id = billed()
    life.do(Refund, plan_id, lines=(Returned(1, 2),))  # the minibar
    lower(life, plan_id, 170_00, lines=lines_of(170_00, [("Two nights", 170_00, LineKind.ITEM)]))
    with pytest.raises(Refused) as gone:
        life.do(Refund, plan_id, lines=(Returned(1, 2),))
    assert gone.value.pointer == "/lines/0/line"
    with pytest.raises(Refused) as more:
        life.do(Refund, plan_id, lines=(Returned(1, 1, 170_01),))
    assert more.value.pointer == "/lines/0/amount"
    plan = life.do(Refund, plan_id, lines=(Returned(1, 1),))
    assert (plan.state, plan.standing.refunded_of) == (PlanState.REFUNDED, {1: 202_00})


def test_goods_on_their_way_back_and_disputes_go_on() -> None:
    life, plan_id = billed()
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    life.do(OpenDispute, plan_id, reason=DisputeReason.NOT_RECEIVED)
    plan = lower(life, plan_id, 180_00)
    assert {one.why for one in plan.standing.pauses if one.end is None} == {PauseReason.RETURN, PauseReason.DISPUTE}
    assert plan.collection_state is CollectionState.PAUSED


def test_one_that_was_recorded_by_mistake_is_undone() -> None:
    life, plan_id = billed()
    before = life.plans[plan_id].amounts
    lower(life, plan_id, 180_00, lines=CORRECTED)
    plan = life.do(Correct, plan_id, undone_id=life.facts[plan_id][-1].fact.id, actor=OPERATOR)
    assert (plan.amounts, plan.standing.lowered_of) == (before, {})
    assert refused(life, plan_id, 202_00) == (Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount")
