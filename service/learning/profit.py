"""What a yes brought: whole minor units, by four assumptions that every report repeats. Pure.

profit = merchant's fee and costs + what the consumer paid beyond principal - principal lost - cost of the money lent
"""

from datetime import date, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.merchants.fee import merchant_fee
from service.money import BPS, Rounding, quotient, take_bps
from service.plans.offer import Offer
from service.terms.schedule import paid_up_front
from service.terms.terms import BasisPoints, Payer

YEAR_DAYS: Final = 365


class Economics(Struct, frozen=True):
    """Past data say only how a purchase ended; this says what that costs."""

    merchant_fee_bps: BasisPoints = 290  # of the amount financed, before a price list's subsidy
    funding_rate_bps: Annotated[int, Meta(ge=0, le=BPS)] = 300  # a year, on what is outstanding
    paid_bps: BasisPoints = 3_750  # of its instalments, the first ones, before a bad plan stops
    recovered_bps: BasisPoints = 2_000  # of the principal that is then left


def profit_of(offer: Offer, is_good: bool, start_on: date, economics: Economics) -> int:
    """What a plan of instalments on `offer`, begun on `start_on`, brought; negative where it lost."""
    rows, at_once = offer.schedule, sum(row.is_down_payment for row in offer.schedule)
    paid = rows if is_good else rows[: at_once + (len(rows) - at_once) * economics.paid_bps // BPS]
    unpaid = sum(row.principal for row in rows[len(paid) :])
    earned = merchant_fee(offer.merchant_fee, 0, offer.amount) + sum(row.interest + row.fee for row in paid)
    earned += paid_up_front(offer.terms, sum(row.principal for row in rows[at_once:]), Payer.MERCHANT)
    lost = unpaid - take_bps(unpaid, economics.recovered_bps)
    return earned - lost - _funding_cost(offer, len(paid), start_on, economics.funding_rate_bps)


def _funding_cost(offer: Offer, paid: int, start_on: date, rate_bps: int) -> int:
    """Interest on the principal that is out, day by day; what is not paid stays out to the last due date."""
    balance, day, balance_days = sum(row.principal for row in offer.schedule), start_on, 0
    for place, row in enumerate(offer.schedule):
        balance_days += balance * max(row.due_on - day, timedelta()).days
        day = max(day, row.due_on)
        balance -= row.principal if place < paid else 0
    return quotient(balance_days * rate_bps, YEAR_DAYS * BPS, Rounding.HALF_UP)
