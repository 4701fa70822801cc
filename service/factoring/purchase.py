"""The price of an invoice that is bought: what is advanced, what is kept, what the seller gets back or owes. Pure.

advance  = F x advance_bps                        paid to the seller at once
service  = F x service_bps                        kept when it ends
discount = advance x discount_bps x days / 360    by what is advanced and not collected yet, day by day
release  = F - advance - service - discount - dilution          when it is paid
recourse = advance + service + discount - collected             when the seller buys it back

F 10,000, advance 85 %, service 0.8 %, 8 % a year: paid on day 60 it releases 1,306.67, on day 75 1,278.33; bought back
on day 150 it costs 8,863.33.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, structs

from service.ledger.booking import Books
from service.ledger.chart import Occasion
from service.ledger.factoring import factored, recovered_receivable
from service.money import BPS, take_bps

Came = tuple[date, int, int]  # on a day: what was paid, and what was credited besides; minor units

YEAR: Final = 360  # days, of which a discount counts the actual ones


class Recourse(StrEnum):
    """For what the seller must buy back; the check `assignments_recourse_is_known` says the same."""

    NONE = "none"  # nothing: who bought it bears all
    FULL = "full"  # what is not paid in time, and what is disputed
    DISPUTE_ONLY = "dispute_only"  # what is disputed


class PurchaseTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """At what price receivables are bought."""

    advance_bps: Annotated[int, Meta(ge=1, le=BPS)]  # of the amount, paid at once
    service_bps: Annotated[int, Meta(ge=0, le=BPS)] = 0  # of the amount, for the work
    discount_bps: Annotated[int, Meta(ge=0, le=BPS)] = 0  # a year, of what is advanced: actual days of 360
    recourse_after_days: Annotated[int, Meta(ge=0, le=365)] = 90  # after the due date it may be given back, unpaid


class Bought(Struct, frozen=True):
    """What a purchase has paid, earned and brought so far; minor units."""

    face: int  # what was bought
    advance: int  # paid to the seller at once
    service: int  # kept for the work, when it ends
    since: date  # until this day the discount is counted
    unit_days: int = 0  # minor units times days, of what was advanced and not collected
    collected: int = 0  # what came of it
    diluted: int = 0  # what the seller credited to who owes it
    discount: int = 0  # kept, once it has ended
    released: int = 0  # to the seller, once it has ended; below zero: the seller owes it
    lost: int = 0  # borne by who bought it

    @property
    def is_paid(self) -> bool:
        """Whether nothing of it is open."""
        return self.collected + self.diluted == self.face


def bought(face: int, terms: PurchaseTerms, on: date) -> Bought:
    """The position on the day of the purchase."""
    return Bought(face, take_bps(face, terms.advance_bps), take_bps(face, terms.service_bps), on)


def advanced(one: Bought, on: date) -> Bought:
    """The same on a later day, the discount counted until then."""
    assert on >= one.since
    left = max(one.advance - one.collected, 0)
    return structs.replace(one, since=on, unit_days=one.unit_days + left * (on - one.since).days)


def discount_of(one: Bought, terms: PurchaseTerms) -> int:
    """The discount so far, half a minor unit up."""
    return (2 * one.unit_days * terms.discount_bps + BPS * YEAR) // (2 * BPS * YEAR)


def paid(one: Bought, terms: PurchaseTerms, amount: int, dilution: int, on: date) -> Bought:
    """Money came, or the seller credited something; if nothing is open any more, the rest is released."""
    later = advanced(one, on)
    after = structs.replace(later, collected=one.collected + amount, diluted=one.diluted + dilution)
    assert after.collected + after.diluted <= after.face
    if not after.is_paid:
        return after
    discount = discount_of(after, terms)
    return structs.replace(
        after, discount=discount, released=after.face - after.advance - after.service - discount - after.diluted
    )


def paid_in_order(one: Bought, terms: PurchaseTerms, assigned_on: date, came: Iterable[Came]) -> Bought:
    """The same of all that came since it was bought, by the days on which it came, in whatever order that was told."""
    after = bought(one.face, terms, assigned_on)
    for on, amount, dilution in sorted(came):
        after = paid(after, terms, amount, dilution, on)
    return after


def recourse_price(one: Bought, terms: PurchaseTerms, on: date) -> int:
    """What it costs the seller to buy it back on a day; below zero: what it gets."""
    at = advanced(one, on)
    return at.advance + at.service + discount_of(at, terms) - at.collected


def repurchased(one: Bought, terms: PurchaseTerms, on: date) -> Bought:
    """The seller has bought it back."""
    at = advanced(one, on)
    return structs.replace(at, discount=discount_of(at, terms), released=-recourse_price(one, terms, on))


def written_off(one: Bought, terms: PurchaseTerms, on: date) -> Bought:
    """Nothing more comes: of what came the service and the discount are kept as far as it goes beyond the advance."""
    return _given_up(advanced(one, on), terms)


def recovered(one: Bought, terms: PurchaseTerms, amount: int, dilution: int) -> Bought:
    """Something came after it was written off: first what was lost of the advance is made up for, then the service and
    the discount until that day are kept, and what is left is released to the seller.

    F 10,000 with 8,500 advanced and nothing paid: of 9,000 that come after all, 8,500 make up for the loss, 80 and the
    discount are kept, and the rest is the seller's.
    """
    after = structs.replace(one, collected=one.collected + amount, diluted=one.diluted + dilution)
    assert after.collected + after.diluted <= after.face
    return _given_up(after, terms)


def _given_up(at: Bought, terms: PurchaseTerms) -> Bought:
    beyond = max(at.collected - at.advance, 0)
    service = min(take_bps(at.face, terms.service_bps), beyond)
    discount = min(discount_of(at, terms), beyond - service)
    return structs.replace(
        at, service=service, discount=discount, released=beyond - service - discount,
        lost=max(at.advance - at.collected, 0),
    )  # fmt: skip


def books_between(merchant_id: str, before: Bought | None, after: Bought, how: Occasion, has_ended: bool) -> Books:
    """What a step books: what came, and, when it has ended, what is kept, released or lost."""
    came = after.collected - (before.collected if before else 0)
    books: Books = {}
    if before is None:
        books[how] = factored(merchant_id, to_seller=after.advance)
    elif came:
        books[how] = factored(merchant_id, came=came, from_seller=how is Occasion.FACTORING_REMITTANCE)
    return books | (ended_books(merchant_id, after) if has_ended else {})


def recovered_books(merchant_id: str, before: Bought, after: Bought, *, from_seller: bool) -> Books:
    """What is booked when something came after it was written off; `from_seller`: the seller has it."""
    came, ours = after.collected - before.collected, before.lost - after.lost
    books: Books = {}
    if came:
        books[Occasion.FACTORING_RECOVERY] = recovered_receivable(merchant_id, came, ours, from_seller=from_seller)
    released, kept = after.released - before.released, _kept(after) - _kept(before)
    if released or kept:
        books[Occasion.FACTORING_RELEASE] = factored(merchant_id, to_seller=released, kept=kept)
    return books


def _kept(one: Bought) -> int:
    return one.service + one.discount


def ended_books(merchant_id: str, one: Bought) -> Books:
    """What the end of a purchase books."""
    kept = _kept(one)
    occasion = Occasion.FACTORING_RECOURSE if one.released < 0 else Occasion.FACTORING_RELEASE
    if one.lost:
        return {Occasion.FACTORING_LOSS: factored(merchant_id, lost=one.lost)}
    return {occasion: factored(merchant_id, to_seller=one.released, kept=kept)}
