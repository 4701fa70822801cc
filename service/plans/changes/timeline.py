"""A period cut wherever its balance, its rate or a pause changes, and what each stretch earns on a balance of one."""

from datetime import date
from fractions import Fraction
from math import lcm

from msgspec import Struct

from service.plans.day_count import year_fraction
from service.plans.frame import growth
from service.plans.terms import Terms


class Period(Struct, eq=False):
    """From one due date to the next; `level` is the equal part asked for at its end. Amounts are minor units."""

    begin: date
    due_on: date
    share: Fraction | None  # of a year, spread evenly over its days; None: each stretch goes by the day count
    level: int = 0
    agreed_level: int = 0  # before anything was paid ahead
    paid_principal: int = 0
    paid_interest: int = 0
    later_interest: int = 0  # interest of periods already paid ahead, which falls due here
    asked_earlier: bool = False  # its own interest falls due in an earlier period
    interest_only: bool = False  # grace: no principal
    defers_interest: bool = False  # grace: its interest is asked for after the grace

    @property
    def paid(self) -> int:
        return self.paid_principal + self.paid_interest


class Stretch(Struct, frozen=True, gc=False):
    earns: int  # over the denominator of its line
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


class Timeline(Struct, frozen=True):
    """What bears on every period: rates, movements of the balance, pauses, and a day after which nothing is earned."""

    terms: Terms
    rates: tuple[tuple[date, Fraction], ...]
    lent: tuple[tuple[date, int], ...]
    movements: tuple[tuple[date, int], ...]
    pauses: tuple[tuple[date, date], ...]
    until: date | None
    spans: tuple[tuple[date, date], ...]

    def lines(self, periods: list[Period]) -> list[Line]:
        """A line for each period."""
        changes: dict[date, int] = {}
        for day, amount in (*self.lent, *self.movements):
            changes[day] = changes.get(day, 0) + amount
        marks = {*changes, *(day for day, _ in self.rates), *(day for pause in self.pauses for day in pause)}
        return [self._line(period, changes, sorted(marks), is_first=index == 0) for index, period in enumerate(periods)]

    def _line(self, period: Period, changes: dict[date, int], marks: list[date], *, is_first: bool) -> Line:
        stretches = []
        for begin, end in cut(period, marks):
            lent = sum(amount for day, amount in self.lent if day <= begin)
            stretches.append((self._earns(period, begin, end), changes.get(end, 0), lent))
        over = lcm(*(earns.denominator for earns, _, _ in stretches))
        return Line(
            changes.get(period.begin, 0) if is_first else 0,
            over,
            tuple(Stretch(earns.numerator * (over // earns.denominator), *rest) for earns, *rest in stretches),
        )

    def _earns(self, period: Period, begin: date, end: date) -> Fraction:
        stop = end if self.until is None else max(begin, min(end, self.until))
        if stop == begin or any(first <= begin and end <= last for first, last in self.pauses):
            return Fraction(0)
        return growth(self.terms.rate_kind, rate_after(self.rates, begin), share_of(self.terms, period, begin, stop))


def cut(period: Period, marks: list[date]) -> list[tuple[date, date]]:
    """The stretches of a period between the marks inside it; none where it begins and ends on one day."""
    if period.begin == period.due_on:
        return []
    cuts = [day for day in marks if period.begin < day < period.due_on]
    return list(zip([period.begin, *cuts], [*cuts, period.due_on], strict=True))


def rate_after(rates: tuple[tuple[date, Fraction], ...] | list[tuple[date, Fraction]], on: date) -> Fraction:
    """The yearly rate in force from the end of `on`."""
    return next(rate for day, rate in reversed(rates) if day <= on)


def share_of(terms: Terms, period: Period, begin: date, end: date) -> Fraction:
    """The share of a year of a stretch. What is left of its period is spread evenly over the days left."""
    if period.share is not None:
        return period.share * Fraction((end - begin).days, (period.due_on - period.begin).days)
    whole = year_fraction(terms.day_count, begin, period.due_on)
    return whole * Fraction((end - begin).days, (period.due_on - begin).days)
