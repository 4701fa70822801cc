"""The other policy of a trial decides the same checkout after it was answered, and what it would change is kept.

Nobody waits for this, and nobody loses by it: what does not fit into the queue, or is there when a process is killed,
is missing from a statistic, and can be had from the decision log.
"""

import asyncio
import logging
from typing import Final

from msgspec import Struct

from service import ids
from service.checkout.answer import Decision
from service.checkout.challenger import Difference, Trial, difference
from service.checkout.decide import decide
from service.checkout.evidence import Evidence
from service.checkout.flow import Q
from service.checkout.request import Checkout
from service.db import Pool, columns
from service.inbox import Inbox
from service.policies.compile import CompiledPolicy

log = logging.getLogger("tenor.shadow")

BATCH_MAX: Final = 64
WAITING_MAX: Final = 4_096


class Sides(Struct, frozen=True):
    """Who decides, and while a trial runs, who would decide otherwise."""

    rulebook: int  # the revision that says so
    policy: CompiledPolicy
    trial: Trial | None = None
    other: CompiledPolicy | None = None
    is_challenger: bool = False  # the one that decides


class Watched(Struct, frozen=True):
    """A decision that was answered, and all it was made of."""

    sides: Sides
    decision: Decision
    checkout: Checkout
    evidence: Evidence


class Shadows:
    """`watch` is all a checkout does for a trial."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._inbox: Inbox[Watched] = Inbox(WAITING_MAX)
        self._task = asyncio.create_task(self._serve())

    def watch(self, watched: Watched) -> None:
        """Compares it later; when too much waits already, not at all."""
        self._inbox.put(watched)

    async def close(self) -> None:
        """Compares what waits, then stops."""
        self._inbox.close()
        await self._task

    async def _serve(self) -> None:
        while batch := await self._inbox.take(BATCH_MAX):
            try:
                rows = []
                for watched in batch:
                    rows.append(_row(watched))
                    await asyncio.sleep(0)  # who asks comes before who is only compared
                await self._pool.execute(Q.insert_differences, *columns(rows))
            except Exception:
                log.exception("a batch of %d was not compared", len(batch))


def _row(watched: Watched) -> tuple[object, ...]:
    answered, sides = watched.decision.answer, watched.sides
    found = compared(watched)
    assert sides.trial is not None
    return (
        ids.bucket_of(answered.decision_id), answered.decision_id, sides.trial.trial_id, answered.currency,
        sides.is_challenger, found.champion, found.challenger, found.score, found.limit, found.financed, found.cost,
    )  # fmt: skip


def compared(watched: Watched) -> Difference:
    """What the challenger does otherwise than the champion, whichever of them was asked."""
    sides, evidence = watched.sides, watched.evidence
    assert sides.other is not None
    answered = watched.decision
    other = decide(
        answered.answer.decision_id,
        watched.checkout,
        evidence.snapshot,
        evidence.merchant,
        evidence.programmes,
        sides.other,
        answered.answer.decided_at,
    )
    return difference(other, answered) if sides.is_challenger else difference(answered, other)
