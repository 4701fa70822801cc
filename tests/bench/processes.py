"""HTTP processes on one socket, started as the supervisor starts its own, and what of the processors each one takes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from service import config
from service.config import CannotStart, Settings
from service.server import supervisor, tally


class Serving(Struct):
    """What listens where."""

    port: int
    pids: list[int]
    ready_s: list[float]  # from the start of each until it could answer


@contextmanager
def serving(program: list[str], count: int, settings: Settings) -> Iterator[Serving]:
    """`count` processes of `python -m program` that share a free port, for as long as the block runs."""
    with starting(program, count, settings) as ready:
        yield ready()


@contextmanager
def starting(program: list[str], count: int, settings: Settings) -> Iterator[Callable[[], Serving]]:
    """The same, while others do something else: what is yielded waits until they are ready."""
    started: list[_Started] = []
    environ = os.environ | config.environment(settings)
    with supervisor.bind("127.0.0.1", 0) as listener:
        counts = tally.create(count)
        try:
            for slot in range(count):  # one by one, so that those before one that fails are stopped
                started += [_start(program, listener.fileno(), counts, slot, environ)]

            def ready() -> Serving:
                ready_s = [_require_ready(one, program) for one in started]
                return Serving(listener.getsockname()[1], [one.process.pid for one in started], ready_s)

            yield ready
        finally:
            for one in started:
                one.process.terminate()
            for one in started:
                one.process.wait(20)
            os.close(counts)


class _Started(NamedTuple):
    process: "subprocess.Popen[bytes]"
    report: int  # where it says that it is ready
    at: float


def _start(program: list[str], listener: int, counts: int, slot: int, environ: dict[str, str]) -> _Started:
    read, write = os.pipe()
    given = {"parent": os.getpid(), "listener": listener, "report": write, "tally": counts, "slot": slot}
    options = [f"--{name}={value}" for name, value in given.items()]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *program, *options], pass_fds=(listener, counts, write), env=environ
    )
    os.close(write)
    return _Started(process, read, began)


def _require_ready(one: _Started, program: list[str]) -> float:
    """Seconds from its start until it was."""
    with os.fdopen(one.report) as report:
        said = report.read()
    if said != supervisor.READY:
        raise CannotStart(f"`{' '.join(program)}` does not start: {said or 'it said nothing.'}")
    return time.perf_counter() - one.at


class Processors:
    """Seconds of CPU, read from /proc where there is one; a machine that has none shows none."""

    def __init__(self, pids: list[int], postgres: int | None) -> None:
        self._pids = pids
        self._postgres = postgres  # the postmaster, if it runs here

    def service(self) -> float:
        """Of the HTTP processes."""
        return sum(_stat(pid).seconds for pid in self._pids)

    def postgres(self) -> float:
        """Of PostgreSQL, backends that ended included."""
        if self._postgres is None:
            return 0
        others = (_stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
        own = _stat(self._postgres)
        return own.seconds + own.of_ended_children + sum(one.seconds for one in others if one.parent == self._postgres)


def memory_mib(pid: int, which: str = "VmHWM") -> float:
    """What a process held of memory at most, or (`VmRSS`) holds now; 0 where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


class _Stat(Struct):
    name: str = ""
    parent: int = 0
    seconds: float = 0
    of_ended_children: float = 0


def postmaster_of(backend: int) -> int | None:
    """The parent of a backend, if the server runs on this machine."""
    stat = _stat(backend)
    return stat.parent if stat.name == "postgres" else None


def _stat(pid: int) -> _Stat:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
    except OSError:
        return _Stat()
    fields, tick = rest.split(), os.sysconf("SC_CLK_TCK")
    user, system, user_ended, system_ended = (int(value) / tick for value in fields[11:15])
    return _Stat(name, int(fields[1]), user + system, user_ended + system_ended)
