"""Each partner's share of a running total, by component. Pure.

    share of a total = total x weight, half a minor unit up

A share is always of all there has been so far, and what is booked is what it grows by. So 70 % of 6,000.00 is 4,200.00
in whatever parts it is paid: no cent is lost and none is made. What the partners do not get is ours; where they hold
all of a component, the last of them takes what the others leave. Nobody takes what is not left: four quarters of
2 cents are 1, 1, 0 and 0.
"""

from math import gcd

from msgspec.structs import replace

from service.money import BPS
from service.partners.funding import Funding, Participation, ScheduleType
from service.terms.terms import Terms

Parts = tuple[Participation, ...]


def share(amount: int, numerator: int, denominator: int = BPS) -> int:
    """That part of an amount, half a minor unit up; of less than nothing the same with the other sign."""
    whole = (2 * abs(amount) * numerator + denominator) // (2 * denominator)
    return whole if amount >= 0 else -whole


def of_principal(parts: Parts, number: int, total: int) -> int:
    """What the partner of that number has of so much principal."""
    if number == 0:
        return share(total, parts[number].principal_bps)
    return _left_to([one.principal_bps for one in parts], number, total)


def of_interest(parts: Parts, number: int, total: int) -> int:
    """... of so much interest."""
    one = parts[number]
    if one.own_rate is not None:
        return share(total, *one.own_rate)
    if number == 0:
        return share(total, _interest_bps(one))
    return _left_to([_interest_bps(one) for one in parts], number, total)


def of_collection(parts: Parts, number: int, principal: int, interest: int) -> int:
    """... of so much interest, as it is paid beside so much principal.

    Where the partner has a share of the collection, both together are shared.
    """
    if not parts[number].interest_follows_principal:
        return of_interest(parts, number, interest)
    return of_principal(parts, number, principal + interest) - of_principal(parts, number, principal)


def of_fees(parts: Parts, number: int, total: int) -> int:
    """... of so much in fees."""
    if number == 0:
        return share(total, parts[number].fee_bps)
    return _left_to([one.fee_bps for one in parts], number, total)


def of_penalties(parts: Parts, number: int, total: int) -> int:
    """... of so much in penalties."""
    if number == 0:
        return share(total, parts[number].penalty_bps)
    return _left_to([one.penalty_bps for one in parts], number, total)


def spread(parts: Parts, number: int, total: int) -> int:
    """Of so much interest, what the partner's principal earns above the partner's own rate: ours, for servicing."""
    if parts[number].own_rate is None:
        return 0
    return of_principal(parts, number, total) - of_interest(parts, number, total)


def bound(funding: Funding, terms: Terms) -> Funding:
    """The funding of a plan with these terms: a partner's own rate becomes its part of the plan's interest.

    5.5 % on 70 % of what is lent at 9 % is 70 % x 5.5 / 9 of the interest. Without a rate there is none to share. It
    is agreed for the plan's life, as all terms are: where the plan's rate is changed later, the partner keeps that part
    of its interest, so that what both lend bears the change in proportion. At 12 % it is 7.33 %, in a pause nothing.
    """
    if all(one.schedule_type is not ScheduleType.OWN_RATE for one in funding.participations):
        return funding
    return replace(funding, participations=tuple(_bound(one, terms) for one in funding.participations))


def _bound(one: Participation, terms: Terms) -> Participation:
    if one.schedule_type is not ScheduleType.OWN_RATE or one.rate_percent is None:
        return one
    theirs, whole = one.rate_percent.as_integer_ratio(), terms.rate_percent.as_integer_ratio()
    numerator, denominator = one.principal_bps * theirs[0] * whole[1], BPS * theirs[1] * whole[0]
    if not denominator:
        return replace(one, own_rate=(0, 1))
    common = gcd(numerator, denominator)
    return replace(one, own_rate=(numerator // common, denominator // common))


def _interest_bps(one: Participation) -> int:
    match one.schedule_type:
        case ScheduleType.SAME_INSTALMENT:
            return one.interest_bps
        case ScheduleType.SHARE_OF_COLLECTION:
            return one.principal_bps
        case ScheduleType.OWN_RATE:
            return 0


def _left_to(weights: list[int], number: int, total: int) -> int:
    """The share of that number: no more than those before it leave; all of that, where nobody after it has a share."""
    left = abs(total)
    for bps in weights[:number]:
        left = max(left - share(abs(total), bps), 0)
    is_last = weights[number] > 0 and sum(weights[: number + 1]) == BPS
    mine = left if is_last else min(share(abs(total), weights[number]), left)
    return mine if total >= 0 else -mine
