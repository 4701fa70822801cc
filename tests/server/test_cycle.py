"""A whole answer is on the wire what it is in two messages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from service.exchange import WHOLE
from service.server.door import State
from service.server.wire import Protocol

HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"5")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    headers = list(HEADERS)
    if b"last" in scope["query_string"]:
        headers.append((b"connection", b"close"))
    if b"broken" in scope["query_string"]:
        headers.append((b"x-name", b"one\r\nx-other: two"))
    head = {"type": "http.response.start", "status": 404 if b"none" in scope["query_string"] else 200}
    if scope["path"] == "/whole":
        assert WHOLE in scope["extensions"]
        await send(head | {"type": WHOLE, "headers": headers, "body": b"hello"})
    else:
        await send(head | {"headers": headers})
        await send({"type": "http.response.body", "body": b"hello", "more_body": False})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.loaded_app = app
    state = State()
    state.default_headers = [(b"date", b"Sat, 31 Jan 2026 12:00:00 GMT")]
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def heard(port: int, asked: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked.encode())
    writer.write_eof()
    raw = await reader.read()
    writer.close()
    return raw


@pytest.mark.parametrize(
    "asked",
    [
        "GET {} HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "HEAD {} HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "GET {}?none HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "GET {} HTTP/1.0\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: tenor\r\nConnection: close\r\n\r\n",
        "GET {}?last HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "GET {}?last HTTP/1.1\r\nHost: tenor\r\n\r\nGET /two HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: tenor\r\n\r\nGET {}?none HTTP/1.1\r\nHost: tenor\r\n\r\n",
        "POST {} HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\nab",
        "POST {} HTTP/1.1\r\nHost: tenor\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    ],
)
async def test_it_is_the_same_as_in_two(port: int, asked: str) -> None:
    whole = await heard(port, asked.replace("{}", "/whole"))
    assert whole == await heard(port, asked.replace("{}", "/two"))
    assert whole.startswith(b"HTTP/1.1 ")


async def test_a_header_of_two_lines_is_not_sent(port: int) -> None:
    raw = await heard(port, "GET /whole?broken HTTP/1.1\r\nHost: tenor\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 500 ")
    assert b"x-other" not in raw
