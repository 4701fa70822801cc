"""How a plan really runs: periods, what moved the balance and when, and the interest that follows from it.

A course is a working copy: the rules beside this file change it, and replaying the same facts always makes the same
one. Amounts are minor units; interest inside a period is an exact fraction, rounded once per period.

The method is that of a progressive schedule with interest by the day: the balance of a period assumes that what fell
due before it was paid, and everything that happened otherwise is a movement of the balance on its day.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from msgspec import Struct

from service.money import quotient
from service.plans.day_count import year_fraction
from service.plans.frame import growth
from service.plans.terms import InterestOn, Terms


class Period(Struct, eq=False):
    """From one due date to the next; `level` is the equal part asked for at its end."""

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


class Due(Struct, frozen=True, gc=False):
    """What a period asks for, and the balance it starts and ends with."""

    principal: int
    interest: int
    unasked: int  # interest for which the level has no room: the next period asks for it
    ceiling: int  # level and credits: what the period asks for at most
    opening: int
    closing: int


class Credit(Struct, frozen=True, gc=False):
    """A payment taken back: owed again from that day."""

    on: date
    principal: int
    interest: int


class Course(Struct):
    """The periods and everything that bears on their balance and rate."""

    terms: Terms
    periods: list[Period]
    rates: list[tuple[date, Fraction]]  # in force after that day, per year; the first since ever
    lent: dict[date, int]
    moved: dict[date, int]  # payments, and payments taken back: movements of the balance that bears interest
    overdue: dict[date, int]  # principal past due that goes on bearing interest: on again, and off
    credits: list[Credit]
    pauses: list[tuple[date, date]]  # no interest after the first day, up to and with the second
    extra_shares: tuple[Fraction, ...] = ()  # periods beyond the last one that the level is reckoned over
    balloon: int = 0
    overdue_until: date | None = None  # principal past due has borne interest up to this day
    until: date | None = None  # no interest after it: what is due if everything is settled then

    @property
    def last(self) -> Period:
        return self.periods[-1]

    def move(self, on: date, amount: int) -> None:
        """Change the balance that bears interest, from the end of `on`."""
        on = min(max(on, self.periods[0].begin), self.last.due_on)
        self.moved[on] = self.moved.get(on, 0) + amount

    def change_on(self, on: date) -> int:
        """By how much the balance that bears interest changes at the end of a day."""
        return self.lent.get(on, 0) + self.moved.get(on, 0) + self.overdue.get(on, 0)

    def index_at(self, on: date) -> int:
        """The period that `on` falls into: after its begin, up to and with its due date."""
        return bisect_left([period.due_on for period in self.periods[:-1]], on)

    def end_of_credit(self, on: date) -> date:
        """The due date of the period that what comes back on `on` falls due with."""
        return next((period.due_on for period in self.periods if on < period.due_on), self.last.due_on)

    def total_lent(self) -> int:
        return sum(self.lent.values())

    def total_credited(self) -> int:
        return sum(credit.principal for credit in self.credits)

    def principal_left(self) -> int:
        """Lent, or owed again, and not paid back."""
        return self.total_lent() + self.total_credited() - sum(period.paid_principal for period in self.periods)

    def dues(self) -> list[Due]:
        """What every period asks for."""
        result: list[Due] = []
        balance = unasked = 0
        for index, period in enumerate(self.periods):
            due = self._due(index, period, balance, unasked)
            result.append(due)
            balance, unasked = due.closing, due.unasked
        return result

    def rate_after(self, on: date) -> Fraction:
        """The yearly rate in force from the end of `on`."""
        return next(rate for day, rate in reversed(self.rates) if day <= on)

    def yearly(self, index: int) -> Fraction:
        """The rate that the period earns on a balance of one: what the equal part is reckoned with."""
        period = self.periods[index]
        total = Fraction(0)
        for begin, end in self._stretches(index):
            share = self._share(period, begin, end) if period.share is not None else year_fraction(
                self.terms.day_count, begin, end)  # fmt: skip
            total += growth(self.terms.rate_kind, self.rate_after(begin), share)
        return total

    def lent_in(self, index: int) -> int:
        """What was lent inside a period; the first includes its beginning."""
        return sum(amount for on, amount in self.lent.items() if self.index_at(on) == index)

    def credited(self, index: int) -> tuple[int, int]:
        """Credits from a period's begin to the day before its end; the last includes its end."""
        period, is_last = self.periods[index], index == len(self.periods) - 1
        principal = interest = 0
        for credit in self.credits:
            if self.until is not None and credit.on > self.until:
                continue
            if period.begin <= credit.on and (credit.on < period.due_on or (is_last and credit.on == period.due_on)):
                principal, interest = principal + credit.principal, interest + credit.interest
        return principal, interest

    def copy(self) -> "Course":
        """A working copy of its own."""
        return Course(
            self.terms, [_copy(period) for period in self.periods], list(self.rates), dict(self.lent),
            dict(self.moved), dict(self.overdue), list(self.credits), list(self.pauses), self.extra_shares,
            self.balloon, self.overdue_until, self.until,
        )  # fmt: skip

    def _due(self, index: int, period: Period, opening: int, carried: int) -> Due:
        credited_principal, credited_interest = self.credited(index)
        earned, balance = self._earned(index, period, opening)
        interest = 0 if period.asked_earlier else quotient(earned.numerator, earned.denominator, self.terms.rounding)
        interest += period.later_interest + carried
        if not period.asked_earlier:
            interest += credited_interest
        ceiling = period.level + credited_principal + credited_interest + period.later_interest
        if period.interest_only:
            ceiling = credited_principal + (0 if period.defers_interest else interest)
        if period.defers_interest or period.paid_principal > max(ceiling - interest, 0):
            asked = period.paid_interest
        else:
            asked = max(min(interest, ceiling), period.paid_interest)
        principal = max(ceiling - asked, period.paid_principal, 0)
        closing = max(0, balance - principal + period.paid_principal)
        return Due(principal, asked, max(interest - asked, 0), ceiling, opening, closing)

    def _earned(self, index: int, period: Period, opening: int) -> tuple[Fraction, int]:
        """The interest a period earns, exact, and the balance at its end before its principal is paid."""
        flat = self.terms.interest_on is InterestOn.FINANCED
        balance, lent, earned = opening, sum(a for on, a in self.lent.items() if on <= period.begin), Fraction(0)
        if index == 0:
            balance = max(0, balance + self.change_on(period.begin))
        for begin, end in self._stretches(index):
            stop = end if self.until is None else max(begin, min(end, self.until))
            if stop > begin and not self._is_paused(begin, end):
                share = self._share(period, begin, stop)
                earned += (lent if flat else balance) * growth(self.terms.rate_kind, self.rate_after(begin), share)
            balance = max(0, balance + self.change_on(end))
            lent += self.lent.get(end, 0)
        return earned, balance

    def _stretches(self, index: int) -> Iterator[tuple[date, date]]:
        """A period, cut wherever the balance, the rate or a pause changes."""
        period = self.periods[index]
        days = {*self.lent, *self.moved, *self.overdue, *(day for day, _ in self.rates)}
        days.update(day for pause in self.pauses for day in pause)
        if period.begin == period.due_on:  # due at once
            return iter(())
        cuts = sorted(day for day in days if period.begin < day < period.due_on)
        return zip([period.begin, *cuts], [*cuts, period.due_on], strict=True)

    def _share(self, period: Period, begin: date, end: date) -> Fraction:
        """The share of a year of a stretch. What is left of the period is spread evenly over its days."""
        if period.share is not None:
            return period.share * Fraction((end - begin).days, (period.due_on - period.begin).days)
        whole = year_fraction(self.terms.day_count, begin, period.due_on)
        return whole * Fraction((end - begin).days, (period.due_on - begin).days)

    def _is_paused(self, begin: date, end: date) -> bool:
        return any(first <= begin and end <= last for first, last in self.pauses)


def _copy(period: Period) -> Period:
    return Period(
        period.begin,
        period.due_on,
        period.share,
        period.level,
        period.agreed_level,
        period.paid_principal,
        period.paid_interest,
        period.later_interest,
        period.asked_earlier,
        period.interest_only,
        period.defers_interest,
    )
