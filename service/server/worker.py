"""One HTTP process: uvicorn on the socket its supervisor bound, reporting once it is ready or why it is not."""

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TextIO

import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import config
from service.app import create_app
from service.bounded import Bounded
from service.config import CannotStart
from service.deadline import CLOSE_S, DRAIN_S
from service.embedded import lifeline
from service.metrics import Measured
from service.server.outward import Outward
from service.server.reading import Reading
from service.server.supervisor import READY
from service.server.tally import Tally
from service.server.wire import Protocol


class Server(uvicorn.Server):
    """uvicorn, with two things of our own around it.

    The application's lifespan runs here, so that a refusal to start reaches us as it is. And connections are accepted
    one at a time, by whom has the fewest: left alone, the process that wakes first takes all that wait, and of two on
    one socket one has 8 clients and the other none.
    """

    def __init__(
        self,
        app: Litestar,
        listener: socket.socket,
        tally: Tally,
        report: TextIO,
        protocol: type[HttpToolsProtocol] = Protocol,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                Measured(Outward(Bounded(app))),
                loop="uvloop", http=protocol, ws="none", lifespan="off",
                access_log=False, log_config=None, log_level="warning", server_header=False, proxy_headers=False,
                timeout_keep_alive=75,  # longer than the balancers in front of us, which must be the first to close
                timeout_graceful_shutdown=DRAIN_S,
            )
        )  # fmt: skip
        self._app = app
        self._listener = listener
        self._tally = tally
        self._report = report
        self._stack = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._stack.enter_async_context(self._app.lifespan())
        await super().startup([])
        self._accepting = asyncio.create_task(self._accept())
        gc.collect()
        gc.freeze()  # what lives now lives for ever: a full collection need not look at it again
        gc.set_threshold(10_000, 20, 20)  # a decision makes hundreds of objects, and hardly one outlives its answer
        _tell(self._report, READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._accepting.cancel()
        self._listener.close()
        await super().shutdown()
        if self.server_state.tasks:  # cancelled: each has one more word to say
            await asyncio.wait(self.server_state.tasks, timeout=CLOSE_S)
        await self._stack.aclose()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        made = partial(
            self.config.http_protocol_class, config=self.config, server_state=self.server_state, app_state={}
        )  # type: ignore[call-arg]
        protocol = partial(Reading, made)
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError:  # no more file descriptors, or the client has gone again
                await asyncio.sleep(0.01)
                continue
            with suppress(OSError):
                await loop.connect_accepted_socket(protocol, connection)
            if self._tally.crowded(len(self.server_state.connections)):
                await asyncio.sleep(0.001)  # the others first; if they are busy, we take the next one after all

    async def on_tick(self, counter: int) -> bool:
        self._tally.crowded(len(self.server_state.connections))  # some have closed
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
        app = create_app(config.read(os.environ))
        tally = Tally(given.tally, given.slot)
        Server(app, socket.socket(fileno=given.listener), tally, report).run()
    except* CannotStart as refusals:
        leaf: BaseException = refusals
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
        _tell(report, str(leaf))
        code = 1
    return code


def _tell(report: TextIO, text: str) -> None:
    report.write(text)
    report.close()
