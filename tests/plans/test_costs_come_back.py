"""The costs of a plan come back with what was bought, by their share; facts from before say nothing of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.actor import Actor, ActorKind
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion
from service.partners.funding import Funding, Participation
from service.plans.book import Recorded
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.dispute import CloseDispute, OpenDispute
from service.plans.lower import LowerCapture
from service.plans.money_back import Refund
from service.plans.payment import RecordPayment
from service.plans.plan import Plan
from service.plans.reading_store import fold
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.running.facts import RateChanged, Refunded
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.plans.telling import sentence_of
from service.plans.timeline import steps
from service.terms.terms import Captures, Cost, FeeDue, Payer, Terms, Unit
from tests.plans.lives import MERCHANT_ACTS, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "us_1")
OPENING = Cost("opening", amount=6_00, due=FeeDue.FIRST)
FOUR = Terms(costs=(OPENING,))  # 600.00 in four parts, with 6.00 in the first
DEAR = Terms(
    instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal(24),
    costs=(OPENING, Cost("keeping", amount=1_01, due=FeeDue.EACH), Cost("share", bps=155, due=FeeDue.SPREAD)),
)  # fmt: skip
SHARED = Funding("pr_1", 1, participations=(Participation("pa_1", 7_000, 7_000, 5_000),))  # half of the fees


class Bought:
    """A plan of 600.00 whose costs are shared with a partner."""

    def __init__(self, terms: Terms, *captured: int, **offer: Any) -> None:
        self.life = Life()
        agreed = agreement(terms=terms, **offer)
        self.plan_id = self.life.authorize(replace(agreed, takers=(SHARED,)))
        for amount in captured or (600_00,):
            self.do(Capture, amount=amount)

    def do(self, verb: Any, **arguments: Any) -> str:
        actor = OPERATOR if verb in BY_LENDER else MERCHANT_ACTS
        self.life.do(verb, self.plan_id, actor=actor, **arguments)
        return self.life.facts[self.plan_id][-1].fact.id

    @property
    def plan(self) -> Plan:
        return self.life.plans[self.plan_id]

    @property
    def owed(self) -> int:
        """Less what was paid too much."""
        return self.plan.amounts.outstanding - self.plan.amounts.overpaid

    def booked(self, *occasions: Occasion) -> dict[A, int]:
        """What stands at each account for an occasion."""
        found: dict[A, int] = {}
        for one in self.life.booked[self.plan_id]:
            if one.occasion in occasions:
                found[one.debit] = found.get(one.debit, 0) + one.amount
                found[one.credit] = found.get(one.credit, 0) - one.amount
        return {account: amount for account, amount in found.items() if amount}


BY_LENDER = {Credit, Levy, Forgive, Reschedule, ChargeOff, Correct, CloseDispute}


@pytest.mark.parametrize(
    ("amounts", "owed"),
    [
        ([600_00], [0]),
        ([200_00, 200_00, 200_00], [404_00, 202_00, 0]),
        ([99_99, 500_01], [505_01, 0]),  # 1.00 of 6.00, and the rest
        ([1, 599_99], [605_99, 0]),  # of a cent's share less than half a cent
    ],
)
def test_a_share_of_the_costs_comes_back_with_each_refund(amounts: list[int], owed: list[int]) -> None:
    bought = Bought(FOUR)
    for amount, left in zip(amounts, owed, strict=True):
        bought.do(Refund, amount=amount)
        assert bought.owed == left
    assert bought.plan.state is PlanState.REFUNDED


@pytest.mark.parametrize("captures", list(Captures))
@pytest.mark.parametrize("recalculate", [False, True])
@pytest.mark.parametrize("captured", [(600_00,), (200_00, 400_00), (1, 99_99, 500_00)])
@pytest.mark.parametrize("paid", [0, 7_00, 606_00, 700_00])
def test_all_that_came_back_on_the_day_of_purchase_leaves_nothing_owed(
    captures: Captures, recalculate: bool, captured: tuple[int, ...], paid: int
) -> None:
    """In parts as at once, whatever was paid before: that is overpaid then."""
    bought = Bought(replace(DEAR, captures=captures, recalculate=recalculate), *captured)
    if paid:
        bought.do(RecordPayment, amount=paid)
    for amount in (200_00, 399_99, 1):
        bought.do(Refund, amount=amount)
    assert (bought.plan.amounts.outstanding, bought.plan.amounts.overpaid) == (0, paid)
    books = bought.life.balances(bought.plan_id)
    assert [books[one] for one in (A.CONSUMER_FEES, A.CONSUMER_PRINCIPAL, A.FEE_INCOME, A.PENALTY_INCOME)] == [0] * 4


def test_what_the_books_say() -> None:
    """The consumer has paid 6.00, half of it went to the partner; a third comes back from both."""
    bought = Bought(FOUR)
    bought.do(RecordPayment, amount=606_00)
    assert bought.booked(Occasion.FEE_SHARE) == {A.FEE_INCOME: 3_00, A.PARTNER_PAYABLE: -3_00}
    bought.do(Refund, amount=200_00)
    assert bought.booked(Occasion.FEE_RETURN) == {A.FEE_INCOME: 2_00, A.CONSUMER_PAYABLE: -2_00}
    assert bought.booked(Occasion.FEE_SHARE) == {A.FEE_INCOME: 2_00, A.PARTNER_PAYABLE: -2_00}
    assert bought.plan.amounts.overpaid == 202_00
    assert bought.life.balances(bought.plan_id)[A.FEE_INCOME] == -2_00  # the last third of the costs, half of it ours


def test_it_is_told_in_the_timeline() -> None:
    bought = Bought(DEAR)
    bought.do(Refund, amount=200_00)
    told = list(steps(bought.plan.kind, DEAR, bought.life.facts[bought.plan_id]))
    costs = 6_00 + 6 * 1_01 + 9_30
    assert f"{costs / 300:.2f} EUR of the costs" in sentence_of(told[-1], "EUR")
    assert "of interest and" in sentence_of(told[-1], "EUR")


def test_a_higher_rate_returns_more_interest_of_what_came_back() -> None:
    """Half of it came back: half of what 48 % asks for more than 24 % is not asked for, which is booked and told."""
    bought = Bought(DEAR)
    bought.do(Refund, amount=300_00)
    before = bought.plan.standing.returned_interest
    asked = sum(line.interest for line in bought.plan.lines)
    on = bought.life.now.date() + timedelta(31)
    bought.life.now += timedelta(31)
    bought.do(Reschedule, change=RateChanged(**UNWRITTEN, on=on, rate_percent=Decimal(48)))
    returned = bought.plan.standing.returned_interest
    assert returned == round(before * sum(line.interest for line in bought.plan.lines) / asked) > before
    assert bought.booked(Occasion.INTEREST_RETURN)[A.INTEREST_INCOME] == returned
    *_, told = steps(bought.plan.kind, DEAR, bought.life.facts[bought.plan_id])
    more = f"{(returned - before) / 100:.2f} EUR more of interest are not asked for: it is on goods that came back."
    assert sentence_of(told, "EUR") == f"The rate is 48 % a year from {on} on. {more}"


def test_the_terms_may_keep_them() -> None:
    bought = Bought(replace(FOUR, refund_costs=False))
    bought.do(Refund, amount=600_00)
    assert bought.owed == 6_00
    bought = Bought(FOUR)
    bought.do(Credit, kind=CreditKind.MERCHANT_REFUND, amount=300_00, returns_costs=False)
    assert bought.owed == 306_00
    bought.do(Credit, kind=CreditKind.PAYOUT_REFUND, amount=150_00)  # as the terms say: all that came back counts
    assert bought.owed == 151_50


def test_neither_levied_fees_nor_the_merchants_costs_come_back() -> None:
    bought = Bought(replace(FOUR, costs=(OPENING, Cost("ours", amount=9_00, due=FeeDue.FIRST, payer=Payer.MERCHANT))))
    bought.do(Levy, amount=5_00)
    bought.do(Refund, amount=600_00)
    assert bought.owed == 5_00


def test_a_bill_that_was_too_high_and_a_dispute_that_was_lost_bring_them_back() -> None:
    bought = Bought(FOUR)
    bought.do(LowerCapture, capture=1, amount=400_00, because="two nights, not three")
    assert bought.owed == 404_00
    dispute_id = bought.do(OpenDispute, reason=DisputeReason.NOT_RECEIVED, amount=None)
    bought.do(CloseDispute, dispute_id=dispute_id, outcome=DisputeState.LOST)
    assert (bought.owed, bought.plan.state) == (0, PlanState.REFUNDED)


def test_a_refund_that_was_a_mistake_takes_them_along() -> None:
    bought = Bought(FOUR)
    refund_id = bought.do(Refund, amount=600_00)
    bought.do(Correct, undone_id=refund_id)
    assert bought.owed == 606_00
    bought.do(Refund, amount=300_00)
    assert bought.owed == 303_00


@pytest.mark.parametrize("terms", [FOUR, DEAR])
@pytest.mark.parametrize("paid", [0, 1, 100_00, 500_00])
@pytest.mark.parametrize("parts", [[600_00], [200_00, 399_99, 1]])
def test_what_was_let_go_is_made_up_for_before_anything_goes_to_the_consumer(
    terms: Terms, paid: int, parts: list[int]
) -> None:
    """In the end nothing is lost, and the consumer has back what they have paid."""
    bought = Bought(terms)
    if paid:
        bought.do(RecordPayment, amount=paid)
    bought.do(Forgive)
    assert bought.booked(Occasion.FORGIVENESS)[A.CREDIT_LOSSES] > 0
    for amount in parts:
        bought.do(Refund, amount=amount)
    assert (bought.plan.amounts.outstanding, bought.plan.amounts.overpaid) == (0, paid)
    assert bought.plan.state is PlanState.FORGIVEN
    assert bought.booked(Occasion.FORGIVENESS, Occasion.LOSS_SHARE) == {}
    books = bought.life.balances(bought.plan_id)
    assert [books[one] for one in (A.CONSUMER_FEES, A.CONSUMER_PRINCIPAL, A.FEE_INCOME, A.CREDIT_LOSSES)] == [0] * 4


def test_after_a_charge_off_they_lower_what_was_lost() -> None:
    bought = Bought(FOUR)
    bought.life.now += timedelta(days=100)
    bought.do(ChargeOff)
    lost = bought.booked(Occasion.LOSS)[A.CREDIT_LOSSES]
    bought.do(Refund, amount=600_00)
    assert lost == 606_00
    recovered = bought.booked(Occasion.RECOVERY)
    assert (recovered[A.FEE_INCOME], recovered[A.RECOVERIES]) == (6_00, -606_00)
    assert bought.owed == 0


def test_what_came_back_is_not_given_up_a_second_time_when_it_is_settled_early() -> None:
    """Of 12.00 a half came back with half of the goods; at half time a half of the other 6.00 is given up."""
    bought = Bought(replace(FOUR, costs=(Cost("keeping", amount=12_00, due=FeeDue.SPREAD),)), jurisdiction="DE")
    bought.do(Refund, amount=300_00)
    bought.life.now += timedelta(days=28)
    bought.do(QuoteSettlement)
    quote = bought.plan.standing.quote
    assert quote is not None
    assert (bought.owed, quote.fee_rebate, quote.amount) == (306_00, 3_00, 303_00)


def test_refunds_from_before_leave_them_as_they_did() -> None:
    """The facts of a plan kept by an older version: they say nothing of costs."""
    bought = Bought(FOUR)
    bought.do(Refund, amount=600_00)
    old = fold(FOUR, [_as_before(one) for one in bought.life.facts[bought.plan_id]])
    assert (sum(row.outstanding for row in old.rows), old.returned_fees) == (6_00, 0)
    bought = Bought(FOUR)
    bought.do(Forgive)
    bought.do(Refund, amount=600_00)
    assert fold(FOUR, [_as_before(one) for one in bought.life.facts[bought.plan_id]]).overpaid == 600_00


def _as_before(one: Recorded) -> Recorded:
    if not isinstance(one.fact, Refunded):
        return one
    return replace(one, fact=replace(one.fact, returns_costs=False, makes_up=False))
