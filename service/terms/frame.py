"""Dates and factors of a schedule: all of it that does not depend on the amount, one table per terms and start day."""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final

from msgspec import Struct, structs

from service.errors import Code, Refused
from service.remembered import remembered
from service.terms.business_days import payable_on
from service.terms.calendar import due_dates, first_due, step
from service.terms.day_count import THIRTY, YEAR_DAYS, odd_days_fraction, year_fraction
from service.terms.terms import DownPaymentAt, Interest, InterestOn, Method, NonBusinessDay, RateKind, Terms, Unit

YEARS_MAX: Final = 100  # from the start of a plan to its last due date
UNIT_SHARE = {
    Unit.WEEK: Fraction(1, 52),
    Unit.HALF_MONTH: Fraction(1, 24),
    Unit.MONTH: Fraction(1, 12),
    Unit.YEAR: Fraction(1),
}


class Frame(Struct, frozen=True):
    """Period k earns `earned[k] / over` of the balance; the equal instalment is
    `(financed * grown - balloon * over) / annuity`, rounded by the terms.
    """

    numbers: range
    due_on: tuple[date, ...]
    earned: tuple[int, ...]
    over: int
    grown: int
    annuity: int
    over_grown: int
    is_plain: bool  # an annuity on the declining balance, without grace


@remembered(100_000, lambda terms, _: 10 + max(terms.instalments, terms.amortized_over) + 2 * len(terms.costs))
def frame_of(terms: Terms, start_on: date) -> Frame:
    """Dates and factors, checked."""
    refuse_impossible(terms)
    if terms.first_due_on is not None and terms.first_due_on < start_on:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The first instalment is due before the plan starts.", "/first_due_on")
    unmoved, shares = period_shares(terms, start_on)
    rate = Fraction(terms.rate_percent) / 100
    yearly = [growth(terms.rate_kind, rate, share) for share in shares]
    over = lcm(*(share.denominator for share in yearly))
    earned = tuple(share.numerator * (over // share.denominator) for share in yearly)
    try:
        due_on = _moved(terms, unmoved[: terms.instalments], start_on)
    except (OverflowError, ValueError):
        raise _outlasts_the_calendar() from None
    is_plain = (
        terms.method is Method.EQUAL_INSTALMENTS
        and terms.interest_on is InterestOn.OUTSTANDING
        and not terms.grace_interest
        and not terms.grace_principal
    )
    return Frame(range(1, len(due_on) + 1), due_on, earned, over, *_annuity(terms, earned, over), is_plain)


def growth(kind: RateKind, rate: Fraction, share: Fraction) -> Fraction:
    """What one unit earns in a share of a year: exact for a nominal rate, to 40 digits for an effective one."""
    return rate * share if kind is RateKind.NOMINAL else _compounded(rate, share)


@lru_cache(maxsize=8192)
def _compounded(rate: Fraction, share: Fraction) -> Fraction:
    with localcontext(prec=40):
        base = Decimal(rate.numerator) / rate.denominator + 1
        return Fraction(base ** (Decimal(share.numerator) / share.denominator)) - 1


def period_shares(terms: Terms, start_on: date) -> tuple[tuple[date, ...], list[Fraction]]:
    """Unmoved due dates, and the share of a year that each period earns interest for."""
    periods = max(terms.amortized_over, terms.instalments)
    try:
        unmoved = due_dates(terms, start_on, periods)
        _refuse_too_long(terms, start_on, unmoved)
        shares = _year_shares(terms, start_on, unmoved)
    except (OverflowError, ValueError):
        raise _outlasts_the_calendar() from None
    shares[: terms.interest_free] = [Fraction(0)] * min(terms.interest_free, periods)
    return unmoved, shares


def _refuse_too_long(terms: Terms, start_on: date, due_on: tuple[date, ...]) -> None:
    """Refuse a plan of more than 100 years, or one at the very ends of the calendar, where no year can be counted."""
    if are_years_apart(start_on, due_on[-1]):
        if are_years_apart(start_on, due_on[0]):
            pointer = "/every" if terms.first_due_on is None else "/first_due_on"
        else:
            pointer = "/amortized_over" if terms.amortized_over > terms.instalments else "/instalments"
        sentence = f"The last instalment falls due at most {YEARS_MAX} years after the start."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, pointer)
    if start_on.year <= date.min.year or due_on[-1].year >= date.max.year:
        raise _outlasts_the_calendar()


def are_years_apart(begin: date, end: date) -> bool:
    """Whether `end` is more than YEARS_MAX years after `begin`."""
    return (end.year - YEARS_MAX, end.month, end.day) > (begin.year, begin.month, begin.day)


def _outlasts_the_calendar() -> Refused:
    return Refused(Code.IMPOSSIBLE_TERMS, "The plan would outlast the calendar.", "/instalments")


def refuse_impossible(terms: Terms) -> None:
    """Refuse terms under which no plan can exist, whatever the amount and the day."""
    rate = terms.rate_percent
    faults = (
        (not rate.is_finite() or rate < 0, "A rate is zero or more.", "/rate_percent"),
        (rate.is_finite() and rate > 100_000, "A rate above 100,000 % a year is a slip of the pen.", "/rate_percent"),
        (rate.is_finite() and int(rate.as_tuple().exponent) < -12, "A rate has at most 12 decimals.", "/rate_percent"),
        (terms.instalments < 1, "A plan has at least one instalment.", "/instalments"),
        (terms.every < 1, "Instalments lie at least one unit apart.", "/every"),
        (terms.grace_principal >= terms.instalments, "Grace leaves no instalment for principal.", "/grace_principal"),
        (terms.grace_interest >= terms.instalments, "Grace leaves no instalment for interest.", "/grace_interest"),
        (0 < terms.amortized_over < terms.instalments, "The plan outlasts its amortization.", "/amortized_over"),
        (terms.anchor_day is not None and terms.unit in (Unit.DAY, Unit.WEEK),
         "Only months have an anchor day.", "/anchor_day"),
        (terms.down_payment_at is DownPaymentAt.SCHEDULE and terms.first_due_days == 0
         and bool(terms.down_payment or terms.down_payment_bps),
         "The down payment and the first instalment fall on the same day.", "/first_due_days"),
    )  # fmt: skip
    for is_fault, sentence, pointer in faults:
        if is_fault:
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, pointer)


def _moved(terms: Terms, unmoved: tuple[date, ...], start_on: date) -> tuple[date, ...]:
    if terms.non_business_day is NonBusinessDay.KEEP:
        return unmoved
    return tuple(
        max(start_on, payable_on(day, begin, terms.non_business_day, terms.calendar))
        for day, begin in zip(unmoved, (start_on, *unmoved), strict=False)
    )


def _year_shares(terms: Terms, start_on: date, due_on: tuple[date, ...]) -> list[Fraction]:
    """The share of a year that each period lasts."""
    unit = regular_unit(terms)
    if unit is None:
        begins = (start_on, *due_on[:-1])
        return [year_fraction(terms.day_count, begin, end) for begin, end in zip(begins, due_on, strict=True)]
    _, anchor_day = first_due(terms, start_on)
    first = whole_and_odd(terms, start_on, due_on[0], anchor_day, unit)
    return [first, *[terms.every * unit] * (len(due_on) - 1)]


def regular_unit(terms: Terms) -> Fraction | None:
    """The share of a year of one unit, where units count whole; None where days are counted."""
    if terms.interest is Interest.PERIOD:
        return UNIT_SHARE.get(terms.unit)
    if terms.day_count in THIRTY and terms.unit in (Unit.MONTH, Unit.YEAR, Unit.HALF_MONTH):
        return UNIT_SHARE[terms.unit] * Fraction(360, YEAR_DAYS[terms.day_count])
    return None


def whole_and_odd(terms: Terms, begin: date, end: date, anchor_day: int, unit: Fraction) -> Fraction:
    """Whole units counted back from the end, and the odd days before them."""
    units, at = 0, end
    while (earlier := _back(terms, end, units + 1, anchor_day)) >= begin:
        units, at = units + 1, earlier
    return units * unit + odd_days_fraction(terms.day_count, begin, at)


def whole_and_rest(terms: Terms, begin: date, end: date, unit: Fraction) -> Fraction:
    """Whole units counted from the begin, and of the next one as many of its days as are left."""
    single, units = structs.replace(terms, every=1), 0
    while step(single, begin, units + 1, begin.day) <= end:
        units += 1
    at, after = step(single, begin, units, begin.day), step(single, begin, units + 1, begin.day)
    return unit * (units + Fraction((end - at).days, (after - at).days))


def _back(terms: Terms, end: date, units: int, anchor_day: int) -> date:
    return step(structs.replace(terms, every=1), end, -units, anchor_day)


def _annuity(terms: Terms, earned: tuple[int, ...], over: int) -> tuple[int, int, int]:
    """Numerators and denominator of the equal instalment: see `Frame`.

    From balance' = balance * (1 + f) - X over the periods that repay principal, to zero (or the balloon) at the end.
    """
    if terms.method is Method.EQUAL_PRINCIPAL:
        return 1, terms.instalments - terms.grace_principal, 1
    if terms.is_flat:
        repaying = max(terms.amortized_over, terms.instalments) - terms.grace_principal
        return over + sum(earned[terms.grace_principal :]), repaying * over, over
    grown, annuity, scale = 1, 0, 1
    for share in earned[terms.grace_principal :]:
        factor = over + share
        scale *= over
        grown, annuity = grown * factor, annuity * factor + scale
    return grown, annuity, scale
