"""A family of work: what the engine needs to know of one kind, so that it need know nothing of any business."""

from datetime import datetime
from typing import Protocol, TypeVar

from service.db import Connection
from service.engine.work import Answer, Answers, Done, Key

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

    async def read(self, conn: Connection, items: list[Item], now: datetime, /) -> Facts | None:
        """The same, with nothing locked; None: these items need what must be locked."""

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

    async def write(self, conn: Connection, facts: Facts, done: list[Done[Item, Effect]], answers: Answers, /) -> bool:
        """The same of facts that were read without a lock: one statement, which is a transaction, and claims the keys.
        It fails with one of `OVERTAKEN`, and nothing is written, where a key was used or a fact has changed. False: it
        takes more than one statement, and nothing was written.
        """

    def tell(self, done: list[Done[Item, Effect]], /) -> list[Told]:
        """What others want to hear once it was committed."""
