"""A newcomer reads one payment from the socket to the ledger in at most 15 files: those that the README names.

A payment is sent through a socket, and all calls of our code are watched. Who wants to come to the landmarks below has
to read the files through which the call goes there: those, and no other, are the README's. What such a file calls on
its way (who asks, what is an id, how a row is written) says by its name what it does.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn

import service
from service.exchange import Edge
from service.server.door import State
from service.server.reading import Reading
from service.server.wire import Protocol
from tests.flows.world import NOON, World

CODE: Final = f"{Path(service.__file__).parent}/"
README: Final = Path(service.__file__).parent.parent / "README.md"
FILES_MAX: Final = 15
AROUND: Final = {"exchange.py", "admission.py"}  # stand around each request, whatever it is about
SOCKET: Final = "server/wire.py"
LANDMARKS: Final = {
    "api/guard.py:guard",  # who may
    "api/plan_money.py:record_payment",  # what is asked
    "engine/lane.py:submit",  # handed over
    "plans/store.py:read",  # what it may read
    "plans/payment.py:apply",  # what it does
    "plans/running/paying.py:paid",  # what becomes of the schedule
    "ledger/booking.py:settled",  # what is booked
    "plans/store.py:write",  # written
}


def test_the_readme_names_so_many_at_most() -> None:
    assert 10 <= len(named()) <= FILES_MAX
    assert len(named()) == len(set(named()))


async def test_the_call_goes_through_these_files_and_no_other(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    assert captured.status_code == 200
    watched = Watched()
    await pay(world, plan["id"], watched)
    assert watched.reached == LANDMARKS | {f"{SOCKET}:data_received"}
    assert watched.files == set(named())
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["paid"] == 150_00


def named() -> list[str]:
    """The files that the README lists for a payment, in its order."""
    said = (
        README.read_text().partition("A payment goes through these, in this order:")[2].partition("Read these first")[0]
    )
    return re.findall(r"`([a-z_/]+\.py)`", said)


class Watched:
    """The landmarks that calls came to, and the files through which they came."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self.files: set[str] = set()

    def __call__(self, frame: FrameType, happens: str, _: Any) -> None:
        """As `sys.setprofile` calls it."""
        if happens != "call" or (file := ours(frame)) is None:
            return
        place = f"{file}:{frame.f_code.co_name}"
        if place == f"{SOCKET}:data_received":
            self.reached.add(place)
            self.files.add(file)
        elif place in LANDMARKS:
            self.reached.add(place)
            self.files |= {one for one in callers(frame) if one not in AROUND}


def callers(frame: FrameType | None) -> Iterator[str]:
    """The files of ours on the way to a call, its own among them."""
    while frame is not None:
        if (file := ours(frame)) is not None:
            yield file
        frame = frame.f_back


def ours(frame: FrameType) -> str | None:
    path = frame.f_code.co_filename
    return path.removeprefix(CODE) if path.startswith(CODE) else None


async def pay(world: World, plan_id: str, watched: Watched) -> None:
    """A payment through a socket of this process, watched."""
    config = uvicorn.Config(world.app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.loaded_app = Edge(world.app)
    state, body = State(), b'{"amount": 15000}'
    server = await asyncio.get_running_loop().create_server(
        lambda: Reading(lambda: Protocol(config, state, {})), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    head = [
        f"POST /v1/plans/{plan_id}/payments HTTP/1.1", "Host: tenor", f"Authorization: {world.merchant.authorization}",
        "Idempotency-Key: once", f"Tenor-Clock: {NOON.isoformat()}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", "", "",
    ]  # fmt: skip
    sys.setprofile(watched)
    try:
        writer.write("\r\n".join(head).encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
    finally:
        sys.setprofile(None)
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    writer.close()
    await writer.wait_closed()
    server.close()
    async with asyncio.timeout(10):
        while state.connections:
            await asyncio.sleep(0.01)
