"""The life of a policy: two people, one instant, no second thoughts."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from service import clock
from service.demo.seed import OPERATORS, POLICY
from tests.flows.world import NOON, SHARED, Client, World

POLICIES = "/v1/operator/policies"
DEMO: dict[str, Any] = msgspec.json.decode(POLICY.read_bytes())


def with_field(pointer: str, value: Any) -> dict[str, Any]:
    """The demo's policy with another value at a place."""
    document = msgspec.json.decode(POLICY.read_bytes())
    place: Any = document
    *way, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    for part in way:
        place = place[part]
    place[last] = value
    assert isinstance(document, dict)
    return document


async def draft(client: Client, document: dict[str, Any]) -> dict[str, Any]:
    made = await client.post(POLICIES, document)
    assert made.status_code == 201, made.text
    version: dict[str, Any] = made.json()
    return version


async def publish(client: Client, version: dict[str, Any], **body: Any) -> httpx.Response:
    return await client.post(f"{POLICIES}/{version['id']}/versions/{version['version']}/publish", body)


async def roll_back(client: Client, number: int, **body: Any) -> httpx.Response:
    return await client.post(f"{POLICIES}/{DEMO['id']}/versions/{number}/rollback", body)


async def states(world: World) -> dict[int, str]:
    """The state of each version of the demo's policy."""
    page = (await world.operator.get(POLICIES)).json()
    return {row["version"]: row["state"] for row in page["policies"]}


async def decided_under(world: World, consumer: str) -> int:
    version: int = (await world.checkout(consumer, 100_00))["policy_version"]
    return version


async def test_a_policy_is_drafted_published_and_put_back(world: World) -> None:
    consumer = await world.consumer()
    made = await draft(world.operator, with_field("/offers_max", 2))
    assert (made["version"], made["state"], made["faults"], made["active_from"]) == (2, "validated", [], None)
    assert await decided_under(world, consumer) == 1
    published = (await publish(world.second_operator, made)).json()
    assert (published["state"], published["active_from"]) == ("active", "2026-03-02T12:00:00Z")
    assert (published["drafter"], published["publisher"]) == OPERATORS
    assert published["drafted_by"] != published["published_by"]
    assert await decided_under(world, consumer) == 2
    assert await states(world) == {1: "retired", 2: "active"}

    back = await roll_back(world.second_operator, 1)
    assert (back.status_code, back.json()["version"], back.json()["restores"]) == (201, 3, 1)
    assert await states(world) == {1: "retired", 2: "retired", 3: "active"}
    assert await decided_under(world, consumer) == 3
    document = (await world.operator.get(f"{POLICIES}/{DEMO['id']}/versions/3")).json()["document"]
    seeded = (await world.operator.get(f"{POLICIES}/{DEMO['id']}/versions/1")).json()["document"]
    assert document == seeded | {"version": 3}


async def test_who_has_not_heard_of_a_policy_does_not_decide_by_the_old_one(world: World) -> None:
    registry = world.app.state.services.registry
    consumer = await world.consumer()
    made = await draft(world.operator, with_field("/offers_max", 1))
    before = registry.now
    await registry.close()  # deaf from here on
    assert (await publish(world.second_operator, made)).status_code == 200
    registry.now = before
    answer = await world.checkout(consumer, 100_00)
    assert (answer["policy_version"], len(answer["offers"])) == (2, 1)
    logged = await world.pool.fetch("select policy_version from decisions where consumer_id = $1", consumer)
    assert [row["policy_version"] for row in logged] == [2]


async def test_who_drafted_it_does_not_sign_it(world: World) -> None:
    made = await draft(world.operator, DEMO)
    refused = await publish(world.operator, made)
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    assert "second person" in refused.json()["detail"]
    assert await states(world) == {1: "active", 2: "validated"}
    refused = await roll_back(world.operator, 1)  # the seed's first key drafted it
    assert refused.json()["code"] == "four_eyes"
    assert await states(world) == {1: "active", 2: "validated"}
    assert (await publish(world.second_operator, made)).status_code == 200


async def test_nothing_is_replayed_under_a_draft_with_faults(world: World) -> None:
    decision = await world.checkout(await world.consumer(), 100_00)
    for faulty in (with_field("/time_zone", "Mars/X"), with_field("/features/3/name", "nothing")):
        made = await draft(world.operator, faulty)
        assert made["state"] == "draft"
        refused = await world.operator.get(
            f"/v1/operator/decisions/{decision['id']}/replay", policy_id=made["id"], policy_version=made["version"]
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_policy")


async def test_nobody_gives_an_operator_more_than_their_own_key_may_do(world: World) -> None:
    asked = {"audience": "operator", "owner_id": "grace", "scopes": ["keys"]}
    narrow = Client(world.http, await world.key(**asked))
    assert (await narrow.post("/v1/operator/keys", asked)).status_code == 202
    for scopes in (["*"], ["keys", "policies"]):
        refused = await narrow.post("/v1/operator/keys", asked | {"scopes": scopes})
        assert (refused.status_code, refused.json()["pointer"]) == (403, "/scopes")
    merchants = {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": ["plans"]}
    assert (await narrow.post("/v1/operator/keys", merchants)).status_code == 201


async def test_two_keys_of_one_person_are_one_person(world: World) -> None:
    """Whoever drafted it signs it with none of their keys, nor puts their own earlier version back, nor tries it."""
    key, made = await key_of(world, OPERATORS[0]), await draft(world.operator, DEMO)
    refused = await publish(key, made)
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    assert refused.json()["detail"].startswith("ada drafted this version; a second person signs it")
    assert (await roll_back(key, 1)).json()["code"] == "four_eyes"
    trial = {"policy_id": made["id"], "version": made["version"], "share_bps": 1}
    assert (await key.post("/v1/operator/trials", trial)).json()["code"] == "four_eyes"
    assert await states(world) == {1: "active", 2: "validated"}


async def test_a_second_person_signs_with_any_of_their_keys(world: World) -> None:
    made = await draft(world.operator, DEMO)
    published = await publish(await key_of(world, "alan"), made)
    assert (published.status_code, published.json()["publisher"]) == (200, "alan")
    kept = (await world.operator.get(f"{POLICIES}/{made['id']}/versions/{made['version']}")).json()
    assert (kept["drafter"], kept["publisher"]) == ("ada", "alan")
    assert kept["drafted_by"] == made["drafted_by"]
    assert kept["published_by"].startswith("ke_")


async def key_of(world: World, person: str) -> Client:
    """A client with a new key of an operator."""
    return Client(world.http, await world.key(audience="operator", owner_id=person))


@pytest.mark.parametrize(
    ("pointer", "value", "at"),
    [
        ("/scorecard/characteristics/0/bins", [], "/scorecard/characteristics/0/bins"),
        ("/time_zone", "Europe/Atlantis", "/time_zone"),
        ("/instalments/0/terms/down_payment_bps", 10_000, "/instalments/0"),
        ("/grades/0/score_min", 0, "/grades"),
        ("/limits/0/grade", "Z", "/limits/0/grade"),
    ],
)
async def test_a_faulty_policy_never_becomes_active(world: World, pointer: str, value: Any, at: str) -> None:
    made = await world.operator.post(POLICIES, with_field(pointer, value))
    if made.status_code == 400:  # the shape itself
        assert made.json()["pointer"].startswith(at)
        return
    version = made.json()
    assert version["state"] == "draft"
    assert any(fault["pointer"].startswith(at) for fault in version["faults"])
    refused = await publish(world.second_operator, version)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_policy")
    assert all(fault["sentence"] in refused.json()["detail"] for fault in version["faults"])
    assert await states(world) == {1: "active", 2: "draft"}


async def test_a_price_above_the_cap_of_the_day_is_refused(world: World) -> None:
    document = with_field("/instalments", [priced("99")]) | {"jurisdiction": "IE"}  # 23 per cent
    made = await draft(world.operator, document)
    above = [fault for fault in made["faults"] if "above the cap" in fault["sentence"]]
    assert [fault["pointer"] for fault in above] == ["/instalments/0/terms"]
    assert (await publish(world.second_operator, made)).json()["code"] == "invalid_policy"


def priced(rate: str) -> dict[str, Any]:
    """A row of the price list at a rate, per cent a year."""
    terms = {"instalments": 12, "every": 1, "unit": "month", "rate_percent": rate}
    return {"name": "dear", "currency": "EUR", "amount_min": 500_00, "amount_max": 5_000_00, "terms": terms}


async def test_a_policy_begins_at_its_instant(world: World) -> None:
    """Each request is decided by the policy in force when it happens."""
    consumer = await world.consumer()
    begins, made = NOON + timedelta(days=3), await draft(world.operator, DEMO)
    published = await publish(world.second_operator, made, active_from=begins.isoformat())
    assert published.json()["state"] == "published"
    for after, version in ((-1, 1), (0, 2), (1, 2)):
        world.merchant.now = begins + timedelta(microseconds=after)
        assert await decided_under(world, consumer) == version
    world.operator.now = begins
    assert await states(world) == {1: "retired", 2: "active"}


async def test_a_policy_does_not_begin_in_the_past_nor_in_the_year_9999(
    world: World, subtests: pytest.Subtests
) -> None:
    made = await draft(world.operator, DEMO)
    for instant in (
        "2026-03-02T11:59:59.999999Z", "0001-01-01T00:00:00+23:59", "2027-03-03T12:00:00.000001Z",
        "9999-12-31T23:59:59-23:59", "2026-03-02T12:00:00", "2026-03-03", "now", 1772452800,
    ):  # fmt: skip
        with subtests.test(str(instant)):
            refused = await publish(world.second_operator, made, active_from=instant)
            assert (refused.status_code, refused.json()["pointer"]) == (400, "/active_from")
            assert await states(world) == {1: "active", 2: "validated"}


async def test_a_publication_sent_again_is_the_same(world: World) -> None:
    """However long after: the key tells that it was done, though its instant is past by then."""
    made = await draft(world.operator, DEMO)
    path, body = f"{POLICIES}/{made['id']}/versions/{made['version']}/publish", {"active_from": NOON.isoformat()}
    first = await world.second_operator.post(path, body, key="k")
    world.second_operator.now = NOON + timedelta(days=1)
    again = await world.second_operator.post(path, body, key="k")
    assert (first.status_code, first.content) == (200, again.content)


async def test_what_is_published_is_published_once(world: World) -> None:
    made = await draft(world.operator, DEMO)
    assert (await publish(world.second_operator, made)).status_code == 200
    again = await publish(world.second_operator, made)
    assert (again.status_code, again.json()["code"], again.json()["actions"]) == (409, "state_forbids", ["rollback"])
    draft_only = await draft(world.operator, DEMO)
    assert (await roll_back(world.second_operator, draft_only["version"])).json()["code"] == "state_forbids"
    assert (await roll_back(world.second_operator, 9)).json()["code"] == "not_found"


@SHARED
@pytest.mark.parametrize(
    "statement",
    [
        "update policies set document = '{}'",
        "update policies set active_from = '2030-01-01'",
        "update policies set published_by = 'ke_other'",
        "update policies set publisher = 'alan'",
        "update policies set published_at = null, active_from = null",
        "delete from policies",
        "truncate policies cascade",
    ],
)
async def test_a_version_never_changes(world: World, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.pool.execute(statement)


async def test_two_people_stand_in_the_table_too(world: World) -> None:
    made = await draft(world.operator, DEMO)
    with pytest.raises(asyncpg.CheckViolationError, match="signed_by_two"):
        await world.pool.execute(
            "update policies set published_by = 'ke_2', publisher = drafter, published_at = $2, active_from = $2"
            " where version = $1",
            made["version"], clock.now(),
        )  # fmt: skip


async def test_versions_are_listed_page_by_page(world: World) -> None:
    for _ in range(3):
        await draft(world.operator, DEMO)
    after, seen = "", []
    while page := (await world.operator.get(POLICIES, after=after, limit=2)).json():
        if not page["policies"]:
            break
        seen += [row["version"] for row in page["policies"]]
        after = page["after"]
    assert seen == [1, 2, 3, 4]
