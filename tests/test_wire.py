"""Time on the wire, on real sockets and a short clock: who is waited for, for how long, and what he hears."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from service import wire

WITHIN_S = 0.8
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


async def heard(port: int, *pieces: bytes, every_s: float = 0) -> list[str]:
    """The statuses of all answers until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(every_s)
    raw = await reader.read()
    writer.close()
    return re.findall(r"HTTP/1\.1 (\d+) ", raw.decode())


@pytest.mark.parametrize(
    ("pieces", "statuses"),
    [
        ((), []),  # nothing: as long as between two requests
        ((b"\r\n",), []),
        ((b"G",), ["408"]),
        ((b"GET / HTTP/1.1\r\nX",), ["408"]),
        ((HEAD % (b"", 2), b"x"), ["408"]),
        ((HEAD % (b"early", 2), b"x"), ["200"]),
        ((HEAD % (b"", 1) + b"x" + HEAD % (b"", 2),), ["200", "408"]),
        ((HEAD % (b"", 1) + b"x",), ["200"]),
        ((HEAD % (b"slow", 1) + b"x" + HEAD % (b"", 2),), ["200", "408"]),  # what is behind another waits with it
        ((HEAD % (b"slow", 1) + b"x" + b"nonsense\r\n",), ["200", "400"]),
        ((HEAD % (b"slow", 1) + b"x", b"\x16\x03"), ["200", "400"]),
        ((HEAD % (b"slow", 1) + b"x", b"\x00"), ["200", "400"]),
    ],
)
async def test_what_never_becomes_whole_is_not_waited_for(
    port: int, pieces: tuple[bytes, ...], statuses: list[str]
) -> None:
    """The server closes by itself, or this would wait for ever."""
    assert await heard(port, *pieces) == statuses


async def test_who_waits_for_a_body_hears_that_none_comes(port: int) -> None:
    await heard(port, HEAD % (b"half", 2) + b"x")
    assert left == ["/half"]


async def test_a_long_body_may_take_its_time_while_it_comes(port: int) -> None:
    piece = b"x" * wire.PACE
    assert await heard(port, HEAD % (b"", 8 * len(piece)), *[piece] * 8, every_s=HALF) == ["200"]
    little = piece[: wire.PACE // 4]
    assert await heard(port, HEAD % (b"", 8 * len(piece)), *[little] * 3, every_s=HALF) == ["408"]
