"""What is done to the service and its servers while people shop: killed, frozen, cut off, robbed of its memory."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import redis.asyncio as redis

from tests.chaos.history import Gap
from tests.chaos.trade import Trade
from tests.engine.processes import Own, Service, children_of
from tests.engine.proxy import Cut, Proxy

FREEZE_S, SHORT_FREEZE_S = 3.5, 1.0  # in the whole programme, and in a small one
NEXT_ANSWER_S = 5.0

Trouble = Callable[[], Awaitable[None]]


class Troubles:
    """All there are, each counted when it has happened."""

    def __init__(self, own: Own, services: list[Service], proxies: list[Proxy], trade: Trade) -> None:
        self._own = own
        self._services = services
        self._proxies = proxies
        self._trade = trade
        self._up = [asyncio.Event() for _ in services]
        for up in self._up:
            up.set()
        self._restarting: set[asyncio.Task[None]] = set()
        self.counts: dict[str, int] = {}
        self._began: list[tuple[float, str]] = []
        self.scale = 0
        self._freeze_s = FREEZE_S

    async def run(self, seed: int, scale: int) -> None:
        """All of them in an order of chance; `scale` 12 is the whole programme, 1 one of each."""
        chance, self.scale = random.Random(seed), scale
        self._freeze_s = FREEZE_S if scale >= 12 else SHORT_FREEZE_S
        troubles: list[tuple[str, int, Trouble]] = [  # how often: in the whole programme
            ("PostgreSQL killed", 6, self._kill_postgres),
            ("PostgreSQL killed at an answer", 6, self._kill_postgres_at_an_answer),
            ("service killed", 4, self._kill_service),
            ("service killed at an answer", 4, self._kill_service_at_an_answer),
            ("Redis killed, its data wiped", 4, self._kill_redis),
            ("old copy of Redis' data restored", 2, self._restore_an_old_copy),
            ("PostgreSQL frozen", 2, self._freeze_postgres),
            ("a service frozen", 2, self._freeze_service),
            ("Redis frozen", 2, self._freeze_redis),
            ("cut before COMMIT", 6, lambda: self._cut(Cut.BEFORE)),
            ("cut after COMMIT", 6, lambda: self._cut(Cut.AFTER)),
        ]
        programme = [(name, act) for name, often, act in troubles for _ in range(max(1, often * scale // 12))]
        chance.shuffle(programme)
        for name, trouble in programme:
            self._began.append((time.perf_counter(), name))
            await trouble()
            self.counts[name] = self.counts.get(name, 0) + 1
            await self._somebody_is_answered()
            await asyncio.sleep(chance.uniform(0.2, 0.8))
        await self._all_are_up()

    def during(self, gap: Gap) -> str:
        """What went on then, and before."""
        at = [
            f"{name} at {began - gap.began:+.1f} s" for began, name in self._began if began <= gap.began + gap.seconds
        ]
        return ", ".join(at[-3:])

    async def _somebody_is_answered(self) -> None:
        before = len(self._trade.definite)
        async with asyncio.timeout(60):
            while len(self._trade.definite) < before + 16:
                await asyncio.sleep(0.02)

    # PostgreSQL -------------------------------------------------------------------------------------------------------

    async def _kill_postgres(self) -> None:
        self._strike_postgres()
        await self._mend()

    async def _kill_postgres_at_an_answer(self) -> None:
        await self._at_an_answer(lambda _: self._strike_postgres())
        await self._mend()

    def _strike_postgres(self) -> None:
        postmaster = self._own.pid_of("postgres")
        for pid in (postmaster, *children_of(postmaster)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _freeze_postgres(self) -> None:
        with self._own.postgres_stands_still():
            await asyncio.sleep(self._freeze_s)

    async def _cut(self, cut: Cut) -> None:
        proxy = random.choice(self._proxies)
        proxy.cut = cut
        with suppress(TimeoutError):
            async with asyncio.timeout(NEXT_ANSWER_S):
                while proxy.cut is not None:
                    await asyncio.sleep(0.02)
        proxy.cut = None

    async def _mend(self) -> None:
        while not await asyncio.to_thread(self._own.servers.mend):
            await asyncio.sleep(0.05)

    # The service ------------------------------------------------------------------------------------------------------

    async def _kill_service(self) -> None:
        await self._all_are_up()
        self._strike_service(random.randrange(2))

    async def _kill_service_at_an_answer(self) -> None:
        await self._all_are_up()
        await self._at_an_answer(self._strike_service)

    def _strike_service(self, instance: int) -> None:
        self._up[instance].clear()
        self._services[instance].strike()
        restarting = asyncio.create_task(self._restart(instance))
        self._restarting.add(restarting)
        restarting.add_done_callback(self._restarting.discard)

    async def _restart(self, instance: int) -> None:
        await asyncio.to_thread(self._services[instance].start_again)
        self._up[instance].set()

    async def _freeze_service(self) -> None:
        await self._all_are_up()
        with stopped(random.choice(self._services).workers()):
            await asyncio.sleep(self._freeze_s)

    async def _all_are_up(self) -> None:
        for up in self._up:
            await up.wait()

    # Redis ------------------------------------------------------------------------------------------------------------

    async def _kill_redis(self) -> None:
        os.kill(self._own.pid_of("valkey"), signal.SIGKILL)
        await self._mend()

    async def _freeze_redis(self) -> None:
        with stopped([self._own.pid_of("valkey")]):
            await asyncio.sleep(self._freeze_s)

    async def _restore_an_old_copy(self) -> None:
        client = redis.Redis.from_url(self._own.settings.redis_url or "", protocol=2, driver_info=None)
        copy = {name: await client.dump(name) for name in await client.keys()}
        await asyncio.sleep(2)  # of trade
        await client.flushall()
        for name, kept in copy.items():
            if kept is not None:  # it has expired in between
                await client.restore(name, 0, kept, replace=True)
        await client.aclose()

    # ------------------------------------------------------------------------------------------------------------------

    async def _at_an_answer(self, act: Callable[[int], None]) -> None:
        """In the very turn of the event loop in which somebody is told of success."""
        done = asyncio.Event()

        def strike(instance: int) -> None:
            act(instance)
            done.set()

        self._trade.at_the_next_answer = strike
        async with asyncio.timeout(60):
            await done.wait()


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Processes that stand still until the end of the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
