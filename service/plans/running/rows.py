"""The instalments of a running plan: what is owed and what is paid, by component."""

from datetime import date
from enum import IntEnum

from msgspec import Struct, field, structs

from service.plans.running.course import Course
from service.plans.running.period import Due, Period
from service.terms.allocation_rule import Component

PRINCIPAL, INTEREST, FEE, PENALTY = Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY


class RowKind(IntEnum):
    DOWN_PAYMENT = 0  # due with the capture: a down payment in the schedule, and costs up front
    INSTALMENT = 1
    EXTRA = 2  # what is owed again after the last instalment


_NOTHING = dict.fromkeys(Component, 0)
nothing = _NOTHING.copy  # zero of every component


class PartPaid(Struct, frozen=True, gc=False, array_like=True):
    """What of a line was paid early as its share of a part that its law rebates, and its costs that were given up."""

    on: date
    principal: int
    interest: int
    fee: int
    penalty: int
    fee_given_up: int
    returned: int = 0  # of the principal: by costs that had been paid before and came back

    @property
    def total(self) -> int:
        """What was paid."""
        return self.principal + self.interest + self.fee + self.penalty - self.returned


class Row(Struct, eq=False, array_like=True):
    """A working copy: one instalment, or what is due with a capture. Amounts are minor units."""

    kind: RowKind
    begin: date
    due_on: date
    capture: int = 1  # which capture it pays for; merged ones count as the first
    owed: dict[Component, int] = field(default_factory=nothing)
    paid: dict[Component, int] = field(default_factory=nothing)
    owed_again: int = 0  # principal of a payment that was taken back; part of what is owed
    forgiven: int = 0
    paid_early: int = 0
    paid_late: int = 0
    settled_on: date | None = None
    parts: list[PartPaid] = field(default_factory=list)
    course: Course | None = None
    period: Period | None = None
    asked: Due | None = None  # of the period, when it was written here last; None: something else was since then

    def copy(self, course: Course | None, period: Period | None) -> "Row":
        """The same of another course and period."""
        return structs.replace(
            self, owed=self.owed.copy(), paid=self.paid.copy(), parts=self.parts[:], course=course, period=period
        )  # fmt: skip

    @property
    def total(self) -> int:
        return sum(self.owed.values())

    @property
    def total_paid(self) -> int:
        return sum(self.paid.values())

    @property
    def outstanding(self) -> int:
        return sum(self.owed.values()) - sum(self.paid.values()) - self.forgiven

    @property
    def is_open(self) -> bool:
        return self.settled_on is None and sum(self.owed.values()) - sum(self.paid.values()) > self.forgiven

    def left(self, component: Component) -> int:
        """What is owed of one component."""
        return max(0, self.owed[component] - self.paid[component])

    @property
    def left_beside_course(self) -> int:
        """What is owed that no course reckons: fees, penalties, and all of a row without a period."""
        parts = Component if self.period is None else (Component.FEE, Component.PENALTY)
        return sum(self.left(component) for component in parts)

    def pay(self, component: Component, amount: int, on: date) -> int:
        """Take as much of `amount` as this component needs; returns what was taken."""
        taken = min(amount, self.left(component))
        self.paid[component] += taken
        if on < self.due_on:
            self.paid_early += taken
        elif on > self.due_on:
            self.paid_late += taken
        if taken:
            self.settled_on = None  # what takes money was not settled, even if it asked for nothing a while ago
        self.mark(on)
        return taken

    def owe(self, component: Component, amount: int, on: date) -> None:
        """More is owed, or less where `amount` is negative."""
        self.owed[component] += amount
        self.asked = None
        self.mark(on)

    def ask(self, due: Due, on: date) -> None:
        """So much principal and interest is owed; a row that asks for nothing is settled at once."""
        principal, interest = due.principal, due.interest
        self.owed_again, self.asked = due.owed_again, due
        as_before = self.owed[Component.PRINCIPAL] == principal and self.owed[Component.INTEREST] == interest
        if not as_before or not (principal or interest):
            self.owed[Component.PRINCIPAL], self.owed[Component.INTEREST] = principal, interest
            self.mark(on)

    def fold_into(self, other: "Row") -> None:
        """What was levied and paid here stands in another row from now on."""
        for component in Component:
            other.paid[component] += self.paid[component]
        for component in (Component.FEE, Component.PENALTY):
            other.owed[component] += self.owed[component]
        other.parts += self.parts
        other.paid_early += self.paid_early
        other.paid_late += self.paid_late

    def mark(self, on: date) -> None:
        """Note the day on which nothing was left to pay."""
        if self.outstanding > 0:
            self.settled_on = None
        elif self.settled_on is None:
            self.settled_on = on


class Line(Struct, frozen=True, gc=False):
    """One line of a version: what is owed, what is paid, and when. Amounts are minor units."""

    number: int
    kind: RowKind
    capture: int  # which one it pays for: 1, 2, 3 ...
    begin_on: date
    due_on: date
    principal: int
    interest: int
    fee: int
    penalty: int
    paid_principal: int
    paid_interest: int
    paid_fee: int
    paid_penalty: int
    paid_early: int
    paid_late: int
    owed_again: int
    forgiven: int
    settled_on: date | None

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fee + self.penalty

    @property
    def paid(self) -> int:
        return self.paid_principal + self.paid_interest + self.paid_fee + self.paid_penalty

    @property
    def outstanding(self) -> int:
        return self.total - self.paid - self.forgiven


def frozen(number: int, row: Row) -> Line:
    """The line for a version."""
    owed, paid = row.owed, row.paid
    return Line(
        number, row.kind, row.capture, row.begin, row.due_on,
        owed[PRINCIPAL], owed[INTEREST], owed[FEE], owed[PENALTY],
        paid[PRINCIPAL], paid[INTEREST], paid[FEE], paid[PENALTY],
        row.paid_early, row.paid_late, row.owed_again, row.forgiven, row.settled_on,
    )  # fmt: skip
