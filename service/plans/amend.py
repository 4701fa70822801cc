"""Amend: the order has become another one before all of it was captured. The offer's terms stay. Pure.

Up     only the difference is decided: the policy must approve of it, and the account have room for it.
Down   the difference is given back to the limit at once.
Both   the amount must be one that the offer's product has, and its price within the law of the day. It is quoted anew.
"""

from datetime import date, datetime

from msgspec import Struct

from service.errors import Code, Decided, Ground, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.running.facts import Amended
from service.terms.pricing import price_of


class Approval(Struct, frozen=True):
    """What the policy says of a plan that is to be of more, decided before the command is done."""

    decision_id: str
    amount_max: int  # minor units: it was asked about a plan of so much in all
    reasons: tuple[Ground, ...] = ()  # why not; empty: it approves


class Amend(PlanCommand, frozen=True, kw_only=True):
    """`amount` minor units may be captured in all from now on, what was captured before among them."""

    amount: int
    approval: Approval | None = None  # None: nobody was asked, and it becomes no more

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is left, too late, more was captured or given back, it is that
        already), IMPOSSIBLE_TERMS (no such amount, or its price), LIMIT_EXCEEDED, NOT_APPROVED, BUSY.
        """
        plan = self.plan_of(book)
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "amended: a deposit is topped up, and a part of it released")
        require_open(plan, now, "amended")
        self._refuse_amount(plan)
        today, before = today_of(plan, now), plan.amounts.amount
        fact = amended(plan, fact_id(self), self.amount, 0, today)

        def tell(after: Plan) -> Event:
            data = {
                "amount": fact.amount, "amount_before": before, "remaining": after.remaining,
                "total_cost": fact.total_cost, "total_payable": fact.total_payable,
            }  # fmt: skip
            return Event(EventType.AMENDED, data)

        change = happen(book, plan, self, fact, now, tell)
        if self.amount > before:
            require_approval(self.approval, self.amount)
        return change

    def _refuse_amount(self, plan: Plan) -> None:
        captured, voided, offer = plan.amounts.captured, plan.amounts.voided, plan.offer
        if self.amount == plan.amounts.amount:
            raise Refused(Code.STATE_FORBIDS, f"The plan is of {self.amount} minor units already.", "/amount")
        if self.amount < captured:
            sentence = f"{captured} minor units are captured already: amend to no less, and refund what came back."
            raise Refused(Code.STATE_FORBIDS, sentence, "/amount")
        if self.amount < captured + voided:  # a capture was reversed after the rest had been given back
            sentence = f"{voided} minor units were given back, beside {captured} that are captured: amend to no less."
            raise Refused(Code.STATE_FORBIDS, sentence, "/amount")
        if not offer.amount_min <= self.amount <= offer.amount_max:
            sentence = f"The product is for {offer.amount_min} to {offer.amount_max} minor units."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount")


def require_approval(approval: Approval | None, amount: int) -> None:
    """Refused: NOT_APPROVED, where the policy does not approve of a plan of `amount`; BUSY, where it was asked about
    less, for the plan has become another one since.
    """
    if approval is None or amount > approval.amount_max:
        raise Refused(Code.BUSY, "The plan was amended meanwhile; send the same request again.")
    if approval.reasons:
        said = " ".join(reason.sentence for reason in approval.reasons)
        decided = Decided(approval.decision_id, approval.reasons)
        raise Refused(Code.NOT_APPROVED, f"The policy does not approve of more: {said}", "/amount", decided=decided)


def amended(plan: Plan, new_id: str, amount: int, held: int, on: date) -> Amended:
    """What the offer's terms make of `amount` from a day on; of a deposit `held` more is on the card.

    Refused: IMPOSSIBLE_TERMS.
    """
    offer = plan.offer
    try:
        price = price_of(offer.jurisdiction, offer.product_class, offer.terms, amount, on)
    except Refused as refused:
        sentence = f"The terms of the plan make no schedule of that amount from today on: {refused.detail}"
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount") from None
    if price.above is not None:
        cap = f"{price.above.value} basis points, {price.above.source}"
        raise Refused(Code.IMPOSSIBLE_TERMS, f"The price of that amount is above the cap of {cap}.", "/amount")
    return Amended(
        id=new_id, recorded_on=on, on=on, amount=amount, held=held, schedule=price.schedule, total_cost=price.cost,
        total_payable=offer.down_payment + amount + held + price.cost, apr=price.apr,
    )  # fmt: skip
