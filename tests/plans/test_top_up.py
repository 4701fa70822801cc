"""A deposit that must cover more is topped up: of the difference a share is waived, and the rest held on the card."""

from typing import Any

import pytest

from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount
from service.plans.claimed import SourceOfDeposit
from service.plans.deposit import Claim, Release
from service.plans.offer import Kind
from service.plans.plan import deposit_of
from service.plans.running.versions import in_order, standing_after
from service.plans.state import PlanState
from service.plans.top_up import TopUp
from service.terms.servicing import Servicing
from tests.plans.lives import ONE_SUM, Life, agreement

SHARE: dict[str, Any] = {"waived_bps": 8_000, "amount_max": 2_000_00, "amount_min": 20_00}


def opened(amount: int = 500_00, held: int = 100_00, **offer: Any) -> tuple[Life, str]:
    """A deposit of 500.00 of which 400.00 are waived, on a limit of 1,000.00."""
    life = Life()
    return life, life.authorize(agreement(Kind.DEPOSIT, amount, ONE_SUM, held, **SHARE | offer))


def sources(life: Life, plan_id: str) -> tuple[SourceOfDeposit, SourceOfDeposit]:
    deposit = deposit_of(life.plans[plan_id])
    assert deposit is not None
    return deposit.held, deposit.waived


@pytest.mark.parametrize(
    ("more", "limit", "waived", "held"),
    [
        (500_00, 1_000_00, 400_00, 100_00),  # the share of it
        (1, 1_000_00, 1, 0),  # 400.008 of 500.01, rounded
        (500_00, 650_00, 250_00, 250_00),  # as far as the limit has room
        (500_00, 300_00, 0, 500_00),  # none: it was lowered below what is out
        (1_500_00, 10_000_00, 1_200_00, 300_00),
    ],
)
def test_the_share_is_waived_as_far_as_the_limit_has_room(more: int, limit: int, waived: int, held: int) -> None:
    life, plan_id = opened()
    life.account = life.account.__class__(7, life.account.person_id, "EUR", limit, 400_00)
    plan = life.do(TopUp, plan_id, amount=more)
    assert (plan.amounts.amount, plan.remaining, plan.state) == (500_00 + more, 500_00 + more, PlanState.AUTHORIZED)
    on_card, on_credit = sources(life, plan_id)
    assert on_card == SourceOfDeposit(100_00 + held, 0, 0, 100_00 + held)
    assert on_credit == SourceOfDeposit(400_00 + waived, 0, 0, 400_00 + waived)
    assert life.account.reserved == 400_00 + waived
    assert life.events[-1] == "deposit.topped_up"
    assert (plan.agreed.total_payable, sum(row.principal for row in plan.agreed.schedule)) == (
        500_00 + more, 400_00 + waived
    )  # fmt: skip


def test_no_more_is_waived_of_it_than_it_comes_to() -> None:
    """A limit that was short at the checkout and has room now does not change what was held then."""
    life, plan_id = opened(500_00, 400_00)
    life.do(TopUp, plan_id, amount=50_00)
    on_card, on_credit = sources(life, plan_id)
    assert (on_card.remaining, on_credit.remaining) == (400_00, 150_00)


def test_after_a_claim_and_a_release_each_source_still_adds_up() -> None:
    life, plan_id = opened()
    life.do(Claim, plan_id, amount=50_00, final=False)
    life.do(Release, plan_id, amount=30_00)
    life.do(TopUp, plan_id, amount=100_00)
    assert sources(life, plan_id) == (
        SourceOfDeposit(120_00, 50_00, 30_00, 40_00),
        SourceOfDeposit(480_00, 0, 0, 480_00),
    )
    plan = life.do(Claim, plan_id, amount=140_00)
    assert (plan.amounts.outstanding, plan.amounts.held, plan.remaining) == (100_00, 0, 0)
    facts = [one.fact for one in life.facts[plan_id]]
    folded = standing_after(plan.offer.terms, in_order(plan.offer.terms, facts))
    assert (folded.held, folded.from_held, folded.held_back) == (0, 90_00, 30_00)
    balances = life.balances(plan_id)
    assert balances[LedgerAccount.DEPOSIT_HELD] == balances[LedgerAccount.COMMITMENT] == 0


@pytest.mark.parametrize(
    ("offer", "more", "code", "sentence"),
    [
        ({}, 1_500_01, Code.IMPOSSIBLE_TERMS, "is of 50000 minor units, the product for 200000"),
        ({"servicing": Servicing(contest_days=7)}, 1_00, Code.STATE_FORBIDS, "10000 minor units are claimed since"),
    ],
)
def test_what_is_refused(offer: dict[str, Any], more: int, code: Code, sentence: str) -> None:
    life, plan_id = opened(**offer)
    life.do(Claim, plan_id, amount=100_00, final=False)
    before = life.plans[plan_id], life.account
    with pytest.raises(Refused) as refusal:
        life.do(TopUp, plan_id, amount=more)
    assert (refusal.value.code, sentence in refusal.value.detail) == (code, True)
    assert (life.plans[plan_id], life.account) == before


def test_only_a_deposit_of_which_something_is_left() -> None:
    life, released = opened()
    life.do(Release, released)
    bought = life.authorize(agreement(amount=100_00))
    for plan_id in (released, bought):
        with pytest.raises(Refused) as refusal:
            life.do(TopUp, plan_id, amount=1_00)
        assert refusal.value.code is Code.STATE_FORBIDS
