"""What paying late may cost: what the product says, and no more than the law of the plan allows. Pure."""

from datetime import date

from msgspec.structs import replace

from service.law.book import LegalRule, rows_on
from service.terms.servicing import LateFee, Servicing


def bound_by_law(servicing: Servicing, jurisdiction: str, product_class: str, on: date, currency: str) -> Servicing:
    """The same, with late fees capped as the law of that day caps them; in another currency it says nothing."""
    if servicing.late_fee is None:
        return servicing
    return replace(servicing, late_fee=capped(servicing.late_fee, jurisdiction, product_class, on, currency))


def capped(late: LateFee, jurisdiction: str, product_class: str, on: date, currency: str) -> LateFee:
    """The same with the lowest of its caps and the law's: for one instalment, in a year, in all."""

    def least(most: int | None, rule: LegalRule, unit: str) -> int | None:
        caps = [row.value for row in rows_on(rule, jurisdiction, product_class, on) if row.unit == unit]
        return min([*caps, *([] if most is None else [most])], default=None)

    return replace(
        late,
        each_max=least(late.each_max, LegalRule.LATE_FEE_EACH_MAX, currency),
        each_bps_max=least(late.each_bps_max, LegalRule.LATE_FEE_EACH_MAX, "bps"),
        year_max=least(late.year_max, LegalRule.LATE_FEES_YEAR_MAX, currency),
        total_max=least(late.total_max, LegalRule.LATE_FEES_TOTAL_MAX, currency),
    )
