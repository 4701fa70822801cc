"""Lower a bill after its capture: it was too high, and less is owed. It never goes up. Pure.

before   captured 202.00   owed 202.00
lower    to 180.00, because the minibar was not used
after    captured 202.00, refunded 22.00   owed 180.00, or 22.00 overpaid where it had been paid

To the consumer, the merchant and the books it is a refund that is bound to that capture, and our fee stays as it does
then; what is kept besides is why, and the bill as it should have been.
"""

from datetime import datetime

from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.bill import BillLine
from service.plans.book import Book, Change, Event, PlanCommand
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.reverse import captured_bill
from service.plans.running.facts import Refunded


class LowerCapture(PlanCommand, frozen=True, kw_only=True):
    """The bill of this capture comes to `amount` in all, less than what stands of it; its lines say so."""

    capture: int  # 1, 2, 3 ... of the plan
    amount: int
    because: str
    lines: tuple[BillLine, ...] = ()

    who_may = MERCHANTS

    @property
    def rewrites(self) -> bool:
        """The interest that it returns is reckoned from all facts, as that of a refund."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND (no such capture), STATE_FORBIDS (it was reversed), AMOUNT_EXCEEDS_OUTSTANDING (it is no
        less than what stands of it).
        """
        plan = self.plan_of(book)
        bill, today = captured_bill(plan, self.capture), today_of(plan, now)
        stands = bill.amount - plan.standing.refunded_of.get(bill.capture, 0)
        if self.amount >= stands:
            sentence = f"Capture {bill.capture} stands at {stands} minor units: it is lowered to less, never raised."
            raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
        fact = Refunded(
            id=fact_id(self), recorded_on=today, on=today, amount=stands - self.amount,
            returns_interest=plan.offer.terms.refund_interest, by_share=True, makes_up=True,
            returns_costs=plan.offer.terms.refund_costs, lowers=bill.capture, because=self.because, bill=self.lines,
        )  # fmt: skip
        data = {
            "capture": bill.capture, "amount_before": stands, "amount": self.amount, "lines": self.lines,
            "because": self.because, "refund_id": fact.id,
        }  # fmt: skip
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CAPTURE_LOWERED, data))
