"""Money that goes back: refunds, payments returned unpaid or taken back, overpayments returned. Pure."""

from datetime import datetime

from msgspec import Struct, field

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.bill import BillLine, RefundedLine
from service.plans.book import Book, Change, Event, PlanCommand
from service.plans.capture import MERCHANTS
from service.plans.correction import Correct
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.recorded import facts_of, undoing
from service.plans.running.fact import Money
from service.plans.running.facts import AnyFact, ChargedBack, OverpaidReturned, Paid, PaymentReturned, Refunded
from service.terms.allocation_rule import PaymentKind

MOVED_BY_A_BANK = (PaymentKind.PAYMENT, PaymentKind.DOWN_PAYMENT)
LENDERS = frozenset({ActorKind.OPERATOR, ActorKind.PROCESSOR})


class Returned(Struct, frozen=True, gc=False):
    """A line of a bill that comes back: `amount` minor units of it, all that is left of it if none is named."""

    capture: int
    line: int
    amount: int | None = None


class Refund(PlanCommand, frozen=True, kw_only=True):
    """The merchant takes goods back, an amount or lines of the bills: that lowers what is owed; what is too much is
    overpaid, and owed back. With both, the lines must sum to the amount. What the merchant keeps of it as
    `return_fee`, for the way back, stays owed. Interest on it and its share of the costs come back as well, unless the
    terms keep them.
    """

    amount: int | None = None
    lines: tuple[Returned, ...] = ()
    return_fee: int = 0

    who_may = MERCHANTS | {ActorKind.OPERATOR}

    @property
    def rewrites(self) -> bool:
        """The interest that a refund returns is reckoned from all facts."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing was captured), AMOUNT_EXCEEDS_OUTSTANDING (more than was captured,
        or than is left of a line), AMOUNT_MISMATCH, INVALID_FIELD (no such line, a fee that leaves nothing).
        """
        plan = self.plan_of(book)
        lines = refunded_lines(plan, self.lines)
        amount = sum(line.amount for line in lines) if self.amount is None else self.amount
        if lines and amount != sum(line.amount for line in lines):
            sentence = f"The lines sum to {sum(line.amount for line in lines)}, the amount is {amount} minor units."
            raise Refused(Code.AMOUNT_MISMATCH, sentence, "/amount")
        if self.return_fee >= amount:
            sentence = f"A return fee is less than the {amount} minor units of what came back."
            raise Refused(Code.INVALID_FIELD, sentence, "/return_fee")
        today, amount, terms = today_of(plan, now), amount - self.return_fee, plan.offer.terms
        fact = Refunded(
            id=fact_id(self), recorded_on=today, on=today, amount=amount, kind=PaymentKind.MERCHANT_REFUND,
            returns_interest=terms.refund_interest, by_share=True, returns_costs=terms.refund_costs, makes_up=True,
            lines=lines, return_fee=self.return_fee,
        )  # fmt: skip

        data = {
            "refund_id": fact.id, "amount": amount, "return_fee": self.return_fee, "lines": lines,
            "refunded": plan.amounts.refunded + amount,
        }  # fmt: skip
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.REFUNDED, data))


class ReturnPayment(PlanCommand, frozen=True, kw_only=True):
    """The bank returned a payment unpaid: the plan stands as if it had never come."""

    payment_id: str

    who_may = LENDERS

    @property
    def rewrites(self) -> bool:
        """Everything since the payment is folded anew."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (it was returned, or taken back, before)."""
        plan = self.plan_of(book)
        paid = payment_of(plan, self.payment_id)
        today, left = today_of(plan, now), plan.standing.allocations[paid.id].total
        if left < paid.amount:
            sentence = f"The bank took {paid.amount - left} minor units of this payment back before."
            raise Refused(Code.STATE_FORBIDS, f"{sentence} What is left of it is charged back.", "/payment_id")
        fact = PaymentReturned(id=fact_id(self), recorded_on=today, on=paid.on, payment_id=paid.id)

        event = Event(EventType.PAYMENT_RETURNED, {"payment_id": paid.id, "amount": paid.amount})
        return happen(book, plan, self, fact, now, lambda _: event)


class ChargeBack(PlanCommand, frozen=True, kw_only=True):
    """The consumer's bank took a payment back, wholly or in part: it is owed again from today."""

    payment_id: str
    amount: Money

    who_may = LENDERS

    @property
    def rewrites(self) -> bool:
        """Whether the payment was taken back before stands in the facts."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (it was returned), AMOUNT_EXCEEDS_OUTSTANDING (less is left of it)."""
        plan = self.plan_of(book)
        paid = payment_of(plan, self.payment_id)
        today = today_of(plan, now)
        fact = ChargedBack(
            id=fact_id(self), recorded_on=today, on=today, amount=self.amount, payment_id=paid.id, keeps_settled=True
        )
        event = Event(EventType.CHARGED_BACK, {"payment_id": paid.id, "amount": self.amount})
        return happen(book, plan, self, fact, now, lambda _: event)


class ReturnOverpayment(PlanCommand, frozen=True, kw_only=True):
    """What was paid too much went back to the consumer."""

    amount: Money

    who_may = LENDERS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, AMOUNT_EXCEEDS_OUTSTANDING (less was overpaid)."""
        plan = self.plan_of(book)
        if self.amount > plan.amounts.overpaid:
            sentence = f"{self.amount} is more than the {plan.amounts.overpaid} minor units that were overpaid."
            raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
        today = today_of(plan, now)
        fact = OverpaidReturned(id=fact_id(self), recorded_on=today, on=today, amount=self.amount)
        event = {"amount": self.amount, "overpaid": plan.amounts.overpaid - self.amount}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.OVERPAYMENT_RETURNED, event))


class TakeBack(Correct, frozen=True, kw_only=True):
    """What was to go back to the consumer did not reach them: it is overpaid as before."""

    who_may = frozenset({ActorKind.PROCESSOR})

    def _undone(self, plan: Plan) -> AnyFact:
        """The return, which nobody has undone."""
        fact = super()._undone(plan)
        if not isinstance(fact, OverpaidReturned):
            raise self._refused("Only what went back to the consumer can come back from them.")
        return fact


def refunded_lines(plan: Plan, asked: tuple[Returned, ...]) -> tuple[RefundedLine, ...]:
    """What comes back of which lines. Refused: INVALID_FIELD (no such line, or named twice, or a discount);
    AMOUNT_EXCEEDS_OUTSTANDING (less is left of it, or of its bill).
    """
    left = _left_of_bills(plan) if asked else {}
    found: list[RefundedLine] = []
    for place, one in enumerate(asked):
        bill = left.get(one.capture, LeftOfBill(0))
        of_it = bill.lines.pop(one.line, None)  # popped: named once
        if of_it is None:
            sentence = f"Capture {one.capture} has no line {one.line} that can come back, or it is named twice."
            raise Refused(Code.INVALID_FIELD, sentence, f"/lines/{place}/line")
        most = min(of_it, bill.amount)
        amount = most if one.amount is None else one.amount
        if not amount or amount > most:
            less = f", and {most} of its bill" if most < of_it else ""
            sentence = f"{of_it} minor units are left of line {one.line} of capture {one.capture}{less}."
            raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, f"/lines/{place}/amount")
        bill.amount -= amount
        found.append(RefundedLine(one.capture, one.line, amount))
    return tuple(found)


class LeftOfBill(Struct):
    """What of a bill may still come back by its lines: of all of them together, and of each by its number."""

    amount: int
    lines: dict[int, int] = field(default_factory=dict)


def _left_of_bills(plan: Plan) -> dict[int, LeftOfBill]:
    """By capture. A bill that was lowered is from then on what it should have been."""
    left = {bill.capture: _all_of(bill.amount, bill.lines) for bill in plan.standing_bills}
    lowered = plan.standing.lowered_of
    for fact in facts_of(plan):
        if not isinstance(fact, Refunded) or undoing(plan, fact.id):
            continue
        if fact.lowers:
            left[fact.lowers] = _all_of(lowered[fact.lowers].amount, fact.bill)
        for line in fact.lines:
            left[line.capture].lines[line.line] -= line.amount
            left[line.capture].amount -= line.amount
    return left


def _all_of(amount: int, lines: tuple[BillLine, ...]) -> LeftOfBill:
    return LeftOfBill(amount, {line.number: line.amount for line in lines if line.amount > 0})


def payment_of(plan: Plan, payment_id: str) -> Paid:
    """A payment that stands. Refused: NOT_FOUND, STATE_FORBIDS (it was returned or undone, or no bank moved it)."""
    paid = next((fact for fact in facts_of(plan) if isinstance(fact, Paid) and fact.id == payment_id), None)
    if paid is None:
        raise Refused(Code.NOT_FOUND, f"There is no payment {payment_id[:100]!r} on this plan.", "/payment_id")
    if never := undoing(plan, paid.id):
        word = "returned unpaid" if isinstance(never, PaymentReturned) else "undone"
        raise Refused(Code.STATE_FORBIDS, f"This payment was {word} on {never.recorded_on}.", "/payment_id")
    if paid.kind not in MOVED_BY_A_BANK:
        sentence = "No bank has moved this payment, and none takes it back: correct it if it was recorded by mistake."
        raise Refused(Code.STATE_FORBIDS, sentence, "/payment_id")
    return paid
