"""A shop's page asks us itself, in a browser that keeps to CORS: what is paid how, and whether the consumer agrees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.api.pages import RATE
from tests.flows.device import Device
from tests.flows.test_authentications import asks, capture, device_of
from tests.flows.world import NOON, Client, World
from tests.outside.serving import served

SHOP = "https://shop.example"
OTHER = "https://other.example"
SAFE = {"accept", "accept-language", "content-language"}


class Unreadable(Exception):
    """The browser does not let the page see the answer, or did not send the request."""


class Browser:
    """What a browser does for a page, by the Fetch standard: it asks before, and hides what it may not show."""

    def __init__(self, http: httpx.AsyncClient, origin: str, key: str) -> None:
        self.http = http
        self.origin = origin
        self.key = key
        self.asked_before: list[tuple[str, str]] = []

    async def fetch(self, method: str, path: str, body: Any = None, **more: str) -> httpx.Response:
        headers = {"Authorization": self.key, "Tenor-Clock": NOON.isoformat()} | more
        if method == "POST":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": more.get("Idempotency-Key", path)}
        sandbox = headers.pop("Tenor-Clock")  # not a page's: of the tests alone
        await self._ask_before(method, path, headers)
        sent = {"Origin": self.origin, "Tenor-Clock": sandbox}
        answered = await self.http.request(method, path, json=body, headers=headers | sent)
        if answered.headers.get("access-control-allow-origin") != self.origin:
            raise Unreadable(answered.status_code)
        return answered

    async def _ask_before(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.asked_before.append((method, path))
        unsafe = sorted(name.lower() for name in headers if name.lower() not in SAFE)
        told = await self.http.options(path, headers={
            "Origin": self.origin, "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(unsafe),
        })  # fmt: skip
        allowed = {name.strip().lower() for name in told.headers.get("access-control-allow-headers", "").split(",")}
        methods = [name.strip() for name in told.headers.get("access-control-allow-methods", "").split(",")]
        if told.headers.get("access-control-allow-origin") != self.origin or not told.is_success:
            raise Unreadable("preflight: no such origin")
        if method not in methods or not allowed.issuperset(unsafe):
            raise Unreadable("preflight: not this method, or not these headers")


@asynccontextmanager
async def browsing(world: World, *origins: str, of: str = "") -> AsyncIterator[list[Browser]]:
    """Browsers at these origins, over HTTP; the key is for pages of the shop alone."""
    key = await world.key(audience="merchant", owner_id=of or world.demo.merchant_id, origins=[SHOP])
    await world.app.state["services"].registry.reload()
    async with served(world.app) as url, httpx.AsyncClient(base_url=url) as http:
        yield [Browser(http, origin, f"Bearer {key}") for origin in origins]


async def session_of(client: Client, plan: str, origin: str = SHOP) -> dict[str, Any]:
    made = await client.post(f"/v1/plans/{plan}/sessions", {"origin": origin})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_a_page_shows_how_a_price_may_be_paid(world: World) -> None:
    async with browsing(world, SHOP) as (page,):
        answered = await page.fetch("GET", "/v1/eligibility?currency=EUR&amount=60000&category=domestic+appliances")
        assert answered.status_code == 200, answered.text
        said = answered.json()
        assert (said["is_eligible"], said["amount"]) == (True, 600_00)
        ways = {(way["kind"], way["instalments"]): way for way in said["ways"]}
        assert ways["instalments", 4]["total_cost_min"] == 0
        assert ways["instalments", 24]["total_cost_max"] > 0
        # what it says some get, a consumer gets, at one of these prices
        offers = (await world.checkout(await world.consumer(), 600_00, category="domestic appliances"))["offers"]
        for offer in offers:
            way = ways[offer["kind"], len(offer["schedule"])]
            assert way["total_cost_min"] <= offer["total_cost"] <= way["total_cost_max"]
        little = await page.fetch("GET", "/v1/eligibility?currency=EUR&amount=1")
        assert (little.json()["is_eligible"], little.json()["ways"]) == (False, [])
        strange = await page.fetch("GET", "/v1/eligibility?currency=XTS&amount=60000")
        assert strange.json()["is_eligible"] is False
        wrong = await page.fetch("GET", "/v1/eligibility?currency=EUR&amount=0")
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_field")
        before = await world.row_counts()
        await page.fetch("GET", "/v1/eligibility?currency=EUR&amount=60000")
        assert await world.row_counts() == before


async def test_a_consumer_agrees_on_the_page_with_a_passkey(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = (await world.plan(consumer, 600_00))["id"]
    async with browsing(world, SHOP) as (page,):
        session = await session_of(world.merchant, plan)
        asked = await page.fetch("POST", "/v1/sessions/ask", {"session": session["session"], "by": "passkey"})
        assert (asked.status_code, asked.json()["amount"], asked.json()["plan"]) == (201, 600_00, plan), asked.text
        body = {"session": session["session"], "authentication_id": asked.json()["id"]}
        wrong = Device(SHOP, "shop.example")
        wrong.name = device.name
        refused = await page.fetch(
            "POST", "/v1/sessions/answer", body | {"credential": wrong.answer(asked.json()["options"])},
            **{"Idempotency-Key": "wrong"},
        )  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (422, "authentication_failed")
        answered = await page.fetch(
            "POST", "/v1/sessions/answer", body | {"credential": device.answer(asked.json()["options"])}
        )
        assert (answered.status_code, answered.json()) == (200, {"plan_id": plan, "is_confirmed": True})
    assert await capture(world, plan) == 200


async def test_a_test_merchants_page_finishes_with_a_code(world: World) -> None:
    await asks(world)
    merchant = world.test_merchant
    made = await merchant.post("/v1/consumers", {"reference": "anna+approved"})
    cart = {"merchant_reference": "a", "consumer": made.json()["id"], "currency": "EUR", "amount": 600_00}
    offers = (await merchant.post("/v1/checkouts", cart | {"kinds": ["instalments"]})).json()["offers"]
    plan = (await merchant.post("/v1/plans", {"offer_id": offers[0]["id"]})).json()["id"]
    async with browsing(world, SHOP, of=world.demo.test_merchant_id) as (page,):
        token = (await session_of(merchant, plan))["session"]
        asked = await page.fetch("POST", "/v1/sessions/ask", {"session": token, "by": "code"})
        assert (asked.status_code, asked.json()["options"]) == (201, None), asked.text
        body = {"session": token, "authentication_id": asked.json()["id"], "code": "000000"}
        answered = await page.fetch("POST", "/v1/sessions/answer", body)
        assert (answered.status_code, answered.json()) == (200, {"plan_id": plan, "is_confirmed": True})


async def test_what_was_asked_of_one_plan_is_not_answered_in_the_session_of_another(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    one, two = [(await world.plan(consumer, 600_00))["id"] for _ in range(2)]
    async with browsing(world, SHOP) as (page,):
        first, second = [(await session_of(world.merchant, plan))["session"] for plan in (one, two)]
        asked = (await page.fetch("POST", "/v1/sessions/ask", {"session": first, "by": "passkey"})).json()
        body = {"authentication_id": asked["id"], "credential": device.answer(asked["options"])}
        refused = await page.fetch("POST", "/v1/sessions/answer", body | {"session": second})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        done = await page.fetch("POST", "/v1/sessions/answer", body | {"session": first}, **{"Idempotency-Key": "2"})
        assert done.status_code == 200


async def test_another_origin_is_refused_before_and_after(world: World) -> None:
    await asks(world)
    plan = (await world.plan(await world.consumer(limit=2_000_00), 600_00))["id"]
    token = (await session_of_shop(world, plan))["session"]
    async with browsing(world, SHOP, OTHER) as (page, other):
        for method, path, body in (
            ("GET", "/v1/eligibility?currency=EUR&amount=60000", None),
            ("POST", "/v1/sessions/ask", {"session": token, "by": "passkey"}),
        ):
            with pytest.raises(Unreadable, match="no such origin"):
                await other.fetch(method, path, body)
            sent = {
                "Authorization": other.key,
                "Origin": OTHER,
                "Idempotency-Key": "k",
                "Tenor-Clock": NOON.isoformat(),
            }
            forced = await other.http.request(method, path, json=body, headers=sent)
            assert (forced.status_code, forced.json()["code"]) == (403, "wrong_origin")
        with pytest.raises(Unreadable, match="preflight"):  # the server's own
            await page.fetch("POST", f"/v1/plans/{plan}/sessions", {"origin": SHOP})
        # a key of other pages, and a session of these
        key = await world.key(audience="merchant", owner_id=world.demo.merchant_id, origins=[OTHER])
        await world.app.state["services"].registry.reload()
        other.key = f"Bearer {key}"
        refused = await other.fetch("POST", "/v1/sessions/ask", {"session": token, "by": "passkey"})
        assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (
            403, "wrong_origin", "/session",
        )  # fmt: skip


async def session_of_shop(world: World, plan: str) -> dict[str, Any]:
    """With a key of the shop's pages that is there."""
    await world.key(audience="merchant", owner_id=world.demo.merchant_id, origins=[SHOP])
    await world.app.state["services"].registry.reload()
    return await session_of(world.merchant, plan)


async def test_a_session_is_for_pages_that_have_a_key_and_for_half_an_hour(world: World) -> None:
    await asks(world)
    plan = (await world.plan(await world.consumer(limit=2_000_00), 600_00))["id"]
    none = await world.merchant.post(f"/v1/plans/{plan}/sessions", {"origin": OTHER})
    assert (none.status_code, none.json()["code"]) == (403, "wrong_origin")
    token = (await session_of_shop(world, plan))["session"]
    foreign = await world.other_merchant.post(f"/v1/plans/{plan}/sessions", {"origin": SHOP})
    assert foreign.status_code == 404
    stolen = await world.other_merchant.post("/v1/sessions/ask", {"session": token, "by": "passkey"})
    assert stolen.status_code == 404
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    refused = await world.merchant.post("/v1/sessions/ask", {"session": forged, "by": "passkey"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    world.merchant.now = NOON + timedelta(minutes=30)
    late = await world.merchant.post("/v1/sessions/ask", {"session": token, "by": "passkey"})
    assert (late.status_code, late.json()["code"]) == (409, "authentication_ended")


async def test_the_pages_of_an_origin_are_rate_limited(world: World) -> None:
    async with browsing(world, SHOP) as (page,):
        sent = {"Authorization": page.key, "Origin": SHOP}
        asked = [page.http.get("/v1/eligibility?currency=EUR&amount=60000", headers=sent) for _ in range(4 * RATE)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]  # at once: a slow machine earns more
    assert statuses.count(429) > 0
    assert statuses.count(200) >= RATE
