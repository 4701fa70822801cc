"""The simulated gateway over HTTP, `tenor simulator`: for whoever builds a gateway of their own, or tries ours."""

import argparse
import asyncio
import hmac
from collections import deque
from typing import Any, Final

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, post
from litestar.params import RawBody

from service.outside import simulator
from service.outside.report import Query

REMEMBERED: Final = 1_000


def create_simulator(secret: str) -> Litestar:
    """The ASGI application. It takes queries at `/` from whoever brings the secret; empty: from everybody.

    `state["received"]` holds the latest queries.
    """
    app = Litestar(route_handlers=[_ask], openapi_config=None, logging_config=None)
    app.state["secret"], app.state["received"] = secret, deque(maxlen=REMEMBERED)
    return app


def main(argv: list[str]) -> int:
    """Serve the simulated gateway on this machine until it is stopped."""
    parser = argparse.ArgumentParser(prog="tenor simulator", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--secret", default="", help="as shown when it was registered; left out: whoever asks is told")
    given = parser.parse_args(argv)
    print(f"The simulated gateway serves on http://127.0.0.1:{given.port}/ (Ctrl-C stops it).", flush=True)
    uvicorn.run(create_simulator(given.secret), port=given.port, log_level="warning", access_log=False)
    return 0


@post("/", status_code=200)
async def _ask(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    secret = request.app.state["secret"]
    given = request.headers.get("authorization", "").encode()
    if secret and not hmac.compare_digest(given, f"Bearer {secret}".encode()):
        return Response(b"", status_code=401)
    try:
        query = _decode(body)
    except msgspec.DecodeError:
        return Response(b"", status_code=400)
    request.app.state["received"].append(query)
    scripted = simulator.answer(query)
    await asyncio.sleep(scripted.after_ms / 1000)
    return Response(scripted.body, status_code=scripted.status, media_type="application/json")


_decode = msgspec.json.Decoder(Query).decode
