"""Capture: the goods are shipped, or the use has ended and its price is known. Pure."""

from datetime import datetime

from msgspec.structs import replace

from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger import transfers
from service.limits.account import release, use
from service.merchants.merchant import merchant_fee
from service.money import Rounding, quotient
from service.plans.bill import Bill, BillLine
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.offer import Kind
from service.plans.plan import CollectionState, OwedInstalment, Plan, PlanState, SettlementState, business_day
from service.terms.schedule import balloon_of, build_schedule, cost_of, down_payment_of
from service.terms.terms import Terms


class Capture(PlanCommand, frozen=True, kw_only=True):
    """Make `amount` minor units of an authorized plan owed.

    Instalments may be captured in parts, each with a full term of its own; `final` gives back the rest.
    A pay_after_use plan is captured once, with its final amount: the rest of the cap is always given back.
    """

    amount: int
    final: bool = False
    lines: tuple[BillLine, ...] = ()  # of the bill

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED."""
        plan = self.plan_of(book)
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "captured: a deposit is claimed")
        require_open(plan, now, "captured")
        if self.amount > plan.remaining:
            raise Refused(
                Code.AMOUNT_EXCEEDS_AUTHORIZED,
                f"{self.amount} is more than the {plan.remaining} minor units that may still be captured.",
                "/amount",
            )
        is_final = self.final or plan.kind is Kind.PAY_AFTER_USE
        given_back = plan.remaining - self.amount if is_final else 0
        captured = owe(plan, self.amount, book.instalments, now)
        fee = merchant_fee(plan.offer.merchant_fee, plan.captured, self.amount)
        after = replace(
            plan,
            state=_state_after(plan, plan.remaining - self.amount - given_back),
            collection_state=CollectionState.COLLECTING,
            settlement_state=SettlementState.PAYABLE,
            captured=plan.captured + self.amount,
            voided=plan.voided + given_back,
            reserved=plan.reserved - self.amount - given_back,
            outstanding=plan.outstanding + self.amount,
            captures=plan.captures + 1,
            bills=(*plan.bills, Bill(plan.captures + 1, self.amount, now, self.lines)),
            version=plan.version + 1,
        )
        account = use(book.account, self.amount)
        return Change(
            account=release(account, given_back) if given_back else account,
            plan=after,
            transfers=[
                *transfers.captured(self.amount, fee, plan.captured, plan.funding.funding_bps),
                *transfers.released(given_back, 0),
            ],
            event=Event(
                EventType.CAPTURED,
                {
                    "capture": after.captures,
                    "amount": self.amount,
                    "merchant_fee": fee,
                    "voided": given_back,
                    "lines": self.lines,
                },
            ),
            instalments=captured,
        )


def owe(plan: Plan, amount: int, before: tuple[OwedInstalment, ...], now: datetime) -> tuple[OwedInstalment, ...]:
    """The plan's instalments after `amount` more is owed from today: a further run of the agreed terms."""
    today = business_day(now, plan.offer.time_zone)
    numbered = len(before)
    terms = terms_of_part(plan.offer.terms, plan.amount, plan.captured, amount)
    return before + tuple(
        OwedInstalment(numbered + i, plan.captures + 1, row.due_on, row.principal, row.interest, row.fee)
        for i, row in enumerate(build_schedule(terms, amount, today, bound=True), start=1)
    )


def terms_of_part(terms: Terms, whole: int, before: int, amount: int) -> Terms:
    """The terms for `amount` of a plan of `whole` minor units, of which `before` was captured already.

    Sums that were agreed once for the plan (costs, a down payment in the schedule, a balloon) are shared among its
    parts in proportion, each cumulated and rounded half up: the parts of a plan captured in full bear exactly what
    was disclosed, those of one captured in part no more.
    """
    down_payment = down_payment_of(terms, whole)
    financed = whole - down_payment
    balloon = balloon_of(terms, financed)
    if amount == whole or not (terms.costs or down_payment or balloon):
        return terms

    def share(total: int) -> int:
        return _cumulated(total, before + amount, whole) - _cumulated(total, before, whole)

    return replace(
        terms,
        costs=tuple(replace(cost, amount=share(cost_of(cost, financed)), bps=0) for cost in terms.costs),
        down_payment=share(down_payment),
        down_payment_bps=0,
        balloon=share(balloon),
        balloon_bps=0,
    )


def _cumulated(total: int, part: int, whole: int) -> int:
    return quotient(total * part, whole, Rounding.HALF_UP)


def _state_after(plan: Plan, remaining: int) -> PlanState:
    if plan.kind is Kind.PAY_AFTER_USE:
        return PlanState.PAYMENT_DUE
    return PlanState.PART_CAPTURED if remaining else PlanState.ACTIVE
