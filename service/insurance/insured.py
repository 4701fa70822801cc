"""What of a debtor's sales is insured. Pure.

Sales are insured in the order of their days, each within what the limit of its day leaves:

    limit 25,000, withdrawn from 10 March    9 March 24,000: insured 24,000    10 March 2,000: insured 0
    limit 25,000                             9 March 24,000: insured 24,000    10 March 2,000: insured 1,000
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from service.insurance.limit import LimitSource, LimitStep, limit_on
from service.insurance.policy import CountryStatus, InsurancePolicy, Line
from service.support.arrangement import Arrangement


class Uninsured(StrEnum):
    """Why a sale, or a part of it, is not insured."""

    NO_LIMIT = "no_limit"  # on the day of the sale: none yet, refused, or withdrawn
    OVER_LIMIT = "over_limit"
    NOT_IN_FORCE = "not_in_force"  # the policy, on the day of the sale
    COUNTRY_CLOSED = "country_closed"
    COUNTRY_RESTRICTED = "country_restricted"  # and the insurer has not decided on the limit itself


class Sale(Struct, frozen=True):
    """What a debtor owes of one sale."""

    on: date  # the day of the sale
    amount: int  # minor units of the policy's currency
    overdue_days: int = 0  # of its earliest part that is not paid


class InsuredSale(Struct, frozen=True):
    """How much of it is insured."""

    on: date  # the day of the sale
    amount: int  # minor units
    insured: int  # minor units of it
    uninsured: int  # minor units of it
    why: Uninsured | None  # why not all of it is; null: all is


def insured_sales(
    policy: InsurancePolicy, terms: Arrangement, country: str, steps: Sequence[LimitStep], sales: Sequence[Sale],
    before: int = 0,
) -> list[InsuredSale]:  # fmt: skip
    """What is insured of each sale, in the order of their days; `before` of the limit is used up by earlier losses."""
    found: list[InsuredSale] = []
    so_far = before
    for sale in sorted(sales, key=lambda one: one.on):
        insured, why = _insured(policy, terms, country, steps, sale, so_far)
        so_far += insured
        found.append(InsuredSale(sale.on, sale.amount, insured, sale.amount - insured, why))
    return found


def _insured(
    policy: InsurancePolicy, terms: Arrangement, country: str, steps: Sequence[LimitStep], sale: Sale, so_far: int
) -> tuple[int, Uninsured | None]:
    if not terms.begins_on <= sale.on <= terms.ends_on:
        return 0, Uninsured.NOT_IN_FORCE
    limit = limit_on(steps, sale.on)
    if policy.line is Line.EXPORT:
        cover = policy.cover_in(country, sale.on)
        if cover is None or cover.status is CountryStatus.CLOSED:
            return 0, Uninsured.COUNTRY_CLOSED
        if cover.status is CountryStatus.RESTRICTED and limit.source is not LimitSource.INSURER:
            return 0, Uninsured.COUNTRY_RESTRICTED
    most = min(limit.amount, terms.debtor_max) if terms.debtor_max else limit.amount
    room = max(most - so_far, 0)
    if sale.amount <= room:
        return sale.amount, None
    return room, Uninsured.OVER_LIMIT if limit.amount else Uninsured.NO_LIMIT


# Ageing ---------------------------------------------------------------------------------------------------------------

AGES = (0, 30, 60, 90)  # days past due up to which a sale is in a bucket; later: the last one


class Age(Struct, frozen=True):
    """What is owed so long past due."""

    days_max: int | None  # 0: nothing of it is due and unpaid; null: later than all
    amount: int  # minor units
    insured: int  # minor units of it
    uninsured: int  # minor units of it: over the limit, or not insured at all


def ageing(sales: Sequence[Sale], insured: Sequence[InsuredSale]) -> tuple[Age, ...]:
    """The sales by how late they are; `insured` is what `insured_sales` says of them."""
    buckets: list[int | None] = [*AGES, None]
    sums = {bucket: [0, 0] for bucket in buckets}
    for sale, found in zip(sorted(sales, key=lambda one: one.on), insured, strict=True):
        bucket = next((most for most in AGES if sale.overdue_days <= most), None)
        sums[bucket][0] += found.amount
        sums[bucket][1] += found.insured
    return tuple(Age(bucket, amount, part, amount - part) for bucket, (amount, part) in sums.items())
