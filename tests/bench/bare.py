"""A Litestar application that decodes a checkout into its struct and echoes it: what HTTP and JSON alone cost here.

It runs as anybody would run it: uvicorn with uvloop and httptools, as they come. Only its connections are shared out
among the processes as the service's are, so that neither side leaves one idle.
"""

import argparse
import os
import signal
import socket
import sys

import msgspec
from litestar import Litestar, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.checkout.request import Checkout
from service.config import Settings
from service.embedded import lifeline
from service.server.tally import Tally
from service.server.worker import Server

_decode = msgspec.json.Decoder(Checkout).decode
_encode = msgspec.json.Encoder().encode


@post("/v1/checkouts", status_code=200)
async def echo(body: RawBody) -> ASGIResponse:
    """The checkout, read and written once."""
    return ASGIResponse(body=_encode(_decode(body)), status_code=200, media_type="application/json")


def main(argv: list[str]) -> None:
    """One process of it, started as the service's own workers are and served by the same server."""
    parser = argparse.ArgumentParser()
    for name in ("--parent", "--listener", "--report", "--tally", "--slot"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args(argv)
    lifeline.die_with_parent(given.parent, signal.SIGTERM)
    app = Litestar(route_handlers=[echo], openapi_config=None, logging_config=None)
    listener, tally = socket.socket(fileno=given.listener), Tally(given.tally, given.slot)
    Server(app, Settings(drain_s=0, key_rate=0), listener, tally, os.fdopen(given.report, "w"), HttpToolsProtocol).run()


if __name__ == "__main__":
    main(sys.argv[1:])
