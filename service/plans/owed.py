"""An instalment as merchant and consumer see it: what is due, and what of it is paid; and what settles all. Pure."""

from datetime import date

from msgspec import Struct

from service.plans.running.rows import Line, RowKind
from service.terms.schedule import Instalment


class OwedInstalment(Struct, frozen=True, gc=False):
    """A row of the schedule as it stands: what is due, and what of it is paid. Minor units."""

    number: int  # 1, 2, 3 ... in the order of their due dates
    capture: int  # which capture it pays for
    due_on: date
    principal: int
    interest: int
    fee: int
    penalty: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    forgiven: int = 0  # of what was owed: let go
    paid_on: date | None = None
    paid_early: int = 0  # minor units of what is paid: before the due date
    paid_late: int = 0  # ... after it
    owed_again: int = 0  # minor units of the principal: of payments that were taken back
    is_down_payment: bool = False  # due on the day of its capture: the part of the price paid first, costs up front

    @property
    def outstanding(self) -> int:
        """What is still to be paid, all components."""
        owed = self.principal + self.interest + self.fee + self.penalty - self.forgiven
        return owed - self.principal_paid - self.interest_paid - self.fee_paid - self.penalty_paid


def agreed_instalment(number: int, one: Instalment) -> OwedInstalment:
    """An instalment of what was offered, as it is shown before anything is captured."""
    return OwedInstalment(
        number, 1, one.due_on, one.principal, one.interest, one.fee, is_down_payment=one.is_down_payment
    )


def instalment_of(line: Line) -> OwedInstalment:
    """A line as it is shown."""
    return OwedInstalment(
        line.number, line.capture, line.due_on, line.principal, line.interest, line.fee, line.penalty,
        line.paid_principal, line.paid_interest, line.paid_fee, line.paid_penalty, line.forgiven, line.settled_on,
        line.paid_early, line.paid_late, line.owed_again, line.kind is RowKind.DOWN_PAYMENT,
    )  # fmt: skip
