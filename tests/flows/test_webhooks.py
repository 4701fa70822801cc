"""A merchant's events arrive at its servers: signed, in order, again until they do, and nobody waits for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from standardwebhooks import Webhook

from service import ids
from service.jobs.retention import forget, keep_of
from service.webhooks.delivering_flow import HELD_FOR, Deliverer
from service.webhooks.endpoint import ATTEMPTS_MAX, ENDPOINTS_MAX
from tests.flows.world import SHARED, World
from tests.outside.serving import served

SOON = 20.0  # seconds: nothing here takes so long
HANGS_S = 600.0  # so long nothing is answered: on whatever machine, nobody waits for it


class Receiver:
    """A shop's server: what it has heard, and how it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []  # of the next answers; then 204
        self.refuses = ""  # text in a body that is answered 500
        self.hangs = False
        self._more = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        body, more = b"", True
        while more:
            event: Any = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        self.heard.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        self._more.set()
        if self.hangs:
            await asyncio.sleep(HANGS_S)
        status = self.statuses.pop(0) if self.statuses else 204
        status = 500 if self.refuses and self.refuses.encode() in body else status
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def told(self, secret: str) -> list[dict[str, Any]]:
        """What was sent, each verified."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.heard]


class Clock:
    """Real time, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def delivering(world: World, clock: Clock | None = None, answer_s: float = 5) -> AsyncIterator[Deliverer]:
    services: Any = world.app.state["services"]
    deliverer = Deliverer(
        services.pool, services.registry.secrets, services.secrets, services.settings.reach, clock or Clock(), answer_s
    )
    try:
        yield deliverer
    finally:
        await deliverer.close()


async def rounds(deliverer: Deliverer) -> None:
    """Until nothing more moves."""
    async with asyncio.timeout(SOON):
        while await deliverer.round():
            await deliverer.settled()


async def endpoint(world: World, url: str, *types: str) -> dict[str, Any]:
    made = await world.merchant.post("/v1/endpoints", {"url": url, "types": types})
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def deliveries(world: World, endpoint_id: str, **asked: str) -> list[dict[str, Any]]:
    listed = await world.merchant.get(f"/v1/endpoints/{endpoint_id}/deliveries", **asked)
    found: list[dict[str, Any]] = listed.json()["deliveries"]
    return found


async def a_plan(world: World) -> str:
    plan = await world.plan(await world.consumer(1_000_00), 600_00, "instalments")
    return str(plan["id"])


async def capture(world: World, plan: str, name: str = "a lamp") -> None:
    lines = [{"name": name, "amount": 100_00}]
    done = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 100_00, "items": lines})
    assert done.status_code == 200, done.text


@SHARED
async def test_what_happens_from_now_on_arrives_signed_and_in_order(world: World) -> None:
    receiver = Receiver()
    plan = await a_plan(world)
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await endpoint(world, url)
        await capture(world, plan, "a red lamp")
        await rounds(deliverer)
        told = receiver.told(made["secret"])
        assert [one["type"] for one in told] == ["plan.captured"]
        assert told[0]["plan_id"] == plan
        assert "a red lamp" in str(told[0]["data"]), "what is sealed in the database is open to the merchant"
        await capture(world, plan)
        await capture(world, plan)
        await rounds(deliverer)
    numbers = [one["number"] for one in receiver.told(made["secret"])]
    assert numbers == sorted(numbers)
    assert len(numbers) == 3
    log = await deliveries(world, made["id"])
    assert [(one["state"], one["attempts"], one["tried"][0]["status"]) for one in log] == [("delivered", 1, 204)] * 3
    events = (await world.merchant.get("/v1/events", after=str(numbers[0] - 1))).json()["events"]
    assert [one["id"] for one in events] == [headers["webhook-id"] for headers, _ in receiver.heard]
    traces = [headers["traceparent"].split("-")[1] for headers, _ in receiver.heard]
    assert traces == [ids.packed(one["id"])[2:].hex() for one in events], "all attempts of one event are one trace"


@SHARED
async def test_only_what_is_wanted_is_sent_and_nothing_of_another_merchant(world: World) -> None:
    receiver = Receiver()
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await endpoint(world, url, "plan.captured", "plan.voided")
        other = await world.other_merchant.post("/v1/endpoints", {"url": url})
        plan = await a_plan(world)
        await capture(world, plan)
        assert (await world.merchant.post(f"/v1/plans/{plan}/void")).status_code == 200
        await rounds(deliverer)
    assert [one["type"] for one in receiver.told(made["secret"])] == ["plan.captured", "plan.voided"]
    assert (await world.other_merchant.get(f"/v1/endpoints/{other.json()['id']}/deliveries")).json()["deliveries"] == []


@SHARED
async def test_what_is_not_answered_is_tried_again_and_parked_at_last(world: World) -> None:
    receiver, clock = Receiver(), Clock()
    receiver.refuses = "plan.captured"
    plan = await a_plan(world)
    async with served(receiver) as url, delivering(world, clock) as deliverer:
        made = await endpoint(world, url, "plan.captured", "plan.voided")
        await capture(world, plan)
        await world.merchant.post(f"/v1/plans/{plan}/void")
        for attempt in range(1, ATTEMPTS_MAX + 1):
            await rounds(deliverer)
            assert len(receiver.heard) >= attempt
            assert await deliverer.round() == 0, "nothing is due before its time"
            clock.ahead += timedelta(days=2)
        await rounds(deliverer)
        parked, voided = await deliveries(world, made["id"])
        assert (parked["state"], parked["attempts"], len(parked["tried"])) == ("parked", ATTEMPTS_MAX, ATTEMPTS_MAX)
        assert voided["state"] == "delivered", "what comes after it about the plan waited until then"
        order = [b"plan.voided" in body for _, body in receiver.heard]
        assert order == [False] * ATTEMPTS_MAX + [True]

        receiver.refuses = ""
        asked = {"first": parked["number"]}
        again = await world.merchant.post(f"/v1/endpoints/{made['id']}/replay", asked)
        assert again.json() == {"deliveries": 1}
        await rounds(deliverer)
    assert [one["state"] for one in await deliveries(world, made["id"])] == ["delivered"] * 2
    assert b"plan.captured" in receiver.heard[-1][1]


@SHARED
async def test_one_subject_waits_and_another_does_not(world: World) -> None:
    receiver = Receiver()
    first, second = await a_plan(world), await a_plan(world)
    receiver.refuses = first
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await endpoint(world, url)
        await capture(world, first)
        await capture(world, first)
        await capture(world, second)
        await rounds(deliverer)
    states = {(one["subject"], one["state"]) for one in await deliveries(world, made["id"])}
    assert states == {(first, "waiting"), (second, "delivered")}
    assert len(receiver.heard) == 2, "the second capture of the first plan waits for the first"


@SHARED
async def test_who_hangs_delays_nobody_else(world: World) -> None:
    hanging, healthy = Receiver(), Receiver()
    hanging.hangs = True
    plans = [await a_plan(world) for _ in range(4)]
    async with served(hanging) as slow, served(healthy) as quick, delivering(world, answer_s=HANGS_S) as deliverer:
        hung = await endpoint(world, slow)
        made = await endpoint(world, quick)
        running = asyncio.create_task(deliverer.run())
        for plan in plans:
            await capture(world, plan)
        async with asyncio.timeout(SOON):
            while len(healthy.heard) < len(plans):
                await asyncio.sleep(0.02)
            while [one["state"] for one in await deliveries(world, made["id"])] != ["delivered"] * len(plans):
                await asyncio.sleep(0.02)  # what was answered is written down
        assert [one["state"] for one in await deliveries(world, hung["id"])] == ["waiting"] * len(plans)
        await deliverer.close()
        await running
    assert len(healthy.told(made["secret"])) == len(plans)


@SHARED
async def test_what_a_killed_worker_held_is_sent_again(world: World) -> None:
    receiver, clock = Receiver(), Clock()
    receiver.hangs = True
    plan = await a_plan(world)
    async with served(receiver) as url:
        made = await endpoint(world, url)
        await capture(world, plan)
        async with delivering(world, clock) as killed:
            await killed.round()
            async with asyncio.timeout(SOON):
                while not receiver.heard:
                    await asyncio.sleep(0.01)
        receiver.hangs = False
        async with delivering(world, clock) as deliverer:
            await rounds(deliverer)
            assert len(receiver.heard) == 1, "it is held by whoever was killed"
            clock.ahead += HELD_FOR
            await rounds(deliverer)
    assert [one["state"] for one in await deliveries(world, made["id"])] == ["delivered"]
    assert receiver.heard[0][1] == receiver.heard[1][1]
    assert receiver.heard[0][0]["webhook-id"] == receiver.heard[1][0]["webhook-id"]


async def test_gone_is_switched_off_and_on_again_by_its_merchant(world: World) -> None:
    receiver = Receiver()
    receiver.statuses = [410]
    plan = await a_plan(world)
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await endpoint(world, url)
        await capture(world, plan)
        await rounds(deliverer)
        await capture(world, plan)
        await rounds(deliverer)
        (off,) = (await world.merchant.get("/v1/endpoints")).json()["endpoints"]
        assert (off["state"], off["off_because"], off["parked"]) == ("off", "It answered 410 Gone.", 1)
        for verb in ("test", "replay"):
            refused = await world.merchant.post(
                f"/v1/endpoints/{made['id']}/{verb}", {"first": 1} if verb[0] == "r" else {}
            )
            assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
        on = await world.merchant.post(f"/v1/endpoints/{made['id']}/change", {"state": "active"})
        assert on.status_code == 200
        await capture(world, plan)
        await rounds(deliverer)
    assert len(receiver.told(made["secret"])) == 2, "what happened meanwhile is not sent"


async def test_while_one_secret_takes_the_others_place_both_sign(world: World) -> None:
    receiver, clock = Receiver(), Clock()
    async with served(receiver) as url, delivering(world, clock) as deliverer:
        made = await endpoint(world, url)
        ask = {"overlap_hours": 1}
        rotated = await world.merchant.post(f"/v1/endpoints/{made['id']}/rotate-secret", ask, key="rotated")
        again = await world.merchant.post(f"/v1/endpoints/{made['id']}/rotate-secret", ask, key="rotated")
        assert again.json() == {"id": made["id"], "secret": None}, "it is shown once"
        tested = await world.merchant.post(f"/v1/endpoints/{made['id']}/test")
        await rounds(deliverer)
        for secret in (made["secret"], rotated.json()["secret"]):
            (told,) = receiver.told(secret)
            assert (told["type"], told["id"]) == ("endpoint.tested", tested.json()["id"])
        clock.ahead = timedelta(hours=1, seconds=1)
        await world.merchant.post(f"/v1/endpoints/{made['id']}/test")
        await rounds(deliverer)
        assert len(receiver.heard[-1][0]["webhook-signature"].split()) == 1
        listed = (await world.merchant.get("/v1/endpoints")).json()["endpoints"]
    assert [one["secrets"] for one in listed] == [2], "by real time both still count"


@SHARED
async def test_a_test_goes_to_its_endpoint_alone(world: World) -> None:
    one, two = Receiver(), Receiver()
    async with served(one) as first, served(two) as second, delivering(world) as deliverer:
        tested = await endpoint(world, first, "plan.captured")
        await endpoint(world, second)
        assert (await world.merchant.post(f"/v1/endpoints/{tested['id']}/test")).status_code == 200
        await rounds(deliverer)
    assert (len(one.heard), len(two.heard)) == (1, 0)


@SHARED
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://shop.example/"}, "/url"), ({"url": "https://user@shop.example/"}, "/url"),
        ({"url": "https://shop.example/?a=1"}, "/url"), ({"url": "shop.example"}, "/url"), ({"url": ""}, "/url"),
        ({"url": "https://shop.example/", "types": ["plan.exploded"]}, "/types/0"),
        ({"url": "https://shop.example/", "tpes": []}, "/tpes"), ({}, "/url"),
    ],
)  # fmt: skip
async def test_what_is_no_endpoint_is_refused(world: World, body: dict[str, Any], pointer: str) -> None:
    refused = await world.merchant.post("/v1/endpoints", body)
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (400, "invalid_field", pointer)


async def test_another_merchants_endpoint_is_not_found(world: World) -> None:
    made = await endpoint(world, "https://shop.example/")
    for verb, body in (("change", {"state": "off"}), ("rotate-secret", {}), ("test", {}), ("replay", {"first": 1})):
        refused = await world.other_merchant.post(f"/v1/endpoints/{made['id']}/{verb}", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), verb
    assert (await world.other_merchant.get(f"/v1/endpoints/{made['id']}/deliveries")).status_code == 404
    assert (await world.other_merchant.get("/v1/endpoints")).json()["endpoints"] == []


async def test_there_are_not_more_than_so_many(world: World) -> None:
    for place in range(ENDPOINTS_MAX):
        await endpoint(world, f"https://shop.example/{place}")
    refused = await world.merchant.post("/v1/endpoints", {"url": "https://shop.example/more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")


async def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(world: World) -> None:
    receiver = Receiver()
    first, second = await a_plan(world), await a_plan(world)
    receiver.refuses = second
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await endpoint(world, url)
        await capture(world, first)
        await capture(world, second)
        await rounds(deliverer)
    keep = keep_of(world.app.state["services"].settings)
    await forget(world.pool, keep, "", datetime.now(UTC) + keep.deliveries - timedelta(minutes=1))
    assert [one["state"] for one in await deliveries(world, made["id"])] == ["delivered", "waiting"]
    forgotten = await forget(world.pool, keep, "", datetime.now(UTC) + keep.deliveries)
    assert forgotten.deliveries == 1
    assert [one["state"] for one in await deliveries(world, made["id"])] == ["waiting"]
