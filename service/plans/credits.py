"""Credits: what lowers the debt besides the consumer's payments, each by its kind. Pure."""

from datetime import date, datetime
from enum import StrEnum

from service import ids
from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import effective_day, fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.fact import Money
from service.plans.running.facts import Paid, Refunded
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component, PaymentKind


class CreditKind(StrEnum):
    """What the credit is: it settles what is owed by the rule that the terms have for its kind."""

    DOWN_PAYMENT = "down_payment"  # money of the consumer's, at the checkout
    MERCHANT_REFUND = "merchant_refund"  # the price of goods that came back, from the merchant
    PAYOUT_REFUND = "payout_refund"  # the same, kept back from what we owe the merchant
    GOODWILL = "goodwill"  # ours: we take it off without having to
    INTEREST_REFUND = "interest_refund"  # ours: interest on money that came back
    INTEREST_WAIVER = "interest_waiver"  # ours: interest that we do not ask for


REFUNDS = (CreditKind.MERCHANT_REFUND, CreditKind.PAYOUT_REFUND)
INTEREST = (PaymentKind.INTEREST_WAIVER, PaymentKind.INTEREST_REFUND)
GIFTS = (PaymentKind.GOODWILL, PaymentKind.FEE_REFUND, *INTEREST)  # ours, without having to


class Credit(PlanCommand, frozen=True, kw_only=True):
    """`amount` is taken off what is owed, as of a day; what is too much is overpaid, and owed back to the consumer."""

    kind: CreditKind
    amount: Money
    on: date | None = None  # today if none is named
    returns_interest: bool | None = None  # of a refund: the interest on it comes back; None: as the terms say
    returns_costs: bool | None = None  # ... and its share of the costs

    who_may = frozenset({ActorKind.OPERATOR})

    @property
    def effective_on(self) -> date | None:
        """The day it counts on."""
        return self.on

    @property
    def rewrites(self) -> bool:
        """The interest that a refund returns is reckoned from all facts."""
        return self.kind in REFUNDS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing was captured), AMOUNT_EXCEEDS_OUTSTANDING (more than there is to
        give), INVALID_FIELD.
        """
        plan = self.plan_of(book)
        if not plan.standing.rows and self.kind is not CreditKind.DOWN_PAYMENT:
            raise refuse_state(plan, "credited")
        on = effective_day(plan, self.on, now)
        _refuse_beyond(plan.standing, self)
        fact = self._fact(plan, on, today_of(plan, now))

        data = {"credit_id": fact.id, "kind": self.kind, "amount": self.amount, "effective_on": on}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CREDITED, data))

    def _fact(self, plan: Plan, on: date, today: date) -> Paid | Refunded:
        kind = PaymentKind(self.kind.value)
        if self.kind not in REFUNDS:
            return Paid(id=fact_id(self, ids.PAYMENT), recorded_on=today, on=on, amount=self.amount, kind=kind)
        terms = plan.offer.terms
        interest = terms.refund_interest if self.returns_interest is None else self.returns_interest
        costs = terms.refund_costs if self.returns_costs is None else self.returns_costs
        return Refunded(
            id=fact_id(self), recorded_on=today, on=on, amount=self.amount, kind=kind, returns_interest=interest,
            by_share=True, makes_up=True, returns_costs=costs,
        )  # fmt: skip


def giveable(standing: Standing, kind: CreditKind) -> int:
    """The most that may still be given: of interest what is asked for in all, of goodwill what was captured besides,
    with fees and penalties; less what came back, and what was given before. What the consumer has paid may be given
    back, and no more.
    """
    interest, charges = _asked_for(standing, Component.INTEREST), _asked_for(standing, Component.FEE)
    charges += _asked_for(standing, Component.PENALTY)
    left = sum(standing.lent) + interest + charges - standing.refunded - _given(standing, GIFTS)
    if kind.value in INTEREST:
        left = min(left, interest - _given(standing, INTEREST))
    return max(0, left)


def _asked_for(standing: Standing, component: Component) -> int:
    """Of one component, in all; what a payment that was taken back had settled of it counts once."""
    back = sum([one.part(component) for one in standing.allocations.values() if one.is_back])
    return sum([row.owed[component] for row in standing.rows]) + back


def _given(standing: Standing, kinds: tuple[PaymentKind, ...]) -> int:
    return sum([one.total for one in standing.allocations.values() if one.kind in kinds])


def _refuse_beyond(standing: Standing, credit: Credit) -> None:
    if credit.kind.value in GIFTS and credit.amount > (most := giveable(standing, credit.kind)):
        word = "interest was asked for" if credit.kind.value in INTEREST else "was captured and asked for besides"
        sentence = f"At most {most} minor units can be given as {credit.kind}: so much {word} and has not come back."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
