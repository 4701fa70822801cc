"""A period of a course, from one due date to the next: what it earns (its line) and what it asks for (its due).

Both are remembered, and reckoned anew only where something that bears on them has changed. Whatever is written on a
period makes it forget its due; what bears on its line is known to the course, which forgets it.
"""

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, structs


class Stretch(Struct, frozen=True, gc=False):
    """Days of a period with one rate and one balance."""

    earns: int  # on a balance of 1, as a numerator over the denominator `over` of its line
    change: int  # of the balance at its end
    lent: int  # up to its begin


class Line(Struct, frozen=True):
    """The stretches of one period."""

    change_at_begin: int  # in the first period only: what is lent at once
    over: int
    stretches: tuple[Stretch, ...]

    def earned(self, opening: int, flat: bool) -> tuple[int, int]:
        """Interest as a numerator over `over`, and the balance at the end before principal falls due."""
        balance, earned = max(0, opening + self.change_at_begin), 0
        for stretch in self.stretches:
            earned += (stretch.lent if flat else balance) * stretch.earns
            balance = max(0, balance + stretch.change)
        return earned, balance

    def moved_at_end(self, amount: int) -> "Line | None":
        """With another change of the balance at its end, which earns nothing in it; None where it must be cut anew."""
        if not self.stretches:
            return None
        *before, last = self.stretches
        last = Stretch(last.earns, last.change + amount, last.lent)
        return Line(self.change_at_begin, self.over, (*before, last))


class Due(Struct, frozen=True, gc=False):
    """What a period asks for, and the balance it starts and ends with."""

    principal: int
    interest: int
    unasked: int  # interest for which the level has no room: the next period asks for it
    ceiling: int  # level and credits: what the period asks for at most
    opening: int
    carried: int  # interest that the period before it left to it
    closing: int
    owed_again: int  # of the principal: a payment was taken back


class Period(Struct, eq=False, array_like=True):
    """From one due date to the next; `level` is the equal part asked for at its end. Amounts are minor units."""

    begin: date
    due_on: date
    share: Fraction | None  # of a year, spread evenly over its days; None: each stretch goes by the day count
    level: int = 0
    agreed_level: int = 0  # before anything was paid ahead
    paid_principal: int = 0
    paid_interest: int = 0
    correction: int = 0  # added to what it earns, unless that is nothing (`Course.agree_on_interest`)
    later_interest: int = 0  # interest of periods already paid ahead, which falls due here
    asked_earlier: bool = False  # its own interest falls due in an earlier period
    interest_only: bool = False  # grace: no principal
    defers_interest: bool = False  # grace: its interest is asked for after the grace

    line: Line | None = None  # None: to be cut anew, and there is no due either
    due: Due | None = None  # None: to be reckoned anew

    @property
    def paid(self) -> int:
        return self.paid_principal + self.paid_interest

    @property
    def bare(self) -> "Period":
        """The same without what follows from all else."""
        return structs.replace(self, line=None, due=None)

    if not TYPE_CHECKING:  # mypy would allow names that there are not

        def __setattr__(self, name: str, value: Any) -> None:
            """Another value: what it asks for does not hold any more."""
            if getattr(self, name) != value:
                _write(self, name, value)
                if name != "due":
                    _write(self, "due", None)


_write: Final = Struct.__setattr__
