"""Who is let in, and who hears at once that they are not."""

import asyncio
from typing import Any

import pytest

from service import clock
from service.admission import Admission, Admitted, Urgency, take_allowance, urgency_of
from service.allowance import Allowances
from service.errors import Code, Refused


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
    return {"type": "http", "method": method, "path": path, "state": {}}


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


def test_lists_are_refused_before_checkouts_and_money_last(stopped: Clock) -> None:
    admission = Admission()
    for _ in range(2_000):  # 10 ms from one answer to the next
        admission.enter()
        stopped.now += 0.01
        admission.leave()
    admitted = []
    for _ in range(200):
        admitted.append([one for one in Urgency if admission.admits(one)])
        admission.enter()
    by_number = {one: sum(one in who for who in admitted) for one in Urgency}
    assert by_number == {Urgency.MONEY: 128, Urgency.CHECKOUT: 96, Urgency.LIST: 64}
    for _ in range(200):  # answered ten times as fast
        stopped.now += 0.001
        admission.leave()
    assert admission.admits(Urgency.LIST)


def test_how_many_are_let_in_follows_from_the_pace(stopped: Clock) -> None:
    admission = Admission()
    for _ in range(2_000):  # 1 ms from one answer to the next
        admission.enter()
        stopped.now += 0.001
        admission.leave()
    count = 0
    while admission.admits(Urgency.CHECKOUT):
        admission.enter()
        count += 1
    assert 495 <= count <= 505


async def test_who_sends_slowly_takes_nobodys_place() -> None:
    whole, told = asyncio.Event(), []

    async def app(_: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await whole.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def slow() -> Any:
        await asyncio.sleep(3600)

    async def quick() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    admitted = Admitted(app)
    admitted._admission._pace_s = 0.1
    asked = scope("POST", "/v1/checkouts")
    slowly = [asyncio.create_task(admitted(asked | {"state": {}}, slow, send)) for _ in range(300)]
    await asyncio.sleep(0)
    quickly = [asyncio.create_task(admitted(asked | {"state": {}}, quick, send)) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [503] * 4  # 96 are under way
    whole.set()
    await asyncio.gather(*quickly)
    assert told == [503] * 4 + [200] * 96
    for one in slowly:
        one.cancel()
    await asyncio.gather(*slowly, return_exceptions=True)
    assert admitted._admission._under_way == 0


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

    admitted = Admitted(app, rate=0, under_way_max=2)
    asked = [asyncio.create_task(admitted(scope("GET", "/v1/plans"), None, send)) for _ in range(3)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert statuses == [429]
    held.set()
    await asyncio.gather(*asked)
    assert statuses == [429, 200, 200]
    await admitted(scope("GET", "/v1/plans"), None, send)  # type: ignore[arg-type]
    assert statuses[-1] == 200
