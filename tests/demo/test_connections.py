"""The lean client, against a server that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.demo import connections as connections_module
from service.demo.connections import Answered, Connections

GOOD = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
BAD = b"HTTP/1.1 422 Unprocessable\r\ncontent-length: 3\r\nconnection: close\r\n\r\nwhy"


class Server:
    """Gives one answer after the other, on whatever connection a request comes; an empty one ends the connection."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        self.connections = self.under_way = self.most_under_way = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            self.under_way += 1
            self.most_under_way = max(self.under_way, self.most_under_way)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            await asyncio.sleep(0.001)
            self.under_way -= 1
            answer = self.answers.pop(0)
            for byte in range(0, len(answer), 30):  # in pieces
                writer.write(answer[byte : byte + 30])
                await writer.drain()
            if not answer or b"close" in answer:
                break
        writer.close()


@asynccontextmanager
async def serving(answers: list[bytes], most: int = 2) -> AsyncIterator[tuple[Server, Connections]]:
    told = Server(answers)
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    connections = Connections(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", most)
    yield told, connections
    await connections.close()
    server.close()
    await server.wait_closed()


async def test_a_request_and_its_answer() -> None:
    async with serving([GOOD]) as (server, connections):
        answered = await connections.send("POST", "/v1/x?y=1", {"Idempotency-Key": "k"}, b"{}")
    assert answered == Answered(201, b'{"a":1}')
    assert answered.json() == {"a": 1}
    assert server.requests == [
        b"POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nIdempotency-Key: k\r\n\r\n{}"
    ]


async def test_connections_stay_open_and_are_as_many_as_allowed() -> None:
    async with serving([GOOD] * 20) as (server, connections):
        answers = await asyncio.gather(*(connections.send("GET", "/", {}) for _ in range(20)))
    assert {one.status for one in answers} == {201}
    assert (server.connections, server.most_under_way) == (2, 2)


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    async with serving([BAD, GOOD, b"", GOOD]) as (server, connections):
        refused = await connections.send("GET", "/", {})
        assert (refused.status, refused.body) == (422, b"why")
        with pytest.raises(RuntimeError, match="422: why"):
            refused.json()
        assert (await connections.send("GET", "/", {})).status == 201
        with pytest.raises(ConnectionError, match="GET /"):
            await connections.send("GET", "/", {})
        assert (await connections.send("GET", "/", {})).status == 201
        assert server.connections == 3


async def test_where_nobody_listens_it_says_so() -> None:
    async with serving([]) as (_, connections):
        pass
    with pytest.raises(OSError):
        await connections.send("GET", "/", {})


async def test_what_was_not_done_is_sent_again_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    away = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\naway"
    monkeypatch.setattr(connections_module, "AGAIN_AFTER_S", (0.001, 0.001))
    async with serving([away, GOOD, away, away, away]) as (server, connections):
        answered = await connections.send("POST", "/v1/x", {"Idempotency-Key": "k"}, b"{}")
        given_up = await connections.send("GET", "/", {})
    assert (answered.status, given_up.status, len(server.requests)) == (201, 503, 5)
    assert server.requests[0] == server.requests[1]
