"""A family of work: what the engine needs to know of one kind, so that it need know nothing of any business."""

from datetime import datetime
from typing import Protocol, TypeVar

from service.db import Connection
from service.engine.work import Answer, Done, Key

Item = TypeVar("Item")
Facts = TypeVar("Facts")
Effect = TypeVar("Effect")
Told = TypeVar("Told")


class Family(Protocol[Item, Facts, Effect, Told]):
    """Work that is done many at a time, in one transaction: loaded together, applied one by one, saved together."""

    async def load(self, conn: Connection, items: list[Item], now: datetime, /) -> Facts:
        """What the items may read, locked in sorted order; what does not exist is left out. Each is done at `now` or
        later.
        """

    def time_of(self, item: Item, facts: Facts, now: datetime, /) -> datetime:
        """When an item is done, which was asked for at `now`."""

    def apply(self, item: Item, facts: Facts, now: datetime, /) -> Effect:
        """What one item brings about, or `Refused`. The facts move on: the next item finds what this one did."""

    def answer(self, effect: Effect, now: datetime, /) -> bytes:
        """What the caller is told."""

    async def save(
        self, conn: Connection, facts: Facts, done: list[Done[Item, Effect]], answers: list[tuple[Key, Answer]], /
    ) -> None:
        """Writes all that was done, and the answers under their keys."""

    def tell(self, done: list[Done[Item, Effect]], /) -> list[Told]:
        """What others want to hear once it was committed."""
