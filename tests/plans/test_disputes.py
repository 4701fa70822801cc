"""A dispute: collection rests, the merchant answers in time or has lost, and money moves on the decision."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount
from service.plans.book import Book
from service.plans.capture import Capture
from service.plans.days import PassDays
from service.plans.dispute import AnswerDispute, AskAgain, CloseDispute, OpenDispute
from service.plans.flow import in_time
from service.plans.money_back import Refund
from service.plans.payment import RecordPayment
from service.plans.plan import PlanView, view
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.running.facts import PauseReason
from tests.plans.lives import NOON, Life, agreement, new_id

START = NOON.date()
OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
REASON = DisputeReason.NOT_RECEIVED


def owed(amount: int = 600_00) -> tuple[Life, str]:
    """A plan of four, all of it captured, the first part due in a fortnight, on 16 March."""
    life = Life()
    plan_id = life.authorize(agreement(amount=amount))
    life.do(Capture, plan_id, amount=amount)
    life.events.clear()
    return life, plan_id


def lender(life: Life, plan_id: str, verb: Any, **arguments: Any) -> None:
    """What the lender does."""
    command = verb(command_id=new_id("cm"), actor=OPERATOR, plan_id=plan_id, **arguments)
    life._keep(in_time(command, Book(life.account, life.plans[plan_id]), life.now))


def seen(life: Life, plan_id: str) -> PlanView:
    """The plan as it is shown."""
    return view(life.plans[plan_id], life.now.date())


def test_while_it_is_open_nothing_is_collected() -> None:
    life, plan_id = owed()
    life.now += timedelta(days=10)
    life.do(OpenDispute, plan_id, reason=REASON, amount=200_00)
    shown = seen(life, plan_id)
    assert (shown.dispute_state, shown.paused_for) == (DisputeState.NEEDS_RESPONSE, (PauseReason.DISPUTE,))
    assert shown.next_actions == ("pay", "answer_dispute", "accept_dispute", "decide_dispute")
    assert shown.dispute is not None
    assert (shown.dispute.amount, shown.dispute.respond_by) == (200_00, date(2026, 4, 2))
    life.now += timedelta(days=10)
    assert seen(life, plan_id).days_past_due == 0
    life.do(AnswerDispute, plan_id, evidence="Signed for.")
    assert seen(life, plan_id).next_actions == ("pay", "accept_dispute", "ask_again", "decide_dispute")
    lender(life, plan_id, CloseDispute, outcome=DisputeState.WON)
    shown = seen(life, plan_id)
    assert shown.next_actions == ("pay",)
    assert (shown.dispute_state, shown.paused_for, shown.refunded) == (DisputeState.WON, (), 0)
    life.now += timedelta(days=3)
    assert seen(life, plan_id).days_past_due == 4


@pytest.mark.parametrize("outcome", [DisputeState.LOST, DisputeState.ACCEPTED])
def test_lost_or_accepted_the_amount_is_refunded_and_the_merchant_bears_it(outcome: DisputeState) -> None:
    life, plan_id = owed()
    life.do(OpenDispute, plan_id, reason=REASON, amount=200_00)
    payable = life.balances(plan_id)[LedgerAccount.MERCHANT_PAYABLE]
    if outcome is DisputeState.ACCEPTED:
        life.do(CloseDispute, plan_id, outcome=outcome)
    else:
        lender(life, plan_id, CloseDispute, outcome=outcome)
    shown = seen(life, plan_id)
    assert (shown.dispute_state, shown.refunded, shown.outstanding) == (outcome, 200_00, 400_00)
    assert life.balances(plan_id)[LedgerAccount.MERCHANT_PAYABLE] == payable + 200_00
    assert life.events == ["dispute.opened", "dispute.closed", "plan.refunded"]
    assert shown.version == len(life.facts[plan_id]) == 5


@pytest.mark.parametrize(
    ("before", "disputed", "meanwhile", "refunded"),
    [
        (0, 600_00, 450_00, 600_00), (0, 200_00, 200_00, 200_00), (0, 200_00, 150_00, 200_00),
        (100_00, 200_00, 150_00, 300_00),  # what came back before it was opened was of something else
        (0, 200_00, 250_00, 250_00), (0, 200_00, 0, 200_00),
    ],
)  # fmt: skip
def test_what_came_back_meanwhile_does_not_come_back_twice(
    before: int, disputed: int, meanwhile: int, refunded: int
) -> None:
    life, plan_id = owed()
    if before:
        life.do(Refund, plan_id, amount=before)
    life.do(OpenDispute, plan_id, reason=REASON, amount=disputed)
    if meanwhile:
        life.do(Refund, plan_id, amount=meanwhile)
    lender(life, plan_id, CloseDispute, outcome=DisputeState.LOST)
    assert (seen(life, plan_id).refunded, seen(life, plan_id).outstanding) == (refunded, 600_00 - refunded)


def test_who_does_not_answer_in_time_has_lost() -> None:
    life, plan_id = owed()
    life.do(RecordPayment, plan_id, amount=150_00)
    life.do(OpenDispute, plan_id, reason=REASON, amount=600_00)
    life.events.clear()
    life.now = NOON + timedelta(days=21)
    life.do(PassDays, plan_id)
    assert "dispute.answer_due" in life.events
    assert seen(life, plan_id).dispute_state is DisputeState.NEEDS_RESPONSE
    life.now = NOON + timedelta(days=22)
    life.do(PassDays, plan_id)
    assert life.events[-2:] == ["dispute.closed", "plan.refunded"]
    shown = seen(life, plan_id)
    assert (shown.dispute_state, shown.outstanding, shown.overpaid) == (DisputeState.LOST, 0, 150_00)


def test_there_are_two_rounds() -> None:
    life, plan_id = owed()
    life.do(OpenDispute, plan_id, reason=REASON)
    refused(life, plan_id, Code.STATE_FORBIDS, lender, AskAgain)  # not answered yet
    for number in (1, 2):
        life.do(AnswerDispute, plan_id, evidence=f"Signed for, {number}.")
        refused(life, plan_id, Code.STATE_FORBIDS, None, AnswerDispute, evidence="again")
        if number == 1:
            lender(life, plan_id, AskAgain)
    refused(life, plan_id, Code.STATE_FORBIDS, lender, AskAgain)
    lender(life, plan_id, CloseDispute, outcome=DisputeState.WITHDRAWN)
    refused(life, plan_id, Code.STATE_FORBIDS, lender, CloseDispute, outcome=DisputeState.LOST)
    life.do(OpenDispute, plan_id, reason=DisputeReason.RETURNED)  # another one


def test_what_cannot_be_disputed() -> None:
    life, plan_id = owed()
    refused(life, plan_id, Code.AMOUNT_EXCEEDS_OUTSTANDING, None, OpenDispute, reason=REASON, amount=600_01)
    refused(life, plan_id, Code.STATE_FORBIDS, None, AnswerDispute, evidence="of what?")
    life.do(OpenDispute, plan_id, reason=REASON, amount=1)
    refused(life, plan_id, Code.STATE_FORBIDS, None, OpenDispute, reason=REASON, amount=1)
    refused(life, plan_id, Code.FORBIDDEN, None, CloseDispute, outcome=DisputeState.WON)
    refused(life, plan_id, Code.FORBIDDEN, lender, CloseDispute, outcome=DisputeState.ACCEPTED)
    bare = life.authorize(agreement(amount=1_00))
    refused(life, bare, Code.STATE_FORBIDS, None, OpenDispute, reason=REASON)


def refused(life: Life, plan_id: str, code: Code, by: Any, verb: Any, **arguments: Any) -> None:
    """The verb is refused with this code, and nothing has changed."""
    before, do = life.plans[plan_id], partial(by, life) if by else life.do
    arguments |= {"verb": verb, "plan_id": plan_id}
    with pytest.raises(Refused) as said:
        do(**arguments)
    assert said.value.code is code
    assert life.plans[plan_id] is before
