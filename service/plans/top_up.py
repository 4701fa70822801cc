"""Top up: a deposit must cover more than was agreed, and only the difference is decided. Pure.

waived more = min(deposit x share, limit left), less what is waived already;   the rest of the difference is held on
the card, as it was at the checkout
"""

from datetime import datetime

from service.errors import Code, Refused
from service.event_type import EventType
from service.money import take_bps
from service.plans.amend import Approval, amended, require_approval
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan


class TopUp(PlanCommand, frozen=True, kw_only=True):
    """`amount` minor units more may be claimed from now on."""

    amount: int
    approval: Approval | None = None  # of the whole deposit

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (no deposit, nothing is left, too late, a claim is open), IMPOSSIBLE_TERMS
        (more than the product has), NOT_APPROVED, BUSY.
        """
        plan = self.plan_of(book)
        if plan.kind is not Kind.DEPOSIT:
            raise refuse_state(plan, "topped up: only a deposit is")
        require_open(plan, now, "topped up")
        deposit = plan.amounts.amount + self.amount
        if deposit > plan.offer.amount_max:
            sentence = f"The deposit is of {plan.amounts.amount} minor units, the product for {plan.offer.amount_max}."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount")
        waived_before = plan.standing.authorized or 0
        by_share = take_bps(deposit, plan.offer.waived_bps) - waived_before
        waived = max(0, min(by_share, self.amount, book.account.available))
        held = deposit - waived_before - waived
        fact = amended(plan, fact_id(self), waived_before + waived, held, today_of(plan, now))

        def tell(after: Plan) -> Event:
            more = {"amount": self.amount, "waived": waived, "held": self.amount - waived, "deposit": deposit}
            return Event(EventType.TOPPED_UP, more | {"remaining": after.remaining})

        change = happen(book, plan, self, fact, now, tell)
        require_approval(self.approval, deposit)
        return change
