"""One pass over the facts of a plan: the rows and courses they leave behind."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from service.errors import Code, Refused
from service.payments import charge_off, re_aging
from service.payments.allocation import allocate
from service.payments.rows import Row, RowKind
from service.plans.allocation_rule import Component, PaymentKind, Step, Timing
from service.plans.changes import moves
from service.plans.changes.course import Course
from service.plans.changes.facts import (
    Captured,
    ChargedBack,
    ChargedOff,
    DueMoved,
    Event,
    Extended,
    Forgiven,
    InterestPaused,
    Levied,
    Paid,
    RateChanged,
    ReAged,
    ReAmortized,
    Refunded,
)  # fmt: skip
from service.plans.schedule import down_payment_of
from service.plans.terms import Captures, DownPaymentAt, Terms


MOVES_MONEY = (Captured, Paid, Refunded, ChargedBack, ReAged, ReAmortized, ChargedOff, Forgiven)


class Allocated(Struct):
    """Which components a payment settled."""

    id: str
    kind: PaymentKind
    on: date
    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    overpaid: int = 0

    def add(self, component: Component, amount: int) -> None:
        """Count what one component took."""
        setattr(self, component.value, getattr(self, component.value) + amount)


class Replaying:
    """Working copy of rows and courses; `run` applies facts in the order given."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.rows: list[Row] = []
        self.courses: list[Course] = []
        self.allocations: dict[str, Allocated] = {}
        self.overpaid = 0
        self.closed = False  # charged off or forgiven: interest no longer follows payments
        self.bears_interest = terms.rate_percent > 0
        self.returned_interest = 0
        self.done: list[Event] = []

    @property
    def recalculates(self) -> bool:
        return self.terms.recalculate and self.bears_interest and not self.closed

    def run(self, facts: Sequence[Event]) -> None:
        """Apply the facts."""
        self.bears_interest |= any(isinstance(fact, RateChanged) and fact.rate_percent > 0 for fact in facts)
        for fact in facts:
            if isinstance(fact, MOVES_MONEY):
                self.bear_overdue(fact.on)
            self._apply(fact)
            self.done.append(fact)

    def bear_overdue(self, on: date) -> None:
        """Principal past due bears interest up to `on`."""
        if self.recalculates:
            for course in self.courses:
                if moves.bear_overdue(course, on):
                    self.sync(on)

    def sync(self, on: date) -> None:
        """What the courses ask for, on the rows."""
        for course in self.courses:
            dues = course.dues()
            for row in self.rows:
                if row.course is course and row.period is not None:
                    index = course.periods.index(row.period)
                    due = dues[index]
                    row.begin, row.due_on = row.period.begin, row.period.due_on
                    row.owed[Component.PRINCIPAL] = due.principal
                    row.owed[Component.INTEREST] = due.interest
                    row.owed_again = course.credited(index)[0]
                    row.mark(on)

    def _apply(self, fact: Event) -> None:
        match fact:
            case Captured():
                self._capture(fact)
            case Paid():
                self._pay(fact.id, fact.kind, fact.on, fact.amount)
            case Refunded():
                self._refund(fact)
            case ChargedBack():
                self._charge_back(fact)
            case Levied():
                self._levy(fact)
            case RateChanged():
                self._change(fact.on, lambda course: moves.change_rate(course, fact.on, fact.rate_percent))
            case InterestPaused():
                self._change(fact.on, lambda course: moves.pause(course, fact.on, fact.end_on))
            case Extended():
                self._change(fact.on, lambda course: moves.extend(course, fact.on, fact.instalments))
            case DueMoved():
                self._change(fact.on, lambda course: moves.move_due_date(course, fact.on, fact.to))
            case ReAmortized():
                re_aging.re_amortize(self, fact.on)
            case ReAged():
                re_aging.re_age(self, fact)
            case ChargedOff():
                charge_off.charge_off(self, fact.on)
            case Forgiven():
                charge_off.forgive(self, fact.on)

    def _change(self, on: date, change: "moves.Change") -> None:
        if not self.courses:
            raise Refused(Code.STATE_FORBIDS, "Nothing has been captured yet.")
        for course in self.courses:
            change(course)
            self.add_rows(course)
        self.sync(on)

    def add_rows(self, course: Course) -> None:
        """Rows for the periods that have none, and none for periods that are no more."""
        known = [row.period for row in self.rows if row.course is course]
        self.rows = [row for row in self.rows if row.course is not course or row.period in course.periods]
        self.rows += [
            Row(RowKind.INSTALMENT, period.begin, period.due_on, course=course, period=period)
            for period in course.periods
            if period not in known
        ]
        self.sort()

    def sort(self) -> None:
        """By due date; a down payment goes before an instalment of the same day."""
        self.rows.sort(key=lambda row: (row.due_on, row.kind))

    def _capture(self, fact: Captured) -> None:
        financed = fact.amount - down_payment_of(self.terms, fact.amount)
        if self.terms.captures is Captures.MERGED and self.courses:
            course = self.courses[0]
            if fact.on >= course.last.due_on:
                self._owe_again(fact.on, financed)
            else:
                moves.lend(course, fact.on, financed)
        else:
            course = moves.begin_course(self.terms, fact.amount, fact.on)
            self.courses.append(course)
        down_payment = fact.amount - financed
        if down_payment and self.terms.down_payment_at is DownPaymentAt.SCHEDULE:
            row = Row(RowKind.DOWN_PAYMENT, fact.on, fact.on)
            row.owed[Component.PRINCIPAL] = down_payment
            self.rows.append(row)
        self.add_rows(course)
        self.sync(fact.on)
        self._use_overpaid(fact.id, fact.on)

    def _use_overpaid(self, fact_id: str, on: date) -> None:
        if self.overpaid:
            amount, self.overpaid = self.overpaid, 0
            self._pay(fact_id, PaymentKind.PAYMENT, on, amount)

    def _pay(self, fact_id: str, kind: PaymentKind, on: date, amount: int) -> None:
        allocated = self.allocations.setdefault(fact_id, Allocated(fact_id, kind, on))
        left = self._allocate(allocated, amount)
        allocated.overpaid += left
        self.overpaid += left

    def _allocate(self, allocated: Allocated, amount: int) -> int:
        def pay(row: Row, step: Step, at_most: int) -> int:
            taken = self._take(row, step, at_most, allocated.on)
            allocated.add(step[1], taken)
            return taken

        allocation = self.terms.allocation
        rule = allocation.rule_of(allocated.kind)
        return allocate(self.rows, rule, allocation.direction, amount, allocated.on, pay, self._may_yet_owe)

    def _may_yet_owe(self, row: Row) -> bool:
        return self.recalculates and row.period is not None and row.total == 0

    def _take(self, row: Row, step: Step, at_most: int, on: date) -> int:
        course, period, (timing, component) = row.course, row.period, step
        if not self.recalculates or course is None or period is None:
            return row.pay(component, at_most, on)
        if timing is Timing.IN_ADVANCE and component in (Component.INTEREST, Component.PRINCIPAL):
            due = moves.due_if_paid(course, period, on)
            row.owed[component] = due.interest if component is Component.INTEREST else due.principal
        taken = row.pay(component, at_most, on)
        if component is Component.PRINCIPAL:
            moves.pay_principal(course, period, on, taken)
        elif component is Component.INTEREST:
            moves.pay_interest(course, period, on, taken)
        self.sync(on)
        return taken

    def _refund(self, fact: Refunded) -> None:
        self._pay(fact.id, fact.kind, fact.on, fact.amount)
        if fact.returns_interest and self.terms.recalculate and self.bears_interest:
            amount = self._interest_to_return(fact)
            if amount > 0:
                self.returned_interest += amount
                self._pay(f"{fact.id}/interest", PaymentKind.INTEREST_REFUND, fact.on, amount)

    def _interest_to_return(self, fact: Refunded) -> int:
        """Interest up to the refund, less what it would be had the refunded money never been lent."""
        if self.closed:
            return sum(row.owed[Component.INTEREST] for row in self.rows)
        borne = sum(moves.interest_until(course, fact.on) for course in self.courses)
        other = Replaying(self.terms)
        other.run(as_if_never_lent([*self.done, fact]))
        other.bear_overdue(fact.on)
        return borne - self.returned_interest - sum(moves.interest_until(course, fact.on) for course in other.courses)

    def _charge_back(self, fact: ChargedBack) -> None:
        paid = self.allocations.get(fact.payment_id)
        if paid is None:
            raise Refused(Code.NOT_FOUND, f"No payment {fact.payment_id}.", "/payment_id")
        absorbed = min(self.overpaid, fact.amount)
        self.overpaid -= absorbed
        parts = self._parts_to_take_back(paid, fact.amount - absorbed)
        back = self.allocations.setdefault(fact.id, Allocated(fact.id, paid.kind, fact.on))
        for component, amount in parts.items():
            back.add(component, -amount)
            paid.add(component, -amount)
        course = next((c for c in self.courses if fact.on <= c.last.due_on), None)
        if self.recalculates and course is not None:
            moves.take_back(course, fact.on, parts.pop(Component.PRINCIPAL, 0), parts.pop(Component.INTEREST, 0))
            self.sync(fact.on)
        for component, amount in parts.items():
            row = self._row_after(fact.on)
            row.owe(component, amount, fact.on)
            row.owed_again += amount if component is Component.PRINCIPAL else 0

    def _parts_to_take_back(self, paid: Allocated, amount: int) -> dict[Component, int]:
        if not self.terms.chargeback_order:
            return {Component.PRINCIPAL: amount} if amount else {}
        parts: dict[Component, int] = {}
        for component in self.terms.chargeback_order:
            part = min(amount, getattr(paid, component.value))
            if part > 0:
                parts[component] = part
                amount -= part
        return parts

    def _row_after(self, on: date) -> Row:
        """The running instalment; behind the last one, an extra row that moves with what is added to it."""
        for row in self.rows:
            if row.kind is RowKind.INSTALMENT and row.due_on > on:
                return row
        last = self.rows[-1]
        if last.kind is RowKind.EXTRA:
            last.due_on = max(last.due_on, on)
            return last
        if last.due_on == on:
            return last
        extra = Row(RowKind.EXTRA, last.due_on, on)
        self.rows.append(extra)
        return extra

    def _owe_again(self, on: date, amount: int) -> None:
        self._row_after(on).owe(Component.PRINCIPAL, amount, on)

    def _levy(self, fact: Levied) -> None:
        component = Component.PENALTY if fact.is_penalty else Component.FEE
        instalments = [row for row in self.rows if row.kind is RowKind.INSTALMENT]
        row = next((row for row in instalments if fact.due_on <= row.due_on), None)
        (row or self._row_after(fact.due_on)).owe(component, fact.amount, fact.on)
        for allocated in list(self.allocations.values()):
            amount = min(self.overpaid, allocated.overpaid)
            if amount:
                allocated.overpaid -= amount
                self.overpaid -= amount
                left = self._allocate(allocated, amount)
                allocated.overpaid += left
                self.overpaid += left


def as_if_never_lent(facts: Sequence[Event]) -> list[Event]:
    """The facts without refunds, the refunded money paid back on the day it was lent."""
    refunded = sum(fact.amount for fact in facts if isinstance(fact, Refunded))
    result: list[Event] = []
    for fact in facts:
        if isinstance(fact, Refunded):
            continue
        result.append(fact)
        if isinstance(fact, Captured) and refunded:
            back = min(refunded, fact.amount)
            refunded -= back
            result.append(Paid(id=f"{fact.id}/back", recorded_on=fact.recorded_on, on=fact.on, amount=back))
    return result
