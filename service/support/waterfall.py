"""Who bears a loss: the tiers of a waterfall in their order, and then those whose money it is. Pure.

    loss  ->  tier 1  ->  tier 2  ->  ...  ->  the partners by their shares, and we
    interest and fees that no tier bears are written off, by us
    a tier for one partner's benefit bears of that partner's part alone: what it bears is off that part, not the others'

The same loss, waterfall and use of its limits give the same allocation, to the byte.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from service.money import BPS, split
from service.support.arrangement import Arrangement
from service.support.cover import Limit, Used, cover_of
from service.support.loss import Loss, left_of


class Tier(Struct, frozen=True):
    """An arrangement in its place."""

    arrangement_id: str
    version: int  # of its document
    terms: Arrangement


class Borne(Struct, frozen=True):
    """What a tier bears."""

    arrangement_id: str  # whose tier it is
    version: int  # of its document
    bearer_id: str  # who bears it
    base: int  # minor units of what it is for: that nobody before it bears, or all where its rate is of the whole loss
    insured: int  # minor units of that which count
    first_loss: int  # minor units that it used up of an aggregate attachment
    amount: int  # minor units that it bears
    by_terms: int  # minor units that it would bear if no limit were reached
    limit: Limit | None  # why it is less than that, or nothing; null: neither


class Held(Struct, frozen=True):
    """What is left to who lent it."""

    partner_id: str | None  # null: we
    amount: int  # minor units


class Allocation(Struct, frozen=True):
    """Who bears what of one loss, in minor units: tiers, rest and what is written off are `loss`, together."""

    loss: int  # what was owed, less what came of it before
    tiers: tuple[Borne, ...]
    rest: tuple[Held, ...]  # of the principal: the partners', and last ours
    written_off: int  # interest and fees that no tier bears


def allocate(tiers: Sequence[Tier], used: Sequence[Used], loss: Loss) -> tuple[Allocation, list[Used]]:
    """Who bears a loss, and what each tier has used of its limits after it; `used` is in the order of the tiers."""
    left = whole = left_of(loss)
    parts, whole_parts = Parts(loss, left.principal), Parts(loss, left.principal)
    found: list[Borne] = []
    after: list[Used] = []
    for tier, so_far in zip(tiers, used, strict=True):
        terms = tier.terms
        all_of_it, rest = (
            (whole.of(terms.base), left.of(terms.base))
            if terms.beneficiary_id is None
            else (whole_parts.of(terms.beneficiary_id), parts.of(terms.beneficiary_id))
        )
        base = all_of_it if terms.of_whole else rest
        cover = cover_of(terms, so_far, loss, base, rest)
        found.append(
            Borne(
                tier.arrangement_id, tier.version, terms.provider_id or loss.merchant_id, base, cover.insured,
                cover.first_loss, cover.amount, cover.by_terms, cover.limit,
            )
        )  # fmt: skip
        left = left.less(cover.amount, terms.base)
        parts.bear(terms.beneficiary_id, cover.amount, left.principal)
        after.append(cover.used)
    lost = whole.principal + whole.interest + whole.fees
    return Allocation(lost, tuple(found), parts.held(), left.interest + left.fees), after


def digest(allocation: Allocation) -> str:
    """sha256 of it, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(allocation, order="deterministic")).hexdigest()


class Parts:
    """Whose the principal is that no tier bears yet: the partners', and last ours. The largest remainders of the shares
    take the odd cents; once a tier has borne of one part alone, those of what is left of each."""

    def __init__(self, loss: Loss, principal: int) -> None:
        shares = [one.principal_bps for one in loss.holders]
        self._partners = [one.partner_id for one in loss.holders]
        self._weights = [*shares, BPS - sum(shares)]
        self._amounts = split(principal, self._weights)

    def of(self, partner_id: str) -> int:
        """A partner's part; of one that has none, nothing."""
        return self._amounts[self._partners.index(partner_id)] if partner_id in self._partners else 0

    def bear(self, beneficiary_id: str | None, amount: int, left: int) -> None:
        """A tier bears so much, of one part or of all, and so much principal is left."""
        if not amount:
            return
        if beneficiary_id is not None:
            self._amounts[self._partners.index(beneficiary_id)] -= amount
            self._weights = list(self._amounts)
        elif sum(self._weights):
            self._amounts = split(left, self._weights)

    def held(self) -> tuple[Held, ...]:
        """What is left to each."""
        theirs = [Held(one, part) for one, part in zip(self._partners, self._amounts, strict=False)]
        return (*theirs, Held(None, self._amounts[-1]))
