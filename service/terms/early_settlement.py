"""Paying everything before it is due, or a part of it: what is left to pay, and how much of the cost falls away.

All amounts are minor units. The methods differ in what they call earned: the British one grows the balance at the
rate of the agreement (`uk_settlement.py`), the rule of 78 gives early months more of the charge, the European one
shares every cost evenly over time. A plan that cost nothing has nothing to give back. A down payment is a row of the
schedule and no period of it: it bears nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from msgspec import Struct

from service.countries import UNION
from service.errors import Code, Refused
from service.law.book import GENERAL, LegalRule, number_on, places_of
from service.money import Rounding, quotient
from service.terms.calendar import add_months
from service.terms.schedule import Instalment
from service.terms.terms import RebateMethod


def method_of(jurisdiction: str, agreed: RebateMethod | None = None) -> RebateMethod:
    """How a cost is given up: as the law of a jurisdiction (ISO 3166) has it, and where it leaves that open as agreed.

    In the United States unearned interest is refunded by a method no worse than the actuarial one (15 U.S.C. 1615), and
    up to 61 months by the rule of 78, where that is agreed.
    """
    law = method_of_law(jurisdiction)
    return agreed if agreed is not None and agreed in LEFT_OPEN.get(law, ()) else law


def method_of_law(jurisdiction: str) -> RebateMethod:
    """How the law has it where nothing is agreed; where we know of none, nothing is given up."""
    if UNION in places_of(jurisdiction):
        return RebateMethod.PROPORTIONAL
    return {"GB": RebateMethod.ACTUARIAL, "US": RebateMethod.UNEARNED}.get(jurisdiction, RebateMethod.NONE)


# What may be agreed instead of what the law says by itself.
LEFT_OPEN: Final = {
    RebateMethod.UNEARNED: (RebateMethod.RULE_OF_78,),
    RebateMethod.NONE: (RebateMethod.RULE_OF_78, RebateMethod.PROPORTIONAL, RebateMethod.UNEARNED),
}


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


def unpaid_on(rows: Iterable[Instalment], settle_on: date) -> int:
    """What of a schedule is still to be paid when everything due until `settle_on` is."""
    return sum(row.total for row in rows if row.due_on > settle_on)


def periods_of(rows: Iterable[Instalment]) -> list[Instalment]:
    """The rows that end a period: all but a down payment."""
    return [row for row in rows if not row.is_down_payment]


class PartSettlement(Struct, frozen=True):
    """What a part paid early discharges, `paid + rebate - compensation`, and what is left to pay after it."""

    paid_on: date
    paid: int
    rebate: int
    compensation: int
    discharged: int
    left: int


def part_settlement(whole: Settlement, paid: int, compensation: int = 0) -> PartSettlement:
    """What a part paid early discharges, where `whole` would settle everything on that day.

    Sources: Consumer Credit Act 1974, s. 94(3) to (5): the debt falls by what is paid and by its rebate, less what the
    creditor may claim (s. 95A); Directive (EU) 2023/2225, Art. 29(1), and 2008/48, Art. 16(1): whoever repays a part
    early is entitled to a reduction of the total cost, too. The rebate is the whole one in proportion, rounded up
    because it is a minimum: in the United Kingdom what is paid counts as a repayment B of SI 2004/1483, reg. 4(1), on
    its own day, and what is still to come falls evenly. That reading is ours: how the Regulations word the case of a
    part was not at hand.
    """
    if not compensation < paid:
        raise Refused(Code.IMPOSSIBLE_TERMS, "A part pays more than the compensation for it.", "/paid")
    owed, repaid = whole.unpaid - whole.rebate, paid - compensation
    if repaid >= owed:
        raise Refused(Code.IMPOSSIBLE_TERMS, "That pays everything: settle the whole.", "/paid")
    rebate = quotient(whole.rebate * repaid, owed, Rounding.UP)
    return PartSettlement(whole.settle_on, paid, rebate, compensation, repaid + rebate, whole.unpaid - repaid - rebate)


# The rule of 78


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


def is_too_long_for_78(jurisdiction: str, start_on: date, ends_on: date) -> bool:
    """Whether the law of a jurisdiction lets no credit of such a length be rebated by the rule of 78."""
    longest = number_on(LegalRule.RULE_OF_78_TERM_MONTHS_MAX, jurisdiction, GENERAL, start_on)
    return longest is not None and ends_on > add_months(start_on, longest, start_on.day)


def settlement_by_78(rows: Sequence[Instalment], start_on: date, settle_on: date, charge: int) -> Settlement:
    """By the rule of 78: `charge` is the whole finance charge; a period that has begun is earned."""
    periods = periods_of(rows)
    begins = (start_on, *(row.due_on for row in periods[:-1]))
    begun = sum(begin < settle_on for begin in begins)
    rebate = rule_of_78_rebate(charge, len(periods), len(periods) - begun)
    return settlement(settle_on, RebateMethod.RULE_OF_78, unpaid_on(rows, settle_on), rebate)


# European Union: every cost by the time that remains


def proportional(cost: int, start_on: date, ends_on: date, settle_on: date) -> int:
    """The share of a cost that belongs to the days still to come, half up; without any days there is none.

    Source: Directive (EU) 2023/2225, Art. 29(1); Court of Justice, C-383/18 (Lexitor): all costs, also one-off ones.
    """
    left_from = max(settle_on, start_on)
    if left_from >= ends_on:
        return 0
    return quotient(cost * (ends_on - left_from).days, (ends_on - start_on).days, Rounding.HALF_UP)


def eu_settlement(rows: Sequence[Instalment], start_on: date, settle_on: date, *, compensation: int = 0) -> Settlement:
    """Interest of days to come is not owed; every other cost, paid or not, is given back by the days to come: one that
    was paid at the start, too. Instalments due before `settle_on` are paid.
    """
    ends_on = rows[-1].due_on
    interest, begin = 0, start_on
    for row in periods_of(rows):
        interest += proportional(row.interest, begin, row.due_on, settle_on)
        begin = row.due_on
    costs = sum(row.fee for row in rows)
    rebate = interest + proportional(costs, start_on, ends_on, settle_on)
    return settlement(settle_on, RebateMethod.PROPORTIONAL, unpaid_on(rows, settle_on), rebate, compensation)


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
    rule = LegalRule.COMPENSATION_LONG_MAX if far else LegalRule.COMPENSATION_SHORT_MAX
    bps = number_on(rule, jurisdiction, GENERAL, signed_on)
    above = number_on(LegalRule.COMPENSATION_ABOVE, jurisdiction, GENERAL, signed_on) or 0
    if bps is None or not is_fixed_rate or repaid_in_12_months <= above:
        return 0
    return min(repaid * bps // 10_000, interest_left)
