"""Sending, whatever it is: round after round, with so much of each receiver under way at a time.

A receiver that hangs fills its own places and nobody else's. What was under way when the process ends is sent again:
it says in the database until when it is held, and a round is begun anew when something is free or after a pause.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from typing import Any

import httpx

from service.engine.faults import LOST, PASSING, what
from service.http_client import exchange, open_client
from service.logs import DATABASE
from service.reach import Reach


class Sending(ABC):
    """Sends what waits, until it is closed. What a round does is said by who sends."""

    def __init__(
        self, log: logging.Logger, reach: Reach, *, answer_s: float, pause_s: float, places_in_all: int
    ) -> None:
        """A receiver has `answer_s` to answer; where nothing is to do, the next round is after `pause_s`."""
        self._log = log
        self._answer_s = answer_s
        self._pause_s = pause_s
        self._places_in_all = places_in_all
        self._client: httpx.AsyncClient = open_client(reach, patience_s=answer_s, connections_max=places_in_all)
        self._under_way: dict[str, set[asyncio.Task[None]]] = {}  # by receiver
        self._freed = asyncio.Event()
        self._is_closed = False

    @abstractmethod
    async def round(self) -> int:
        """Takes up what is new and begins to send what is due; how many."""

    async def run(self) -> None:
        """Round after round, until it is closed."""
        while not self._is_closed:
            try:
                moved = await self.round()
            except (*LOST, *PASSING) as error:
                self._log.warning(
                    "the database was away, and what is to be sent waits: %s", what(error), extra=DATABASE
                )
                moved = 0
            if not moved and not self._is_closed:
                self._freed.clear()
                try:
                    async with asyncio.timeout(self._pause_s):
                        await self._freed.wait()
                except TimeoutError:
                    continue

    async def settled(self) -> None:
        """Ends when nothing is under way."""
        while tasks := [task for of_one in self._under_way.values() for task in of_one]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Ends `run` after its round. What is under way is left: it is sent again."""
        self._is_closed = True
        self._freed.set()
        tasks = [task for of_one in self._under_way.values() for task in of_one]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._client.aclose()

    def begin(self, receiver: str, sending: Coroutine[Any, Any, None]) -> None:
        """One more thing is under way to a receiver."""
        task = asyncio.create_task(sending)
        self._under_way.setdefault(receiver, set()).add(task)
        task.add_done_callback(lambda done: self._ended(receiver, done))

    @abstractmethod
    def places_of(self, receiver: str) -> int:
        """How many things may be under way to it at once."""

    def room(self, receiver: str) -> int:
        """How many more may be sent to it now."""
        return self.places_of(receiver) - len(self._under_way.get(receiver, ()))

    def full(self) -> list[str]:
        """The receivers that have no place left."""
        return [one for one in self._under_way if not self.room(one)]

    def room_in_all(self) -> int:
        """How many more things may be sent, to whomever."""
        return max(0, self._places_in_all - sum(len(of_one) for of_one in self._under_way.values()))

    async def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> int | None:
        """The status of the answer; None: nothing was heard in time."""
        try:
            async with asyncio.timeout(self._answer_s):
                heard = await exchange(self._client, method, url, headers, body)
        except TimeoutError:
            return None
        return heard[0] if heard else None

    def _ended(self, receiver: str, task: asyncio.Task[None]) -> None:
        of_one = self._under_way[receiver]
        of_one.discard(task)
        if not of_one:
            del self._under_way[receiver]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.warning("it is not known to be recorded, and is sent again: %s", what(error), extra=DATABASE)
        self._freed.set()
