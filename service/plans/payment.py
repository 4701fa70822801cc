"""Record a payment: money from the consumer settles what is due; what is too much is kept for them. Pure."""

import unicodedata
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from service import ids
from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, HeldWord, PlanCommand
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan, business_day
from service.plans.running.facts import Paid
from service.terms.allocation_rule import PaymentKind

A_DAY: Final = timedelta(days=1)
FARTHEST_WEST: Final = timedelta(hours=12)  # by which a clock is behind UTC
TELLERS = frozenset({ActorKind.MERCHANT, ActorKind.PLATFORM})  # whose word somebody proves
COLLECTORS = frozenset({ActorKind.MERCHANT, ActorKind.PLATFORM, ActorKind.OPERATOR, ActorKind.PROCESSOR})


class ReceivedBy(StrEnum):
    """Who has the consumer's money."""

    PROCESSOR = "processor"  # on its way to us
    MERCHANT = "merchant"  # in cash say: we owe the merchant so much less

    @property
    def kind(self) -> PaymentKind:
        """Of the payment."""
        return PaymentKind.PAID_TO_MERCHANT if self is ReceivedBy.MERCHANT else PaymentKind.PAYMENT


class RecordPayment(PlanCommand, frozen=True, kw_only=True):
    """`amount` minor units came from the consumer on `received_on`, as the processor dates it; today if none is named.

    Money that came is never refused: what is more than is owed is overpaid, and to be returned. `reference` is the
    payer's or processor's own. A standing order repeats it, so the same payment is one of the same reference, day and
    amount; without a day, one of the same reference and amount.
    """

    amount: int
    received_on: date | None = None
    received_at: datetime | None = None  # where no day but an instant is known: its day in the plan's time zone
    reference: str | None = None
    received_by: ReceivedBy = ReceivedBy.PROCESSOR
    is_believed: bool = True  # the merchant's word is enough to free the limit; of nobody else is it asked

    who_may = COLLECTORS

    @property
    def effective_on(self) -> date | None:
        """The day it came; of an instant the first that any place has."""
        return (self.received_at - FARTHEST_WEST).date() if self.received_at else self.received_on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, DUPLICATE_PAYMENT, INVALID_FIELD (its day)."""
        plan = self.plan_of(book)
        today = today_of(plan, now)
        received_on = self.received_on or today
        if self.received_at is not None:
            received_on = business_day(self.received_at, plan.offer.time_zone)
        counts_on = day_of_plan(received_on, business_day(plan.authorized_at, plan.offer.time_zone), today)
        self._refuse_twice(book)
        fact = Paid(
            id=fact_id(self, ids.PAYMENT), recorded_on=today, on=counts_on, amount=self.amount, received_on=received_on,
            kind=self.received_by.kind,
        )  # fmt: skip

        def tell(after: Plan) -> Event:
            of = after.standing.allocations[fact.id]
            return Event(
                EventType.PAID,
                {
                    "payment_id": fact.id, "received_on": received_on, "amount": self.amount,
                    "received_by": self.received_by, "penalty": of.penalty, "fee": of.fee, "interest": of.interest,
                    "principal": of.principal, "overpaid": of.overpaid,
                },
            )  # fmt: skip

        change = happen(book, plan, self, fact, now, tell, same_reference(self.reference))
        freed = book.account.used - change.account.used
        if self.is_believed or self.actor.kind not in TELLERS or freed <= 0:
            return change
        return replace(change, account=book.account, held=HeldWord(plan.bucket, plan.plan_id, fact.id, freed, now))

    def _refuse_twice(self, book: Book) -> None:
        for notice in book.notices:
            if notice.reference == same_reference(self.reference) and notice.amount == self.amount:
                if self.received_on is None:
                    sentence = (
                        f"A payment {self.reference!r} of this amount, received on {notice.received_on}, is on this"
                        " plan; if this is another one, say on which day it was received."
                    )
                    raise Refused(Code.DUPLICATE_PAYMENT, sentence, "/reference")
                if self.received_on == notice.received_on:
                    sentence = f"The payment {self.reference!r} of {notice.received_on} is already on this plan."
                    raise Refused(Code.DUPLICATE_PAYMENT, sentence, "/reference")


def same_reference(reference: str | None) -> str | None:
    """The reference as it is compared: however it is spelt in upper and lower case, blanks and forms of letters."""
    if reference is None:
        return None
    return " ".join(unicodedata.normalize("NFKC", reference).casefold().split())


def day_of_plan(received_on: date, opened_on: date, today: date) -> date:
    """The day that a payment counts on: the day it came, but not before the plan was opened and not after today.

    In the processor's time zone it may be yesterday, or tomorrow already. What lies farther is refused: INVALID_FIELD.
    """
    if received_on > today + A_DAY:
        raise Refused(Code.INVALID_FIELD, f"{received_on} is more than a day after today, {today}.", "/received_on")
    if received_on < opened_on - A_DAY:
        sentence = f"{received_on} is more than a day before the plan was opened, {opened_on}."
        raise Refused(Code.INVALID_FIELD, sentence, "/received_on")
    return min(max(received_on, opened_on), today)
