"""Endpoints of platforms, which hear what happens to each of their sellers, and of partners, which hear of shares."""

from typing import Any

import pytest

from service.event_type import EventType
from service.partners.layouts import TxnType
from service.webhooks.endpoint import SHARE
from tests.flows.test_platforms import acting, bought
from tests.flows.test_webhooks import Receiver, delivering, endpoint, rounds
from tests.flows.world import SHARED, Client, World
from tests.outside.serving import served


async def heard_by(client: Client, url: str, path: str = "/v1/endpoints", **body: Any) -> dict[str, Any]:
    made = await client.post(path, {"url": url} | body)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


@SHARED
async def test_a_platform_hears_of_its_sellers_each_by_name(world: World) -> None:
    receiver, other = Receiver(), Receiver()
    selling, seller = await acting(world)
    await bought(selling)
    async with served(receiver) as url, served(other) as elsewhere, delivering(world) as deliverer:
        made = await heard_by(world.merchant, url, of_sellers=True)
        alone = await endpoint(world, elsewhere)
        await rounds(deliverer)
        assert receiver.heard == [], "what was before is not sent"
        plan = (await selling.get("/v1/events")).json()["events"][0]["plan_id"]
        assert (await selling.post(f"/v1/plans/{plan}/refunds", {"amount": 10_00})).is_success
        later, new = await acting(world)  # who is taken on afterwards is heard from the first event on
        await bought(later)
        own = await world.plan(await world.consumer(1_000_00), 100_00)
        await rounds(deliverer)
        told = [one for one in receiver.told(made["secret"]) if one["plan_id"] != own["id"]]
        feeds = {seller: selling, new: later}
        assert {one["merchant_id"] for one in told} == set(feeds)
        for merchant, client in feeds.items():
            listed = (await client.get("/v1/events")).json()["events"]
            expected = [one["number"] for one in listed if merchant == new or one["number"] > 2]
            assert [one["number"] for one in told if one["merchant_id"] == merchant] == expected
        (authorized,) = [one for one in receiver.told(made["secret"]) if one["plan_id"] == own["id"]]
        assert "merchant_id" not in authorized
        log = (await world.merchant.get(f"/v1/endpoints/{alone['id']}/deliveries")).json()["deliveries"]
        assert [one["number"] for one in log] == [authorized["number"]], "it did not ask for sellers"
        log = (await world.merchant.get(f"/v1/endpoints/{made['id']}/deliveries", feed=seller)).json()["deliveries"]
        assert [(one["feed"], one["number"], one["state"]) for one in log] == [(seller, 3, "delivered")]

        receiver.heard.clear()
        asked = {"first": 1, "last": 9, "feed": new}
        again = await world.merchant.post(f"/v1/endpoints/{made['id']}/replay", asked)
        assert again.json() == {"deliveries": 2}
        await world.merchant.post(f"/v1/endpoints/{made['id']}/change", {"of_sellers": False})
        await rounds(deliverer)
        assert [one["merchant_id"] for one in receiver.told(made["secret"])] == [new, new]
        assert (await selling.post(f"/v1/plans/{plan}/refunds", {"amount": 10_00})).is_success
        await rounds(deliverer)
    assert len(receiver.heard) == 2, "not of sellers any more"


@SHARED
async def test_nobody_hears_of_another_platforms_sellers(world: World) -> None:
    refused = await world.other_merchant.post("/v1/endpoints", {"url": "https://shop.example/", "of_sellers": True})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/of_sellers")
    made = await heard_by(world.other_merchant, "https://shop.example/")
    changed = await world.other_merchant.post(f"/v1/endpoints/{made['id']}/change", {"of_sellers": True})
    assert (changed.status_code, changed.json()["pointer"]) == (400, "/of_sellers")


async def test_a_partner_hears_what_happens_to_its_share(world: World) -> None:
    receiver = Receiver()
    before = await world.plan(await world.consumer(1_000_00), 600_00)
    assert (await world.merchant.post(f"/v1/plans/{before['id']}/capture", {"amount": 600_00})).is_success
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await heard_by(world.partner, url, "/v1/partner/endpoints")
        wants = await heard_by(world.partner, url, "/v1/partner/endpoints", types=["share.refund"])
        plan = await world.plan(await world.consumer(1_000_00), 600_00)
        for verb, body in (("capture", {"amount": 600_00}), ("payments", {"amount": 100_00})):
            assert (await world.merchant.post(f"/v1/plans/{plan['id']}/{verb}", body)).is_success
        await rounds(deliverer)
        told = receiver.told(made["secret"])
        listed = (await world.partner.get("/v1/partner/events", after=1)).json()["events"]
        assert [(one["type"], one["number"], one["plan_id"], one["id"]) for one in told] == [
            (f"share.{one['type']}", one["number"], plan["id"], one["id"]) for one in listed
        ]
        assert [one["data"]["principal"] for one in told] == [-420_00, 70_00]
        shown = {name: listed[1][name] for name in told[1]["data"]}
        assert told[1]["data"] == shown

        assert (await world.partner.post(f"/v1/partner/endpoints/{wants['id']}/test")).status_code == 200
        await rounds(deliverer)
        (tested,) = receiver.heard[len(told) :]
        assert b"endpoint.tested" in tested[1]
    log = await world.partner.get(f"/v1/partner/endpoints/{made['id']}/deliveries", feed="ledger")
    assert [(one["type"], one["state"]) for one in log.json()["deliveries"]] == [
        ("share.funding", "delivered"), ("share.repayment", "delivered")
    ]  # fmt: skip
    (first, second) = (await world.partner.get("/v1/partner/endpoints")).json()["endpoints"]
    assert (first["id"], second["types"]) == (made["id"], ["share.refund"])
    assert (await world.merchant.get(f"/v1/endpoints/{made['id']}/deliveries")).status_code == 404


@SHARED
@pytest.mark.parametrize(("partner", "type_"), [(True, "plan.captured"), (False, "share.funding")])
async def test_what_is_never_told_is_refused(world: World, partner: bool, type_: str) -> None:
    client, path = (world.partner, "/v1/partner/endpoints") if partner else (world.merchant, "/v1/endpoints")
    refused = await client.post(path, {"url": "https://one.example/", "types": ["endpoint.tested", type_]})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/types/1")


def test_a_partner_is_told_of_each_type_of_its_file() -> None:
    assert {f"{SHARE}{one}" for one in TxnType} == {one for one in EventType if one.startswith(SHARE)}
