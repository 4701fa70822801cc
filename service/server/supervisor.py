"""The parent of the HTTP processes: binds the port once, starts them, replaces one that dies, stops them in order.

It serves no request itself. Beside its children it only counts: Prometheus metrics of all of them, on a port of its
own.
"""

import errno
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from service import config, logs
from service.clock import monotonic
from service.config import CannotStart, Settings
from service.deadline import STOP_S
from service.server import tally
from service.server.closing import tell_the_last, turn_away

READY: Final = "ready"  # what a worker reports, or else the sentence why it cannot
BACKLOG: Final = 2048
_PORT_SECONDS: Final = 3  # a worker lets go of the port some 0.1 s after its supervisor has ended
_METRICS: Final = "tenor-metrics-"  # and the supervisor's process id: a folder for its workers' counts
_START_ATTEMPTS: Final = 3
_SETTLED_SECONDS: Final = 30.0  # who lived this long failed for a new reason
_PAUSE_SECONDS_MAX: Final = 5.0


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """The first SIGINT or SIGTERM unwinds the stack, so that every `with` stops what it started; exit code 0."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        for by in (signal.SIGINT, signal.SIGTERM):
            signal.signal(by, signal.SIG_IGN)  # stopping is not to be interrupted
        raise SystemExit(0)

    before = {by: signal.signal(by, stop) for by in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for by, handler in before.items():
            signal.signal(by, handler)


@contextmanager
def _not_stopped() -> Iterator[None]:
    """A signal to stop waits for the end of the block: what is started in it is known then, and is stopped as well."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    before = {by: signal.signal(by, hear) for by in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for by, handler in before.items():
            signal.signal(by, handler)
        if heard:
            signal.raise_signal(heard[0])


def bind(host: str, port: int, *, listens: bool = True) -> socket.socket:
    """The socket that all workers share. Raises `CannotStart` when the address cannot be had.

    `listens` is false where the first worker that can answer is to listen: until then whoever knocks is refused at
    once, and asks another instance. In a line that nobody serves yet they would wait until they give up.

    The processes of a Tenor whose supervisor was killed hold its port until they notice: they are waited for.
    """
    until: float | None = None
    while True:
        try:
            return _bound(host, port, listens=listens)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or (until is not None and monotonic() >= until):
                raise _no_port(host, port, error) from error
        if until is None:
            until = monotonic() + _PORT_SECONDS
            _say(f"Port {port} is in use, maybe by a Tenor that is stopping; waiting up to {_PORT_SECONDS} seconds.")
        time.sleep(0.1)


def listen(listener: socket.socket) -> None:
    """Lets clients in, who are taken from now on; once is enough. Raises `CannotStart` where somebody else listens."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        host, port = listener.getsockname()[:2]
        raise _no_port(host, port, error) from error


def _no_port(host: str, port: int, error: OSError) -> CannotStart:
    return CannotStart(f"Port {port} on {host} cannot be used: {error.strerror}; set PORT to another.")


def _bound(host: str, port: int, *, listens: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        if listens:
            listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def base_url(listener: socket.socket) -> str:
    """Where a client on this machine reaches `listener`."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - bound elsewhere; named here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Worker:
    """One of the HTTP processes, over all its lives."""

    def __init__(self, slot: int) -> None:
        self.slot = slot  # its place in the tally
        self.process: subprocess.Popen[bytes] | None = None
        self.report: int | None = None  # the read end of the pipe on which it says READY
        self.ready = False
        self.failures = 0  # in a row
        self.started = 0.0
        self.due = 0.0  # when to start it, while it has no process

    def start(self, listener: int, counts: int, environ: dict[str, str]) -> None:
        """A fresh interpreter on the shared socket, tied to our life. `listener` and `counts` are descriptors."""
        self.report, write = os.pipe()
        given = {"parent": os.getpid(), "listener": listener, "report": write, "tally": counts, "slot": self.slot}
        argv = [
            sys.executable,
            "-m",
            "service",
            "http-process",
            *(f"--{name}={value}" for name, value in given.items()),
        ]
        with _not_stopped():
            self.process = subprocess.Popen(  # noqa: S603
                argv, pass_fds=(listener, counts, write), env=environ, start_new_session=True
            )
        os.close(write)
        self.started, self.ready = monotonic(), False

    def hear(self) -> str | None:
        """The sentence it reported, if it is not READY."""
        assert self.report is not None
        said = os.read(self.report, 4096).decode()
        os.close(self.report)
        self.report = None
        self.ready = said == READY
        return None if self.ready else said

    def bury(self) -> None:
        """Forget a process that ended; plan the next with a pause that grows."""
        if self.report is not None:
            os.close(self.report)
        self.failures = 1 if monotonic() - self.started > _SETTLED_SECONDS else self.failures + 1
        self.due = monotonic() + min(0.1 * 2**self.failures, _PAUSE_SECONDS_MAX)
        self.process, self.report, self.ready = None, None, False


class Supervisor:
    """Keeps `settings.workers` workers alive on `listener`, for as long as `run` is not interrupted."""

    def __init__(self, settings: Settings, listener: socket.socket, mend: Callable[[], list[str]]) -> None:
        self.settings = settings
        self.listener = listener
        self.mend = mend  # what else must live, started again: the names of what had died
        self.workers = [Worker(slot) for slot in range(settings.workers)]
        self.counts = tally.create(settings.workers)
        self.serving = False  # true once all were ready
        self.environ = os.environ | config.environment(settings)

    def run(self, then: list[str] | None = None) -> NoReturn:
        """Serve until interrupted. `then` is a `tenor` command to run beside the workers once all are ready.

        Raises `CannotStart` when they never become ready.
        """
        with ExitStack() as stack:
            metrics = self._serve_metrics(stack)
            stack.callback(self._stop)
            while not self.serving:
                self._tick()
            if then is not None:
                self._accompany(then)
            place = base_url(self.listener)
            logs.tell(f"Tenor serves on {place} ({len(self.workers)} processes){metrics}. Ctrl-C stops it.")
            while True:
                self._tick()

    def _tick(self) -> None:
        for name in self.mend():
            _say(f"{name} had died and was started again.")
        for worker in self.workers:
            if worker.process is None and monotonic() >= worker.due:
                worker.start(self.listener.fileno(), self.counts, self.environ)
        reports = {worker.report: worker for worker in self.workers if worker.report is not None}
        for report in select.select(list(reports), [], [], 0.1)[0]:
            sentence = reports[report].hear()
            if sentence and not self.serving:
                raise CannotStart(sentence)
            if sentence:
                _say(sentence)
        for worker in self.workers:
            if worker.process is not None and worker.process.poll() is not None:
                self._replace(worker, worker.process.returncode)
        self.serving = self.serving or all(worker.ready for worker in self.workers)

    def _replace(self, worker: Worker, code: int) -> None:
        if worker.process is not None and (folder := self.environ.get("PROMETHEUS_MULTIPROC_DIR")):
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(worker.process.pid, folder)  # type: ignore[no-untyped-call]
        worker.bury()
        if not self.serving and worker.failures >= _START_ATTEMPTS:
            raise CannotStart(f"An HTTP process ended {worker.failures} times before it was ready, with code {code}.")
        _say(f"An HTTP process ended with code {code}; starting another.")

    def _accompany(self, command: list[str]) -> None:
        """Run a command to its end while the workers live."""
        argv = [sys.executable, "-m", "service", *command]
        with subprocess.Popen(argv, env=self.environ, start_new_session=True) as companion:  # noqa: S603
            try:
                while companion.poll() is None:
                    self._tick()
            finally:
                companion.terminate()
        if companion.returncode != 0:
            _say(f"`tenor {command[0]}` ended with code {companion.returncode}.")

    def _stop(self) -> None:
        """All at once, politely; who is not gone in time is killed."""
        living = [worker.process for worker in self.workers if worker.process is not None]
        for process in living:
            process.terminate()
        time.sleep(self.settings.drain_s)  # balancers see that we are not ready
        turn_away(self.listener)
        until = monotonic() + STOP_S
        for process in living:
            try:
                process.wait(max(0.0, until - monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if told := tell_the_last(self.listener):
            _say(f"{told} came so late that no process took them; they were told to ask again.")

    def _serve_metrics(self, stack: ExitStack) -> str:
        """Metrics of all workers together; a clause for the line that says where we serve."""
        wanted = self.settings.metrics_port
        port = self.listener.getsockname()[1] + 1 if wanted is None else wanted
        if not 0 < port <= 65535:
            return ""
        _sweep_metrics()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{_METRICS}{os.getpid()}-"))
        self.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        try:
            server, _ = start_http_server(port, addr=self.settings.host, registry=registry)
        except OSError as error:
            if wanted is None:
                return ""  # nobody asked for this very port
            raise CannotStart(f"TENOR_METRICS_PORT {port} cannot be used: {error.strerror}.") from error
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        return f", metrics on port {port}"


def _sweep_metrics() -> None:
    """Remove what supervisors that were killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_METRICS}*"):
        owner = folder.name.removeprefix(_METRICS).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except (ValueError, ProcessLookupError):
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue  # it lives, and is somebody else's


def _say(sentence: str) -> None:
    logs.tell(sentence, logging.WARNING)
