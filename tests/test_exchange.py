"""What stands around the application leaves nothing behind."""

import gc
from typing import Any

from service.admission import Admission
from service.exchange import Edge, allow, take_allowance

ANSWER: list[Any] = [
    {"type": "http.response.start", "status": 200, "headers": []},
    {"type": "http.response.body", "body": b"", "more_body": False},
]


async def answers(scope: Any, _: Any, send: Any) -> None:
    take_allowance(scope, "ke_1")
    allow(scope, 1)
    for message in ANSWER:
        await send(dict(message))


async def fails(scope: Any, _: Any, send: Any) -> None:
    take_allowance(scope, "ke_1")
    raise ValueError


async def hears(_: Any) -> None:
    return


async def ask(edge: Edge, admission: Admission) -> None:
    scope: Any = {"type": "http", "method": "POST", "path": "/v1/plans", "headers": [], "state": {}}
    assert admission.lets_in(scope)
    try:
        await edge(scope, hears, hears)  # type: ignore[arg-type]
    except ValueError:
        return


async def test_a_request_that_was_answered_is_no_garbage() -> None:
    """What refers to itself in a circle is found by the collector alone: it costs as much as a rule of a policy."""
    for app in (answers, fails):
        edge, admission = Edge(app, rate=10_000, under_way_max=10), Admission()
        gc.collect()
        gc.disable()
        try:
            for _ in range(100):
                await ask(edge, admission)
            assert gc.collect() < 100
        finally:
            gc.enable()
        assert edge.allowances.take("ke_1").under_way == 1
