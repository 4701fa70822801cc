"""The load generator, a process of its own: many connections, each with one request on its way, as merchants call us.

It does the least an HTTP client can do, for it shares the machine with what it measures. A job comes in on stdin and
an outcome goes out on stdout, both as MessagePack.
"""

import asyncio
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import cast

import msgspec
import uvloop
from msgspec import Struct


class Job(Struct):
    """What to send, in order. When the requests run out, or the time does, it ends."""

    port: int
    connections: int
    seconds: float
    requests: list[bytes]
    expected: bytes  # what every good answer contains
    again: bool = False  # when they run out, from the beginning
    pause_s: float = 0  # of each connection between an answer and its next request


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
        if self.run.pause_s:
            asyncio.get_running_loop().call_later(self.run.pause_s, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.run.errors["connection lost"] += 1
            self.finished.set_result(None)

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


async def drive(job: Job) -> Outcome:
    """Sends the job's requests and waits for the last answer. SIGTERM ends it early."""
    loop = asyncio.get_running_loop()
    began, cpu = time.perf_counter(), time.process_time()
    run = Run(job)
    loop.add_signal_handler(signal.SIGTERM, lambda: setattr(run, "until", 0.0))
    clients = [Client(run) for _ in range(job.connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", job.port)  # type: ignore[misc]
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


def main() -> None:
    """From stdin to stdout."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(drive(job))
    sys.stdout.buffer.write(msgspec.msgpack.encode(outcome))


if __name__ == "__main__":
    main()
