"""What terms make of an amount from a day on: schedule, cost, APR; and whether the law of that day allows the price."""

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from service.law.book import LawRow, LegalRule, strictest_on
from service.money import BPS
from service.remembered import remembered
from service.terms.apr import Apr, rates_for
from service.terms.quote import rates_of
from service.terms.schedule import Instalment, build_schedule
from service.terms.terms import Terms, Unit

CAPS: Final = (LegalRule.APR_MAX, LegalRule.RATE_MAX, LegalRule.TOTAL_COST_MAX)


class Pricing(Struct, frozen=True):
    """A price, in minor units, and the first cap it is above."""

    schedule: tuple[Instalment, ...]
    cost: int  # interest and fees
    apr: Apr  # as the jurisdiction prints it
    above: LawRow | None

    @property
    def is_legal(self) -> bool:
        """Whether it is above no cap."""
        return self.above is None


# A shop sells the same few things at the same few prices all day.
@remembered(200_000, lambda _, __, terms, *___: 10 + terms.instalments + 2 * len(terms.costs))
def price_of(jurisdiction: str, product_class: str, terms: Terms, owed: int, start_on: date) -> Pricing:
    """The price of `owed` minor units. Refused: IMPOSSIBLE_TERMS."""
    schedule = build_schedule(terms, owed, start_on)
    cost = sum([row.interest + row.fee for row in schedule])
    apr = rates_of(jurisdiction, terms, owed, start_on, schedule)[0] if cost else free_of_cost(jurisdiction)
    above = cap_above(jurisdiction, product_class, terms, owed, cost, apr, start_on) if cost else None
    return Pricing(schedule, cost, apr, above)


@lru_cache(maxsize=256)
def free_of_cost(jurisdiction: str) -> Apr:
    """Zero, by the jurisdiction's method."""
    day = date(2026, 1, 1)
    return rates_for(jurisdiction, ((day, BPS),), ((day + timedelta(31), BPS),), Unit.MONTH)[0]


def cap_above(
    jurisdiction: str, product_class: str, terms: Terms, owed: int, cost: int, apr: Apr, on: date
) -> LawRow | None:
    """The first cap in force that the price is above."""
    charged = {
        LegalRule.APR_MAX: Decimal(apr.value) * 100,  # per cent in basis points
        LegalRule.RATE_MAX: terms.rate_percent * 100,
        LegalRule.TOTAL_COST_MAX: Decimal(cost * BPS) / owed,
    }
    for rule, bps in charged.items():
        cap = _cap(rule, jurisdiction, product_class, on)
        if cap is not None and bps > cap.value:
            return cap
    return None


def is_capped(jurisdiction: str, product_class: str, on: date) -> bool:
    """Whether a cap is in force: what has no price that can be told is above it."""
    return any(_cap(rule, jurisdiction, product_class, on) for rule in CAPS)


_cap = lru_cache(maxsize=1024)(strictest_on)
