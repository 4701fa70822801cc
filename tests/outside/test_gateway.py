"""One contract for every gateway: the simulator in this process, and the HTTP gateway before the served simulator."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from service.http_client import BYTES_MAX, open_client
from service.outside.gateway import Gateway, HttpGateway, Simulator
from service.outside.report import NO_RECORD, UNAVAILABLE, Query, Report, UnderConsent, read_report
from service.outside.source import FACTS, DataType, Purpose, SourceOutcome
from service.reach import ANYWHERE
from service.simulator import create_simulator
from tests.outside.serving import served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "sk_of_the_simulator"
Opened = tuple[Gateway, deque[Query]]  # and what it has received


def query(subject: str, data_type: DataType = DataType.CREDIT_HISTORY, *facts: str) -> Query:
    return Query(
        "en_01JD8Q4Z7K7M8W3N5V2C9XTB4H", subject, data_type, Purpose.CREDIT_DECISION, facts or ("defaults", "score"),
        date(2025, 3, 2), date(2026, 3, 2), UnderConsent("cs_01JD8Q4Z7K7M8W3N5V2C9XTB4H", NOON, NOON),
    )  # fmt: skip


@pytest.fixture(params=["in process", "over http"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    if request.param == "in process":
        simulator = Simulator()
        yield simulator, simulator.received
        return
    app = create_simulator(SECRET)
    async with served(app) as url, open_client(ANYWHERE) as client:
        yield HttpGateway(client, url, SECRET), app.state["received"]


@pytest.mark.parametrize("data_type", DataType)
async def test_it_answers_each_fact_with_its_type(opened: Opened, data_type: DataType) -> None:
    gateway, received = opened
    asked = query("ada@bank", data_type, *FACTS[data_type])
    report = await gateway.ask(asked)
    assert report.outcome is SourceOutcome.ANSWERED
    assert {name: type(fact) for name, fact in report.facts.items()} == FACTS[data_type]
    assert list(received) == [asked]
    assert await gateway.ask(asked) == report


@pytest.mark.parametrize(
    ("subject", "report"),
    [
        ("ada-612", Report(SourceOutcome.ANSWERED, {"score": 612})),
        ("ada-850", Report(SourceOutcome.ANSWERED, {"score": 850})),
        ("ada-unknown", NO_RECORD),
        ("ada-down", UNAVAILABLE),
        ("ada-garbled", UNAVAILABLE),
        ("ada-mistyped", UNAVAILABLE),
    ],
)
async def test_it_says_what_it_knows_or_why_not(opened: Opened, subject: str, report: Report) -> None:
    assert await opened[0].ask(query(subject, DataType.CREDIT_HISTORY, "score")) == report


async def test_nobody_hears_what_was_not_asked(opened: Opened) -> None:
    report = await opened[0].ask(query("ada-talkative", DataType.INCOME, "is_employed"))
    assert list(report.facts) == ["is_employed"]


async def test_who_waits_no_longer_may_leave(opened: Opened) -> None:
    gateway, received = opened
    asking = asyncio.create_task(gateway.ask(query("ada-slow")))
    while not received:
        await asyncio.sleep(0.01)
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


# HTTP ---------------------------------------------------------------------------------------------------------------


async def test_nobody_is_there() -> None:
    async with open_client(ANYWHERE) as client:
        for url in ("http://127.0.0.1:1/", "http://[::", "https://nowhere.invalid/"):
            assert await HttpGateway(client, url, SECRET).ask(query("ada")) == UNAVAILABLE


async def test_it_knows_us_by_our_secret() -> None:
    async with served(create_simulator(SECRET)) as url, open_client(ANYWHERE) as client:
        assert await HttpGateway(client, url, "sk_another").ask(query("ada")) == UNAVAILABLE
        assert (await HttpGateway(client, url, SECRET).ask(query("ada"))).facts


Send = Callable[[Any], Awaitable[None]]
GOOD = b'{"outcome": "answered", "facts": {"score": 612}}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "report"),
    [
        (200, [], GOOD, Report(SourceOutcome.ANSWERED, {"score": 612})),
        (200, [(b"content-encoding", b"gzip")], GOOD, Report(SourceOutcome.ANSWERED, {"score": 612})),  # not believed
        (201, [], GOOD, UNAVAILABLE),
        (302, [(b"location", b"/elsewhere")], GOOD, UNAVAILABLE),
        (307, [(b"location", b"/elsewhere")], GOOD, UNAVAILABLE),
        (200, [], GOOD + b" " * (BYTES_MAX - len(GOOD)), Report(SourceOutcome.ANSWERED, {"score": 612})),
        (200, [], GOOD + b" " * (BYTES_MAX - len(GOOD) + 1), UNAVAILABLE),
        (200, [], b"", UNAVAILABLE),
    ],
)
async def test_only_an_answer_is_read(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes, report: Report
) -> None:
    paths: list[str] = []
    cookies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Send) -> None:
        paths.append(scope["path"])
        cookies.extend(value for name, value in scope["headers"] if name == b"cookie")
        cookie = (b"set-cookie", b"who=ada")
        await send({"type": "http.response.start", "status": status, "headers": [*headers, cookie]})
        await send({"type": "http.response.body", "body": body})

    async with served(app) as url, open_client(ANYWHERE) as client:
        gateway = HttpGateway(client, url, SECRET)
        assert await gateway.ask(query("ada", DataType.CREDIT_HISTORY, "score")) == report
        assert await gateway.ask(query("bob", DataType.CREDIT_HISTORY, "score")) == report
    assert (paths, cookies) == (["/", "/"], [])


# Answers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, {}),
        ({"score": 612, "currency": "EUR"}, {"score": 612, "currency": "EUR"}),
        ({"score": None}, {}),
        ({"score": -(2**53), "currency": ""}, {"score": -(2**53), "currency": ""}),
        ({"score": 2**53 + 1}, None),
        ({"score": 612.0}, None),
        ({"score": "612"}, None),
        ({"score": True}, None),
        ({"score": [612]}, None),
        ({"currency": "x" * 200}, {"currency": "x" * 200}),
        ({"currency": "x" * 201}, None),
        ({"currency": "\x00"}, None),
        ({"currency": "\ud800"}, None),
        ({"defaults": "many"}, {}),  # not asked for, not read
        ({"surname": "Lovelace"}, {}),
    ],
)
def test_what_is_taken_for_a_fact(facts: dict[str, Any], expected: dict[str, Any] | None) -> None:
    asked = query("ada", DataType.CREDIT_HISTORY, "currency", "score")
    body = json.dumps({"outcome": "answered", "facts": facts}).encode()
    report = read_report(asked, 200, body)
    assert report == (UNAVAILABLE if expected is None else Report(SourceOutcome.ANSWERED, expected))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"outcome": "perhaps"}', b'{"outcome": "answered", "facts": []}',
        b'{"outcome": "answered", "facts": {"score": 1e999}}', b"[" * 30_000, b"\xff", b'{"outcome": "answered"',
        b'{"outcome": "answered", "facts": {"score": ' + b"9" * 5_000 + b"}}",
    ],
)  # fmt: skip
def test_nonsense_is_no_answer(body: bytes) -> None:
    assert read_report(query("ada"), 200, body) == UNAVAILABLE


def test_a_query_says_no_more_than_it_must() -> None:
    sent = msgspec.json.decode(msgspec.json.encode(query("ada@bank")))
    assert sent == {
        "enquiry_id": "en_01JD8Q4Z7K7M8W3N5V2C9XTB4H", "subject": "ada@bank", "data_type": "credit_history",
        "purpose": "credit_decision", "facts": ["defaults", "score"], "from_on": "2025-03-02", "to_on": "2026-03-02",
        "consent": {
            "id": "cs_01JD8Q4Z7K7M8W3N5V2C9XTB4H", "given_at": "2026-03-02T12:00:00Z",
            "expires_at": "2026-03-02T12:00:00Z",
        },
    }  # fmt: skip
