"""How a plan really runs: periods, what moved the balance and when, and the interest that follows from it.

A course is a working copy: the rules beside this file change it, and replaying the same facts always makes the same
one. Amounts are minor units; interest inside a period is an exact fraction, rounded once per period.

The method is that of a progressive schedule with interest by the day: the balance of a period assumes that what fell
due before it was paid, and everything that happened otherwise is a movement of the balance on its day.

What a period earns (its line) and asks for (its due) is remembered, and reckoned anew only where something that bears
on it has changed: one more payment costs what it touches. So whatever changes the balance, the rates, the credits or
the dates goes through a method of the course, or is followed by `cut_anew`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import chain
from operator import attrgetter
from typing import Final, cast

from msgspec import Struct, field, structs

from service.money import quotient
from service.plans.running.period import Due, Period
from service.plans.running.timeline import Timeline, cut, rate_after
from service.terms.day_count import year_fraction
from service.terms.frame import growth
from service.terms.terms import CapturedInside, InterestOn, Method, Terms

NOTHING: Final = 0, 0


class Credit(Struct, frozen=True, gc=False, array_like=True):
    """Parts of a payment that was taken back: they are owed again from that day. Minor units."""

    on: date
    principal: int
    interest: int


class Course(Struct, eq=False, array_like=True):
    """The periods and everything that bears on their balance and rate."""

    terms: Terms
    periods: list[Period]
    rates: list[tuple[date, Fraction]]  # in force after that day, per year; the first since ever
    lent: dict[date, int]
    moved: dict[date, int] = field(default_factory=dict)  # payments, and payments taken back
    overdue: dict[date, int] = field(default_factory=dict)  # principal past due that bears interest: + from, - until
    credits: list[Credit] = field(default_factory=list)
    pauses: list[tuple[date, date]] = field(default_factory=list)  # after the first day, up to and with the second
    extra_shares: tuple[Fraction, ...] = ()  # periods beyond the last one that the level is reckoned over
    balloon: int = 0
    capture: int = 1  # which one it pays back
    overdue_until: date | None = None  # principal past due has borne interest up to this day
    until: date | None = None  # no interest after it: what is due if everything is settled then

    @property
    def levels_are_principal(self) -> bool:
        """Whether interest comes on top of the equal part."""
        return self.terms.method is Method.EQUAL_PRINCIPAL

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was paid since it began, and its rate is the one agreed."""
        changes = self.moved or self.credits or self.pauses or self.rates[1:]
        return not changes and not any(period.paid for period in self.periods)

    @property
    def last(self) -> Period:
        return self.periods[-1]

    def lend(self, on: date, amount: int) -> None:
        """Lend more from `on`."""
        self.lent[on] = self.lent.get(on, 0) + amount
        self.cut_anew()

    def move(self, on: date, amount: int) -> None:
        """Change the balance that bears interest, from the end of `on`."""
        on = min(max(on, self.periods[0].begin), self.last.due_on)
        self._change(self.moved, on, amount)

    def bear(self, begin: date, end: date, amount: int) -> None:
        """Principal past due bears interest from `begin` to `end`."""
        self._change(self.overdue, begin, amount)
        self._change(self.overdue, end, -amount)

    def _change(self, movements: dict[date, int], on: date, amount: int) -> None:
        """Note a movement of the balance. It bears on the line of the period that it is in, and on no other line."""
        movements[on] = movements.get(on, 0) + amount
        period = self.periods[self.index_at(on)]
        line = period.line if on == period.due_on else None
        period.line = None if line is None else line.moved_at_end(amount)

    def credit(self, credit: Credit) -> None:
        """What was paid is owed again."""
        self.credits.append(credit)
        self.reckon_anew()

    def change_rate(self, after: date, rate: Fraction) -> None:
        """Another yearly rate, from the end of `after`."""
        self.rates.append((after, rate))
        self.rates.sort(key=lambda one: one[0])
        self.cut_anew()

    def pause(self, after: date, end_on: date) -> None:
        """No interest from the end of `after` to `end_on`."""
        self.pauses.append((after, end_on))
        self.cut_anew()

    def cut_anew(self) -> None:
        """Forget what every period earns and asks for: periods, dates, rates or what was lent have changed."""
        for period in self.periods:
            period.line = period.due = None

    def reckon_anew(self) -> None:
        """Forget what every period asks for; what it earns still holds."""
        for period in self.periods:
            period.due = None

    def index_at(self, on: date) -> int:
        """The period that `on` falls into: after its begin, up to and with its due date."""
        return bisect_left(self.periods, on, hi=len(self.periods) - 1, key=_due_on)

    def end_of_period(self, on: date) -> date:
        """The due date of the period that `on` lies inside; on its first day nothing has been earned yet."""
        period = self.periods[self.index_at(on)]
        return period.due_on if period.begin < on <= period.due_on else on

    def end_of_credit(self, on: date) -> date:
        """The due date of the period that what comes back on `on` falls due with."""
        return next((period.due_on for period in self.periods if on < period.due_on), self.last.due_on)

    def total_lent(self) -> int:
        return sum(self.lent.values())

    def total_credited(self) -> int:
        return sum(credit.principal for credit in self.credits)

    def principal_left(self) -> int:
        """Lent, or owed again, and not paid back."""
        return self.total_lent() + self.total_credited() - sum([period.paid_principal for period in self.periods])

    def lent_in(self, index: int) -> int:
        """What bears interest from a day inside a period; the first includes its beginning."""
        return sum(amount for on, amount in self.lent_from().items() if self.index_at(on) == index)

    def lent_from(self) -> dict[date, int]:
        """What was lent, by the day from which on it bears interest."""
        if self.terms.captured_inside is CapturedInside.DAYS_LEFT:
            return self.lent
        result: dict[date, int] = {}
        for on, amount in self.lent.items():
            period = self.periods[self.index_at(on)]
            since = period.begin if on < period.due_on else on
            result[since] = result.get(since, 0) + amount
        return result

    def credited(self, index: int) -> tuple[int, int]:
        """Credits from a period's begin to the day before its end; the first includes what came before it, as of a
        payment that came before the capture, and the last what came after it."""
        if not self.credits:
            return NOTHING
        period, is_last = self.periods[index], index == len(self.periods) - 1
        principal = interest = 0
        for credit in self.credits:
            if self.until is not None and credit.on > self.until:
                continue
            if (not index or period.begin <= credit.on) and (is_last or credit.on < period.due_on):
                principal, interest = principal + credit.principal, interest + credit.interest
        return principal, interest

    def dues(self) -> list[Due]:
        """What every period asks for."""
        dues = [period.due for period in self.periods]
        if None in dues:
            self._cut()
        while None in dues:
            self._reckon(dues, dues.index(None))
        return cast("list[Due]", dues)

    def _reckon(self, dues: list[Due | None], first: int) -> None:
        """Reckon dues anew from index `first` on, until a period starts with the same balance as before."""
        before = dues[first - 1] if first else None
        opening, carried = (before.closing, before.unasked) if before else (0, 0)
        for index in range(first, len(dues)):
            due = dues[index]
            if due is not None and due.opening == opening and due.carried == carried:
                return
            due = dues[index] = self.periods[index].due = self._due(index, opening, carried)
            opening, carried = due.closing, due.unasked

    def agree_on_interest(self, agreed: Sequence[int], may_carry: Sequence[bool]) -> None:
        """Set each period's `correction`, so that it asks for the interest in `agreed`: of a part that was captured its
        share of the interest of the whole.

        A period with `may_carry` may leave interest to the periods after it, up to and with the first that may not, and
        no more than those ask for.
        """
        self._cut()
        most = [0] * len(agreed)  # the most interest that each period may leave to those after it
        for index in reversed(range(len(agreed) - 1)):
            most[index] = most[index + 1] + agreed[index + 1] if may_carry[index] else 0
        opening = carried = 0
        for index, (period, interest) in enumerate(zip(self.periods, agreed, strict=True)):
            due = self._due(index, opening, carried)
            if due.interest == interest:
                period.correction = min(0, most[index] - due.unasked)
            elif due.interest < interest:
                period.correction = interest - due.interest
            else:
                period.correction = interest - due.interest - due.unasked
            if period.correction:
                due = self._due(index, opening, carried)
            opening, carried = due.closing, due.unasked

    def yearly(self, index: int) -> Fraction:
        """The interest that the period earns on a balance of 1: its factor in the formula of the equal part."""
        period = self.periods[index]
        total = Fraction(0)
        marks = sorted({*self.lent_from(), *self.moved, *self.overdue, *(day for day, _ in self.rates)})
        for begin, end in cut(period, marks):
            if period.share is None:
                share = year_fraction(self.terms.day_count, begin, end)
            else:
                share = period.share * Fraction((end - begin).days, (period.due_on - period.begin).days)
            total += growth(self.terms.rate_kind, rate_after(self.rates, begin), share)
        return total

    def copy(self) -> "Course":
        """A working copy of its own."""
        return structs.replace(
            self, periods=[structs.replace(period) for period in self.periods], rates=self.rates[:],
            lent=self.lent.copy(), moved=self.moved.copy(), overdue=self.overdue.copy(), credits=self.credits[:],
            pauses=self.pauses[:],
        )  # fmt: skip

    def settled_on(self, on: date) -> "Course":
        """A working copy that earns nothing after `on`."""
        view = self.copy()
        view.until = on
        alike_until = on if self.until is None else min(on, self.until)
        for period in view.periods:
            if period.due_on > alike_until:
                period.line = None
        if view.credits:
            view.reckon_anew()
        return view

    def _cut(self) -> None:
        """Cut the periods anew whose lines no longer hold."""
        uncut = [period for period in self.periods if period.line is None]
        if uncut:  # mostly none is
            timeline, first = self._timeline(), self.periods[0]
            for period in uncut:
                period.line = timeline.line(period, is_first=period is first)

    def _timeline(self) -> Timeline:
        movements = chain(self.moved.items(), self.overdue.items())
        return Timeline(self.terms, self.rates, self.lent_from(), movements, self.pauses, self.until)

    def _due(self, index: int, opening: int, carried: int) -> Due:
        """What a period asks for, if it starts with the balance `opening` and with the interest `carried` into it."""
        period = self.periods[index]
        line = period.line
        assert line is not None
        credited_principal, credited_interest = self.credited(index) if self.credits else NOTHING
        earned, balance = line.earned(opening, self.terms.is_flat)
        interest = period.later_interest + carried
        if not period.asked_earlier:
            is_of_all = self.terms.interest_on is InterestOn.ADDED_ON
            own = self._part_of_all(index) if is_of_all else quotient(earned, line.over, self.terms.rounding)
            interest += (max(0, own + period.correction) if earned else own) + credited_interest
        if self.levels_are_principal or period.interest_only:
            asked = period.paid_interest if period.defers_interest else max(interest, period.paid_interest)
            ceiling = period.level + credited_principal + asked
        else:
            ceiling = period.level + credited_principal + credited_interest + period.later_interest
            room = period.paid_principal <= max(ceiling - interest, 0) and not period.defers_interest
            asked = max(min(interest, ceiling) if room else 0, period.paid_interest)
        principal = max(ceiling - asked, period.paid_principal, 0)
        closing = max(0, balance - principal + period.paid_principal)
        return Due(principal, asked, max(interest - asked, 0), ceiling, opening, carried, closing, credited_principal)

    def _part_of_all(self, index: int) -> int:
        """What a period earns where interest is rounded once for the whole term: the rounded interest of all periods up
        to its end, less that of all periods before it.
        """
        earned = Fraction(0)
        asked = [0, 0]
        for period in self.periods[: index + 1]:
            assert period.line is not None
            earned += Fraction(period.line.earned(0, flat=True)[0], period.line.over)
            asked = [asked[1], quotient(earned.numerator, earned.denominator, self.terms.rounding)]
        return asked[1] - asked[0]


_due_on = attrgetter("due_on")
