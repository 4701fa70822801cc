"""What paying late may cost: what the product says, and no more than the law of the plan allows. Pure."""

from datetime import date

from msgspec.structs import replace

from service.law.book import LegalRule, strictest_on
from service.terms.servicing import Servicing


def bound_by_law(servicing: Servicing, jurisdiction: str, product_class: str, on: date, currency: str) -> Servicing:
    """The same, with late fees capped as the law of that day caps them; in another currency it says nothing."""
    late = servicing.late_fee
    if late is None:
        return servicing

    def bounded(most: int | None, rule: LegalRule) -> int | None:
        row = strictest_on(rule, jurisdiction, product_class, on)
        caps = [cap for cap in (most, row.value if row and row.unit == currency else None) if cap is not None]
        return min(caps, default=None)

    year_max = bounded(late.year_max, LegalRule.LATE_FEES_YEAR_MAX)
    total_max = bounded(late.total_max, LegalRule.LATE_FEES_TOTAL_MAX)
    return replace(servicing, late_fee=replace(late, year_max=year_max, total_max=total_max))
