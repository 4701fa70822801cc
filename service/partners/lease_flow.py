"""Room in budgets that all processes share, without a row that every checkout waits for.

A process leases a slice of a budget, and spends it in its memory. As a budget runs out slices become smaller, and at
its end each plan leases what it needs alone: so all of it can be used, to the last cent, and never more. What a crashed
process has leased is given back when its lease expires, or as soon as somebody is short of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from service import clock, ids
from service.db import Pool
from service.engine.faults import LOST, PASSING
from service.partners.allocation import NotTaken
from service.partners.budget import Need, Use
from service.partners.programme_flow import Q

SLICE_OF: Final = 10  # a slice is a tenth of what is left
SLICE_S: Final = 60  # so long a slice may be spent
ONE_S: Final = 10  # so long what one plan needs may be on its way: more than a request is answered in


class _Slice(Struct):
    """What this process has left of a lease, until an instant of its own clock."""

    lease_id: str
    left: int
    until: float


class Leases:
    """One for each process."""

    def __init__(self, pool: Pool, slice_of: int = SLICE_OF, slice_s: int = SLICE_S, one_s: int = ONE_S) -> None:
        self._pool = pool
        self._terms = slice_of, slice_s, one_s
        self._slices: dict[str, list[_Slice]] = {}  # by budget
        self._one_by_one: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, needs: Iterable[Need]) -> tuple[Use, ...] | NotTaken:
        """Room for a plan in all these budgets, or what there is no room in; then nothing was taken."""
        uses: list[Use] = []
        for need in needs:
            lease_id = self._spend(need) or await self._lease(need)
            if lease_id is None:
                await self.give_back(uses)
                return need.says
            uses.append(Use(need.budget, lease_id, need.amount, need.share_bps, need.is_book, need.is_subsidy))
        return tuple(uses)

    async def give_back(self, uses: Iterable[Use]) -> None:
        """What no plan took after all."""
        for use in uses:
            slices = self._slices.get(use.budget, ())
            if (one := next((one for one in slices if one.lease_id == use.lease_id), None)) is not None:
                one.left += use.amount
            else:
                await self._close(use.budget, [use.lease_id])

    async def drop(self, uses: Iterable[Use]) -> None:
        """Leases of which one at least was closed by somebody else: nothing more is spent of any."""
        for use in uses:
            kept = [one for one in self._slices.get(use.budget, ()) if one.lease_id != use.lease_id]
            self._slices[use.budget] = kept
            await self._close(use.budget, [use.lease_id])

    async def close(self) -> None:
        """Gives all slices back."""
        slices, self._slices = self._slices, {}
        for budget, leased in slices.items():
            await self._close(budget, [one.lease_id for one in leased])

    async def _close(self, budget: str, leases: list[str]) -> None:
        """While the database is away, they expire by themselves."""
        with suppress(*LOST, *PASSING):
            await self._pool.execute(Q.close_leases, budget, leases)

    def _spend(self, need: Need) -> str | None:
        """Of what this process has leased already."""
        now = clock.monotonic()
        slices = self._slices.get(need.budget)
        if not slices:
            return None
        self._slices[need.budget] = slices = [one for one in slices if one.until > now]
        for one in slices:
            if one.left >= need.amount:
                one.left -= need.amount
                return one.lease_id
        return None

    async def _lease(self, need: Need) -> str | None:
        """A new lease; nobody else of this process asks for one of the same budget meanwhile."""
        slice_of, slice_s, one_s = self._terms
        async with self._one_by_one[need.budget]:
            if lease_id := self._spend(need):
                return lease_id
            lease_id, until = ids.new_id(ids.LEASE, 0, int(clock.now().timestamp() * 1000)), clock.monotonic() + slice_s
            leased: int = await self._pool.fetchval(
                Q.lease_budget, need.budget, need.most, need.amount, lease_id, slice_of, slice_s, one_s
            )
            if not leased:
                return None
            if leased > need.amount:
                self._slices.setdefault(need.budget, []).append(_Slice(lease_id, leased - need.amount, until))
            return lease_id
