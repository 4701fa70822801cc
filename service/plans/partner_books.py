"""A partner's part of a plan in the books: what each occasion comes to, from what the plan comes to. Pure.

Principal that went back twice, and nobody had lent, is no loan of the partner's: less than nothing is never repaid.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from service.ledger import booking
from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount, Occasion
from service.money import take_bps
from service.partners import shares
from service.partners.shares import Parts

# The rule that makes balances of an occasion's figures, and the figures.
Figures = tuple[Callable[..., Balances], tuple[Any, ...]]


class Totals(Struct):
    """What a plan comes to that its partners share, in minor units."""

    lent: int = 0
    principal: int = 0  # that was settled
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    returned: int = 0  # interest that went back
    collected_principal: int = 0  # by payments of the consumer's
    collected_interest: int = 0
    lost_principal: int = 0  # given up or let go, whether or not it was recovered
    lost_interest: int = 0
    recovered_principal: int = 0  # settled after that
    recovered_interest: int = 0
    recovered_fee: int = 0
    recovered_penalty: int = 0


def figures_of(parts: Parts, number: int, plan: Totals) -> dict[Occasion, Figures]:
    """What the books say of one partner's part: the rule of each occasion, and its figures."""
    one, whose = parts[number], (parts, number)
    paid = max(plan.principal, 0)
    beside = paid if one.interest_follows_principal else 0
    found: dict[Occasion, Figures] = {
        Occasion.DRAWING: (_drawing, (*whose, plan.lent)),
        Occasion.PRINCIPAL_SHARE: (_principal_share, (*whose, paid)),
        Occasion.INTEREST_SHARE: (
            _interest_share, (*whose, beside, plan.interest, plan.returned, plan.recovered_interest)
        ),
    }  # fmt: skip
    if one.fee_bps:
        found[Occasion.FEE_SHARE] = _fee_share, (*whose, plan.fee, plan.recovered_fee)
    if one.penalty_bps:
        found[Occasion.PENALTY_SHARE] = _penalty_share, (*whose, plan.penalty, plan.recovered_penalty)
    if one.servicing_bps:
        found[Occasion.SERVICING] = _servicing, (*whose, plan.collected_principal, plan.collected_interest)
    if plan.lost_principal or plan.lost_interest:
        lost = max(plan.principal + plan.lost_principal, 0) - paid
        found[Occasion.LOSS_SHARE] = _loss_share, (*whose, paid, lost, plan.interest, plan.lost_interest)
    if plan.recovered_principal:
        recovered = max(plan.principal + plan.recovered_principal, 0) - paid
        found[Occasion.RECOVERY_SHARE] = _recovery_share, (*whose, paid, recovered)
    return found


def _drawing(parts: Parts, number: int, lent: int) -> Balances:
    return booking.drawing(parts[number].partner_id, shares.of_principal(parts, number, lent))


def _principal_share(parts: Parts, number: int, paid: int) -> Balances:
    return booking.principal_share(parts[number].partner_id, shares.of_principal(parts, number, paid))


def _interest_share(parts: Parts, number: int, beside: int, interest: int, returned: int, recovered: int) -> Balances:
    accrued = shares.of_interest(parts, number, interest)
    if not (returned or recovered or beside):
        return booking.interest_share(parts[number].partner_id, accrued, accrued, 0, 0)
    stays = interest - returned
    kept = shares.of_collection(parts, number, beside, stays)
    later = shares.of_collection(parts, number, beside, stays + recovered) - kept
    spread = shares.spread(parts, number, interest) - shares.spread(parts, number, stays)
    return booking.interest_share(parts[number].partner_id, accrued, kept, later, spread)


def _fee_share(parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_fees(parts, number, paid)
    later = shares.of_fees(parts, number, paid + recovered) - share
    return booking.charge_share(LedgerAccount.FEE_INCOME, parts[number].partner_id, share, later)


def _penalty_share(parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_penalties(parts, number, paid)
    later = shares.of_penalties(parts, number, paid + recovered) - share
    return booking.charge_share(LedgerAccount.PENALTY_INCOME, parts[number].partner_id, share, later)


def _servicing(parts: Parts, number: int, principal: int, interest: int) -> Balances:
    collected = shares.of_principal(parts, number, principal) + shares.of_interest(parts, number, interest)
    return booking.servicing(parts[number].partner_id, take_bps(max(collected, 0), parts[number].servicing_bps))


def _loss_share(parts: Parts, number: int, paid: int, lost: int, interest: int, lost_interest: int) -> Balances:
    principal = shares.of_principal(parts, number, paid + lost) - shares.of_principal(parts, number, paid)
    earned = shares.of_interest(parts, number, interest + lost_interest) - shares.of_interest(parts, number, interest)
    return booking.loss_share(parts[number].partner_id, principal, earned)


def _recovery_share(parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_principal(parts, number, paid + recovered) - shares.of_principal(parts, number, paid)
    return booking.recovery_share(parts[number].partner_id, share)
