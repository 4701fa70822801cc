"""A claim on a deposit that may be contested: nothing is taken before the window ends, or the lender has decided."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount
from service.plans.bill import BillLine
from service.plans.claimed import DepositOfPlan
from service.plans.contest import ContestClaim, DecideClaim, LowerClaim, WithdrawClaim
from service.plans.days import PassDays
from service.plans.deposit import Claim, Release
from service.plans.dispute import CloseDispute, OpenDispute
from service.plans.guard import Guard, next_look
from service.plans.money_back import Refund, ReturnOverpayment
from service.plans.offer import Kind, Leeway
from service.plans.past import plan_after
from service.plans.plan import deposit_of, next_actions
from service.plans.running.deposit_facts import ClaimState
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.state import PlanState
from service.plans.void import Void
from service.terms.servicing import Servicing
from tests.plans.lives import CONSUMER as THEIR_ID
from tests.plans.lives import NOON, ONE_SUM, Life, agreement

DAY = timedelta(days=1)
OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
CONSUMER = Actor(ActorKind.CONSUMER, THEIR_ID)
LENS = (BillLine(1, "Lens", 200_00),)
WINDOW = Servicing(contest_days=14)


def opened(servicing: Servicing = WINDOW, **offer: Any) -> tuple[Life, str]:
    """A deposit of 600.00, 150.00 of it held on the card."""
    life = Life()
    made: dict[str, Any] = {"held": 150_00, "servicing": servicing, "jurisdiction": "NZ"} | offer
    plan_id = life.authorize(agreement(Kind.DEPOSIT, terms=ONE_SUM, **made))
    life.events.clear()
    return life, plan_id


def claimed(amount: int = 200_00, **more: Any) -> tuple[Life, str]:
    life, plan_id = opened()
    life.do(Claim, plan_id, amount=amount, **more)
    return life, plan_id


def deposit(life: Life, plan_id: str) -> DepositOfPlan:
    found = deposit_of(life.plans[plan_id])
    assert found is not None
    return found


def refused(life: Life, plan_id: str, verb: Any, **arguments: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        life.do(verb, plan_id, **arguments)
    return refusal.value


def test_nothing_is_taken_and_nothing_else_goes_meanwhile() -> None:
    life, plan_id = claimed()
    plan = life.plans[plan_id]
    assert (plan.state, plan.amounts.captured, plan.remaining) == (PlanState.ASSESSING, 0, 600_00)
    assert next_actions(plan) == ("contest_claim", "lower_claim", "withdraw_claim")
    for verb, arguments in ((Claim, {"amount": 1}), (Release, {}), (Void, {}), (Guard, {})):
        refusal = refused(life, plan_id, verb, **arguments)
        assert refusal.code is Code.STATE_FORBIDS
        assert "20000 minor units are claimed since 2026-03-02" in refusal.detail
    assert life.events == ["deposit.claim_made"]


def test_uncontested_it_is_taken_by_the_day_after_the_window() -> None:
    life, plan_id = claimed(final=False, reference="damage 1", evidence="photograph", lines=LENS)
    life.now += 14 * DAY
    assert refused(life, plan_id, PassDays).code is Code.STATE_FORBIDS
    life.now += DAY
    plan = life.do(PassDays, plan_id)
    assert (plan.state, plan.amounts.captured, plan.amounts.outstanding) == (PlanState.PART_CAPTURED, 200_00, 50_00)
    (bill,) = plan.bills
    assert (bill.amount, bill.reference, bill.lines) == (200_00, "damage 1", LENS)
    assert (plan.claimed_at, bill.captured_at) == (life.now, life.now)
    known = plan_after(plan, life.facts[plan_id])
    assert (known.bills, known.claimed_at, known.closed_at) == (plan.bills, plan.claimed_at, plan.closed_at)
    assert life.lines(plan_id)[0].due_on == date(2026, 4, 16)  # 30 days after 17 March
    assert life.events == ["deposit.claim_made", "deposit.claimed"]
    shown = deposit(life, plan_id).claim
    assert shown is not None
    assert (shown.state, shown.taken, shown.closed_on) == (ClaimState.SETTLED, 200_00, date(2026, 3, 17))


def test_too_late_to_contest() -> None:
    life, plan_id = claimed()
    life.now += 15 * DAY
    refusal = refused(life, plan_id, ContestClaim, words="No.")
    assert (refusal.code, "20000 minor units were taken" in refusal.detail) == (Code.STATE_FORBIDS, True)


@pytest.mark.parametrize(
    ("decided", "final", "state", "captured", "voided"),
    [
        (200_00, True, PlanState.PAYMENT_DUE, 200_00, 400_00),
        (150_00, True, PlanState.CLOSED, 150_00, 450_00),
        (0, True, PlanState.CLOSED, 0, 600_00),
        (120_00, False, PlanState.PART_CAPTURED, 120_00, 0),
        (0, False, PlanState.AUTHORIZED, 0, 0),
    ],
)
def test_contested_the_lender_decides(decided: int, final: bool, state: PlanState, captured: int, voided: int) -> None:
    life, plan_id = claimed(final=final, lines=LENS)
    assert "Nothing is to be decided yet" in refused(life, plan_id, DecideClaim, actor=OPERATOR, amount=0).detail
    life.do(ContestClaim, plan_id, actor=CONSUMER, words="It was broken before.")
    assert refused(life, plan_id, ContestClaim, words="Again.").code is Code.STATE_FORBIDS
    life.now += 40 * DAY  # behind the window, and behind the authorization: neither ends it
    assert refused(life, plan_id, Guard).code is Code.STATE_FORBIDS
    over = refused(life, plan_id, DecideClaim, actor=OPERATOR, amount=200_01)
    assert (over.code, over.pointer) == (Code.AMOUNT_EXCEEDS_AUTHORIZED, "/amount")
    plan = life.do(DecideClaim, plan_id, actor=OPERATOR, amount=decided)
    assert (plan.state, plan.amounts.captured, plan.amounts.voided) == (state, captured, voided)
    assert (plan.claimed_at is not None) is (captured > 0)
    assert [bill.lines for bill in plan.bills] == [LENS if decided == 200_00 else ()] * (decided > 0 or final)


def test_only_the_lender_decides() -> None:
    life, plan_id = claimed()
    life.do(ContestClaim, plan_id, words="No.")
    assert refused(life, plan_id, DecideClaim, amount=0).code is Code.FORBIDDEN
    assert refused(life, plan_id, WithdrawClaim, actor=OPERATOR).code is Code.FORBIDDEN


def test_lowered_it_is_taken_as_it_is_then() -> None:
    life, plan_id = claimed()
    assert refused(life, plan_id, LowerClaim, amount=200_00).code is Code.AMOUNT_EXCEEDS_AUTHORIZED
    life.do(LowerClaim, plan_id, amount=80_00)
    life.now += 15 * DAY
    plan = life.do(PassDays, plan_id)
    assert (plan.state, plan.amounts.captured, plan.amounts.voided) == (PlanState.CLOSED, 80_00, 520_00)


def test_withdrawn_the_deposit_is_as_before() -> None:
    life, plan_id = claimed()
    plan = life.do(WithdrawClaim, plan_id)
    assert (plan.state, plan.remaining) == (PlanState.AUTHORIZED, 600_00)
    assert refused(life, plan_id, WithdrawClaim).detail.endswith("The claim was closed on 2026-03-02: withdrawn.")
    life.do(Claim, plan_id, amount=1)
    life.do(WithdrawClaim, plan_id)
    assert life.do(Release, plan_id).state is PlanState.CLOSED


def test_after_it_is_closed_an_authorization_that_is_over_ends() -> None:
    life, plan_id = opened()
    life.now += 29 * DAY
    life.do(Claim, plan_id, amount=200_00, final=False)
    life.now += 15 * DAY
    life.do(PassDays, plan_id)
    plan = life.do(Guard, plan_id)
    assert (plan.state, plan.amounts.captured, plan.amounts.voided) == (PlanState.PAYMENT_DUE, 200_00, 400_00)


def test_nothing_is_taken_once_collection_was_given_up() -> None:
    life, plan_id = opened(Servicing(contest_days=60, charge_off_days=20), capture_within_days=400)
    life.do(Claim, plan_id, amount=160_00, final=False)
    life.now += 61 * DAY  # 10.00 of it are due in a month, and given up 20 days later
    life.do(Claim, plan_id, amount=50_00, final=False)
    life.now += 61 * DAY
    plan = life.do(PassDays, plan_id)
    claim = deposit(life, plan_id).claim
    assert claim is not None
    assert (claim.state, plan.amounts.captured) == (ClaimState.LAPSED, 160_00)
    assert life.events[-1] == "deposit.claim_closed"
    assert life.do(Release, plan_id).remaining == 0


@pytest.mark.parametrize("extends", [False, True])
def test_what_nobody_claims_is_released_by_itself(extends: bool) -> None:
    """30 days to use it, 14 more by itself where the product says so, and 10 to claim it."""
    leeway = Leeway(extend_days_max=14, extends_by_itself=True) if extends else Leeway()
    life, plan_id = opened(Servicing(release_days=10), leeway=leeway)
    end = NOON + (40 + 14 * extends) * DAY
    for at in (end - 7 * DAY, end - DAY):
        while (look := next_look(life.plans[plan_id])) is not None and look < at:
            life.now = look
            life.do(Guard, plan_id)
        assert look == at
        life.now = at
        assert life.do(Guard, plan_id).remaining == 600_00
    life.now = end
    life.do(Claim, plan_id, amount=1, final=False)  # in its last instant
    life.now += timedelta(seconds=1)
    assert refused(life, plan_id, Claim, amount=1).code is Code.STATE_FORBIDS
    plan = life.do(Guard, plan_id)
    assert (plan.state, plan.amounts.voided, deposit(life, plan_id).released_at) == (PlanState.CLOSED, 599_99, None)
    extended = ["plan.authorization_extended"] * extends
    told = ["deposit.releases_soon", "deposit.releases_soon", "deposit.claimed", "deposit.released"]
    assert life.events == extended + told


def test_days_without_a_close_extend_it_all_the_same() -> None:
    leeway = Leeway(extend_days_max=14, extends_by_itself=True)
    life, plan_id = opened(Servicing(release_days=10), leeway=leeway)
    life.now += 50 * DAY
    plan = life.do(Guard, plan_id)
    assert (plan.extendable_days, plan.ends_at) == (0, NOON + 54 * DAY)


def test_without_a_window_it_is_taken_at_once() -> None:
    life, plan_id = opened(Servicing())
    plan = life.do(Claim, plan_id, amount=200_00)
    assert (plan.state, deposit(life, plan_id).claim) == (PlanState.PAYMENT_DUE, None)
    assert life.events == ["deposit.claimed"]


def test_a_claim_that_the_card_has_paid_is_refunded_to_the_consumer() -> None:
    life, plan_id = opened(Servicing())
    life.do(Claim, plan_id, amount=150_00)
    life.do(OpenDispute, plan_id, reason=DisputeReason.OTHER, amount=50_00)
    plan = life.do(CloseDispute, plan_id, outcome=DisputeState.ACCEPTED)
    assert (plan.state, plan.amounts.refunded, plan.amounts.overpaid) == (PlanState.OVERPAID, 50_00, 50_00)
    plan = life.do(Refund, plan_id, amount=100_00)
    assert (plan.amounts.refunded, plan.amounts.overpaid) == (150_00, 150_00)
    assert refused(life, plan_id, Refund, amount=1).code is Code.AMOUNT_EXCEEDS_OUTSTANDING
    plan = life.do(ReturnOverpayment, plan_id, amount=150_00, actor=OPERATOR)
    assert (plan.state, plan.amounts.outstanding) == (PlanState.REFUNDED, 0)
    assert life.balances(plan_id)[LedgerAccount.CONSUMER_PAYABLE] == 0


VERBS = st.sampled_from(["claim", "release", "contest", "decide", "lower", "withdraw", "day", "part"])


@given(st.integers(0, 600_00), st.lists(st.tuples(VERBS, st.integers(0, 600_00), st.booleans()), max_size=12))
def test_claimed_released_and_remaining_are_the_deposit_by_source(
    held: int, steps: list[tuple[str, int, bool]]
) -> None:
    life, plan_id = opened(held=held)
    for verb, amount, final in steps:
        life.now += DAY
        held_before, state = deposit(life, plan_id).held, life.plans[plan_id].state
        try:
            match verb:
                case "claim":
                    life.do(Claim, plan_id, amount=amount, final=final)
                case "release" | "part":
                    life.do(Release, plan_id, amount=None if verb == "release" else max(1, amount))
                case "contest":
                    life.do(ContestClaim, plan_id, actor=CONSUMER, words="No.")
                case "decide":
                    life.do(DecideClaim, plan_id, actor=OPERATOR, amount=amount)
                case "lower":
                    life.do(LowerClaim, plan_id, amount=max(1, amount))
                case "withdraw":
                    life.do(WithdrawClaim, plan_id)
                case "day":
                    life.now += 14 * DAY
                    life.do(PassDays, plan_id)
        except Refused:
            assert deposit(life, plan_id).held == held_before
            assert life.plans[plan_id].state is state
        found, amounts = deposit(life, plan_id), life.plans[plan_id].amounts
        for source, amount_of in ((found.held, held), (found.waived, 600_00 - held)):
            assert source.amount == amount_of == source.claimed + source.released + source.remaining
            assert min(source.claimed, source.released, source.remaining) >= 0
        assert found.held.claimed + found.waived.claimed == amounts.captured
        assert found.held.released + found.waived.released == amounts.voided
        assert found.held.remaining + found.waived.remaining == life.plans[plan_id].remaining
        assert not found.waived.claimed or not found.held.remaining, "the held part is taken first"
