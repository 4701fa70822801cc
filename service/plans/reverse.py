"""Reverse a capture on the day it was made: the plan stands as if it had not happened. Pure.

before   captured 250.00, used 250.00     the merchant is owed 250.00 less our fee
after    remaining +250.00, reserved      nothing of it; what was paid on it is overpaid, and owed back
"""

from datetime import datetime
from typing import Final

from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.bill import Bill, reversed_of
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.bookkeeping import fee_of
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan, business_day
from service.plans.recorded import facts_of, undoing
from service.plans.running.facts import (
    Amended,
    AuthorizationExtended,
    Captured,
    CaptureReversed,
    ChargedBack,
    ExpiryAnnounced,
    GivenBack,
    OverpaidReturned,
    Paid,
    Refunded,
    undone_by,
)
from service.plans.running.subsidy_facts import BoughtDown

WITHOUT_IT: Final = (
    Paid, OverpaidReturned, ChargedBack, Refunded, Captured, GivenBack, Amended, AuthorizationExtended, ExpiryAnnounced,
    BoughtDown,
)  # fmt: skip


class ReverseCapture(PlanCommand, frozen=True, kw_only=True):
    """The capture of this number was a mistake. From the next day on it can only be refunded."""

    capture: int  # 1, 2, 3 ... of the plan

    who_may = MERCHANTS

    @property
    def rewrites(self) -> bool:
        """Everything since the capture is folded anew."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND (no such capture), STATE_FORBIDS (a claim, reversed before, on a later day, refunded,
        others stand on it), LIMIT_EXCEEDED (what it had given back was used elsewhere since).
        """
        plan = self.plan_of(book)
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "reversed: money may have been taken from the card; refund the claim")
        bill, today = captured_bill(plan, self.capture), today_of(plan, now)
        made_on = business_day(bill.captured_at, plan.offer.time_zone)
        if made_on != today:
            raise self._refused(f"Capture {bill.capture} was made on {made_on}, and is reversed on its own day only.")
        if refunded := plan.standing.refunded_of.get(bill.capture, 0):
            raise self._refused(f"Of capture {bill.capture} {refunded} minor units were refunded.")
        if words := self._standing_on(plan, bill):
            raise self._refused(f"Others stand on capture {bill.capture} ({words}).")
        fact = CaptureReversed(id=fact_id(self), recorded_on=today, on=made_on, capture_id=bill.capture_id)

        def tell(after: Plan) -> Event:
            data = {
                "capture": bill.capture, "amount": bill.amount, "reference": bill.reference,
                "merchant_fee": fee_of(plan) - fee_of(after), "remaining": after.remaining,
                "overpaid": after.amounts.overpaid,
                "merchant_cost": plan.standing.merchant_costs - after.standing.merchant_costs,
            }  # fmt: skip
            return Event(EventType.CAPTURE_REVERSED, data)

        try:
            return happen(book, plan, self, fact, now, tell, bills=reversed_of(plan.bills, bill.capture))
        except Refused as refused:
            if refused.code is Code.LIMIT_EXCEEDED:
                sentence = f"What this capture had given back was used elsewhere since. {refused.detail}"
                raise Refused(refused.code, f"{sentence} It can be refunded.", "/capture") from None
            raise self._refused(f"What happened since cannot be without this capture. {refused.detail}") from None

    def _standing_on(self, plan: Plan, bill: Bill) -> str:
        """What has happened since that makes no sense without it: all but money, and what is left to capture."""
        facts = list(facts_of(plan))
        since = facts[[one.id for one in facts].index(bill.capture_id) + 1 :]
        those = [one for one in since if not isinstance(one, WITHOUT_IT) and not undone_by(one)]
        return ", ".join(dict.fromkeys(str(one.__struct_config__.tag) for one in those if not undoing(plan, one.id)))

    def _refused(self, sentence: str) -> Refused:
        return Refused(Code.STATE_FORBIDS, f"{sentence} What is left of it can be refunded.", "/capture", ("refund",))


def captured_bill(plan: Plan, capture: int) -> Bill:
    """The bill of a capture that stands. Refused: NOT_FOUND, STATE_FORBIDS (it was reversed)."""
    bill = next((one for one in plan.bills if one.capture == capture), None)
    if bill is None:
        count = len(plan.bills)
        raise Refused(Code.NOT_FOUND, f"The plan has no capture {capture}; it has {count}.", "/capture")
    if bill.is_reversed:
        raise Refused(Code.STATE_FORBIDS, f"Capture {capture} was reversed before.", "/capture")
    return bill
