"""One HTTP process: uvicorn on the socket its supervisor bound, reporting once it is ready or why it is not."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from functools import partial
from math import ceil
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import clock, config, telemetry
from service.app import create_app
from service.config import CannotStart, Settings
from service.deadline import CLOSE_S, DRAIN_S, NOTICED_S
from service.embedded import lifeline
from service.exchange import Edge
from service.policies import reasons, words
from service.server import large_pages
from service.server.door import State
from service.server.reading import Reading
from service.server.supervisor import READY, listen
from service.server.tally import Tally
from service.server.wire import Protocol

log: Final = logging.getLogger("tenor.server")

BUSY_S: Final = 0.01  # who takes so long for one connection has a loop full of work
SETTLED_S: Final = 10.0  # after the start: what the first requests have made, and stays, is there by then
# Garbage is looked for when there are so many objects more. Requests under way have some ten thousand, of which hardly
# one outlives its answer: with fewer they would be looked through again and again.
OBJECTS_MORE: Final = 50_000
TOGETHER_MAX: Final = 64  # and takes so many at once: those at the door must not wait for a turn of the loop each


class Server(uvicorn.Server):
    """uvicorn, with two things of our own around it.

    The application's lifespan runs here, so that a refusal to start reaches us as it is. And connections are accepted
    one at a time, by whom has the fewest: left alone, the process that wakes first takes all that wait, and of two on
    one socket one has 8 clients and the other none.
    """

    def __init__(
        self,
        app: Litestar,
        settings: Settings,
        listener: socket.socket,
        tally: Tally,
        report: TextIO,
        protocol: type[HttpToolsProtocol] = Protocol,
    ) -> None:
        rate = ceil(settings.key_rate / settings.workers)
        super().__init__(
            uvicorn.Config(
                telemetry.traced(Edge(app, rate, settings.key_under_way)),
                loop="uvloop", http=protocol, ws="none", lifespan="off",
                access_log=False, log_config=None, log_level="warning", server_header=False, proxy_headers=False,
                timeout_keep_alive=75,  # longer than the balancers in front of us, which must be the first to close
            )
        )  # fmt: skip
        self._state = self.server_state = State()
        self._app = app
        self._drain_s = settings.drain_s
        self._listener = listener
        self._tally = tally
        self._report = report
        self._stack = AsyncExitStack()
        self.is_broken = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for language in words.Language:
            file = Path(words.__file__).parent / words.file_of(language)
            if not file.is_file():
                raise CannotStart(f"{file} is missing: what is said to consumers in {language}.")
        await self._stack.enter_async_context(self._app.lifespan())
        await super().startup([])
        self._loop = asyncio.get_running_loop()
        self._takes_no_more = False
        self._arrived = asyncio.Event()
        listen(self._listener)
        self._accepting = asyncio.create_task(self._accept())
        gc.collect()
        gc.freeze()  # what lives now lives for ever: a full collection need not look at it again
        # Every fifth time also the middle generation: every 250,000 objects. All the rest every twentieth time of that.
        gc.set_threshold(OBJECTS_MORE, 5, 20)
        _tell(self._report, READY)
        self._loop.run_in_executor(None, reasons.learn).add_done_callback(self._learned)
        self._loop.call_later(SETTLED_S, self._loop.run_in_executor, None, large_pages.move)

    def _learned(self, done: "asyncio.Future[None]") -> None:
        """Who cannot say what consumers must hear does not go on."""
        if not done.cancelled() and (error := done.exception()):
            log.error("What is said to consumers cannot be read.", exc_info=error)
            self.is_broken = self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop: who asks whether we are ready, and who is answered, hears so at once."""
        super().handle_exit(sig, frame)
        if self.started:
            self._loop.call_soon_threadsafe(self._say_so)

    def _say_so(self) -> None:
        self._state.is_parting = True
        if services := self._app.state.get("services"):
            services.readiness.stop()
        for connection in self._connections():
            connection.part_soon()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Goes on for a while, takes no new connection then, and ends those it has: each after an answer, or idle."""
        self._say_so()  # it may have been told while it started
        self._tally.leave()
        await asyncio.sleep(self._drain_s + NOTICED_S if self._drain_s else 0)
        self._takes_no_more = True
        self._arrived.set()
        await self._accepting
        self._listener.close()
        state, until = self.server_state, clock.monotonic() + DRAIN_S
        while (state.connections or state.tasks) and clock.monotonic() < until:
            for connection in self._connections():
                connection.part_if_idle()
            await asyncio.sleep(0.02)
        for task in state.tasks:
            task.cancel()
        if state.tasks:  # each has one more word to say
            await asyncio.wait(state.tasks, timeout=CLOSE_S)
        await self._stack.aclose()

    async def _accept(self) -> None:
        """Takes connections until nothing more is taken, and nobody waits whom we would leave at the door."""
        made = partial(
            self.config.http_protocol_class, config=self.config, server_state=self.server_state, app_state={}
        )  # type: ignore[call-arg]
        protocol, at_once = partial(Reading, made), 1
        while True:
            began = self._loop.time()
            taken = await self._take(at_once)
            if not taken:
                if self._takes_no_more:
                    return
                await self._arrival()
                at_once = 1
                continue
            connecting = (self._loop.connect_accepted_socket(protocol, one) for one in taken)
            await asyncio.gather(*connecting, return_exceptions=True)  # a client may have gone again
            if self._is_crowded():
                await asyncio.sleep(0.001)  # the others first; if they are busy, we take the next one after all
            at_once = 1 if self._loop.time() < began + BUSY_S else TOGETHER_MAX

    async def _take(self, most: int) -> list[socket.socket]:
        """Of those at the door so many, at most; nobody where nobody waits."""
        taken: list[socket.socket] = []
        while len(taken) < most:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                break
            except OSError:  # no more file descriptors, or the client has gone again
                if taken:
                    break
                await asyncio.sleep(0.01)
                continue
            connection.setblocking(False)
            taken.append(connection)
        return taken

    async def _arrival(self) -> None:
        """Ends when somebody is at the door."""
        self._arrived.clear()
        self._loop.add_reader(self._listener, self._arrived.set)
        await self._arrived.wait()
        self._loop.remove_reader(self._listener)

    def _connections(self) -> list[Protocol]:
        return [one for one in self._state.connections if isinstance(one, Protocol)]

    def _is_crowded(self) -> bool:
        return self._state.is_parting or self._tally.crowded(len(self.server_state.connections))

    async def on_tick(self, counter: int) -> bool:
        self._is_crowded()  # some have closed
        return await super().on_tick(counter)


def main(argv: list[str]) -> int:
    """`tenor worker`: started by the supervisor, not by people."""
    parser = argparse.ArgumentParser(prog="tenor worker")
    for name in ("--parent", "--listener", "--report", "--tally", "--slot"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # stopping as told is no failure; uvicorn raises it again
    lifeline.die_with_parent(given.parent, signal.SIGTERM)
    report = os.fdopen(given.report, "w")
    code = 0
    try:
        settings = config.read(os.environ)
        telemetry.begin(os.environ, "http-process")
        app = create_app(settings)
        tally = Tally(given.tally, given.slot)
        listener = socket.socket(fileno=given.listener)
        server = Server(app, settings, listener, tally, report)
        server.run()
        code = int(server.is_broken)
    except* CannotStart as refusals:
        leaf: BaseException = refusals
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
        _tell(report, str(leaf))
        code = 1
    finally:
        telemetry.end()
    return code


def _tell(report: TextIO, text: str) -> None:
    report.write(text)
    report.close()
