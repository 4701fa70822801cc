"""A consumer proves that it is they who agree to a plan, with a passkey or a code; until then nothing is captured."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace

from service import db
from service.config import Settings
from service.demo.seed import POLICY
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.flows.conftest import world_on
from tests.flows.device import PRESENT, Device
from tests.flows.published import publish
from tests.flows.world import NOON, SHARED, Client, World
from tests.outside.serving import served

SHOP = "https://shop.example"
ABOVE = {"above": 300_00}


async def asks(world: World, **authentication: Any) -> None:
    """From now on instalments of grade A need the consumer's authentication, above 300.00 if nothing else is said."""
    document = msgspec.json.decode(POLICY.read_bytes())
    rows = [row for row in document["instalments"] if "A" in row.get("grades", "A")]
    rows = [row | {"authentication": authentication or ABOVE} for row in rows]
    await publish(world, document | {"instalments": rows})


async def device_of(world: World, consumer: str) -> Device:
    """The consumer's device, with a passkey on it."""
    device = Device(SHOP, "shop.example")
    asked = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys/options", {"origin": SHOP})
    assert asked.status_code == 201, asked.text
    made = device.make(asked.json()["options"])
    body = {"authentication_id": asked.json()["id"], "credential": made}
    added = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys", body)
    assert added.status_code == 201, added.text
    assert added.json()["origin"] == SHOP
    return device


async def ask(client: Client, plan: str, **body: Any) -> dict[str, Any]:
    asked = await client.post(f"/v1/plans/{plan}/authentications", {"by": "passkey", "origin": SHOP} | body)
    assert asked.status_code == 201, asked.text
    found: dict[str, Any] = asked.json()
    return found


async def answer(client: Client, authentication: dict[str, Any], **body: Any) -> tuple[int, dict[str, Any]]:
    answered = await client.post(f"/v1/authentications/{authentication['id']}/answer", body)
    return answered.status_code, answered.json()


async def capture(world: World, plan: str, amount: int = 100_00) -> int:
    return (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": amount})).status_code


@SHARED
async def test_with_a_passkey_the_consumer_agrees_to_this_amount_and_no_other(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    assert (plan["must_authenticate"], "authenticate" in plan["next_actions"]) == (True, True)
    assert "capture" not in plan["next_actions"]
    assert await capture(world, plan["id"]) == 409
    asked = await ask(world.merchant, plan["id"])
    assert (asked["amount"], asked["currency"], asked["state"], asked["tries_left"]) == (600_00, "EUR", "open", 5)
    assert asked["payee"] == (await world.pool.fetchval("select name from merchants where merchant_id = $1",
                                                        world.demo.merchant_id))  # fmt: skip
    status, found = await answer(world.merchant, asked, credential=device.answer(asked["options"]))
    assert (status, found["must_authenticate"], found["recorded"]["fact"]) == (200, False, "order_confirmed")
    events = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    assert (events[-1]["type"], events[-1]["actor"], events[-1]["data"]["authenticated"]) == (
        "plan.confirmed", "consumer", 600_00,
    )  # fmt: skip
    shown = (await world.merchant.get(f"/v1/authentications/{asked['id']}")).json()
    assert (shown["state"], shown["tries_left"], shown["options"]) == ("confirmed", 0, None)
    assert await capture(world, plan["id"]) == 200
    # another amount is agreed to anew; the old one is the old agreement
    for amount, needed in ((700_00, True), (600_00, False), (650_00, True)):
        amended = await world.merchant.post(f"/v1/plans/{plan['id']}/amend", {"amount": amount})
        assert amended.json()["must_authenticate"] is needed
        assert await capture(world, plan["id"], 10_00) == (409 if needed else 200)
    again = await ask(world.merchant, plan["id"])
    status, found = await answer(world.merchant, again, credential=device.answer(again["options"]))
    assert (status, found["must_authenticate"]) == (200, False)


@SHARED
async def test_what_was_asked_is_void_once_the_amount_changes_or_another_is_asked(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    first = await ask(world.merchant, plan["id"])
    second = await ask(world.merchant, plan["id"])
    status, found = await answer(world.merchant, first, credential=device.answer(first["options"]))
    assert (status, found["code"]) == (409, "authentication_ended")
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/amend", {"amount": 650_00})).status_code == 200
    status, found = await answer(world.merchant, second, credential=device.answer(second["options"]))
    assert (status, found["code"]) == (409, "authentication_ended")
    assert "650" in found["detail"]
    assert (await world.merchant.get(f"/v1/authentications/{second['id']}")).json()["state"] == "void"
    third = await ask(world.merchant, plan["id"])
    signed = device.answer(third["options"])
    # the answer to another question is no answer to this one
    fourth = await ask(world.merchant, plan["id"])
    status, found = await answer(world.merchant, fourth, credential=signed)
    assert (status, found["code"], found["pointer"]) == (422, "authentication_failed", "/credential")
    status, found = await answer(world.merchant, fourth, credential=device.answer(fourth["options"]))
    assert status == 200, found
    status, found = await answer(world.merchant, fourth, credential=device.answer(fourth["options"]))
    assert (status, found["code"]) == (409, "authentication_ended")


@SHARED
async def test_the_sixth_code_is_not_heard_and_the_sixth_question_not_asked(world: World) -> None:
    await asks(world)
    merchant = world.test_merchant
    made = await merchant.post("/v1/consumers", {"reference": "anna+approved"})
    cart = {"merchant_reference": "a", "consumer": made.json()["id"], "currency": "EUR", "amount": 600_00}
    offers = (await merchant.post("/v1/checkouts", cart | {"kinds": ["instalments"]})).json()["offers"]
    plan = (await merchant.post("/v1/plans", {"offer_id": offers[0]["id"]})).json()
    said = await merchant.post(f"/v1/plans/{plan['id']}/confirm")
    assert (said.status_code, said.json()["code"]) == (409, "state_forbids")
    code = {"by": "code", "origin": None}
    asked = await ask(merchant, plan["id"], **code)
    for left in (4, 3, 2, 1):
        status, found = await answer(merchant, asked, code="123456")
        assert (status, found["code"]) == (422, "authentication_failed")
        assert (await merchant.get(f"/v1/authentications/{asked['id']}")).json()["tries_left"] == left
    for tried in ("123456", "000000"):  # the fifth, and then the right one
        status, found = await answer(merchant, asked, code=tried)
        assert (status, found["code"]) == (409, "authentication_ended")
    assert (await merchant.get(f"/v1/authentications/{asked['id']}")).json()["state"] == "failed"
    for _ in range(4):
        asked = await ask(merchant, plan["id"], **code)
    refused = await merchant.post(f"/v1/plans/{plan['id']}/authentications", {"by": "code"})
    assert (refused.status_code, refused.json()["code"]) == (409, "authentication_ended")
    assert "5 times within an hour" in refused.json()["detail"]
    assert asked["options"] is None
    status, found = await answer(merchant, asked, code="000000")
    assert (status, found["must_authenticate"]) == (200, False)


class Mailbox:
    """The operator's messenger: it takes messages, or is away."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.status = 202

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        body, more = b"", True
        while more:
            event: Any = await receive()
            body, more = body + event["body"], event["more_body"]
        self.keys.add(dict(scope["headers"])[b"authorization"].decode())
        if self.status < 300:
            self.taken.append(msgspec.json.decode(body))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_a_code_goes_to_where_the_merchant_has_verified_and_nowhere_else(
    settings: Settings, pool: db.Pool
) -> None:
    mailbox, key = Mailbox(), "m" * 32
    async with served(mailbox) as url:
        told = replace(settings, messenger_url=url, messenger_key=key, allow_private=True)
        async with world_on(told, pool) as world:
            await asks(world)
            identifiers = [
                {"kind": "phone", "value": "+49 (30) 901820", "verified": True},
                {"kind": "email", "value": "ada@example.com"},
            ]
            body = {"reference": "ada", "attributes": GOOD, "identifiers": identifiers}
            consumer = (await world.merchant.post("/v1/consumers", body)).json()["id"]
            plan = (await world.plan(consumer, 600_00))["id"]
            path, phone = f"/v1/plans/{plan}/authentications", {"kind": "phone", "value": "+4930901820"}
            for to, code in (
                (None, "invalid_field"),
                ({"kind": "phone", "value": "+4930901821"}, "no_contact"),  # somebody else's
                ({"kind": "email", "value": "ada@example.com"}, "no_contact"),  # not verified
                ({"kind": "phone", "value": "call me"}, "invalid_field"),
                ({"kind": "pigeon", "value": "x"}, "invalid_field"),
            ):
                refused = await world.merchant.post(path, {"by": "code", "to": to})
                assert (refused.status_code, refused.json()["code"]) == (409 if code == "no_contact" else 400, code)
            mailbox.status = 500
            away = await world.merchant.post(path, {"by": "code", "to": phone})
            assert (away.status_code, away.json()["code"]) == (503, "unavailable")
            mailbox.status = 202
            asked = await world.merchant.post(path, {"by": "code", "to": phone}, key="one")
            again = await world.merchant.post(path, {"by": "code", "to": phone}, key="one")
            assert (asked.status_code, again.content) == (201, asked.content)
            (message,) = mailbox.taken
            assert mailbox.keys == {f"Bearer {key}"}
            assert message | {"code": "", "expires_at": ""} == {
                "id": asked.json()["id"], "to": phone, "code": "", "amount": 600_00, "currency": "EUR",
                "payee": asked.json()["payee"], "expires_at": "",
            }  # fmt: skip
            assert message["code"] not in asked.text
            status, found = await answer(world.merchant, asked.json(), code=message["code"])
            assert (status, found["must_authenticate"]) == (200, False)


@SHARED
async def test_without_a_messenger_only_passkeys_answer(world: World) -> None:
    await asks(world)
    plan = (await world.plan(await world.consumer(limit=2_000_00), 600_00))["id"]
    body = {"by": "code", "to": {"kind": "phone", "value": "+4930901820"}}
    refused = await world.merchant.post(f"/v1/plans/{plan}/authentications", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_contact")


@SHARED
async def test_a_right_answer_counts_once_and_is_answered_alike_when_sent_again(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    asked = await ask(world.merchant, plan["id"])
    body = {"credential": device.answer(asked["options"])}
    path = f"/v1/authentications/{asked['id']}/answer"
    first = await world.merchant.post(path, body, key="once")
    again = await world.merchant.post(path, body, key="once")
    assert (first.status_code, again.content) == (200, first.content)
    assert first.json()["version"] == 2


@SHARED
async def test_too_late_is_too_late(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    asked = await ask(world.merchant, plan["id"])
    world.merchant.now = NOON + timedelta(minutes=10)
    status, found = await answer(world.merchant, asked, credential=device.answer(asked["options"]))
    assert (status, found["code"]) == (409, "authentication_ended")


@SHARED
async def test_it_is_asked_above_an_amount_or_of_a_grade(world: World) -> None:
    consumer = await world.consumer(limit=2_000_00)
    await asks(world)
    assert (await world.plan(consumer, 300_00))["must_authenticate"] is False
    small = await world.plan(consumer, 200_00)
    assert await capture(world, small["id"]) == 200
    unasked = await world.merchant.post(f"/v1/plans/{small['id']}/authentications", {"by": "passkey", "origin": SHOP})
    assert (unasked.status_code, unasked.json()["code"]) == (409, "state_forbids")
    await asks(world, grades=["A"])
    assert (await world.plan(consumer, 200_00))["must_authenticate"] is True


@SHARED
@pytest.mark.parametrize("wrong", ["origin", "domain", "key", "unlocked", "copied"])
async def test_what_is_not_the_consumers_own_device_on_this_page_is_not_the_answer(world: World, wrong: str) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    if wrong == "copied":
        before = await ask(world.merchant, plan["id"])
        device.counted = 5
        status, _ = await answer(world.merchant, before, credential=device.answer(before["options"]))
        assert status == 200
        plan = await world.plan(consumer, 500_00)
        device.counted = 2
    asked = await ask(world.merchant, plan["id"])
    match wrong:
        case "origin":
            device.origin = "https://shop.example.evil.example"
        case "domain":
            device.domain = "evil.example"
        case "key":
            stranger = Device(SHOP, "shop.example")
            stranger.name = device.name
            device = stranger
        case "unlocked":
            device.flags = PRESENT
    status, found = await answer(world.merchant, asked, credential=device.answer(asked["options"]))
    assert (status, found["code"]) == (422, "authentication_failed")
    assert await capture(world, plan["id"]) == 409


@SHARED
async def test_a_passkey_that_was_removed_answers_no_more(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    device = await device_of(world, consumer)
    other = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    asked = await ask(world.merchant, plan["id"])
    assert len(asked["options"]["allowCredentials"]) == 2
    listed = (await world.merchant.get(f"/v1/consumers/{consumer}/passkeys")).json()["passkeys"]
    assert {one["id"] for one in listed} == {one["id"] for one in asked["options"]["allowCredentials"]}
    for passkey in listed:
        body = {"id": passkey["id"]}
        removed = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys/remove", body)
        assert removed.status_code == 200
        again = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys/remove", body)
        assert (again.status_code, again.json()["code"]) == (404, "not_found")
    for one in (device, other):
        status, _ = await answer(world.merchant, asked, credential=one.answer(asked["options"]))
        assert status == 422
    none = await world.merchant.post(f"/v1/plans/{plan['id']}/authentications", {"by": "passkey", "origin": SHOP})
    assert (none.status_code, none.json()["code"]) == (409, "no_passkey")


@SHARED
async def test_an_erased_consumers_devices_are_forgotten_and_none_is_added(world: World) -> None:
    consumer = await world.consumer()
    await device_of(world, consumer)
    told = (await world.merchant.get(f"/v1/consumers/{consumer}/export")).json()["consumers"][0]
    assert [one["origin"] for one in told["passkeys"]] == [SHOP]
    late = Device(SHOP, "shop.example")
    asked = (await world.merchant.post(f"/v1/consumers/{consumer}/passkeys/options", {"origin": SHOP})).json()

    assert (await world.merchant.post(f"/v1/consumers/{consumer}/erase")).status_code == 200
    assert await world.pool.fetchval("select count(*) from passkeys where consumer_id = $1", consumer) == 0
    body = {"authentication_id": asked["id"], "credential": late.make(asked["options"])}
    refused = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys", body)
    assert (refused.status_code, refused.json()["code"]) == (410, "erased")
    assert await world.pool.fetchval("select count(*) from passkeys where consumer_id = $1", consumer) == 0


@SHARED
@pytest.mark.parametrize(
    "origin", ["http://shop.example", "https://shop.example/", "https://a@shop.example", "shop.example", "https://"]
)
async def test_passkeys_are_made_on_pages_that_nobody_can_change(world: World, origin: str) -> None:
    consumer = await world.consumer()
    refused = await world.merchant.post(f"/v1/consumers/{consumer}/passkeys/options", {"origin": origin})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/origin")


@SHARED
async def test_another_merchants_is_not_found_and_a_wrong_kind_of_answer_says_so(world: World) -> None:
    await asks(world)
    consumer = await world.consumer(limit=2_000_00)
    await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00)
    asked = await ask(world.merchant, plan["id"])
    for path, body in (
        (f"/v1/plans/{plan['id']}/authentications", {"by": "passkey", "origin": SHOP}),
        (f"/v1/authentications/{asked['id']}/answer", {"code": "000000"}),
        (f"/v1/consumers/{consumer}/passkeys/options", {"origin": SHOP}),
        (f"/v1/consumers/{consumer}/passkeys/remove", {"id": "abc"}),
    ):
        assert (await world.other_merchant.post(path, body)).status_code == 404
    assert (await world.other_merchant.get(f"/v1/authentications/{asked['id']}")).status_code == 404
    status, found = await answer(world.merchant, asked, code="000000")
    assert (status, found["code"], found["pointer"]) == (400, "invalid_field", "/credential")
    status, found = await answer(world.merchant, asked)
    assert (status, found["code"]) == (400, "invalid_field")
    for body in ({"by": "passkey"}, {"by": "code", "origin": SHOP}, {"by": "word"}):
        refused = await world.merchant.post(f"/v1/plans/{plan['id']}/authentications", body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")


# Other kinds of plans -------------------------------------------------------------------------------------------------


async def asks_of(world: World, rows: str, **authentication: Any) -> None:
    """From now on this price list needs the consumer's authentication."""
    document = msgspec.json.decode(POLICY.read_bytes())
    named = [row | {"authentication": authentication} for row in document[rows]]
    await publish(world, document | {rows: named})


async def agrees(world: World, device: Device, plan: str) -> dict[str, Any]:
    asked = await ask(world.merchant, plan)
    status, found = await answer(world.merchant, asked, credential=device.answer(asked["options"]))
    assert status == 200, found
    return found


async def do(world: World, plan: dict[str, Any], verb: str, **body: Any) -> int:
    return (await world.merchant.post(f"/v1/plans/{plan['id']}/{verb}", body)).status_code


@SHARED
async def test_a_deposit_is_agreed_to_before_it_is_used_or_claimed(world: World) -> None:
    await asks_of(world, "deposits", above=100_00)
    consumer = await world.consumer(limit=5_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 600_00, "deposit", deposit_amount=500_00)
    assert plan["must_authenticate"]
    assert {"authenticate", "release", "void"} <= set(plan["next_actions"])
    assert "start_use" not in plan["next_actions"]
    assert await do(world, plan, "use/start") == 409
    assert await do(world, plan, "claims", amount=100_01, evidence="a photo") == 409
    asked = await ask(world.merchant, plan["id"])
    assert (asked["amount"], asked["currency"]) == (500_00, "EUR")
    found = await agrees(world, device, plan["id"])
    assert not found["must_authenticate"]
    assert {"claim", "start_use"} <= set(found["next_actions"])
    assert await do(world, plan, "use/start") == 200
    # more is handed out: what was agreed to may be claimed, and no more before they agree to the rest
    assert await do(world, plan, "top_up", amount=200_00) == 200
    topped = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert (topped["must_authenticate"], "end_use" in topped["next_actions"]) == (True, True)
    assert {"authenticate", "claim", "release"} <= set(topped["next_actions"])
    assert await do(world, plan, "use/end") == 200
    claim = {"evidence": "a photo", "final": False}
    assert await do(world, plan, "claims", amount=500_01, **claim) == 409
    assert await do(world, plan, "claims", amount=450_00, **claim) in (200, 201)
    assert await do(world, plan, "claims", amount=100_00, **claim) == 409
    asked = await ask(world.merchant, plan["id"])
    assert asked["amount"] == 700_00
    status, answered = await answer(world.merchant, asked, credential=device.answer(asked["options"]))
    assert status == 200, answered
    assert await do(world, plan, "claims", amount=100_00, **claim) in (200, 201)


@SHARED
async def test_a_deposit_that_nobody_agreed_to_goes_back(world: World) -> None:
    await asks_of(world, "deposits", above=0)
    consumer = await world.consumer(limit=5_000_00)
    plan = await world.plan(consumer, 600_00, "deposit", deposit_amount=500_00)
    assert plan["must_authenticate"]
    assert await do(world, plan, "claims", amount=1, evidence="a photo") == 409
    assert await do(world, plan, "release") == 200
    assert (await world.account(consumer))["reserved"] == 0


@SHARED
async def test_a_small_deposit_needs_no_proof(world: World) -> None:
    await asks_of(world, "deposits", above=500_00)
    plan = await world.plan(await world.consumer(limit=5_000_00), 600_00, "deposit", deposit_amount=500_00)
    assert not plan["must_authenticate"]
    assert await do(world, plan, "claims", amount=100_00, evidence="a photo") in (200, 201)


@SHARED
async def test_what_is_used_before_it_is_paid_is_agreed_to_before_it_is_used(world: World) -> None:
    await asks_of(world, "pay_after_use", above=100_00)
    consumer = await world.consumer(limit=5_000_00)
    device = await device_of(world, consumer)
    plan = await world.plan(consumer, 200_00, "pay_after_use")
    assert await do(world, plan, "use/start") == 409
    assert await capture(world, plan["id"]) == 409
    await agrees(world, device, plan["id"])
    assert await do(world, plan, "use/start") == 200
