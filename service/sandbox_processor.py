"""The sandbox processor over HTTP, `tenor sandbox-processor`: somebody else's network, with a state of its own.

`tenor dev` has one beside it, which is the demo's.
"""

import argparse
import asyncio
import hmac
import os
import signal
import socket
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, Final

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, get, post
from litestar.params import RawBody

from service import clock, config
from service.api.ask import InPath
from service.demo.seed import load
from service.embedded import lifeline
from service.http_client import exchange, open_client
from service.payments.hold_protocol import CaptureOrder, HoldOrder
from service.payments.payback_protocol import RefundOrder
from service.payments.processor import Order
from service.payments.sandbox import Sandbox, Scripted
from service.payments.sandbox_holds import SandboxHolds
from service.payments.sandbox_paybacks import SandboxPaybacks
from service.reach import ANYWHERE

NOTIFICATIONS: Final = "/v1/processor/notifications"
PATIENCE_S: Final = 15.0  # for whoever is notified
PAUSES_S: Final = (0.5, 1, 2, 4, 8)  # before it is notified again


class Desk(msgspec.Struct):
    """The processor, by which secret it knows whoever may pull money, and where and as whom it sends notifications."""

    secret: str = ""  # empty: everybody may
    notify: str = ""  # the service's base URL; empty: nobody is told
    key: str = ""  # the processor's key to the service
    sandbox: Sandbox = msgspec.field(default_factory=Sandbox)
    holds: SandboxHolds = msgspec.field(default_factory=SandboxHolds)
    paybacks: SandboxPaybacks = msgspec.field(default_factory=SandboxPaybacks)
    telling: set[asyncio.Task[None]] = msgspec.field(default_factory=set)


def create_processor(desk: Desk) -> Litestar:
    """The ASGI application."""

    @asynccontextmanager
    async def ending(_: Litestar) -> AsyncGenerator[None]:
        yield
        for task in desk.telling:
            task.cancel()

    app = Litestar(
        route_handlers=[_pull, _ask, _hold, _ask_hold, _capture, _release, _pay_back, _ask_refund],
        lifespan=[ending],
        openapi_config=None,
        logging_config=None,
    )
    app.state["desk"] = desk
    return app


def main(argv: list[str]) -> int:
    """Serve the sandbox processor on this machine until it is stopped."""
    parser = argparse.ArgumentParser(prog="tenor sandbox-processor", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8095)
    parser.add_argument("--secret", default="", help="as shown when it was registered; left out: whoever asks may")
    parser.add_argument("--notify", default="", help="the service's URL; left out: nobody is told of news")
    parser.add_argument("--key", default="", help="the processor's key to the service, psk_...")
    given = parser.parse_args(argv)
    desk = Desk(given.secret, given.notify, given.key)
    print(f"The sandbox processor serves on http://127.0.0.1:{given.port}/ (Ctrl-C stops it).", flush=True)
    uvicorn.run(create_processor(desk), port=given.port, log_level="warning", access_log=False)
    return 0


def serve_demo(argv: list[str]) -> int:
    """The demo's processor, on a socket that was bound for it; started by `tenor dev`, not by people."""
    parser = argparse.ArgumentParser(prog="tenor demo-processor")
    parser.add_argument("--notify", required=True)
    for name in ("--parent", "--listener"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args(argv)
    lifeline.die_with_parent(given.parent, signal.SIGTERM)
    settings = config.read(os.environ)
    demo = load(settings)
    desk = Desk(demo.processor_secret, given.notify, demo.processor_key)
    made = uvicorn.Config(create_processor(desk), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    uvicorn.Server(made).run([socket.socket(fileno=given.listener)])
    return 0


@post("/charges", status_code=200)
async def _pull(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    if refused := _stranger(desk, request):
        return refused
    try:
        order = _decode(body)
    except msgspec.DecodeError:
        return Response(b"", status_code=400)
    scripted = desk.sandbox.pull(order, _now_ms(), clock.now().astimezone(UTC).date())
    if scripted.notifications and desk.notify:
        task = asyncio.create_task(_notify(desk, order.charge_id, scripted))
        desk.telling.add(task)
        task.add_done_callback(desk.telling.discard)
    return await _answered(scripted)


@get("/charges/{charge_id:str}")
async def _ask(request: Request[Any, Any, Any], charge_id: InPath) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    return _stranger(desk, request) or await _answered(desk.sandbox.ask(charge_id, _now_ms()))


@post("/holds", status_code=200)
async def _hold(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    if refused := _stranger(desk, request):
        return refused
    try:
        order = _decode_hold(body)
    except msgspec.DecodeError:
        return Response(b"", status_code=400)
    return await _answered(desk.holds.hold(order, _now_ms()))


@get("/holds/{hold_id:str}")
async def _ask_hold(request: Request[Any, Any, Any], hold_id: InPath) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    return _stranger(desk, request) or await _answered(desk.holds.ask(hold_id, _now_ms()))


@post("/holds/{hold_id:str}/capture", status_code=200)
async def _capture(request: Request[Any, Any, Any], hold_id: InPath, body: RawBody) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    if refused := _stranger(desk, request):
        return refused
    try:
        order = _decode_capture(body)
    except msgspec.DecodeError:
        return Response(b"", status_code=400)
    return await _answered(desk.holds.capture(hold_id, order.amount, _now_ms()))


@post("/holds/{hold_id:str}/release", status_code=200)
async def _release(request: Request[Any, Any, Any], hold_id: InPath) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    return _stranger(desk, request) or await _answered(desk.holds.release(hold_id, _now_ms()))


@post("/refunds", status_code=200)
async def _pay_back(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    if refused := _stranger(desk, request):
        return refused
    try:
        order = _decode_refund(body)
    except msgspec.DecodeError:
        return Response(b"", status_code=400)
    pulled, held = desk.sandbox.pulled.get(order.of), desk.holds.kept.get(order.of)
    token = pulled.order.token if pulled else held.order.token if held else ""
    came = pulled.order.amount if pulled else held.captured if held else 0
    return await _answered(desk.paybacks.pay_back(order, token, came, _now_ms()))


@get("/refunds/{refund_id:str}")
async def _ask_refund(request: Request[Any, Any, Any], refund_id: InPath) -> Response[bytes]:
    desk: Desk = request.app.state["desk"]
    return _stranger(desk, request) or await _answered(desk.paybacks.ask(refund_id, _now_ms()))


async def _notify(desk: Desk, charge_id: str, scripted: Scripted) -> None:
    await asyncio.sleep(scripted.notify_after_ms / 1000)
    url = f"{desk.notify.removesuffix('/')}{NOTIFICATIONS}"
    headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"}
    content = msgspec.json.encode({"charge_id": charge_id})
    async with open_client(ANYWHERE, PATIENCE_S) as client:
        for _ in range(scripted.notifications):
            key = {"Idempotency-Key": str(uuid.uuid4())}
            for pause_s in PAUSES_S:
                heard = await exchange(client, "POST", url, headers | key, content)
                if heard is not None and heard[0] == 200:
                    break
                await asyncio.sleep(pause_s)


async def _answered(scripted: Scripted) -> Response[bytes]:
    await asyncio.sleep(scripted.after_ms / 1000)
    return Response(scripted.body, status_code=scripted.status, media_type="application/json")


def _stranger(desk: Desk, request: Request[Any, Any, Any]) -> Response[bytes] | None:
    given = request.headers.get("authorization", "").encode()
    if desk.secret and not hmac.compare_digest(given, f"Bearer {desk.secret}".encode()):
        return Response(b"", status_code=401)
    return None


def _now_ms() -> int:
    return int(clock.monotonic() * 1000)


_decode: Final = msgspec.json.Decoder(Order).decode
_decode_hold: Final = msgspec.json.Decoder(HoldOrder).decode
_decode_refund: Final = msgspec.json.Decoder(RefundOrder).decode
_decode_capture: Final = msgspec.json.Decoder(CaptureOrder).decode
