"""Every request has an end: in time, or when the process is stopped before."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from service import deadline, exchange
from service.exchange import Edge, allow

App = Callable[[Any, Any, Any], Awaitable[None]]


def test_who_waits_for_another_waits_longer() -> None:
    waits = [
        deadline.STATEMENT_S, deadline.ANSWER_S, deadline.PATIENCE_S, deadline.REQUEST_S, 3, deadline.DRAIN_S,
        deadline.DRAIN_S + deadline.PATIENCE_S, deadline.STOP_S, 10,
    ]  # fmt: skip
    assert waits == sorted(set(waits))  # 3: what callers are promised; 10: when containers are killed
    assert deadline.READY_S < 2


async def hangs(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.Event().wait()


async def hangs_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


async def takes_long_and_says_so(scope: Any, receive: Any, send: Any) -> None:
    allow(scope, 60)
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def waits_for_its_client(scope: Any, receive: Any, send: Any) -> None:
    allow(scope, None)
    await asyncio.sleep(0.2)
    allow(scope, 0.05)
    await asyncio.Event().wait()


async def heard(app: App, method: str = "GET", *, stopped: bool = False) -> list[tuple[int, str | None]]:
    """Statuses and codes of what the application answered."""
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope: Any = {"type": "http", "method": method, "headers": [], "path": "/v1/plans", "state": {}}
    running = asyncio.create_task(Edge(app)(scope, None, send))  # type: ignore[arg-type]
    if stopped:
        await asyncio.sleep(0)
        running.cancel()
    await asyncio.wait([running], timeout=10)
    error = running.exception() if not running.cancelled() else None
    assert error is None or isinstance(error, TimeoutError)
    codes = [msgspec.json.decode(message["body"])["code"] for message in said if "body" in message] or [None]
    return list(zip((message["status"] for message in said if "status" in message), codes, strict=True))


@pytest.fixture
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "REQUEST_S", 0.05)


@pytest.mark.usefixtures("in_no_time")
@pytest.mark.parametrize(
    ("app", "method", "answers"),
    [
        (hangs, "GET", [(503, "unavailable")]),
        (hangs, "POST", [(503, "outcome_unknown")]),
        (hangs_in_the_middle, "GET", [(200, None)]),  # and the connection is closed: nothing is added to half an answer
        (takes_long_and_says_so, "POST", [(200, None)]),
        (waits_for_its_client, "POST", [(503, "outcome_unknown")]),
    ],
)
async def test_an_answer_comes_in_time(app: App, method: str, answers: list[tuple[int, str | None]]) -> None:
    assert await heard(app, method) == answers


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_is_cancelled_says_so(method: str) -> None:
    code = "outcome_unknown" if method == "POST" else "unavailable"
    assert await heard(hangs, method, stopped=True) == [(503, code)]
    assert await heard(hangs_in_the_middle, method, stopped=True) == [(200, None)]
