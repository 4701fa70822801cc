"""Who bears losses, with keys of its own: sees its own arrangements and news, and nothing of anybody else's."""

from typing import Any

from tests.flows.test_support import ARRANGEMENTS, agreed, document
from tests.flows.test_webhooks import Receiver, delivering, rounds
from tests.flows.test_webhooks_of_others import heard_by
from tests.flows.world import Client, World
from tests.outside.serving import served


async def borne_by(world: World, party_id: str, **differs: Any) -> str:
    """An arrangement that the party bears losses by; its id."""
    return await agreed(world, ARRANGEMENTS, await document(world, provider_id=party_id) | differs)


async def own(client: Client) -> list[str]:
    listed = await client.get("/v1/support/arrangements")
    assert listed.status_code == 200, listed.text
    return [one["id"] for one in listed.json()["arrangements"]]


async def test_a_party_sees_what_it_bears_and_nothing_else(world: World) -> None:
    (first, ours), (second, theirs) = await world.take_on(), await world.take_on("Bank of the Alster")
    mine = [await borne_by(world, first), await borne_by(world, first, name="Another")]
    other = await borne_by(world, second)
    assert await own(ours) == sorted(mine)
    assert await own(theirs) == [other]
    page = await ours.get("/v1/support/arrangements", limit=1)
    assert [one["id"] for one in page.json()["arrangements"]] == sorted(mine)[:1]
    page = await ours.get("/v1/support/arrangements", after=page.json()["after"])
    assert [one["id"] for one in page.json()["arrangements"]] == sorted(mine)[1:]
    seen = await ours.get(f"/v1/support/arrangements/{mine[0]}")
    assert (seen.status_code, seen.json()["document"]["provider_id"]) == (200, first)
    for strange in (other, "sa_00000000000000000000000000", "sa_1"):
        assert (await ours.get(f"/v1/support/arrangements/{strange}")).json()["code"] == "not_found"
    await agreed(world, ARRANGEMENTS, await document(world, provider_id=second), arrangement_id=mine[1])
    assert await own(ours) == mine[:1], "another bears it from its next version on"
    assert await own(theirs) == sorted([mine[1], other])


async def test_a_party_hears_what_was_agreed_numbered_without_gaps(world: World) -> None:
    party, client = await world.take_on()
    _, other = await world.take_on("Bank of the Alster")
    one = await borne_by(world, party)
    await agreed(world, ARRANGEMENTS, await document(world, provider_id=party, cover_bps=1), arrangement_id=one)
    told = (await client.get("/v1/support/events")).json()
    assert [(event["number"], event["type"], event["actor"], event["data"]) for event in told["events"]] == [
        (number, "arrangement.agreed", "operator", {"arrangement_id": one, "version": number}) for number in (1, 2)
    ]
    assert (await client.get("/v1/support/events", after=1)).json()["events"] == told["events"][1:]
    assert (await other.get("/v1/support/events")).json() == {"events": [], "after": 0}


async def test_its_endpoints_are_sent_the_same(world: World) -> None:
    receiver = Receiver()
    party, client = await world.take_on()
    before = await borne_by(world, party)
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await heard_by(client, url, "/v1/support/endpoints")
        after = await borne_by(world, party)
        await rounds(deliverer)
        (told,) = receiver.told(made["secret"])
        assert (told["type"], told["number"], told["data"]["arrangement_id"]) == ("arrangement.agreed", 2, after)
        assert before != after
        log = (await client.get(f"/v1/support/endpoints/{made['id']}/deliveries")).json()["deliveries"]
        assert [(one["number"], one["state"]) for one in log] == [(2, "delivered")]
        _, other = await world.take_on("Bank of the Alster")
        strange = await other.get(f"/v1/support/endpoints/{made['id']}/deliveries")
        assert strange.json()["code"] == "not_found"
    for types, pointer in ((["plan.captured"], "/types/0"), (["arrangement.agreed", "share.refund"], "/types/1")):
        refused = await client.post("/v1/support/endpoints", {"url": "https://elbe.example/", "types": types})
        assert (refused.status_code, refused.json()["pointer"]) == (400, pointer)
    refused = await world.merchant.post(
        "/v1/endpoints", {"url": "https://shop.example/", "types": ["arrangement.agreed"]}
    )
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/types/0")


async def test_its_keys_are_rotated_restricted_and_revoked(world: World) -> None:
    party, client = await world.take_on()
    listed = (await client.get("/v1/support/keys")).json()["keys"]
    assert [(key["prefix"], key["kind"]) for key in listed] == [("spk_", "secret")]
    few = Client(world.http, await world.key(audience="support", owner_id=party, scopes=["arrangements:read"]))
    assert (await few.get("/v1/support/arrangements")).status_code == 200
    assert (await few.get("/v1/support/events")).json()["code"] == "forbidden"
    asked = await world.operator.post(f"/v1/operator/keys/{listed[0]['id']}/rotate", {"overlap_hours": 0})
    rotated = await world.seconded(asked)
    assert rotated.json()["key"].startswith("spk_")
    newer = Client(world.http, rotated.json()["key"])
    keys = (await newer.get("/v1/support/keys")).json()["keys"]
    (newest,) = [key for key in keys if key["replaces"] == listed[0]["id"]]
    assert (await world.operator.post(f"/v1/operator/keys/{newest['id']}/revoke")).status_code == 200
    assert (await newer.get("/v1/support/keys")).status_code == 401
    nobody = {"audience": "support", "owner_id": "sp_00000000000000000000000000", "scopes": ["arrangements"]}
    assert (await world.operator.post("/v1/operator/keys", nobody)).json()["code"] == "not_found"
    for path in ("/v1/operator/merchants", "/v1/partner/plans", "/v1/plans"):
        assert (await few.get(path)).status_code == 403
    assert (await world.partner.get("/v1/support/arrangements")).status_code == 403
