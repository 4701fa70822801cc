"""What comes over the wire and is no request, or stops half-way: the process answers or hangs up, and lives."""

import asyncio
from urllib.parse import urlsplit

from service import db
from service.config import Settings
from tests.engine.processes import Service, serving, world_of

# Bytes sent, and the statuses that may come back; 0 is a connection closed without an answer.
HEAD = b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\n"
KEYED = HEAD + b"Authorization: Bearer %(key)b\r\nContent-Type: application/json\r\nIdempotency-Key: wire\r\n"
WIRE: dict[str, tuple[bytes, set[int]]] = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {0, 400}),
    "nothing": (b"\r\n\r\n", {0, 400}),
    "another protocol": (b"GET / HTTP/9.9\r\n\r\n", {0, 400, 401, 404, 505}),
    "a long line": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", {0, 400, 404, 414, 431}),
    "a long header": (HEAD + b"X: " + b"a" * 200_000 + b"\r\n\r\n", {0, 400, 401, 431}),
    "a NUL in a header": (HEAD + b"X: a\x00b\r\n\r\n", {0, 400}),
    "bytes in the path": (b"GET /v1/plans/\xff\xfe HTTP/1.1\r\nHost: t\r\n\r\n", {0, 400, 401, 404}),
    "bytes in the query": (b"GET /v1/events?after=\xff HTTP/1.1\r\nHost: t\r\n\r\n", {0, 400, 401}),
    "a negative length": (KEYED + b"Content-Length: -1\r\n\r\n", {0, 400}),
    "a length that is none": (KEYED + b"Content-Length: ten\r\n\r\n", {0, 400}),
    "two lengths": (KEYED + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {0, 400}),
    "length and chunks": (KEYED + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {0, 400}),
    "a chunk that is none": (KEYED + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {0, 400}),
    "announced too large": (KEYED + b"Content-Length: 99999999999\r\n\r\n", {413}),
    "too large in chunks": (
        KEYED + b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 5 + b"0\r\n\r\n",
        {413},
    ),
    "no body at all": (KEYED + b"Content-Length: 0\r\n\r\n", {400}),
    "a bad body": (KEYED + b"Content-Length: 1\r\n\r\n{", {400}),
}


async def status_of(service: Service, raw: bytes) -> int:
    """The status that comes back; 0 if none does."""
    place = urlsplit(service.base_url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(raw)
        await writer.drain()
        writer.write_eof()
        line = await asyncio.wait_for(reader.readline(), 10)
    except ConnectionError:
        return 0
    finally:
        writer.close()
    return int(line.split()[1]) if line else 0


async def test_the_wire(settings: Settings, pool: db.Pool) -> None:
    with serving(settings, workers=1) as service:
        async with world_of(service, pool) as world:
            before, workers = await world.row_counts(), service.workers()
            wrong = {}
            for case, (raw, expected) in WIRE.items():
                status = await status_of(service, raw.replace(b"%(key)b", world.demo.merchant_key.encode()))
                if status not in expected:
                    wrong[case] = status
            assert wrong == {}
            for _ in range(20):  # half a request, and gone
                _, writer = await asyncio.open_connection(*urlsplit(service.base_url).netloc.split(":"))
                writer.write(KEYED + b"Content-Length: 100\r\n\r\n{")
                writer.transport.abort()
            assert (await world.http.get("/readyz")).json() == {"status": "ready"}
            assert await world.row_counts() == before
            assert service.workers() == workers


async def test_requests_sent_at_once_are_answered_in_order(settings: Settings, pool: db.Pool) -> None:
    with serving(settings, workers=1) as service:
        place = urlsplit(service.base_url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        ask = "GET {} HTTP/1.1\r\nHost: tenor\r\n{}\r\n"
        writer.write("".join([ask.format("/livez", ""), ask.format("/nowhere", ""),
                              ask.format("/readyz", "Connection: close\r\n")]).encode())  # fmt: skip
        answers = (await asyncio.wait_for(reader.read(), 10)).split(b"HTTP/1.1 ")[1:]
        writer.close()
    assert [answer[:3] for answer in answers] == [b"200", b"404", b"200"]
    assert answers[2].endswith(b'{"status":"ready"}')
