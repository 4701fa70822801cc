"""Who is let in, and who hears at once that they are not."""

import asyncio
from typing import Any

import pytest

from service import clock
from service.admission import MANY, Admission, Urgency, urgency_of
from service.allowance import Allowances
from service.errors import Code, Refused
from service.exchange import Edge, take_allowance


class Clock:
    """One that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "monotonic", made)
    return made


def scope(method: str, path: str) -> Any:
    return {"type": "http", "method": method, "path": path, "headers": [], "state": {}}


@pytest.mark.parametrize(
    ("method", "path", "urgency"),
    [
        ("POST", "/v1/plans/pl_1/capture", Urgency.MONEY),
        ("POST", "/v1/plans", Urgency.CHECKOUT),
        ("POST", "/v1/checkouts", Urgency.CHECKOUT),
        ("GET", "/v1/plans/pl_1", Urgency.LIST),
        ("GET", "/readyz", None),
        ("GET", "/livez", None),
    ],
)
def test_what_is_urgent(method: str, path: str, urgency: Urgency | None) -> None:
    assert urgency_of(scope(method, path)) is urgency


def admitted(admission: Admission, urgency: Urgency) -> int:
    """How many are let in who all come now, beside those that are under way."""
    count = 0
    while admission.admits(urgency):
        admission.enter()
        count += 1
    return count


def busy(admission: Admission, stopped: Clock, answers: int, pace_s: float, at_once: int = 2 * MANY) -> None:
    """So many answers, with as many under way all the time."""
    for _ in range(at_once):
        admission.enter()
    for _ in range(answers):
        stopped.now += pace_s
        admission.leave()
        admission.enter()
    for _ in range(at_once):
        stopped.now += pace_s
        admission.leave()


@pytest.mark.parametrize(
    ("pace_s", "by_urgency"),
    [
        (0.001, {Urgency.MONEY: 400, Urgency.CHECKOUT: 250, Urgency.LIST: 150}),
        (0.002, {Urgency.MONEY: 200, Urgency.CHECKOUT: 125, Urgency.LIST: 80}),
        (0.09, {Urgency.MONEY: 120, Urgency.CHECKOUT: 104, Urgency.LIST: 80}),  # so many are always let in
    ],
)
def test_how_many_are_let_in_follows_from_the_pace(
    stopped: Clock, pace_s: float, by_urgency: dict[Urgency, int]
) -> None:
    for urgency, count in by_urgency.items():
        admission = Admission()
        busy(admission, stopped, 2_000, pace_s)
        assert admitted(admission, urgency) == pytest.approx(count, abs=count // 50 + 1)


def test_who_comes_alone_says_nothing_of_the_pace_of_many(stopped: Clock) -> None:
    admission = Admission()
    busy(admission, stopped, 2_000, 0.001)
    busy(admission, stopped, 2_000, 0.05, at_once=1)
    stopped.now += 3600  # nobody comes
    assert admitted(admission, Urgency.LIST) >= 150


def test_a_pace_that_was_slow_is_soon_forgotten(stopped: Clock) -> None:
    admission = Admission()
    busy(admission, stopped, 200, 0.05)
    began = stopped.now
    busy(admission, stopped, 3_000, 0.001)
    assert stopped.now < began + 3.1
    assert admitted(admission, Urgency.CHECKOUT) > 210


def test_a_pace_that_becomes_slow_is_believed_at_once(stopped: Clock) -> None:
    """By the first whole look, a fifth of a second: who is let in by what was before waits four times as long."""
    admission = Admission()
    busy(admission, stopped, 2_000, 0.0005)
    busy(admission, stopped, 200, 0.002)
    assert admitted(admission, Urgency.CHECKOUT) == pytest.approx(0.25 / 0.002, abs=5)


def test_one_quick_moment_is_no_forecast(stopped: Clock) -> None:
    """Who was let in by the quickest look would wait for the others: half of it counts."""
    admission = Admission()
    busy(admission, stopped, 2_000, 0.002)
    busy(admission, stopped, 400, 0.0005)
    assert admitted(admission, Urgency.CHECKOUT) == pytest.approx(0.25 / 0.00125, abs=20)


def test_a_key_has_its_share_and_no_more(stopped: Clock) -> None:
    allowances = Allowances(rate=10, under_way_max=0)
    taken = [allowances.take("ke_1") for _ in range(10)]
    assert dict(allowances.headers(taken[-1])) == {
        b"ratelimit-policy": b'"key";q=10;w=1',
        b"ratelimit": b'"key";r=0;t=1',
    }
    with pytest.raises(Refused) as refused:
        allowances.take("ke_1")
    assert (refused.value.code, refused.value.status) == (Code.RATE_LIMITED, 429)
    allowances.take("ke_2")
    stopped.now += 0.101
    allowances.take("ke_1")
    with pytest.raises(Refused):
        allowances.take("ke_1")
    stopped.now += 3600  # no more than a second's worth is saved up
    assert allowances.take("ke_1").left == 9


async def test_a_key_has_so_many_under_way() -> None:
    held, statuses = asyncio.Event(), []

    async def app(asked: Any, _: Any, send: Any) -> None:
        try:
            take_allowance(asked, "ke_1")
        except Refused as refused:
            statuses.append(refused.status)
            return
        await held.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})

    async def send(message: Any) -> None:
        statuses.append(message["status"])

    admitted = Edge(app, rate=0, under_way_max=2)
    asked = [asyncio.create_task(admitted(scope("GET", "/v1/plans"), None, send)) for _ in range(3)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert statuses == [429]
    held.set()
    await asyncio.gather(*asked)
    assert statuses == [429, 200, 200]
    await admitted(scope("GET", "/v1/plans"), None, send)  # type: ignore[arg-type]
    assert statuses[-1] == 200
