"""A period cut wherever its balance, its rate or a pause changes, and what each stretch earns on a balance of one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import chain
from math import lcm
from typing import Final

from msgspec import Struct

from service.terms.day_count import year_fraction
from service.terms.frame import growth
from service.terms.terms import Terms

NO_INTEREST: Final = Fraction(0)


class Period(Struct, eq=False, array_like=True):
    """From one due date to the next; `level` is the equal part asked for at its end. Amounts are minor units."""

    begin: date
    due_on: date
    share: Fraction | None  # of a year, spread evenly over its days; None: each stretch goes by the day count
    level: int = 0
    agreed_level: int = 0  # before anything was paid ahead
    paid_principal: int = 0
    paid_interest: int = 0
    correction: int = 0  # of what it earns by itself, as long as it earns something: a part's share of the whole's
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


class Timeline:
    """What bears on every period: rates, movements of the balance, pauses, and a day after which nothing is earned."""

    def __init__(
        self, terms: Terms, rates: list[tuple[date, Fraction]], lent: dict[date, int],
        movements: Iterable[tuple[date, int]], pauses: list[tuple[date, date]], until: date | None,
    ) -> None:  # fmt: skip
        self._terms, self._rates, self._lent, self._pauses, self._until = terms, rates, lent, pauses, until
        self._all_lent, self._last_lent = sum(lent.values()), max(lent, default=date.min)
        self._changes = dict(lent)
        for day, amount in movements:
            self._changes[day] = self._changes.get(day, 0) + amount
        self._marks = sorted({*self._changes, *(day for day, _ in rates), *chain.from_iterable(pauses)})

    def line(self, period: Period, *, is_first: bool) -> Line:
        """The period, cut into stretches."""
        stretches = []
        for begin, end in cut(period, self._marks):
            stretches.append((self._earns(period, begin, end), self._changes.get(end, 0), self._lent_by(begin)))
        over = lcm(*[earns.denominator for earns, _, _ in stretches])
        return Line(
            self._changes.get(period.begin, 0) if is_first else 0,
            over,
            tuple([Stretch(earns.numerator * (over // earns.denominator), *rest) for earns, *rest in stretches]),
        )

    def _lent_by(self, on: date) -> int:
        if on >= self._last_lent:  # as it mostly is
            return self._all_lent
        return sum([amount for day, amount in self._lent.items() if day <= on])

    def _earns(self, period: Period, begin: date, end: date) -> Fraction:
        stop = end if self._until is None else max(begin, min(end, self._until))
        if stop == begin or any(first <= begin and end <= last for first, last in self._pauses):
            return NO_INTEREST
        rate = rate_after(self._rates, begin)
        return growth(self._terms.rate_kind, rate, share_of(self._terms, period, begin, stop)) if rate else NO_INTEREST


def cut(period: Period, marks: list[date]) -> list[tuple[date, date]]:
    """The stretches of a period between the marks inside it; none where it begins and ends on one day."""
    if period.begin == period.due_on:
        return []
    cuts = marks[bisect_right(marks, period.begin) : bisect_left(marks, period.due_on)]
    return list(zip([period.begin, *cuts], [*cuts, period.due_on], strict=True))


def rate_after(rates: list[tuple[date, Fraction]], on: date) -> Fraction:
    """The yearly rate in force from the end of `on`."""
    return next(rate for day, rate in reversed(rates) if day <= on)


def share_of(terms: Terms, period: Period, begin: date, end: date) -> Fraction:
    """The share of a year of a stretch. What is left of its period is spread evenly over the days left."""
    if period.share is None:
        whole, since = year_fraction(terms.day_count, begin, period.due_on), begin
    else:
        whole, since = period.share, period.begin
    if begin == since and end == period.due_on:
        return whole
    return whole * Fraction((end - begin).days, (period.due_on - since).days)
