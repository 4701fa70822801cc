"""A period cut wherever its balance, its rate or a pause changes, and what each stretch earns on a balance of one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import chain
from math import lcm
from typing import Final

from service.plans.running.period import Line, Period, Stretch
from service.terms.day_count import year_fraction
from service.terms.frame import growth
from service.terms.terms import Terms

NO_INTEREST: Final = Fraction(0)


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
        self._grown: tuple[Fraction, Fraction, Fraction] | None = None  # by a rate in a share of a year
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
        return self._growth(rate, share_of(self._terms, period, begin, stop)) if rate else NO_INTEREST

    def _growth(self, rate: Fraction, share: Fraction) -> Fraction:
        """The last one is remembered: regular periods are alike."""
        if self._grown is None or self._grown[:2] != (rate, share):
            self._grown = rate, share, growth(self._terms.rate_kind, rate, share)
        return self._grown[2]


def cut(period: Period, marks: list[date]) -> list[tuple[date, date]]:
    """The stretches of a period between the marks inside it; none where it begins and ends on one day."""
    if period.begin == period.due_on:
        return []
    cuts = marks[bisect_right(marks, period.begin) : bisect_left(marks, period.due_on)]
    return list(zip([period.begin, *cuts], [*cuts, period.due_on], strict=True))


def rate_after(rates: list[tuple[date, Fraction]], on: date) -> Fraction:
    """The yearly rate in force from the end of `on`."""
    day, rate = rates[-1]
    return rate if day <= on else next(rate for day, rate in reversed(rates) if day <= on)


def share_of(terms: Terms, period: Period, begin: date, end: date) -> Fraction:
    """The share of a year of a stretch. What is left of its period is spread evenly over the days left."""
    if period.share is None:
        whole, since = year_fraction(terms.day_count, begin, period.due_on), begin
    else:
        whole, since = period.share, period.begin
    if begin == since and end == period.due_on:
        return whole
    return whole * Fraction((end - begin).days, (period.due_on - since).days)
