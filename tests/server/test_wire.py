"""Time and size on the wire, on real sockets and a short clock: who is waited for, for how long, what is kept of whom,
and what a client hears."""

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from service.server import joined, wire
from service.server.door import State
from service.server.last_word import MESSAGE_MAX
from service.server.reading import READ_MAX, WAITING_MAX, Reading

WITHIN_S = 0.8
HEAD = b"POST /%b HTTP/1.1\r\nHost: tenor\r\nContent-Length: %d\r\n\r\n"
HALF = WITHIN_S / 2
GET = b"GET /%b HTTP/1.1\r\nHost: tenor\r\n\r\n"
LONG = b"x" * 1_000_000


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server that says how long the body was; at /slow later, at /early before it was read; a long text at /long."""
    monkeypatch.setattr(wire, "WHOLE_WITHIN_S", WITHIN_S)
    monkeypatch.setattr(joined, "TAKEN_WITHIN_S", WITHIN_S)

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
        most_waiting.append(max(len(one.pipeline) for one in served))
        body = LONG if scope["path"] == "/long" else b"%d" % size
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def protocol() -> wire.Protocol:
        served.append(wire.Protocol(config, state, {}))
        return served[-1]

    left.clear()
    served.clear()
    most_waiting.clear()
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.loaded_app = app
    config.timeout_keep_alive = 2 * WITHIN_S  # type: ignore[assignment]
    state = State()
    server = await asyncio.get_running_loop().create_server(lambda: Reading(protocol), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


left: list[str] = []  # the paths whose body never came
served: list[wire.Protocol] = []
most_waiting: list[int] = []  # requests in one line, at each answer


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


# How much is kept of whom ---------------------------------------------------------------------------------------------


def any_request(chance: random.Random) -> tuple[bytes, int]:
    """A request as short or as full of line ends as can be, and the length of its body."""
    size = chance.choice((0, 0, 1, 40, 5_000, 100_000))
    lines = chance.choice((b"\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"a,b\n" * 100))
    body = (lines * size)[:size]
    match chance.choice(("short", "length", "chunked")):
        case "length":
            return HEAD % (b"", size) + body, size
        case "chunked" if size:
            return b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
                size,
                body,
            ), size
        case _:
            return b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0


@pytest.mark.parametrize("seed", range(4))
async def test_all_that_is_sent_at_once_is_answered_in_order_and_little_of_it_waits(
    port: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "WHOLE_WITHIN_S", 60)
    chance = random.Random(seed)
    requests = [any_request(chance) for _ in range(40)] + [(GET % b"", 0)] * 300
    raw = b"".join(request for request, _ in requests) + b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    at = 0
    while at < len(raw):
        cut = chance.choice((100, 3_000, 300_000))
        writer.write(raw[at : at + cut])
        await writer.drain()
        at += cut
    answers = await reader.read()
    writer.close()
    assert [int(size) for size in re.findall(rb"\r\n\r\n(\d+)", answers)] == [*(size for _, size in requests), 0]
    assert max(most_waiting) <= WAITING_MAX


async def test_who_is_not_answered_yet_is_not_read_any_further(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(client, GET % b"slow" + (GET % b"") * 1_000)
    await asyncio.sleep(HALF)
    assert len(served[0].pipeline) <= WAITING_MAX
    assert served[0].flow.read_paused
    assert len(served[0]._kept) <= READ_MAX
    client.close()


async def test_who_reads_nothing_is_given_up(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(client, (GET % b"long") * 50)
    await asyncio.sleep(HALF)
    assert served[0]._joined.get_write_buffer_size() < 2 * len(LONG)  # the first answers; the others are not begun
    await asyncio.sleep(2 * WITHIN_S)
    assert served[0].server_state.connections == set()
    client.close()


async def test_who_reads_slowly_hears_all_of_it(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, (GET % b"long") * 40)
    heard = 0
    for _ in range(8):  # twice as long as a client is borne with that reads nothing
        until = heard + len(LONG)
        while heard < until:
            heard += len(await loop.sock_recv(client, until - heard))
        await asyncio.sleep(WITHIN_S / 4)
    assert served[0].flow.write_paused
    while heard < 40 * len(LONG):
        heard += len(piece := await loop.sock_recv(client, 1 << 20))
        assert piece
    client.close()


@pytest.mark.parametrize(
    ("path", "length", "statuses"),
    [
        (b"", MESSAGE_MAX + 1, ["413"]),  # nobody reads so much
        (b"early", 10_000_000, ["200"]),  # who was answered is not read to the end
        (b"early", MESSAGE_MAX, ["200"]),
    ],
)
async def test_a_body_that_nobody_wants_is_not_waited_for(
    port: int, path: bytes, length: int, statuses: list[str]
) -> None:
    async with asyncio.timeout(joined.LINGER_S + HALF):
        assert await heard(port, HEAD % (path, length), b"x" * 100_000) == statuses
