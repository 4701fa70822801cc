"""The engine, a call for all work that changes something, and its lanes.

A lane is a queue, one task, one connection. It takes all that waits (at most 64), does it in one transaction, and only
then answers. No timer: a free lane takes what is there.

What can go wrong, and what is then true:
    work has waited too long        nothing happened; nobody waits for it any more
    a command is refused            its caller hears why; the others of the batch do not notice
    somebody holds an account       nothing happened; the batch goes on in the siding, and the others here
    the batch fails                 nothing happened; each is run again alone, and the one at fault is told: 500
    the connection is lost          nothing happened, or all of it did: run again; the idempotency keys tell which
    the database stays away         503 to all who wait: `outcome_unknown` to those whose work was sent to it,
                                    `unavailable` to the others; the same key may be sent again
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from service import clock, trace
from service.db import Pool
from service.deadline import LANE_LOCK_S, PATIENCE_S, SPREAD_S
from service.engine.batch import AWAY, Committed, Committer, Connect, Run, refuse
from service.engine.faults import BeyondTheShard
from service.engine.keys import Keys
from service.engine.once import Once
from service.engine.siding import Siding
from service.engine.work import Answer, Key, Work
from service.errors import Code, Refused
from service.inbox import Inbox
from service.metrics import BATCHES, LANE_WAITING
from service.shards import ONE_SHARD, Shards

BATCH_MAX = 64  # more only adds latency
WAITING_MAX = 2_048  # a longer queue is an honest 503 at once
LATE = "It waited too long, and was not begun; send the same request with the same key again."

Told = TypeVar("Told")


class Lane(Committer[Told]):
    """One committer and its queue. `submit` is all a caller sees."""

    def __init__(
        self,
        name: str,
        connect: Connect,
        run: Run[Told],
        committed: Committed[Told],
        run_in_line: Run[Told] | None = None,
    ) -> None:
        """`run_in_line` is how the siding does what waits for a lock; None: it does it as the lane does."""
        super().__init__(connect, LANE_LOCK_S, run, committed)
        self._batches = BATCHES.labels(name)
        self._depth = LANE_WAITING.labels(name)
        self._siding = Siding(connect, run_in_line or run, committed)
        self._inbox: Inbox[Work[Any]] = Inbox(WAITING_MAX)
        self._task = asyncio.create_task(self._serve())

    def submit(self, work: Work[Any]) -> None:
        """Queues work; its future is answered after COMMIT. Refused with BUSY when the queue is full."""
        if len(self._inbox) + len(self._siding) >= WAITING_MAX or not self._inbox.put(work):
            raise Refused(Code.BUSY, "Too much is waiting; send the same request again in a second.")

    def held(self, batch: list[Work[Any]]) -> None:
        self._siding.park(batch)

    def gave_up(self) -> None:
        refuse(self._inbox.empty(), Code.UNAVAILABLE, AWAY)  # they would only wait for the same

    async def close(self) -> None:
        """Finishes what waits, then stops."""
        self._inbox.close()
        await self._task
        await self._siding.close()
        self.drop()

    async def _serve(self) -> None:
        while taken := await self._inbox.take(BATCH_MAX):
            now = clock.monotonic()
            refuse([work for work in taken if work.until < now], Code.UNAVAILABLE, LATE)
            if batch := [work for work in taken if work.until >= now and not self._siding.follows(work)]:
                self._batches.observe(len(batch))
                await self.persist(batch)
            self._depth.set(len(self._inbox) + len(self._siding))


class Engine(Once):
    """Takes work, and answers it after the transaction that holds it was committed.

    Each kind of work has a lane, so that those who wait for nobody do not stand in line behind those who do; on a
    cluster it has one for each shard, so that a transaction is one machine's alone, and one more for work that needs
    what only the coordinator has. More would only make smaller batches: PostgreSQL is kept busy by the other processes.
    """

    def __init__(
        self, pool: Pool, keys: Keys, lanes: Mapping[type, Sequence[Lane[Any]]], shards: Shards = ONE_SHARD
    ) -> None:
        """`lanes` of each kind are one for each of `shards`, in their order; the last of them sees all."""
        super().__init__(pool, keys, longer_s=SPREAD_S if shards.all_at else 0)
        self._lanes = lanes
        self._lanes_by_type: dict[type, Sequence[Lane[Any]]] = {}  # remembers what `_lanes_of` found for a type
        self._shards = shards
        self._loop = asyncio.get_running_loop()

    async def do(self, item: Any, key: Key | None, now: datetime, status: int = 200) -> Answer:
        """Does it once, durably. `status` is that of a success. A full lane raises `Refused` BUSY."""
        until = clock.monotonic() + PATIENCE_S
        lanes = self._lanes_by_type.get(type(item)) or self._lanes_of(item)
        for lane in (lanes[self._shards.place(item.bucket)], lanes[-1]):
            work = Work(item, key, now, status, self._loop.create_future(), until, trace.current())
            lane.submit(work)
            try:
                return await work.answered
            except BeyondTheShard:
                continue
        raise BeyondTheShard

    def _lanes_of(self, item: Any) -> Sequence[Lane[Any]]:
        lanes = next(lanes for kind, lanes in self._lanes.items() if isinstance(item, kind))
        self._lanes_by_type[type(item)] = lanes
        return lanes

    async def close(self) -> None:
        """Finishes what waits."""
        await asyncio.gather(*(lane.close() for lanes in self._lanes.values() for lane in lanes))
