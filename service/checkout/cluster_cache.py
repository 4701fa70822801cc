"""Which Redis keeps which name: one server, or a cluster of several, each with some of the 16,384 slots.

A node that is gone costs what it kept, and nothing else: each is asked by itself. (The cluster client of redis-py
closes all connections when one fails.) Whether there is a cluster the server says itself, so one address of it is
enough; others may be named for when that one is away.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import redis.asyncio as redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from service import clock

ALONE: Final = ""  # the place of every name, where there is no cluster
NOWHERE: Final = "nowhere"  # the place of names whose slot no node has
AGAIN_S: Final = 1.0  # at least, between two looks at which node has what


class Nodes:
    """The servers by their addresses, `host:port`."""

    def __init__(self, *seeds: redis.Redis) -> None:
        self._seeds = seeds
        self._clients: dict[str, redis.Redis] = {ALONE: seeds[0]}
        self._slots: list[tuple[int, int, str]] | None = None  # first, last, address; None: not known yet
        self._looks_at = 0.0
        self._looking: asyncio.Task[None] | None = None

    @property
    def are_many(self) -> bool:
        """Whether this is a cluster."""
        return bool(self._slots)

    @property
    def are_known(self) -> bool:
        """Whether it is known who has what."""
        return self._slots is not None

    async def known(self) -> None:
        """Finds out, the first time, who has what. Raises what Redis raises."""
        if self._slots is None:
            await self._look()

    def place(self, name: str) -> str:
        """The address of the node that keeps a name."""
        if not self._slots:
            return ALONE
        slot = key_slot(name.encode())
        return next((address for first, last, address in self._slots if first <= slot <= last), NOWHERE)

    def places(self) -> list[str]:
        """Of all nodes."""
        return sorted({address for _, _, address in self._slots}) if self._slots else [ALONE]

    def client(self, place: str) -> redis.Redis:
        """The client of a place."""
        if place not in self._clients:
            host, _, port = place.rpartition(":")
            self._clients[place] = _like(self._seeds[0], host, int(port))
        return self._clients[place]

    def look_again(self) -> None:
        """Something has moved, or a node is gone: asks soon who has what, at most once a second."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_quietly())

    async def close(self) -> None:
        """Closes the connections."""
        if self._looking is not None:
            self._looking.cancel()
        for client in {*self._clients.values(), *self._seeds}:
            await client.aclose(close_connection_pool=True)

    async def _look_quietly(self) -> None:
        await asyncio.sleep(max(0.0, self._looks_at - clock.monotonic()))
        with suppress(redis.RedisError, OSError, TimeoutError):  # whoever fails next looks again
            await self._look()

    async def _look(self) -> None:
        self._looks_at = clock.monotonic() + AGAIN_S
        failed: BaseException | None = None
        for client in [*(self.client(place) for place in self.places() if place), *self._seeds]:
            try:
                asked: Any = client.execute_command
                self._slots = _slots_of(await asked("CLUSTER", "SLOTS"))
                return
            except ResponseError as error:  # a server that stands alone refuses the question
                if self._slots:
                    failed = error
                    continue
                self._slots = []
                return
            except (redis.RedisError, OSError, TimeoutError) as error:
                failed = error
        if failed is not None:
            raise failed


def _slots_of(answer: Any) -> list[tuple[int, int, str]]:
    """The answer to CLUSTER SLOTS: of each range its first slot, its last, its primary, and replicas."""
    return sorted((first, last, f"{_text(node[0])}:{node[1]}") for first, last, node, *_ in answer)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _like(client: redis.Redis, host: str, port: int) -> redis.Redis:
    pool: Any = client.connection_pool
    given = {**pool.connection_kwargs, "host": host, "port": port}
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **given))
