"""Time on the wire, on real sockets and a short clock: who is waited for, for how long, and what he hears."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from service import wire

WITHIN_S = 0.3
HEAD = b"POST /%b HTTP/1.1\r\nHost: tenor\r\nContent-Length: %d\r\n\r\n"
HALF = WITHIN_S / 2


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server that says how long the body was; at /slow later, at /early before it has read it."""
    monkeypatch.setattr(wire, "WHOLE_WITHIN_S", WITHIN_S)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await asyncio.sleep(2 * WITHIN_S)
        size, more = 0, scope["path"] != "/early"
        while more:
            event = await receive()
            if event["type"] != "http.request":
                left.append(scope["path"])
                return
            size, more = size + len(event["body"]), event["more_body"]
        body = b"%d" % size
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    left.clear()
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.loaded_app = app
    config.timeout_keep_alive = 2 * WITHIN_S  # type: ignore[assignment]
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: wire.Protocol(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


left: list[str] = []  # the paths whose body never came


async def heard(port: int, *pieces: bytes, every_s: float = 0) -> tuple[list[str], float]:
    """The statuses of all answers until the server closes, and how long that took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    clock = asyncio.get_running_loop().time
    begun = clock()
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(every_s)
    raw = await asyncio.wait_for(reader.read(), 20 * WITHIN_S)
    writer.close()
    return re.findall(r"HTTP/1\.1 (\d+) ", raw.decode()), clock() - begun


@pytest.mark.parametrize(
    ("pieces", "statuses", "took"),
    [
        ((), [], 2),  # nothing: as long as between two requests
        ((b"\r\n",), [], 2),
        ((b"G",), ["408"], 1),
        ((b"GET / HTTP/1.1\r\nX",), ["408"], 1),
        ((HEAD % (b"", 2), b"x"), ["408"], 1),
        ((HEAD % (b"early", 2), b"x"), ["200"], 1),
        ((HEAD % (b"", 1) + b"x" + HEAD % (b"", 2),), ["200", "408"], 1),
        ((HEAD % (b"", 1) + b"x",), ["200"], 2),
        ((HEAD % (b"slow", 1) + b"x" + HEAD % (b"", 2),), ["200", "408"], 3),  # what is behind another waits with it
        ((HEAD % (b"slow", 1) + b"x" + b"nonsense\r\n",), ["200", "400"], 2),
        ((HEAD % (b"slow", 1) + b"x", b"\x16\x03"), ["200", "400"], 2),
        ((HEAD % (b"slow", 1) + b"x", b"\x00"), ["200", "400"], 2),
    ],
)
async def test_how_long_a_request_may_take(
    port: int, pieces: tuple[bytes, ...], statuses: list[str], took: int
) -> None:
    found, seconds = await heard(port, *pieces)
    assert found == statuses
    assert (took - 0.1) * WITHIN_S < seconds < (took + 1) * WITHIN_S


async def test_who_waits_for_a_body_hears_that_none_comes(port: int) -> None:
    await heard(port, HEAD % (b"half", 2) + b"x")
    assert left == ["/half"]


async def test_a_long_body_may_take_its_time_while_it_comes(port: int) -> None:
    piece = b"x" * wire.PACE
    found, seconds = await heard(port, HEAD % (b"", 8 * len(piece)), *[piece] * 8, every_s=HALF)
    assert found == ["200"]
    assert seconds > 3 * WITHIN_S
    found, _ = await heard(port, HEAD % (b"", 8 * len(piece)), *[piece[: wire.PACE // 4]] * 8, every_s=HALF)
    assert found == ["408"]
