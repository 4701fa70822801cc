"""The load generator, a process of its own: many connections, each with one request on its way, as merchants call us.

It does the least an HTTP client can do, for it shares the machine with what it measures. Jobs come in on stdin and
outcomes go out on stdout, as MessagePack behind its length.
"""

import asyncio
import random
import resource
import select
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import cycle
from typing import IO, Final, cast

import msgspec
import uvloop
from msgspec import Struct

from service.config import CannotStart

LENGTH: Final = 8  # bytes
PATIENCE_S: Final = 60.0
SETTLE_S: Final = 0.3  # in which a server takes up so many connections that came at once


class Job(Struct):
    """What to send, in order. When the requests run out, or the time does, it ends."""

    port: int
    connections: int
    seconds: float
    requests: list[bytes]
    expected: bytes  # what every good answer contains
    again: bool = False  # when they run out, from the beginning
    pause_s: float = 0  # of each connection between an answer and its next request
    rate: float = 0  # requests a second that come whether or not those before are answered; 0: each after an answer


class Outcome(Struct):
    """What came back. `errors` counts everything that was not a good answer, by its first line."""

    done: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of this process, for one request
    errors: dict[str, int]

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return self.done / self.seconds


class Run:
    """What the connections share."""

    def __init__(self, job: Job) -> None:
        self.pause_s = job.pause_s
        self.requests: Iterator[bytes] = cycle(job.requests) if job.again else iter(job.requests)
        self.expected = job.expected
        self.until = time.perf_counter() + job.seconds
        self.last = 0.0
        self.waits: list[float] = []
        self.errors: Counter[str] = Counter()
        self.rate = job.rate
        self.idle: list[Client] = []  # where requests come at their own time: who could take one ...
        self.late: deque[tuple[float, bytes]] = deque()  # ... and those that nobody could, since when they are due


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""
        self.missing = 0  # bytes of the body still to come
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.run.rate:
            self.run.idle.append(self)
        else:
            self._send()

    def data_received(self, data: bytes) -> None:
        received = self.received = self.received + data if self.received else data
        head = received.find(b"\r\n\r\n")
        if head < 0:
            return
        length = received.find(b"content-length: ", 0, head) + 16
        if len(received) - head - 4 < int(received[length : received.find(b"\r", length)]):
            return
        self._note(received)
        self.received = b""
        if self.run.rate:
            self._rest()
        elif self.run.pause_s:
            asyncio.get_running_loop().call_later(self.run.pause_s, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.run.errors["connection lost"] += 1
            self.finished.set_result(None)

    def take(self, due: float, request: bytes) -> None:
        """Sends a request; its answer is waited for since it was due."""
        self.sent = due
        self.transport.write(request)

    def _rest(self) -> None:
        if self.run.late:
            self.take(*self.run.late.popleft())
        else:
            self.run.idle.append(self)

    def _send(self) -> None:
        now = time.perf_counter()
        request = next(self.run.requests, None) if now < self.run.until else None
        if request is None:
            self.finished.set_result(None)
            self.transport.close()
            return
        self.sent = now
        self.transport.write(request)

    def _note(self, answer: bytes) -> None:
        run = self.run
        run.last = time.perf_counter()
        if answer.startswith(b"HTTP/1.1 2") and run.expected in answer:
            run.waits.append(run.last - self.sent)
        else:
            head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
            run.errors[f"{head.splitlines()[0]} {body[:200]}"] += 1


async def send_in_time(run: Run, clients: list[Client]) -> None:
    """Requests as people come: by chance, so many a second, for as long as the run lasts; then all are answered."""
    chance, due = random.Random(1), time.perf_counter()
    for request in run.requests:
        due += chance.expovariate(run.rate)
        if due >= run.until:
            break
        await asyncio.sleep(due - time.perf_counter())
        now = time.perf_counter()  # a timer is late by up to 1 ms, for which nobody is to blame
        if run.idle:
            run.idle.pop().take(now, request)
        else:
            run.late.append((now, request))
    while len(run.idle) + sum(client.finished.done() for client in clients) < len(clients):
        await asyncio.sleep(0.01)
    for client in clients:
        if not client.finished.done():
            client.finished.set_result(None)
            client.transport.close()


async def drive(job: Job) -> Outcome:
    """Sends the job's requests and waits for the last answer. SIGTERM ends it early."""
    loop = asyncio.get_running_loop()
    began, cpu = time.perf_counter(), time.process_time()
    run = Run(job)
    loop.add_signal_handler(signal.SIGTERM, lambda: setattr(run, "until", 0.0))
    clients = [Client(run) for _ in range(job.connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", job.port)  # type: ignore[misc]
    if run.rate:
        await asyncio.sleep(SETTLE_S)  # else the first requests would wait for the last connections
        began = time.perf_counter()
        run.until = run.until and began + job.seconds  # unless it was ended meanwhile
        await send_in_time(run, clients)
    await asyncio.gather(*(client.finished for client in clients))
    waits = sorted(run.waits) or [0.0]
    count = len(run.waits)
    return Outcome(
        done=count,
        seconds=max(run.last - began, 1e-9),
        p50_ms=waits[len(waits) // 2] * 1e3,
        p99_ms=waits[len(waits) * 99 // 100] * 1e3,
        cpu_us=(time.process_time() - cpu) * 1e6 / max(count, 1),
        errors=dict(run.errors.most_common(5)),
    )


class Generator:
    """The process, which does one job after the other. It ends with whoever has started it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.bench.load"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout

    def begin(self, job: Job) -> None:
        """The job is on its way."""
        _send(self._stdin, msgspec.msgpack.encode(job))

    def end(self, within_s: float) -> Outcome:
        """What became of the last one."""
        said = select.select([self._stdout], [], [], within_s)[0] and _receive(self._stdout)
        if not said:
            self.process.kill()
            raise CannotStart("The load generator does not come to an end.")
        return msgspec.msgpack.decode(said, type=Outcome)

    def do(self, job: Job) -> Outcome:
        """Both."""
        self.begin(job)
        return self.end(job.seconds + PATIENCE_S)

    def hurry(self) -> None:
        """The job on its way ends as soon as what was sent is answered."""
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """No more jobs."""
        self._stdin.close()
        self.process.wait(20)


def _send(to: IO[bytes], message: bytes) -> None:
    to.write(len(message).to_bytes(LENGTH) + message)
    to.flush()


def _receive(of: IO[bytes]) -> bytes:
    """The next message; empty: there are no more."""
    return of.read(int.from_bytes(of.read(LENGTH)))


def main() -> None:
    """From stdin to stdout, until there are no more jobs."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while message := _receive(sys.stdin.buffer):
            job = msgspec.msgpack.decode(message, type=Job)
            _send(sys.stdout.buffer, msgspec.msgpack.encode(runner.run(drive(job))))


if __name__ == "__main__":
    main()
