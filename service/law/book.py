"""The law as data: caps, windows and thresholds, each a dated row of `law.json` with its source and how sure it is.

A number holds from its first day to its last, and is looked up on the day of the contract. This is no legal advice:
rows of certainty C and D are to be checked before they are relied on, and say so.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pkgutil import get_data
from typing import Final

import msgspec

from service.countries import EU_MEMBERS, UNION
from service.errors import Code, Refused

ANY: Final = "any"  # a product class: the row holds for every credit

GENERAL: Final = "consumer_credit"  # the product class of a credit that no narrower class takes


class LegalRule(StrEnum):
    """What a number is about."""

    # price
    APR_MAX = "apr_max"  # all costs, by the jurisdiction's own method
    RATE_MAX = "rate_max"  # the nominal rate
    TOTAL_COST_MAX = "total_cost_max"  # of the amount lent
    FEES_FIRST_YEAR_MAX = "fees_first_year_max"  # other than for default
    FEES_LATER_YEAR_MAX = "fees_later_year_max"
    LATE_FEE_EACH_MAX = "late_fee_each_max"  # for one instalment, or of what of it is overdue
    LATE_FEES_YEAR_MAX = "late_fees_year_max"
    LATE_FEES_TOTAL_MAX = "late_fees_total_max"
    SUBSIDY = "subsidy"
    SUBSIDY_SHARE_OF_RATE_MAX = "subsidy_share_of_rate_max"
    SUBSIDY_YEAR_MAX = "subsidy_year_max"
    # scope
    AMOUNT_MIN = "amount_min"
    AMOUNT_MAX = "amount_max"
    INSTALMENTS_MAX = "instalments_max"
    INSTALMENTS_FREE_MAX = "instalments_free_max"  # so many, without a charge, are outside
    TERM_MONTHS_MAX = "term_months_max"
    DEFERRAL_DAYS_MAX = "deferral_days_max"  # from delivery
    OUTSTANDING_MAX = "outstanding_max"  # of one consumer with one provider
    JOINT_LIABILITY_ABOVE = "joint_liability_above"  # cash price
    JOINT_LIABILITY_MAX = "joint_liability_max"
    DEFAULT_GUARANTEE_MAX = "default_guarantee_max"
    JOINT_OWN_SHARE_MIN = "joint_own_share_min"  # of each plan's principal, of who lends with a bank
    JOINT_PARTNER_CAPITAL_MAX = "joint_partner_capital_max"  # of a bank's net tier-1 capital, out with one who lends
    # time
    WITHDRAWAL_DAYS = "withdrawal_days"
    WITHDRAWAL_LONG_STOP_MONTHS = "withdrawal_long_stop_months"
    WITHDRAWAL_REPAYMENT_DAYS = "withdrawal_repayment_days"
    WITHDRAWAL_INTEREST = "withdrawal_interest"  # of the days until the notice: 1 is owed; 0 is not, as without a row
    REMINDER_AFTER_DAYS_MIN = "reminder_after_days_min"
    REMINDER_AFTER_DAYS_MAX = "reminder_after_days_max"
    ADVERSE_ACTION_DAYS = "adverse_action_days"
    ADVERSE_ACTION_COUNTER_OFFER_DAYS = "adverse_action_counter_offer_days"
    ASSESSMENT_DAYS = "assessment_days"
    RETENTION_MONTHS = "retention_months"  # of an application, whatever was decided
    IDENTITY_RETENTION_MONTHS = "identity_retention_months"  # of who had a credit, from its end: money laundering
    COMPLIANCE_RETENTION_MONTHS = "compliance_retention_months"  # of the evidence that the law was kept
    BOOKS_RETENTION_MONTHS = "books_retention_months"  # of the books, from the end of the year of the last entry
    VOUCHERS_RETENTION_MONTHS = "vouchers_retention_months"  # of what entries rest on: agreements, bills, payments
    # settling early
    SETTLEMENT_NOTICE_DAYS = "settlement_notice_days"  # from the consumer's notice to the settlement date
    SETTLEMENT_DEFERRAL_DAYS = "settlement_deferral_days"  # more, for a term above a year that is not paid monthly
    PART_SETTLEMENT_DAYS = "part_settlement_days"  # after the notice, in which a part may be paid early
    COMPENSATION_LONG_MAX = "compensation_long_max"  # of what is repaid more than a year before the end
    COMPENSATION_SHORT_MAX = "compensation_short_max"  # of what is repaid a year or less before the end
    COMPENSATION_ABOVE = "compensation_above"  # repaid early in twelve months; up to it there is none
    RULE_OF_78_TERM_MONTHS_MAX = "rule_of_78_term_months_max"  # a longer credit is not rebated by it
    # what merchants pay
    MERCHANT_FEE_TAX = "merchant_fee_tax"  # value added tax, or the like, on what a lender keeps of what it pays out
    # duties
    CREDIT_CHECK_FROM = "credit_check_from"
    REASONS_MAX = "reasons_max"


class Certainty(StrEnum):
    """How well we know it."""

    A = "A"  # read in an official text
    B = "B"  # read in a secondary source
    C = "C"  # well established, not read in a text
    D = "D"  # one weak source or none: check before use


class LawRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One number. `unit` is bps, days, months, count, or a currency whose minor units it is in."""

    jurisdiction: str  # ISO 3166; EU for the Union
    product: str  # the class of credit it is about
    rule: LegalRule  # what the number is about
    value: int  # in `unit`
    unit: str  # bps, days, months, count, or a currency in whose minor units it is
    valid_from: date
    source: str
    certainty: Certainty
    valid_to: date | None = None  # the last day it holds

    def holds_on(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


# Part of the program like its source, and read with it: nothing else decides what these numbers are.
LAW: Final = msgspec.json.decode(get_data("service.law", "law.json") or b"", type=tuple[LawRow, ...])


def places_of(jurisdiction: str) -> tuple[str, ...]:
    """Whose law holds there: a member's own and the Union's."""
    return (jurisdiction, UNION) if jurisdiction in EU_MEMBERS else (jurisdiction,)


def rows_on(rule: LegalRule, jurisdiction: str, product: str, on: date) -> Iterator[LawRow]:
    """The rows in force on a day: those of the class of product and those of any, the Union's besides a member's."""
    places = places_of(jurisdiction)
    for row in LAW:
        if row.rule is rule and row.jurisdiction in places and row.product in (product, ANY) and row.holds_on(on):
            yield row


def number_on(rule: LegalRule, jurisdiction: str, product: str, on: date) -> int | None:
    """The number in force on a day: a country's own before the Union's. None where we know of none."""
    rows = list(rows_on(rule, jurisdiction, product, on))
    return next((row.value for row in sorted(rows, key=lambda row: row.jurisdiction != jurisdiction)), None)


def required_on(rule: LegalRule, jurisdiction: str, product: str, on: date) -> int:
    """The number in force on a day, for a caller that cannot go on without one. Refused: IMPOSSIBLE_TERMS."""
    value = number_on(rule, jurisdiction, product, on)
    if value is None:
        sentence = f"No law is known for {rule} in {jurisdiction} on {on.isoformat()}."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/jurisdiction")
    return value


def strictest_on(rule: LegalRule, jurisdiction: str, product: str, on: date) -> LawRow | None:
    """Of several caps in force the lowest."""
    return min(rows_on(rule, jurisdiction, product, on), key=lambda row: row.value, default=None)
