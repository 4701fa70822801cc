"""Champion and challenger: a second policy decides the same checkouts, in the shadow or for a stable share of people.

In the shadow its decisions are compared and never answered. On a share, a consumer stays on one side for as long as
the trial has its name: what people are offered must not change from one page view to the next.
"""

import zlib
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from service.checkout.answer import Decision, Outcome
from service.money import BPS


class Trial(Struct, frozen=True):
    """A challenger against whichever policy is in force; it answers `share_bps` of all consumers."""

    trial_id: str
    policy_id: str
    version: int
    share_bps: int  # 0: nobody, it decides in the shadow
    started_at: datetime

    def answers(self, consumer_id: str) -> bool:
        """Whether the challenger decides for this consumer."""
        return takes_challenger(consumer_id, self.trial_id, self.share_bps)


class Difference(Struct, frozen=True):
    """What a challenger would have done otherwise. Amounts in minor units; differences are challenger less champion."""

    champion: Outcome
    challenger: Outcome
    score: int
    limit: int
    financed: int  # by the best offer
    cost: int  # of the best offer, to the consumer

    @property
    def is_swap(self) -> bool:
        """Whether the consumer would have heard another word."""
        return self.champion is not self.challenger


class Comparison(Struct, frozen=True):
    """Many differences. `swapped_in` were not approved and would be; `swapped_out` were and would not."""

    decisions: int = 0  # how many both made
    agreed: int = 0
    swapped_in: int = 0
    swapped_out: int = 0
    other_swaps: int = 0  # between declined and referred
    champion_approved: int = 0
    challenger_approved: int = 0
    financed: int = 0  # minor units, by the best offer: challenger less champion
    cost: int = 0  # minor units, of the best offer to the consumer: challenger less champion


def takes_challenger(consumer_id: str, trial: str, share_bps: int) -> bool:
    """Whether this consumer is decided by the challenger of a trial that takes `share_bps` of all consumers."""
    return zlib.crc32(f"{trial}\x1f{consumer_id}".encode()) % BPS < share_bps


def difference(champion: Decision, challenger: Decision) -> Difference:
    """Two decisions on one checkout, held against each other."""
    best = [decision.answer.offers[0] if decision.answer.offers else None for decision in (champion, challenger)]
    financed = [offer.amount if offer else 0 for offer in best]
    cost = [offer.total_cost if offer else 0 for offer in best]
    return Difference(
        champion=champion.answer.outcome,
        challenger=challenger.answer.outcome,
        score=challenger.score - champion.score,
        limit=challenger.limit - champion.limit,
        financed=financed[1] - financed[0],
        cost=cost[1] - cost[0],
    )


def comparison_of(differences: Iterable[Difference]) -> Comparison:
    """The report of a trial. Sums hold for checkouts of one currency."""
    rows = list(differences)
    approved = Outcome.APPROVED
    return Comparison(
        decisions=len(rows),
        agreed=sum(not row.is_swap for row in rows),
        swapped_in=sum(row.is_swap and row.challenger is approved for row in rows),
        swapped_out=sum(row.is_swap and row.champion is approved for row in rows),
        other_swaps=sum(row.is_swap and approved not in (row.champion, row.challenger) for row in rows),
        champion_approved=sum(row.champion is approved for row in rows),
        challenger_approved=sum(row.challenger is approved for row in rows),
        financed=sum(row.financed for row in rows),
        cost=sum(row.cost for row in rows),
    )
