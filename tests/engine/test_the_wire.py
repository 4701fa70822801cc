"""What comes over the wire and is no request, or stops half-way: the process answers or hangs up, and lives."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from itertools import product
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
import pytest_asyncio

from service.api.public import CONTRACT
from service.api.reply import PAGE_POLICY
from service.config import Settings
from service.errors import Code
from service.server import wire
from tests.conftest import of_its_own
from tests.engine.processes import Service, serving, world_of
from tests.flows.world import NOON, World

# Bytes sent, and the codes that may come back; an empty one is a connection closed without an answer.
HOST = b"Host: tenor\r\n"
HEAD = b"POST /v1/plans HTTP/1.1\r\n" + HOST
KEYED = HEAD + b"Authorization: Bearer %(key)b\r\nContent-Type: application/json\r\nIdempotency-Key: wire\r\n"
LIVE = b"GET /livez HTTP/1.1\r\n"
MALFORMED, TOO_LARGE, HEAD_TOO_LARGE = Code.MALFORMED, Code.TOO_LARGE, Code.HEAD_TOO_LARGE
WIRE: dict[str, tuple[bytes, str]] = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", MALFORMED),
    "nothing": (b"\r\n\r\n", ""),
    "another protocol": (b"GET / HTTP/9.9\r\n\r\n", MALFORMED),
    "a newer protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", MALFORMED),
    "an unknown method": (b"FOO /livez HTTP/1.1\r\n" + HOST + b"\r\n", Code.METHOD_NOT_ALLOWED),
    "a tunnel": (b"CONNECT tenor:443 HTTP/1.1\r\nHost: tenor:443\r\n\r\n", Code.METHOD_NOT_ALLOWED),
    "an address just short enough": (
        b"GET /" + b"a" * (wire.ADDRESS_MAX - 1) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        Code.NOT_FOUND,
    ),
    "an address a little too long": (
        b"GET /" + b"a" * wire.ADDRESS_MAX + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        Code.ADDRESS_TOO_LONG,
    ),
    "a long address": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", Code.ADDRESS_TOO_LONG),
    "an endless address": (b"GET /" + b"a" * 1_000_000, Code.ADDRESS_TOO_LONG),
    "a long header": (HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n", HEAD_TOO_LARGE),
    "an endless header": (HEAD + b"X: " + b"a" * 10_000_000, HEAD_TOO_LARGE),
    "many headers": (HEAD + b"X: 1\r\n" * 100 + b"\r\n", HEAD_TOO_LARGE),
    "endless headers": (HEAD + b"X: 1\r\n" * 20_000, HEAD_TOO_LARGE),
    "no host": (LIVE + b"\r\n", MALFORMED),
    "two hosts": (LIVE + HOST + b"host: other\r\n\r\n", MALFORMED),
    "a NUL in a header": (HEAD + b"X: a\x00b\r\n\r\n", MALFORMED),
    "a DEL in a header": (HEAD + b"X: a\x7fb\r\n\r\n", MALFORMED),
    "a header without a name": (HEAD + b": a\r\n\r\n", MALFORMED),
    "bytes in the path": (b"GET /v1/plans/\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", MALFORMED),
    "letters in the path": ("GET /v1/plans/ä HTTP/1.1\r\nHost: tenor\r\n\r\n".encode(), MALFORMED),
    "a negative length": (KEYED + b"Content-Length: -1\r\n\r\n", MALFORMED),
    "a length that is none": (KEYED + b"Content-Length: ten\r\n\r\n", MALFORMED),
    "two lengths": (KEYED + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", MALFORMED),
    "length and chunks": (KEYED + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MALFORMED),
    "a chunk that is none": (KEYED + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", MALFORMED),
    "half a body": (KEYED + b"Content-Length: 20\r\n\r\n{", MALFORMED),
    "announced too large": (KEYED + b"Content-Length: 99999999999\r\n\r\n", TOO_LARGE),
    "too large in chunks": (
        KEYED + b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 5 + b"0\r\n\r\n",
        TOO_LARGE,
    ),
    "no body at all": (KEYED + b"Content-Length: 0\r\n\r\n", MALFORMED),
    "a bad body": (KEYED + b"Content-Length: 1\r\n\r\n{", MALFORMED),
    "a header after the body": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer %(key)b\r\n\r\n",
        Code.UNAUTHORIZED,
    ),
}  # fmt: skip


pytestmark = pytest.mark.long
SHARED = pytest.mark.asyncio(loop_scope="module")  # on one service, which none of these tests stops


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Service, World]]:
    """A running service with one process, and the demo's cast at it."""
    async with of_its_own(tmp_path_factory.mktemp("served"), 3) as (settings, pool):
        with serving(settings, workers=1) as service:
            async with world_of(service, pool) as world:
                yield service, world


async def connect(service: Service) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(service.base_url)
    return await asyncio.open_connection(place.hostname, place.port)


async def answers_to(service: Service, raw: bytes, *, closing: bool = True) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of all that comes back until the connection is closed, by us if `closing`."""
    reader, writer = await connect(service)
    writer.write(raw)
    if closing:
        writer.write_eof()
    found = []
    while line := await asyncio.wait_for(reader.readline(), 30):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(one.lower().split(": ", 1) for one in head.strip().split("\r\n"))
        found.append((int(line.split()[1]), headers, await reader.readexactly(int(headers["content-length"]))))
    writer.close()
    return found


@SHARED
async def test_the_wire(served: tuple[Service, World]) -> None:
    service, world = served
    before, workers = await world.row_counts(), service.workers()
    wrong = {}
    for case, (raw, expected) in WIRE.items():
        said = [*await answers_to(service, raw.replace(b"%(key)b", world.demo.merchant_key.encode()))]
        media = {headers["content-type"] for _, headers, _ in said}
        codes = [json.loads(body)["code"] for _, _, body in said if media == {"application/problem+json"}]
        if codes != ([expected] if expected else []):
            wrong[case] = said
        if expected == Code.METHOD_NOT_ALLOWED and said[0][1]["allow"] != "get, head, options, post":
            wrong[case] = said
    assert wrong == {}
    for _ in range(20):  # half a request, and gone
        _, writer = await connect(service)
        writer.write(KEYED + b"Content-Length: 100\r\n\r\n{")
        writer.transport.abort()
    assert (await world.http.get("/readyz")).json() == {"status": "ready"}
    assert await world.row_counts() == before
    assert service.workers() == workers


# Other spellings of an address: a balancer that keeps /v1/operator for itself does not know them again.
SPELLINGS = (
    "//v1/events", "/v1//events", "/v1/events/", "/v1/events//", "/v1%2fevents", "/v1%2Fevents", "/v1/events%2f",
    "/%76%31/events", "/v1/%65vents", "/v1/event%73?limit=1", "/v1/./events", "/v1/x/../events", "/V1/events",
    "/v1/events;a=b", "/v1/events#x", "/v1/events%00", "/v1/events%20", "/v1\\events", "http://tenor//v1/events",
    "/v1/events/%2e", "//livez", "/livez/", "/live%7a", "/readyz/", "//openapi.yaml",
)  # fmt: skip


@SHARED
async def test_an_address_has_one_spelling(served: tuple[Service, World]) -> None:
    service, world = served
    key = f"Authorization: Bearer {world.demo.merchant_key}"
    said = {}
    for path in ("/v1/events", "/v1/events?", "http://tenor/v1/events", "/livez", *SPELLINGS):
        ((status, headers, body),) = await answers_to(service, ask(path, key))
        said[path] = status, json.loads(body).get("code"), headers.get("location")
    right = {path: (200, None, None) for path in said if path not in SPELLINGS}
    assert said == right | dict.fromkeys(SPELLINGS, (404, Code.NOT_FOUND, None))


def ask(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: tenor", *headers, "", ""]).encode()


async def test_requests_sent_at_once_are_answered_in_order(settings: Settings) -> None:
    with serving(settings, workers=1) as service:
        raw = ask("/livez") + ask("/nowhere") + ask("/readyz", "Connection: close")
        said = await answers_to(service, raw, closing=False)
        assert [status for status, _, _ in said] == [200, 404, 200]
        assert said[2][2] == b'{"status":"degraded","degraded":["no policy is in force"]}'
        said = await answers_to(service, ask("/readyz") + ask("/livez") + b"?\r\n\r\n" + ask("/livez"), closing=False)
        assert [status for status, _, _ in said] == [200, 200, 400]
        said = await answers_to(service, ask("/readyz") + KEYED + b"Content-Length: 9\r\n\r\n{")
        assert [status for status, _, _ in said] == [200, 400]


@SHARED
async def test_head_is_get_without_the_body(served: tuple[Service, World]) -> None:
    service, world = served
    paths = {"/livez": 200, "/readyz": 200, "/openapi.yaml": 200, "/v1/events": 200, "/v1/events?limit=1": 200,
             "/v1/plans/none": 404, "/nowhere": 404, "/v1/checkouts": 405}  # fmt: skip
    async with httpx.AsyncClient(base_url=service.base_url) as http:
        for path, status in paths.items():
            auth = {"Authorization": world.merchant.authorization}
            whole, head = await http.get(path, headers=auth), await http.head(path, headers=auth)
            again = await http.get(path, headers=auth)  # a body after HEAD would spoil this one
            assert (whole.status_code, head.status_code, again.status_code) == (status, status, status), path
            said = [
                {name: value for name, value in one.headers.items() if name not in ("date", "request-id")}
                for one in (whole, head)
            ]
            assert (head.content, said[1], again.content) == (b"", said[0], whole.content), path
            assert head.headers["content-length"] != "0"
        assert (await http.head("/v1/events")).status_code == 401
        refused = await http.post("/livez")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@SHARED
async def test_every_answer_says_how_it_is_to_be_treated(served: tuple[Service, World]) -> None:
    """JSON, a problem, one of a request that cannot be read, a file, a page; the contract alone is kept."""
    service, world = served
    safe = {"cache-control": "no-store", "x-content-type-options": "nosniff",
            "content-security-policy": "frame-ancestors 'none'"}  # fmt: skip
    offer = await world.offer(await world.consumer(), 100_00, "instalments")
    key, page = f"Authorization: Bearer {world.demo.merchant_key}", "Accept: text/html"
    raws = [
        ask("/livez"), ask("/v1/events"), ask("/v1/events", key), ask("/nowhere"), b"?\r\n\r\n",
        ask(f"/v1/offers/{offer['id']}/disclosure", key),
        HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n",
    ]  # fmt: skip
    for raw in raws:
        ((_, headers, _),) = await answers_to(service, raw)
        assert headers | safe == headers, raw[:60]
    ((status, headers, _),) = await answers_to(service, ask(f"/v1/offers/{offer['id']}/disclosure", key, page))
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert headers["content-security-policy"] == PAGE_POLICY
    assert "frame-ancestors 'none'" in PAGE_POLICY
    assert (headers["referrer-policy"], headers["cache-control"], headers["x-content-type-options"]) == (
        "no-referrer", "no-store", "nosniff",
    )  # fmt: skip


@SHARED
async def test_the_contract_is_sent_once_and_packed(served: tuple[Service, World]) -> None:
    service, _ = served
    tags = set()
    async with httpx.AsyncClient(base_url=service.base_url) as http:
        for accepts, packed in (("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("gzip;q=0", False)):
            whole = await http.get("/openapi.yaml", headers={"Accept-Encoding": accepts})
            assert (whole.status_code, whole.headers.get("content-encoding")) == (200, "gzip" if packed else None)
            assert whole.content == CONTRACT.read_bytes()
            assert whole.headers["cache-control"] == "no-cache"
            assert whole.headers["vary"] == "Accept-Encoding"
            assert int(whole.headers["content-length"]) < (len(whole.content) / 3 if packed else 1e9)
            tag = whole.headers["etag"]
            tags.add((packed, tag))
            asked = {"Accept-Encoding": accepts, "If-None-Match": f'"old", {tag}'}
            same = await http.get("/openapi.yaml", headers=asked)
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
            other = await http.get("/openapi.yaml", headers=asked | {"If-None-Match": '"old"'})
            assert other.status_code == 200
    assert len(tags) == 2  # one of the text, one of what is packed


UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"


@SHARED
async def test_who_would_rather_speak_another_protocol(served: tuple[Service, World]) -> None:
    """A body is read, whole or in chunks, in however many pieces it comes; and what follows it, too."""
    service, world = served
    plan = await world.plan(await world.consumer(limit=20_000_00), 500_00, "deposit", deposit_amount=2_000_00)
    body = '{"amount":100}'
    whole = f"Content-Length: {len(body)}\r\n\r\n{body}"
    chunked = f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    left = plan["remaining"]
    for upgrade, framed, pieces in product(("", UPGRADE), (whole, chunked), (1, 2, 1000)):
        head = (
            f"POST /v1/plans/{plan['id']}/release HTTP/1.1\r\nHost: tenor\r\n{upgrade}"
            f"Authorization: Bearer {world.demo.merchant_key}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {uuid.uuid4()}\r\n"
        )
        raw = (head + framed).encode() + ask("/nowhere") + ask("/livez", "Connection: close")
        assert await codes_of(service, raw, pieces) == [b"200", b"404", b"200"], (upgrade, framed, pieces)
        left -= 100
        assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["remaining"] == left


async def codes_of(service: Service, raw: bytes, pieces: int) -> list[bytes]:
    """The status of each answer to bytes that are sent in so many pieces."""
    reader, writer = await connect(service)
    size = -(-len(raw) // pieces)
    for start in range(0, len(raw), size):
        writer.write(raw[start : start + size])
        await asyncio.sleep(0 if pieces > 2 else 0.05)
    said = (await asyncio.wait_for(reader.read(), 30)).split(b"HTTP/1.1 ")[1:]
    writer.close()
    return [answer[:3] for answer in said]


@SHARED
async def test_who_has_said_all_is_still_answered(served: tuple[Service, World]) -> None:
    service, world = served
    consumer = await world.consumer(limit=20_000_00)
    offer = await world.offer(consumer, 600_00, "instalments")
    body = msgspec.json.encode({"offer_id": offer["id"]})
    raw = ask("/livez") + KEYED.replace(b"%(key)b", world.demo.merchant_key.encode())
    raw += b"Tenor-Clock: %b\r\n" % NOON.isoformat().encode()
    said = await answers_to(service, raw + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert [status for status, _, _ in said] == [200, 201]
    assert json.loads(said[1][2])["state"] == "authorized"


async def test_who_leaves_between_two_requests_leaves_no_trace(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(settings, workers=1) as service:
        for path in ("/openapi.yaml", "/livez", "/v1/events"):
            for number in range(20):
                _, writer = await connect(service)
                writer.write(ask(path) * 20)
                await asyncio.sleep(number / 1000)
                writer.transport.abort()
        ((status, _, _),) = await answers_to(service, ask("/livez"))
        assert status == 200
    assert capfd.readouterr().err == ""
