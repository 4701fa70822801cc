"""A participation of a plan changes hands at the close of a day. Pure.

What the plan comes to by that day stays with who had it, all that follows is the new owner's: also what is put right
later. So the books of both follow from the plan and its funding.
"""

from msgspec.structs import replace

from service.money import BPS
from service.partners import shares
from service.partners.funding import Funding, Owner, Participation, Totals
from service.partners.ownership import Transfer, TransferKind, TransferReason, price_of
from service.plans.accrual import earned_interest
from service.plans.bookkeeping import totals_of
from service.plans.plan import Plan
from service.plans.running.standing import Standing


def changed_hands(plan: Plan, by_then: Standing, transfer: Transfer) -> Plan | TransferReason:
    """The plan with another owner of the participation, or why it has none. `by_then`: as it stood on that day."""
    funding = with_our_part(plan.funding) if not transfer.seller_id else plan.funding
    number = held_by(funding, transfer.seller_id)
    if number is None:
        return TransferReason.NOT_HELD
    totals = totals_of(by_then)
    if by_then.overpaid > 0:
        return TransferReason.BALANCE_NEGATIVE
    principal = principal_held(funding, number, totals)
    if principal <= 0:
        return TransferReason.BALANCE_ZERO
    earned = earned_interest(by_then, transfer.settlement_on)
    parts = funding.participations
    theirs = shares.of_interest(parts, number, earned)
    interest = theirs - shares.of_interest(parts, number, totals.interest + totals.lost_interest)
    owner = Owner(
        transfer_id=transfer.transfer_id, is_buy_back=transfer.kind is TransferKind.BUY_BACK,
        seller_id=transfer.seller_id, partner_id=transfer.buyer_id, programme_id=transfer.programme_id,
        on=transfer.settlement_on, principal=principal, interest=interest,
        price=price_of(principal, interest, transfer.price_ratio, with_interest=transfer.with_interest),
        earned=theirs, spread=shares.spread(parts, number, earned), since=totals,
    )  # fmt: skip
    sold = replace(parts[number], owners=(*parts[number].owners, owner))
    parts = (*parts[:number], sold, *parts[number + 1 :])
    return replace(plan, funding=replace(funding, participations=parts))


def held_by(funding: Funding, holder_id: str) -> int | None:
    """The number of the participation that somebody has; None: they have none."""
    held = [number for number, part in enumerate(funding.participations) if part.holder_id == holder_id]
    return held[0] if held else None


def with_our_part(funding: Funding) -> Funding:
    """What no partner has as a participation that is ours, so that it can be sold."""
    if held_by(funding, "") is not None:
        return funding
    parts = funding.participations
    ours = Participation(
        partner_id="",
        principal_bps=BPS - sum(one.principal_bps for one in parts),
        interest_bps=max(0, BPS - sum(one.interest_of_bps for one in parts)),
        fee_bps=max(0, BPS - sum(one.fee_bps for one in parts)),
        penalty_bps=max(0, BPS - sum(one.penalty_bps for one in parts)),
    )
    return replace(funding, participations=(*parts, ours)) if ours.principal_bps > 0 else funding


def principal_held(funding: Funding, number: int, totals: Totals) -> int:
    """What the participation holds of the principal that is owed."""
    gone = max(totals.principal + totals.lost_principal, 0)
    parts = funding.participations
    return shares.of_principal(parts, number, totals.lent) - shares.of_principal(parts, number, gone)
