"""An order that has become another one is amended in place: up, only the difference is decided; down, it is free."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.errors import Code, Decided, Ground, Refused
from service.plans.amend import Amend, Approval
from service.plans.book import completed
from service.plans.capture import Capture
from service.plans.offer import Kind
from service.plans.reverse import ReverseCapture
from service.plans.state import PlanState
from service.plans.void import Void
from service.terms.pricing import price_of
from service.terms.schedule import build_schedule
from service.terms.terms import Captures, Cost, FeeDue, Terms, Unit
from tests.plans.lives import NOON, ONE_SUM, PAY_IN_4, YEARLY, Life, agreement

DAY = timedelta(days=1)
FIXED = Terms(
    instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal(12),
    costs=(Cost("opening", amount=20_00, bps=100, due=FeeDue.SPREAD), Cost("keeping", amount=7, due=FeeDue.EACH)),
)  # fmt: skip


def opened(kind: Kind = Kind.INSTALMENTS, terms: Terms = PAY_IN_4, **offer: Any) -> tuple[Life, str]:
    """A plan of 600.00 of a product for 100.00 to 900.00, on a limit of 1,000.00."""
    life = Life()
    bounds: dict[str, Any] = {"amount_min": 100_00, "amount_max": 900_00, "jurisdiction": "NZ"}
    return life, life.authorize(agreement(kind, terms=terms, **bounds | offer))


def refused(life: Life, plan_id: str, amount: int) -> tuple[Code, str]:
    with pytest.raises(Refused) as refusal:
        life.do(Amend, plan_id, amount=amount)
    assert refusal.value.pointer == "/amount"
    return refusal.value.code, refusal.value.detail


@pytest.mark.parametrize("kind", [Kind.INSTALMENTS, Kind.PAY_AFTER_USE])
@pytest.mark.parametrize("amount", [900_00, 600_01, 599_99, 100_00])
def test_up_takes_and_down_gives_back_the_difference(kind: Kind, amount: int) -> None:
    life, plan_id = opened(kind, PAY_IN_4 if kind is Kind.INSTALMENTS else ONE_SUM)
    plan = life.do(Amend, plan_id, amount=amount)
    assert (plan.state, plan.remaining, plan.amounts.amount) == (PlanState.AUTHORIZED, amount, amount)
    assert (life.account.reserved, life.account.used, life.account.is_owed_again) == (amount, 0, False)
    with pytest.raises(Refused):
        life.do(Capture, plan_id, amount=amount + 1)
    assert life.do(Capture, plan_id, amount=amount, final=True).amounts.used == amount


def test_only_the_difference_is_decided() -> None:
    life, plan_id = opened()
    life.account = replace(life.account, limit=650_00)
    code, detail = refused(life, plan_id, 650_01)
    assert (code, "needs 5001 more of the limit, 5000 is available" in detail) == (Code.LIMIT_EXCEEDED, True)
    assert life.do(Amend, plan_id, amount=650_00).remaining == 650_00
    life.account = replace(life.account, limit=500_00)  # lowered by a review: less of it may still be kept
    assert life.do(Amend, plan_id, amount=640_00).remaining == 640_00
    assert refused(life, plan_id, 640_01)[0] is Code.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    ("captured", "amount", "code", "sentence"),
    [
        (0, 600_00, Code.STATE_FORBIDS, "of 60000 minor units already"),
        (0, 99_99, Code.IMPOSSIBLE_TERMS, "is for 10000 to 90000 minor units"),
        (0, 900_01, Code.IMPOSSIBLE_TERMS, "is for 10000 to 90000 minor units"),
        (250_00, 249_99, Code.STATE_FORBIDS, "25000 minor units are captured already"),
    ],
)
def test_an_amount_that_cannot_be_is_refused(captured: int, amount: int, code: Code, sentence: str) -> None:
    life, plan_id = opened()
    if captured:
        life.do(Capture, plan_id, amount=captured)
    found, detail = refused(life, plan_id, amount)
    assert (found, sentence in detail) == (code, True)


@pytest.mark.parametrize("amount", [349_99, 350_00])
def test_what_was_given_back_stays_so_when_the_capture_beside_it_is_reversed(amount: int) -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=250_00)
    life.do(Void, plan_id)
    assert life.do(ReverseCapture, plan_id, capture=1).remaining == 250_00
    if amount < 350_00:
        code, detail = refused(life, plan_id, amount)
        assert (code, "35000 minor units were given back" in detail) == (Code.STATE_FORBIDS, True)
    else:
        plan = life.do(Amend, plan_id, amount=amount)
        assert (plan.remaining, plan.amounts.voided, life.account.reserved) == (0, 350_00, 0)


def test_what_is_captured_whole_or_too_late_or_a_deposit_is_not_amended() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=600_00)
    deposit = life.authorize(agreement(Kind.DEPOSIT, 200_00, ONE_SUM, 200_00))
    late = life.authorize(agreement(amount=100_00, amount_min=1, amount_max=900_00))
    life.now = NOON + 30 * DAY + timedelta(seconds=1)
    for one in (plan_id, deposit, late):
        with pytest.raises(Refused) as refusal:
            life.do(Amend, one, amount=150_00)
        assert refusal.value.code is Code.STATE_FORBIDS


def test_amended_to_what_is_captured_nothing_is_left() -> None:
    life, plan_id = opened()
    life.do(Capture, plan_id, amount=250_00)
    plan = life.do(Amend, plan_id, amount=250_00)
    assert (plan.state, plan.remaining, plan.amounts.voided) == (PlanState.ACTIVE, 0, 0)
    assert (life.account.reserved, life.account.used) == (0, 250_00)


def test_it_is_quoted_anew_and_the_quote_is_kept() -> None:
    life, plan_id = opened(terms=YEARLY)
    life.now = NOON + 10 * DAY
    plan = life.do(Amend, plan_id, amount=900_00)
    price = price_of("NZ", "consumer_credit", YEARLY, 900_00, life.now.date())
    assert plan.agreed.schedule == price.schedule
    assert plan.agreed.apr == price.apr
    fact = plan.standing.amended
    assert fact is not None
    assert (fact.total_cost, fact.total_payable) == (price.cost, 900_00 + price.cost)
    assert life.events[-1] == "plan.amended"
    captured = life.do(Capture, plan_id, amount=900_00)
    assert [line.total for line in captured.lines] == [row.total for row in price.schedule]


def test_the_price_of_another_amount_may_be_above_the_law() -> None:
    """A fixed fee weighs more on less: in Canada 5.00 may be charged for 600.00, and not for 100.00."""
    terms = replace(PAY_IN_4, costs=(Cost("opening", amount=5_00, due=FeeDue.SPREAD),))
    life, plan_id = opened(terms=terms, jurisdiction="CA")
    assert life.do(Amend, plan_id, amount=599_99).remaining == 599_99
    code, detail = refused(life, plan_id, 100_00)
    assert (code, "above the cap" in detail) == (Code.IMPOSSIBLE_TERMS, True)


@pytest.mark.parametrize("captures", [Captures.OWN_TERM, Captures.MERGED])
@pytest.mark.parametrize("first", [1, 100_00, 300_00])
@pytest.mark.parametrize("amount", [301_00, 450_01, 850_00])
@pytest.mark.parametrize("rest", [[1], [1, 2]])
def test_all_parts_bear_at_most_what_was_disclosed_last(
    captures: Captures, first: int, amount: int, rest: list[int]
) -> None:
    life, plan_id = opened(terms=replace(FIXED, captures=captures))
    life.do(Capture, plan_id, amount=first)
    life.do(Amend, plan_id, amount=amount)
    for part in rest:
        life.do(Capture, plan_id, amount=(amount - first) * part // sum(rest) if part != rest[-1] else
                life.plans[plan_id].remaining)  # fmt: skip
    lines, whole = life.lines(plan_id), build_schedule(FIXED, amount, NOON.date())
    assert sum(line.principal for line in lines) == amount
    assert sum(line.interest for line in lines) <= sum(row.interest for row in whole)
    assert sum(line.fee for line in lines) <= sum(row.fee for row in whole)


NO = Approval("de_2", 700_00, (Ground("PAYMENT_OVERDUE", "A payment is overdue."),))


@pytest.mark.parametrize(
    ("amount", "approval", "code"),
    [
        (700_00, Approval("de_1", 700_00), None),
        (650_00, Approval("de_1", 700_00), None),
        (700_00, NO, Code.NOT_APPROVED),
        (700_01, Approval("de_1", 700_00), Code.BUSY),  # it was of less when the policy was asked
        (700_00, None, Code.BUSY),
        (900_01, NO, Code.IMPOSSIBLE_TERMS),  # what is impossible anyway is said first
        (500_00, None, None),
        (500_00, NO, None),
    ],
)
def test_what_the_policy_says_of_more(amount: int, approval: Approval | None, code: Code | None) -> None:
    life, plan_id = opened()
    before = life.plans[plan_id], life.account
    if code is None:
        assert life.do(Amend, plan_id, amount=amount, approval=approval).remaining == amount
        return
    with pytest.raises(Refused) as refusal:
        life.do(Amend, plan_id, amount=amount, approval=approval)
    assert refusal.value.code is code
    assert (life.plans[plan_id], life.account) == before


def test_a_refusal_tells_its_decision_and_the_reasons() -> None:
    life, plan_id = opened()
    with pytest.raises(Refused) as refusal:
        life.do(Amend, plan_id, amount=700_00, approval=NO)
    assert refusal.value.decided == Decided("de_2", NO.reasons)
    told = completed(refusal.value, life.plans[plan_id])
    assert (told.decided, told.pointer) == (refusal.value.decided, "/amount")
    assert told.detail.startswith("The policy does not approve of more: A payment is overdue. ")
