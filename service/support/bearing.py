"""A loss as it is borne, in the books. Pure.

When a plan was given up, all of it was booked as a loss of ours, and each partner's share as the partner's. Here stands
what others bear of it, as the difference to that:

    the plan's merchant     out of what we owe it, by its settlements
    an insurer, a guarantor  owes it to us
    a partner               is owed what it bears less than its share of the plan, less what was recovered for it
    one that is paid itself  by who bears a part for its benefit, and pays back what comes of it, is owed so much less

Money that comes later was booked by the plan's shares, too; here it goes to those who bore the loss, in their order.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from service.ledger import booking
from service.ledger.booking import Balances, Books
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.support.arrangement import INSURANCES, ArrangementKind
from service.support.recovering import Recovery
from service.support.waterfall import Allocation, Borne, Tier

OCCASIONS = (Occasion.RECOURSE, Occasion.LOSS_COVER, Occasion.LOSS_RELIEF)


class Bearing(Struct, frozen=True):
    """Who bears a loss, what has come back since, and what the plan's own books say of its partners."""

    merchant_id: str  # of the plan
    tiers: tuple[Tier, ...]
    allocation: Allocation
    recoveries: tuple[Recovery, ...]
    partners: Mapping[str, int]  # what each has lost by the plan's own books, less what was recovered for it


def books_of(one: Bearing) -> Books:
    """All that is booked for it."""
    books: dict[Occasion, Counter[Place]] = {}
    for number, (tier, borne) in enumerate(zip(one.tiers, one.allocation.tiers, strict=True)):
        if borne.amount and tier.terms.beneficiary_id is None:
            occasion, payer = payer_of(tier, borne, one.merchant_id)
            back = sum(recovery.tiers[number] for recovery in one.recoveries)
            books.setdefault(occasion, Counter()).update(booking.loss_cover(payer, borne.amount, back))
    for partner_id, relief in sorted(reliefs(one).items()):
        if relief:
            books.setdefault(Occasion.LOSS_RELIEF, Counter()).update(booking.loss_relief(partner_id, relief))
    return {occasion: _moved(balances) for occasion, balances in books.items()}


def reliefs(one: Bearing) -> dict[str, int]:
    """By how much each partner bears less than its share of the plan; less than nothing: it bears more."""
    bears: Counter[str] = Counter()
    for number, held in enumerate(one.allocation.rest):
        if held.partner_id is not None:
            bears[held.partner_id] += held.amount - sum(recovery.rest[number] for recovery in one.recoveries)
    for number, (tier, borne) in enumerate(zip(one.tiers, one.allocation.tiers, strict=True)):
        if tier.terms.beneficiary_id is not None and borne.amount:
            back = sum(recovery.tiers[number] for recovery in one.recoveries)
            bears[tier.terms.beneficiary_id] += borne.amount - back  # others than we make it up to it
    return {
        partner_id: one.partners.get(partner_id, 0) - bears[partner_id]
        for partner_id in {*one.partners, *bears}
    }  # fmt: skip


def relieved(books: Books) -> dict[str, int]:
    """By how much the books have relieved each partner."""
    found = books.get(Occasion.LOSS_RELIEF, {})
    return {place.owner: -amount for place, amount in found.items() if place.owner is not None}


def payer_of(tier: Tier, borne: Borne, merchant_id: str) -> tuple[Occasion, Place]:
    """On which occasion, and at which place, a tier pays."""
    if borne.bearer_id == merchant_id:
        return Occasion.RECOURSE, Place(LedgerAccount.MERCHANT_PAYABLE, merchant_id)
    return Occasion.LOSS_COVER, receivable_of(tier.terms.kind, borne.bearer_id)


def receivable_of(kind: ArrangementKind, bearer_id: str) -> Place:
    """The place where who bears losses by an arrangement of this kind owes us."""
    account = LedgerAccount.INSURER_RECEIVABLE if kind in INSURANCES else LedgerAccount.GUARANTOR_RECEIVABLE
    return Place(account, bearer_id)


def is_settled(tier: Tier, borne: Borne, merchant_id: str) -> bool:
    """Whether it is paid with being booked: out of what we owe the plan's merchant."""
    if tier.terms.beneficiary_id is not None:
        return False
    return payer_of(tier, borne, merchant_id)[0] is Occasion.RECOURSE


def _moved(balances: Balances) -> Balances:
    return {place: amount for place, amount in balances.items() if amount}
