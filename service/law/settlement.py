"""What the law says about settling early: numbers with a jurisdiction, a class of product, and the days they hold.

A plan is settled by the rows valid on the day it was signed. Certainty: A read in an official text, B in a secondary
source, C well established but not read in a text, D one weak source.
"""

from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused


class Legal(StrEnum):
    """Which number, and its unit."""

    COMPENSATION_LONG = "compensation_long"  # basis points of the amount repaid early, more than a year before the end
    COMPENSATION_SHORT = "compensation_short"  # basis points, a year or less before the end
    COMPENSATION_ABOVE = "compensation_above"  # minor units repaid early in twelve months; up to them there is none
    NOTICE_DAYS = "notice_days"  # days from the consumer's notice to the settlement date
    PART_NOTICE_DAYS = "part_notice_days"  # days after the notice in which a part may be paid early
    DEFERRAL_DAYS = "deferral_days"  # more days where the term exceeds a year and instalments are not monthly
    RULE_OF_78_TERM_MAX = "rule_of_78_term_max"  # months; a longer credit may not be rebated by the rule of 78


class LegalNumber(Struct, frozen=True):
    """One row; `valid_to` is the last day it holds, and absent while it does."""

    legal: Legal
    jurisdiction: str
    product_class: str
    value: int
    valid_from: date
    valid_to: date | None
    source: str
    certainty: str


EU_MEMBERS: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
CREDIT: Final = "consumer_credit"
CCD1, CCD2 = "Directive 2008/48/EC, Art. 16", "Directive (EU) 2023/2225, Art. 29"
CCD1_FROM, CCD1_TO, CCD2_FROM = date(2010, 6, 11), date(2026, 11, 19), date(2026, 11, 20)
REBATES = "SI 2004/1483, the Consumer Credit (Early Settlement) Regulations 2004"
REBATES_FROM = date(2005, 5, 31)
SECTION_94 = "Consumer Credit Act 1974, s. 94(4)(c)"
SECTION_95A, SECTION_95A_FROM = "Consumer Credit Act 1974, s. 95A", date(2011, 2, 1)

ROWS: Final = (
    LegalNumber(Legal.COMPENSATION_LONG, "EU", CREDIT, 100, CCD1_FROM, CCD1_TO, CCD1, "B"),
    LegalNumber(Legal.COMPENSATION_SHORT, "EU", CREDIT, 50, CCD1_FROM, CCD1_TO, CCD1, "B"),
    LegalNumber(Legal.COMPENSATION_LONG, "EU", CREDIT, 100, CCD2_FROM, None, CCD2, "C"),
    LegalNumber(Legal.COMPENSATION_SHORT, "EU", CREDIT, 50, CCD2_FROM, None, CCD2, "C"),
    LegalNumber(Legal.COMPENSATION_LONG, "GB", CREDIT, 100, SECTION_95A_FROM, None, SECTION_95A, "C"),
    LegalNumber(Legal.COMPENSATION_SHORT, "GB", CREDIT, 50, SECTION_95A_FROM, None, SECTION_95A, "C"),
    LegalNumber(Legal.COMPENSATION_ABOVE, "GB", CREDIT, 8_000_00, SECTION_95A_FROM, None, SECTION_95A, "B"),
    LegalNumber(Legal.NOTICE_DAYS, "GB", CREDIT, 28, REBATES_FROM, None, REBATES + ", reg. 5", "A"),
    LegalNumber(Legal.PART_NOTICE_DAYS, "GB", CREDIT, 28, SECTION_95A_FROM, None, SECTION_94, "C"),
    LegalNumber(Legal.DEFERRAL_DAYS, "GB", CREDIT, 30, REBATES_FROM, None, REBATES + ", reg. 6", "A"),
    LegalNumber(Legal.RULE_OF_78_TERM_MAX, "US", CREDIT, 61, date(1993, 9, 30), None, "15 USC 1615(b)", "B"),
)


def number_on(legal: Legal, jurisdiction: str, on: date, product_class: str = CREDIT) -> int | None:
    """The number that holds on a day, or nothing where no row does. A member state follows the Union's rows."""
    places = (jurisdiction, "EU") if jurisdiction in EU_MEMBERS else (jurisdiction,)
    for place in places:
        for row in ROWS:
            if (row.legal, row.jurisdiction, row.product_class) != (legal, place, product_class):
                continue
            if row.valid_from <= on and (row.valid_to is None or on <= row.valid_to):
                return row.value
    return None


def required_on(legal: Legal, jurisdiction: str, on: date, product_class: str = CREDIT) -> int:
    """The same where the caller cannot go on without: Refused with `impossible_terms`."""
    value = number_on(legal, jurisdiction, on, product_class)
    if value is None:
        sentence = f"No law is known for {legal} in {jurisdiction} on {on.isoformat()}."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/jurisdiction")
    return value
