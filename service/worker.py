"""One HTTP process: uvicorn on the socket its supervisor bound, reporting once it is ready or why it is not."""

import argparse
import gc
import os
import signal
import socket
from contextlib import AsyncExitStack
from typing import TextIO

import uvicorn
from litestar import Litestar

from service import config
from service.app import create_app
from service.config import CannotStart
from service.embedded import lifeline
from service.supervisor import READY


class Server(uvicorn.Server):
    """uvicorn, with the application's own lifespan around it, so that a refusal to start reaches us as it is."""

    def __init__(self, app: Litestar, report: TextIO) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop", http="httptools", ws="none", lifespan="off",
                access_log=False, log_config=None, log_level="warning", server_header=False, proxy_headers=False,
                timeout_keep_alive=75,  # longer than the balancers in front of us, which must be the first to close
                timeout_graceful_shutdown=3,
            )
        )  # fmt: skip
        self._app = app
        self._report = report
        self._stack = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._stack.enter_async_context(self._app.lifespan())
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what lives now lives for ever: a full collection need not look at it again
        _tell(self._report, READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self._stack.aclose()


def main(argv: list[str]) -> int:
    """`tenor worker`: started by the supervisor, not by people."""
    parser = argparse.ArgumentParser(prog="tenor worker")
    for name in ("--parent", "--listener", "--report"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args(argv)
    lifeline.die_with_parent(given.parent, signal.SIGTERM)
    report = os.fdopen(given.report, "w")
    try:
        app = create_app(config.read(os.environ))
        Server(app, report).run([socket.socket(fileno=given.listener)])
    except CannotStart as sentence:
        _tell(report, str(sentence))
        return 1
    return 0


def _tell(report: TextIO, text: str) -> None:
    report.write(text)
    report.close()
