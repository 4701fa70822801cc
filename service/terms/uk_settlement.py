"""Settling early in the United Kingdom: the actuarial rebate.

Source: the Consumer Credit (Early Settlement) Regulations 2004, SI 2004/1483; Consumer Credit Act 1974, ss. 94, 95.
Amounts are minor units. The rebate falls out of one equation: what is left to pay, less what is owed today.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Final

from service.errors import Code, Refused
from service.law.book import GENERAL, LegalRule, required_on
from service.terms.calendar import add_months, first_due, step
from service.terms.early_settlement import Settlement, periods_of, settlement, unpaid_on
from service.terms.schedule import Instalment
from service.terms.terms import RebateMethod, Terms, Unit

SIX_DECIMALS: Final = Decimal("0.000001")
UNITS_A_YEAR: Final = {Unit.DAY: 365, Unit.WEEK: 52, Unit.HALF_MONTH: 24, Unit.MONTH: 12, Unit.YEAR: 1}


def periodic_rate(apr_percent: Decimal, per_year: Fraction | int) -> Fraction:
    """`(1 + APR) ** (1 / per_year) - 1`, rounded to six decimals: so the Schedule's examples come out to the penny."""
    grown = Fraction(apr_percent) / 100 + 1
    if grown < 1:
        raise Refused(Code.IMPOSSIBLE_TERMS, "A rate is zero or more.", "/apr_percent")
    return Fraction(_power(grown, 1 / Fraction(per_year)).quantize(SIX_DECIMALS, ROUND_HALF_UP)) - 1


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
    """`base ** periods`: exact for whole periods, to 40 digits for the part of one."""
    whole, part = divmod(periods, 1)
    return base**whole * Fraction(_power(base, part)) if part else base**whole


def _power(base: Fraction, exponent: Fraction) -> Decimal:
    with localcontext(prec=40):
        whole = Decimal(base.numerator) / base.denominator
        return whole ** (Decimal(exponent.numerator) / exponent.denominator)


def uk_settlement_date(notice_on: date, ends_on: date, *, start_on: date, is_monthly: bool, deferred: bool) -> date:
    """28 days after the notice; the creditor may defer it a month, or 30 days, where the term exceeds a year.

    Source: SI 2004/1483, regs. 5 and 6.
    """
    settle_on = notice_on + timedelta(days=required_on(LegalRule.SETTLEMENT_NOTICE_DAYS, "GB", GENERAL, start_on))
    if not deferred:
        return settle_on
    if ends_on <= add_months(start_on, 12, start_on.day):
        raise Refused(Code.IMPOSSIBLE_TERMS, "Only a term of more than a year may be deferred.", "/deferred")
    if is_monthly:
        return add_months(settle_on, 1, settle_on.day)
    return settle_on + timedelta(days=required_on(LegalRule.SETTLEMENT_DEFERRAL_DAYS, "GB", GENERAL, start_on))


def per_year_of(terms: Terms) -> Fraction:
    """The periods in a year: 12 months, 4 quarters, 26 times two weeks; every 14 days is every two weeks."""
    if terms.unit is Unit.DAY and terms.every % 7 == 0:
        return Fraction(UNITS_A_YEAR[Unit.WEEK] * 7, terms.every)
    return Fraction(UNITS_A_YEAR[terms.unit], terms.every)


def periods_after_first(terms: Terms, start_on: date, on: date) -> Fraction:
    """Where a day stands in the plan's own periods: 0 on the first due date, 1 on the second, negative before.

    A day inside a period is the share of that period's days that passed: 28 days of a 31-day month are 28/31. So a
    long first period is a whole one and the days before it.
    """
    first, anchor_day = first_due(terms, start_on)
    whole = 0
    while step(terms, first, whole, anchor_day) > on:
        whole -= 1
    while step(terms, first, whole + 1, anchor_day) <= on:
        whole += 1
    begin, end = (step(terms, first, k, anchor_day) for k in (whole, whole + 1))
    return whole + Fraction((on - begin).days, (end - begin).days)


def uk_settlement(
    terms: Terms, rows: Sequence[Instalment], financed: int, start_on: date, settle_on: date, apr_percent: Decimal,
    parts: Iterable[tuple[date, int]] = (),
) -> Settlement:  # fmt: skip
    """The statutory rebate of a plan whose instalments due until `settle_on` are paid.

    `financed` is what was lent, without a down payment. Before the start nothing has been earned. `parts` were paid
    early, each on its day, and are in no row.
    """
    unpaid = unpaid_on(rows, settle_on)
    today = periods_after_first(terms, start_on, max(settle_on, start_on))
    lent = [(today - periods_after_first(terms, start_on, start_on), financed)]
    periods = periods_of(rows)
    repaid = [(today - k, row.total) for k, row in enumerate(periods) if row.due_on <= settle_on]
    is_at_its_end = len(repaid) == len(periods)
    repaid += [(today - periods_after_first(terms, start_on, max(on, start_on)), amount) for on, amount in parts]
    if is_at_its_end:
        return settlement(settle_on, RebateMethod.ACTUARIAL, unpaid, 0)
    balance = actuarial_balance(lent, repaid, periodic_rate(apr_percent, per_year_of(terms)))
    return settlement(settle_on, RebateMethod.ACTUARIAL, unpaid, unpaid_on(periods, settle_on) - balance)


def uk_owed(
    terms: Terms, lent: Iterable[tuple[date, int]], repaid: Iterable[tuple[date, int]], start_on: date, settle_on: date,
    apr_percent: Decimal,
) -> int:  # fmt: skip
    """What is owed on `settle_on` of what was lent and repaid, each amount on its own day, none before `start_on`.

    What was repaid holds the charges for the credit that were paid with it.
    """
    today = periods_after_first(terms, start_on, max(settle_on, start_on))
    advances, repayments = (
        [(today - periods_after_first(terms, start_on, max(on, start_on)), amount) for on, amount in amounts]
        for amounts in (lent, repaid)
    )
    return actuarial_balance(advances, repayments, periodic_rate(apr_percent, per_year_of(terms)))
