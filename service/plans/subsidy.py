"""What a scheme bears of a plan's interest, reckoned from where the plan stands. Pure.

    due   = share x interest that has fallen due, at most what was granted
    held  = what was paid, and what may still be: so much of the budget and of the person's cap the plan holds

Once collection is given up, or the scheme has stopped, it pays nothing more and the plan holds what was paid.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct

from service.money import BPS, Rounding, quotient
from service.plans.amounts import amounts_of
from service.plans.offer import Offer
from service.plans.running.rows import Row, RowKind
from service.plans.running.standing import Standing
from service.subsidies.interest import counted_share, paid_of, rate_of
from service.subsidies.offered import Subsidy, bps_of
from service.subsidies.scheme import Funder, FunderKind, shares_of
from service.terms.allocation_rule import Component, PaymentKind

PRINCIPAL, INTEREST = Component.PRINCIPAL, Component.INTEREST
NOT_ASKED_FOR = (PaymentKind.INTEREST_REFUND, PaymentKind.INTEREST_WAIVER)  # interest that the consumer does not bear


class SubsidyKind(StrEnum):
    """How a scheme bears interest. The check `subsidy_payments_kind_is_known` says the same."""

    INTEREST = "interest"  # as it falls due: the consumer owes that much less
    BUY_DOWN = "buy_down"  # all of it, paid in at the capture: the consumer owes none


class SubsidyOfPlan(Struct, frozen=True):
    """Who bears interest of a plan besides the consumer, and how much of it so far."""

    scheme_id: str
    name: str  # the scheme's
    kind: SubsidyKind  # how it bears it
    funders: tuple[Funder, ...]
    amount: int  # minor units that it bears if all goes as agreed; never more
    paid: int  # minor units that it has paid, less what it got back
    held: int  # minor units of its budget that the plan holds: what was paid, and what may still be
    earned: int  # minor units of what was paid in that are income by now; 0 where nothing is paid in


class Reckoned(Struct, frozen=True):
    """Of what a payment of the scheme is reckoned."""

    base: int  # minor units that were owed in the period and count
    days: int  # of the period that count
    rate_bps: int  # a year, rounded


def subsidy_of(offer: Offer, standing: Standing) -> SubsidyOfPlan | None:
    """As it is shown; None of a plan without one."""
    one = offer.subsidy
    if one is None:
        return None
    kind = SubsidyKind.INTEREST if one.buy_down is None else SubsidyKind.BUY_DOWN
    held, earned = held_by(offer, standing), standing.buy_down.earned
    return SubsidyOfPlan(one.scheme_id, one.name, kind, one.funders, one.amount, paid_by(standing), held, earned)


def paid_by(standing: Standing) -> int:
    """What the scheme has paid or paid in, less what it got back."""
    return standing.subsidised + standing.buy_down.paid_in - standing.buy_down.returned


def by_merchant(offer: Offer, standing: Standing) -> int:
    """What of it the merchant bears, in its settlements: its share of interest that was bought down."""
    subsidy = offer.subsidy
    if subsidy is None or subsidy.buy_down is None:
        return 0
    shares = zip(subsidy.funders, shares_of(subsidy.funders, 0, paid_by(standing)), strict=True)
    return sum(share for funder, share in shares if funder.kind is FunderKind.MERCHANT)


def pays_no_more(offer: Offer, standing: Standing) -> bool:
    """Whether nothing is paid any more: there is no scheme, it has stopped, or collection was given up."""
    return offer.subsidy is None or standing.closed or standing.subsidy_ended


def held_by(offer: Offer, standing: Standing) -> int:
    """What the plan holds of the scheme's budget and of the person's cap."""
    subsidy = offer.subsidy
    if subsidy is None or pays_no_more(offer, standing):
        return paid_by(standing)
    if subsidy.buy_down is not None:
        to_come = quotient(subsidy.amount * standing.remaining, standing.amount, Rounding.UP)
        return min(subsidy.amount, paid_by(standing) + to_come)
    at_most = paid_of(_share(offer, subsidy), _interest(standing, None, subsidy))
    if standing.remaining:
        at_most += quotient(subsidy.amount * standing.remaining, standing.amount, Rounding.UP)
    return max(standing.subsidised, min(subsidy.amount, at_most))


def due_by(offer: Offer, standing: Standing, on: date) -> int:
    """What the scheme is to have paid by a day; of a plan that is settled, of all interest that was borne."""
    subsidy = offer.subsidy
    if subsidy is None or subsidy.interest is None:
        return standing.subsidised
    is_settled = not (standing.remaining or amounts_of(standing).outstanding)
    interest = _interest(standing, None if is_settled else on, subsidy)
    return min(subsidy.amount, paid_of(_share(offer, subsidy), interest))


def reckoned(offer: Offer, standing: Standing, on: date) -> Reckoned:
    """Of what it pays on the day on which instalments fall due; of nothing on another day."""
    subsidy = offer.subsidy
    assert subsidy is not None
    assert subsidy.interest is not None
    rows = [row for row in _bearing(standing) if row.due_on == on]
    owed = sum(
        row.owed[PRINCIPAL]
        for one in rows
        for row in standing.rows
        if row.kind is not RowKind.EXTRA and row.capture == one.capture and row.due_on >= one.due_on
    )
    base = counted_share(subsidy.interest, subsidy.spend) * owed
    rate = rate_of(subsidy.interest, bps_of(offer.terms.rate_percent)) * BPS
    days = max((_days_counted(standing, row, subsidy) for row in rows), default=0)
    return Reckoned(_rounded(base), days, _rounded(rate))


def _share(offer: Offer, subsidy: Subsidy) -> Fraction:
    return subsidy.share_of(offer.terms.rate_percent)


def _interest(standing: Standing, until: date | None, subsidy: Subsidy) -> Fraction:
    """The interest that is due by a day and counts, less what came back or was waived; None: all of it."""
    borne = Fraction(0)
    for row in _bearing(standing):
        if until is None or row.due_on <= until:
            days = (row.due_on - row.begin).days
            part = Fraction(_days_counted(standing, row, subsidy), days) if days else Fraction(1)
            borne += row.owed[INTEREST] * part
    back = sum([one.total for one in standing.allocations.values() if one.kind in NOT_ASKED_FOR and not one.is_back])
    return max(Fraction(0), borne - back)


def _bearing(standing: Standing) -> Sequence[Row]:
    """The rows that ask for interest, but for what is owed once more."""
    return [row for row in standing.rows if row.owed[INTEREST] and row.kind is not RowKind.EXTRA]


def _days_counted(standing: Standing, row: Row, subsidy: Subsidy) -> int:
    """The days of a row's period, less those on which something was overdue where the scheme pays for current days."""
    days = (row.due_on - row.begin).days
    if subsidy.interest is None or not subsidy.interest.current_only:
        return days
    until = row.begin  # of the period all days up to this one are looked at
    for other in standing.rows:
        if other.due_on >= row.due_on:
            continue
        begin = max(other.due_on, until)
        end = row.due_on if other.settled_on is None else min(other.settled_on, row.due_on)
        if end > begin:
            days -= (end - begin).days
            until = end
    return days


def _rounded(amount: Fraction) -> int:
    return quotient(amount.numerator, amount.denominator, Rounding.HALF_UP)
