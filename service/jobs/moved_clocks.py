"""What time brings about at test merchants, whose clocks may be moved on: the day's own work, found by their time.

A clock that is moved stops wherever something is to be done, so that each thing comes at its time: what falls due is
charged before it is late. Several may do this beside each other: it is the day's work, each thing of which is done
once.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.db import Pool, load_queries
from service.engine.lane import Engine
from service.jobs.persona_disputes import disputes_to_come, open_disputes_of
from service.merchants.flow import move_clock
from service.merchants.settling_flow import settle_one
from service.payments.flow import Charging
from service.payments.making_flow import collect_due_of
from service.plans.days_flow import pass_days_of
from service.plans.guard_flow import guard_of
from service.registry.registry import Registry

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

AT_ONE_STOP: Final = timedelta(hours=1)  # what is to be done within it is done together


class Clocks(Struct, frozen=True):
    """Whoever moves clocks needs these. Each `now` is real time."""

    pool: Pool
    engine: Engine
    charging: Charging
    registry: Registry

    async def catch_up_all(self, now: datetime) -> None:
        """Does all that is to be done at test merchants by now, whether their clocks were moved or not."""
        for merchant in list(self.registry.now.merchants.values()):
            if merchant.is_test:
                await self.catch_up(merchant.merchant_id, now)

    async def catch_up(self, merchant_id: str, now: datetime) -> None:
        """Does all that is to be done at one of them. Refused: UNAVAILABLE."""
        theirs = self.registry.time_at(merchant_id, now)
        await self.charging.ask_unanswered_of(merchant_id, now)
        await guard_of(self.pool, self.engine, merchant_id, now, theirs)
        await pass_days_of(self.pool, self.engine, merchant_id, now, theirs)
        await open_disputes_of(self.pool, self.engine, merchant_id, now, theirs)
        await collect_due_of(self.charging, merchant_id, now)
        await self.charging.ask_unanswered_of(merchant_id, now)  # of real time nothing has passed
        await settle_one(self.pool, merchant_id, now)

    async def move(self, merchant_id: str, until: datetime, now: datetime) -> None:
        """Moves a clock on until an instant of its own, and does what comes on the way. Refused: UNAVAILABLE.

        Cut short, the same call goes on from where it is.
        """
        await self.catch_up(merchant_id, now)
        while (theirs := self.registry.time_at(merchant_id, now)) < until:
            stop = min([until, *[at + AT_ONE_STOP for at in await self._comes(merchant_id, theirs)]])
            await move_clock(self.pool, merchant_id, stop - now)
            await self.registry.reload()  # this process at once, the others when they hear of it
            await self.catch_up(merchant_id, now)

    async def _comes(self, merchant_id: str, after: datetime) -> list[datetime]:
        """When something is to be done next, after an instant of the merchant's; none: never."""
        due: datetime | None = await self.pool.fetchval(Q.next_instant, merchant_id, after)
        disputes = [one.at for one in await disputes_to_come(self.pool, merchant_id) if one.at > after]
        return disputes if due is None else [due, *disputes]

    async def count_told(self, merchant_id: str, after: int, until: datetime) -> dict[str, int]:
        """How many events of each type the merchant was told after one of them, until an instant of its own."""
        return {row["type"]: row["count"] for row in await self.pool.fetch(Q.count_told, merchant_id, after, until)}
