"""Who is not let in hears so at once, on a connection that goes on; and whether a request is plain is told rightly."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from service.admission import Urgency
from service.exchange import Edge
from service.server.door import STRIKES_MAX, State, plain_request
from service.server.reading import Reading
from service.server.wire import Protocol

HEAD = b"Host: tenor\r\n"
CHECKOUT = b"POST /v1/checkouts HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\n{}"
PAYMENT = b"POST /v1/plans/pl_1/payments HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\n{}"
ALMA = b"POST /alma/v1/payments HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\n{}"
AFTERPAY = b"POST /v2/checkouts/ HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\n{}"
WECHAT = b"POST /v3/payscore/serviceorder HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\n\r\n{}"
WORDS: dict[bytes, dict[str, Any]] = {
    ALMA: {"error_code": "busy"},
    AFTERPAY: {"httpStatusCode": 503},
    WECHAT: {"code": "SYSTEM_ERROR"},
}
LIST = b"GET /v1/plans?limit=1 HTTP/1.1\r\nHost: tenor\r\n\r\n"
UNUSUAL = b"GET /v1/plans HTTP/1.1\r\nHost: tenor\r\nConnection: close\r\n\r\n"


class House:
    """A server on which every request waits until it is let go, and each takes long."""

    def __init__(self) -> None:
        self.state = State()
        self.state.admission._pace_s = 0.1
        self.go = asyncio.Event()
        self.begun = 0
        self.status = 200
        self.opened: list[asyncio.StreamWriter] = []
        self.port = 0

    async def app(self, _: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        while (await receive()).get("more_body"):
            pass
        await self.go.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(self, raw: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """On a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        self.opened.append(writer)
        return reader, writer


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    config = uvicorn.Config(made.app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.loaded_app = Edge(made.app)
    server = await asyncio.get_running_loop().create_server(
        lambda: Reading(lambda: Protocol(config, made.state, {})), "127.0.0.1", 0
    )
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.go.set()
    for writer in made.opened:
        writer.close()
    async with asyncio.timeout(10):
        while made.state.connections:
            await asyncio.sleep(0.01)
    server.close()


async def heard(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = {name.lower(): value for name, value in re.findall(r"([\w-]+): (.*)\r\n", head)}
    return int(head[9:12]), headers, await reader.readexactly(int(headers["content-length"]))


@pytest.mark.parametrize("raw", [CHECKOUT, PAYMENT, LIST, UNUSUAL])
async def test_so_many_are_let_in_and_the_others_hear_at_once(house: House, raw: bytes) -> None:
    urgency = {CHECKOUT: Urgency.CHECKOUT, PAYMENT: Urgency.MONEY}.get(raw, Urgency.LIST)
    connections = [await house.send(raw) for _ in range(urgency.always + 4)]
    answers = await asyncio.gather(*(heard(reader) for reader, _ in connections[urgency.always :]))
    assert {status for status, _, _ in answers} == {503}
    assert {said["retry-after"] for _, said, _ in answers} == {"1"}
    assert house.begun == urgency.always
    house.go.set()
    answers = await asyncio.gather(*(heard(reader) for reader, _ in connections[: urgency.always]))
    assert {status for status, _, _ in answers} == {200}
    assert house.state.admission._under_way == 0
    for reader, writer in connections[urgency.always :]:  # who was refused may ask again
        if raw == UNUSUAL:
            assert await reader.read() == b""
        else:
            writer.write(raw)
            assert (await heard(reader))[0] == 200


@pytest.mark.parametrize("raw", WORDS)
async def test_other_providers_clients_hear_it_in_their_words(house: House, raw: bytes) -> None:
    for _ in range(Urgency.CHECKOUT.always):
        await house.send(raw)
    await begun(house, Urgency.CHECKOUT.always)
    reader, _ = await house.send(raw)
    status, said, body = await heard(reader)
    assert (status, said["content-type"], said["retry-after"]) == (503, "application/json", "1")
    told = json.loads(body)
    assert told.items() >= WORDS[raw].items()
    assert "send the same request again" in told["message"]


async def begun(house: House, count: int) -> None:
    async with asyncio.timeout(5):
        while house.begun < count:
            await asyncio.sleep(0.001)


async def test_payments_are_let_in_before_checkouts_and_those_before_lists(house: House) -> None:
    told = []
    for _ in range(Urgency.MONEY.always + 2):
        for raw in (LIST, CHECKOUT, PAYMENT):
            reader, _ = await house.send(raw)
            answer = asyncio.create_task(heard(reader))
            before = house.begun
            while house.begun == before and not answer.done():
                await asyncio.sleep(0.001)
            if not answer.done():
                told.append(raw)
                break
    list_, checkout, money = Urgency.LIST.always, Urgency.CHECKOUT.always, Urgency.MONEY.always
    assert [told.count(raw) for raw in (LIST, CHECKOUT, PAYMENT)] == [list_, checkout - list_, money - checkout]


async def test_in_one_line_the_refused_are_told_in_their_order(house: House) -> None:
    for _ in range(Urgency.LIST.always - 1):
        await house.send(LIST)
    await begun(house, Urgency.LIST.always - 1)
    reader, _ = await house.send(LIST + CHECKOUT + LIST + PAYMENT)
    await begun(house, Urgency.LIST.always)
    for _ in range(Urgency.CHECKOUT.always - Urgency.LIST.always):
        await house.send(CHECKOUT)
    await begun(house, Urgency.CHECKOUT.always)
    house.go.set()
    assert [(await heard(reader))[0] for _ in range(4)] == [200] * 4


async def test_who_sends_slowly_takes_nobodys_place(house: House) -> None:
    slow = [await house.send(CHECKOUT[:-1]) for _ in range(100)]
    await begun(house, len(slow))
    house.go.set()
    reader, _ = await house.send(LIST)
    assert (await heard(reader))[0] == 200
    for reader, writer in slow:
        writer.write(b"}")
        assert (await heard(reader))[0] == 200
    assert house.state.admission._under_way == 0


async def test_who_has_no_key_is_not_answered_for_ever(house: House) -> None:
    house.status = 401
    house.go.set()
    reader, _ = await house.send(LIST * 5_000)
    raw = await reader.read()
    assert raw.count(b"HTTP/1.1 401 ") == STRIKES_MAX
    assert raw.count(b"connection: close") == 1
    assert house.begun == STRIKES_MAX
    house.status = 200
    reader, _ = await house.send(LIST * 100)
    for _ in range(100):
        assert (await heard(reader))[0] == 200


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (CHECKOUT, ("POST", "/v1/checkouts")),
        (LIST, ("GET", "/v1/plans")),
        (CHECKOUT + b"x", None),
        (CHECKOUT[:-1], None),
        (LIST + LIST, None),
        (UNUSUAL, None),
        (b"HEAD /v1/plans HTTP/1.1\r\nHost: tenor\r\n\r\n", None),
        (b"GET /livez HTTP/1.1\r\nHost: tenor\r\n\r\n", None),
        (b"GET /v1/plans HTTP/1.0\r\nHost: tenor\r\n\r\n", None),
        (b"GET /v1/plans HTTP/1.1\r\n\r\n", None),
        (b"GET /v1/plans HTTP/1.1\r\nHost: tenor\r\nHost: tenor\r\n\r\n", None),
        (b"GET /v1/plans HTTP/1.1\nHost: tenor\n\n", None),
        (b"GET /v1/plans HTTP/1.1\r\nHost: tenor\r\n folded\r\n\r\n", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nX-Content-Length: 2\r\n\r\n{}", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nContent-Length: +2\r\n\r\n{}", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", None),
        (b"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nContent-Length: 0\r\n\r\n", ("POST", "/v1/plans")),
    ],
)
def test_what_is_plain(raw: bytes, plain: tuple[str, str] | None) -> None:
    assert plain_request(raw) == plain
