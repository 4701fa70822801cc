"""Record a payment: money from the consumer settles what is due, oldest first. Pure."""

from datetime import date, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from service import ids
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger import transfers
from service.limits.account import restore
from service.plans.book import Book, Change, Event, Payment, PlanCommand, refuse_state
from service.plans.offer import Kind
from service.plans.plan import CollectionState, OwedInstalment, Plan, PlanState, business_day

A_DAY: Final = timedelta(days=1)


class RecordPayment(PlanCommand, frozen=True, kw_only=True):
    """`amount` minor units came from the consumer on `received_on`, as the processor dates it; today if none is named.

    `reference` is the payer's or processor's own; a second payment with it is refused.
    """

    amount: int
    received_on: date | None = None
    reference: str | None = None

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, DUPLICATE_PAYMENT, AMOUNT_EXCEEDS_OUTSTANDING, INVALID_FIELD (its day)."""
        plan = self.plan_of(book)
        today = business_day(now, plan.offer.time_zone)
        received_on = self.received_on or today
        counts_on = day_of_plan(received_on, business_day(plan.authorized_at, plan.offer.time_zone), today)
        if self.reference is not None and self.reference in book.payment_references:
            raise Refused(
                Code.DUPLICATE_PAYMENT, f"Payment {self.reference!r} is already recorded on this plan.", "/reference"
            )
        owed = sum(instalment.outstanding for instalment in book.instalments)
        if owed == 0:
            raise refuse_state(plan, "paid: nothing is owed")
        if self.amount > owed:
            raise Refused(
                Code.AMOUNT_EXCEEDS_OUTSTANDING,
                f"{self.amount} is more than the {owed} minor units that are owed.",
                "/amount",
            )
        instalments = settle(book.instalments, self.amount, counts_on)
        principal = _sum_paid(instalments, "principal_paid") - plan.principal_paid
        interest = _sum_paid(instalments, "interest_paid") - plan.interest_paid
        fee = self.amount - principal - interest
        payment = Payment(
            ids.derive(ids.PAYMENT, self.command_id), self.amount, principal, interest, fee, received_on, self.reference
        )
        return Change(
            account=restore(book.account, principal),
            plan=_after(plan, payment, owed - self.amount, now),
            transfers=transfers.paid(
                principal, interest, fee, (plan.principal_paid, plan.interest_paid), plan.funding.funding_bps
            ),
            event=Event(
                EventType.PAID,
                {
                    "payment_id": payment.payment_id,
                    "received_on": received_on,
                    "amount": self.amount,
                    "principal": principal,
                    "interest": interest,
                    "fee": fee,
                    "outstanding": owed - self.amount,
                },
            ),
            instalments=instalments,
            payment=payment,
        )


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


def settle(instalments: tuple[OwedInstalment, ...], amount: int, on: date) -> tuple[OwedInstalment, ...]:
    """The instalments after `amount` was spent on them: by due date, and in each fee, interest, then principal."""
    after = list(instalments)
    for i in sorted(range(len(after)), key=lambda i: (after[i].due_on, after[i].number)):
        if not amount:
            break
        row = after[i]
        fee = min(amount, row.fee - row.fee_paid)
        interest = min(amount - fee, row.interest - row.interest_paid)
        principal = min(amount - fee - interest, row.principal - row.principal_paid)
        spent = fee + interest + principal
        if spent:
            amount -= spent
            after[i] = replace(
                row,
                fee_paid=row.fee_paid + fee,
                interest_paid=row.interest_paid + interest,
                principal_paid=row.principal_paid + principal,
                paid_on=on if spent == row.outstanding else None,
            )
    assert amount == 0
    return tuple(after)


def _sum_paid(instalments: tuple[OwedInstalment, ...], component: str) -> int:
    return sum(getattr(instalment, component) for instalment in instalments)


def _after(plan: Plan, payment: Payment, still_owed: int, now: datetime) -> Plan:
    ended = still_owed == 0 and plan.remaining == 0
    state = plan.state
    if ended:
        state = PlanState.CLOSED if plan.kind is Kind.DEPOSIT else PlanState.PAID_OFF
    return replace(
        plan,
        state=state,
        collection_state=CollectionState.COLLECTING if still_owed else CollectionState.COLLECTED,
        outstanding=plan.outstanding - payment.principal,
        principal_paid=plan.principal_paid + payment.principal,
        interest_paid=plan.interest_paid + payment.interest,
        fee_paid=plan.fee_paid + payment.fee,
        version=plan.version + 1,
        closed_at=now if ended else None,
    )
