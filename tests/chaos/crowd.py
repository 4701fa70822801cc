"""A crowd that asks over plain sockets, in a process of its own: what it waits for itself is not the service's doing.

How long an answer took is counted from when its request was due: who is sent late because of others has waited, too.
"""

import asyncio
import json
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

import uvloop
from msgspec import Struct

from tests.chaos.caller import ask, tell

PATIENCE_S: Final = 5.0
LINES_MAX: Final = 1_500  # connections of one crowd
TICK_S: Final = 0.004

Answered = Callable[["Line"], None]


class Shop(Struct, frozen=True):
    """Where the crowd asks, and what about."""

    port: int
    key: str
    consumers: list[str]
    plans: list[str]


class Mix(Struct, frozen=True):
    """How many of a hundred requests are what."""

    payments: int = 0
    checkouts: int = 100
    lists: int = 0


class Heard(Struct, frozen=True):
    """What became of one request. `status` 0: it was sent, and nothing was heard in time."""

    what: str
    status: int
    seconds: float
    late_s: float = 0.0  # so long after it was due it was sent
    is_sent: bool = True  # false: all connections of the crowd were waiting for answers


class Line(asyncio.Protocol):
    """One connection with one request at a time."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self._heard = b""
        self.what = ""
        self.due = self.sent = self.ended = 0.0
        self.status = 0
        self.is_open = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(self._request)

    def send(self, what: str, request: bytes, due: float) -> None:
        """Before the connection is there, too."""
        self.what, self.due, self.sent, self.status, self.ended = what, due, time.perf_counter(), 0, 0.0
        self._request = request
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._heard[:end].lower()
        length = head.index(b"content-length: ") + 16
        if len(self._heard) - end - 4 < int(head[length:].split(b"\r", 1)[0]):
            return
        self.status, self.ended, self._heard = int(head[9:12]), time.perf_counter(), b""
        if b"\r\nconnection: close" in head:
            self.close()
        self._answered(self)

    def connection_lost(self, exc: Exception | None) -> None:
        was_open, self.is_open = self.is_open, False
        if was_open and not self.ended:
            self._answered(self)

    def close(self) -> None:
        """Gives it up."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


class Crowd:
    """All who ask, in the crowd's own process."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._idle: deque[Line] = deque()
        self._busy: dict[Line, Answered] = {}
        self._connecting: set[asyncio.Task[None]] = set()

    async def closed(self, seconds: float, callers: int, mix: Mix) -> list[Heard]:
        """So many callers, each with one request after the other."""
        heard = list[Heard]()
        random.shuffle(self._idle)  # those that were used last may all be of one process
        until = time.perf_counter() + seconds

        def again(line: Line | None) -> None:
            if line is not None:
                heard.append(_of(line))
            if time.perf_counter() < until:
                self._send(mix, time.perf_counter(), again)

        for _ in range(callers):
            again(None)
        await asyncio.sleep(seconds)
        await self._quiet(until)
        return heard

    async def open(self, seconds: float, per_second: float, mix: Mix) -> list[Heard]:
        """So many a second, whatever becomes of those before. Returns when the last was sent and its time is over."""
        heard = list[Heard]()
        began, count = time.perf_counter(), 0
        while (now := time.perf_counter() - began) < seconds:
            while count < now * per_second:
                due = began + count / per_second
                if not self._send(mix, due, lambda line: heard.append(_of(line))):
                    heard.append(Heard("", 0, 0.0, is_sent=False))
                count += 1
            self._give_up(time.perf_counter() - PATIENCE_S)
            await asyncio.sleep(TICK_S)
        return heard

    def _send(self, mix: Mix, due: float, then: Answered) -> bool:
        what, request = _request(self._shop, mix)
        if self._idle:
            line = self._idle.popleft()
        elif len(self._busy) < LINES_MAX:
            line = Line(self._answered)
        else:
            return False
        self._busy[line] = then
        is_new = line.due == 0.0
        line.send(what, request, due)
        if is_new:
            connecting = asyncio.create_task(self._connect(line))
            self._connecting.add(connecting)
            connecting.add_done_callback(self._connecting.discard)
        return True

    async def _connect(self, line: Line) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: line, "127.0.0.1", self._shop.port)
        except OSError:
            line.connection_lost(None)
        else:
            if not line.is_open:  # given up meanwhile
                line.close()

    def _answered(self, line: Line) -> None:
        then = self._busy.pop(line, None)
        if line.is_open:
            self._idle.append(line)
        elif line in self._idle:
            self._idle.remove(line)
        if then is not None:
            then(line)

    async def _quiet(self, until: float) -> None:
        """All are answered, or were asked too long ago."""
        while self._busy and time.perf_counter() < until + PATIENCE_S:
            await asyncio.sleep(0.01)
        self._give_up(until)

    def _give_up(self, before: float) -> None:
        while self._busy and (line := next(iter(self._busy))).due < before:
            line.close()
            self._answered(line)


def _of(line: Line) -> Heard:
    ended = line.ended or time.perf_counter()
    return Heard(line.what, line.status, ended - line.due, line.sent - line.due)


def _request(shop: Shop, mix: Mix) -> tuple[str, bytes]:
    chance = random.randrange(100)
    once = uuid.uuid4().hex
    if chance < mix.payments:
        return "payments", tell(f"/v1/plans/{random.choice(shop.plans)}/payments", shop.key, once, b'{"amount":1}')
    if chance < mix.payments + mix.lists:
        return "lists", ask("/v1/events?limit=1", shop.key)
    cart = {
        "merchant_reference": once,
        "consumer": random.choice(shop.consumers),
        "currency": "EUR",
        "amount": 100_00,
        "kinds": ["instalments"],
    }
    return "checkouts", tell("/v1/checkouts", shop.key, once, json.dumps(cart).encode())


# In its own process ---------------------------------------------------------------------------------------------------

_here: dict[str, Crowd] = {}
_loop: dict[str, asyncio.AbstractEventLoop] = {}


def _begin(shop: Shop) -> None:
    _loop[""] = uvloop.new_event_loop()
    asyncio.set_event_loop(_loop[""])
    _here[""] = Crowd(shop)


def _closed(seconds: float, callers: int, mix: Mix) -> list[Heard]:
    return _loop[""].run_until_complete(_here[""].closed(seconds, callers, mix))


def _open(seconds: float, per_second: float, mix: Mix) -> list[Heard]:
    return _loop[""].run_until_complete(_here[""].open(seconds, per_second, mix))


class Away:
    """A crowd in another process."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    async def closed(self, seconds: float, callers: int = 32, mix: Mix = Mix()) -> list[Heard]:  # noqa: B008 - frozen
        """As `Crowd.closed`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _closed, seconds, callers, mix)

    async def open(self, seconds: float, per_second: float, mix: Mix = Mix()) -> list[Heard]:  # noqa: B008 - frozen
        """As `Crowd.open`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _open, seconds, per_second, mix)


@contextmanager
def in_a_crowd(shop: Shop) -> Iterator[Away]:
    """One, until the end of the block."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (shop,)) as pool:
        yield Away(pool)


def of_status(heard: Sequence[Heard], *statuses: int) -> list[float]:
    """How long those took, in order."""
    return sorted(one.seconds for one in heard if one.status in statuses)


def p99(seconds: Sequence[float]) -> float:
    return seconds[len(seconds) * 99 // 100] if seconds else float("inf")
