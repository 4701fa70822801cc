"""Paying everything before it is due: what is left to pay, and how much of the cost falls away.

All amounts are minor units. The methods differ in what they call earned: the British one grows the balance at the
rate of the agreement, the rule of 78 gives early months more of the charge, the European one shares every cost evenly
over time. A plan that cost nothing has nothing to give back.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor

from msgspec import Struct

from service.errors import Code, Refused
from service.money import Rounding, quotient
from service.payments.settlement_law import Legal, number_on, required_on
from service.plans.calendar import add_months
from service.plans.discounting import BITS, ONE
from service.plans.schedule import Instalment

MILLION = 1_000_000


class RebateMethod(StrEnum):
    """How the cost that falls away is found."""

    ACTUARIAL = "actuarial"  # United Kingdom, SI 2004/1483
    RULE_OF_78 = "rule_of_78"  # United States, terms of at most 61 months, where the state allows it
    PROPORTIONAL = "proportional"  # European Union: all costs, by the time that remains
    NONE = "none"  # nothing was charged, or every charge is earned


class Settlement(Struct, frozen=True):
    """What pays everything off on `settle_on`: `unpaid - rebate + compensation = amount`."""

    settle_on: date
    method: RebateMethod
    unpaid: int
    rebate: int
    compensation: int
    amount: int


def settlement(settle_on: date, method: RebateMethod, unpaid: int, rebate: int, compensation: int = 0) -> Settlement:
    """The figure; a rebate never exceeds what is unpaid."""
    rebate = min(max(rebate, 0), unpaid)
    return Settlement(settle_on, method, unpaid, rebate, compensation, unpaid - rebate + compensation)


# United Kingdom: the actuarial rebate


def periodic_rate(apr_percent: Decimal, periods_per_year: int) -> Fraction:
    """`(1 + APR) ** (1 / periods) - 1`, rounded to six decimals: so the Schedule's examples come out to the penny."""
    grown = Fraction(apr_percent) / 100 + 1
    if grown < 1:
        raise Refused(Code.IMPOSSIBLE_TERMS, "A rate is zero or more.", "/apr_percent")
    fine = 1000 * MILLION
    root = whole_root(grown.numerator * fine**periods_per_year // grown.denominator, periods_per_year)
    return Fraction(quotient(root, 1000, Rounding.HALF_UP) - MILLION, MILLION)


def actuarial_balance(
    advances: Iterable[tuple[Fraction, int]], repayments: Iterable[tuple[Fraction, int]], rate: Fraction
) -> int:
    """What is owed on the settlement date, half up: each amount grown over the periods from its own day to that date.

    Source: SI 2004/1483, reg. 4(1): sum of A (1 + r)**a less the sum of B (1 + r)**b, B what was repaid before.
    """
    lent = sum(amount * growth(1 + rate, periods) for periods, amount in advances)
    repaid = sum(amount * growth(1 + rate, periods) for periods, amount in repayments)
    return floor(lent - repaid + Fraction(1, 2))


def growth(base: Fraction, periods: Fraction) -> Fraction:
    """`base ** periods`: exact for whole periods; the part of one is a root of a whole power, in units of 2**-96."""
    whole, part = divmod(periods, 1)
    grown = base**whole
    if not part:
        return grown
    power = base**part.numerator
    return grown * Fraction(whole_root((power.numerator << BITS * part.denominator) // power.denominator,
                                       part.denominator), ONE)  # fmt: skip


def whole_root(number: int, degree: int) -> int:
    """The largest whole number whose power is not above `number`: Newton's steps from above."""
    if number == 0:
        return 0
    guess = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + number // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better


def uk_settlement_date(notice_on: date, ends_on: date, *, start_on: date, is_monthly: bool, deferred: bool) -> date:
    """28 days after the notice; the creditor may defer it a month, or 30 days, where the term exceeds a year.

    Source: SI 2004/1483, regs. 5 and 6.
    """
    settle_on = notice_on + timedelta(days=required_on(Legal.NOTICE_DAYS, "GB", start_on))
    if not deferred:
        return settle_on
    if ends_on <= add_months(start_on, 12, start_on.day):
        raise Refused(Code.IMPOSSIBLE_TERMS, "Only a term of more than a year may be deferred.", "/deferred")
    if is_monthly:
        return add_months(settle_on, 1, settle_on.day)
    return settle_on + timedelta(days=required_on(Legal.DEFERRAL_DAYS, "GB", start_on))


def uk_settlement(
    rows: Sequence[Instalment], financed: int, start_on: date, settle_on: date, apr_percent: Decimal, per_year: int = 12
) -> Settlement:
    """The statutory rebate of a plan with even periods whose instalments before `settle_on` are paid.

    Periods are those of the schedule; the part of one is days over its length (28 days of a 31-day month are 28/31).
    """
    paid = [row for row in rows if row.due_on <= settle_on]
    unpaid = sum(row.total for row in rows[len(paid) :])
    if not unpaid or settle_on < start_on:
        return settlement(settle_on, RebateMethod.ACTUARIAL, unpaid, 0)
    begin = paid[-1].due_on if paid else start_on
    elapsed = len(paid) + Fraction((settle_on - begin).days, (rows[len(paid)].due_on - begin).days)
    repayments = [(elapsed - k, row.total) for k, row in enumerate(paid, 1)]
    balance = actuarial_balance([(elapsed, financed)], repayments, periodic_rate(apr_percent, per_year))
    return settlement(settle_on, RebateMethod.ACTUARIAL, unpaid, unpaid - balance)


# United States: the rule of 78


def rule_of_78_earned(term: int, periods: int) -> Fraction:
    """The share of the charge earned in the first `periods` of `term`: 12 + 11 + ... over 78."""
    if not 0 <= periods <= term or term < 1:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The periods that passed lie within the term.", "/periods")
    left = term - periods
    return 1 - Fraction(left * (left + 1), term * (term + 1))


def rule_of_78_rebate(charge: int, term: int, unearned_periods: int) -> int:
    """The charge that falls away with so many periods still to come, half up."""
    share = 1 - rule_of_78_earned(term, term - unearned_periods)
    return quotient(charge * share.numerator, share.denominator, Rounding.HALF_UP)


def us_settlement(rows: Sequence[Instalment], start_on: date, settle_on: date, charge: int) -> Settlement:
    """By the rule of 78, where it is still allowed: refused for a term of more than 61 months.

    `charge` is the whole finance charge; a period that has begun is earned.
    """
    longest = required_on(Legal.RULE_OF_78_TERM_MAX, "US", start_on)
    if rows[-1].due_on > add_months(start_on, longest, start_on.day):
        sentence = f"A credit of more than {longest} months may not be rebated by the rule of 78."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/method")
    paid = sum(row.due_on <= settle_on for row in rows)
    begun = paid if paid == len(rows) or settle_on == (rows[paid - 1].due_on if paid else start_on) else paid + 1
    unpaid = sum(row.total for row in rows[paid:])
    rebate = rule_of_78_rebate(charge, len(rows), len(rows) - begun)
    return settlement(settle_on, RebateMethod.RULE_OF_78, unpaid, rebate)


# European Union: every cost by the time that remains


def proportional(cost: int, start_on: date, ends_on: date, settle_on: date) -> int:
    """The share of a cost that belongs to the days still to come, half up.

    Source: Directive (EU) 2023/2225, Art. 29(1); Court of Justice, C-383/18 (Lexitor): all costs, also one-off ones.
    """
    if settle_on >= ends_on:
        return 0
    days, left = (ends_on - start_on).days, (ends_on - max(settle_on, start_on)).days
    return quotient(cost * left, days, Rounding.HALF_UP)


def eu_settlement(
    rows: Sequence[Instalment], start_on: date, settle_on: date, *, up_front: int = 0, compensation: int = 0
) -> Settlement:
    """Interest of days to come is not owed; every other cost, paid or not, is given back by the days to come.

    `up_front` are costs paid outside the schedule. Instalments due before `settle_on` are paid.
    """
    ends_on = rows[-1].due_on
    interest, begin = 0, start_on
    for row in rows:
        interest += proportional(row.interest, begin, row.due_on, settle_on)
        begin = row.due_on
    costs = up_front + sum(row.fee for row in rows)
    unpaid = sum(row.total for row in rows if row.due_on > settle_on)
    rebate = interest + proportional(costs, start_on, ends_on, settle_on)
    return settlement(settle_on, RebateMethod.PROPORTIONAL, unpaid, rebate, compensation)


def compensation_max(
    jurisdiction: str,
    signed_on: date,
    settle_on: date,
    ends_on: date,
    *,
    repaid: int,
    interest_left: int,
    repaid_in_12_months: int,
    is_fixed_rate: bool = True,
) -> int:
    """The most a lender may ask for being repaid early, by the law of the day the plan was signed; rounded down.

    Nothing outside a fixed-rate period or where the law knows none; never more than the interest it would have earned.
    """
    far = ends_on > add_months(settle_on, 12, settle_on.day)
    legal = Legal.COMPENSATION_LONG if far else Legal.COMPENSATION_SHORT
    bps = number_on(legal, jurisdiction, signed_on)
    above = number_on(Legal.COMPENSATION_ABOVE, jurisdiction, signed_on) or 0
    if bps is None or not is_fixed_rate or repaid_in_12_months <= above:
        return 0
    return min(repaid * bps // 10_000, interest_left)
