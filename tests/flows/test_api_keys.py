"""Keys over HTTP: shown once, restricted, for pages, rotated, revoked, listed; and what is refused."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.access.flow import Used, note_uses
from service.demo.seed import Demo
from tests.contract.checked import Contract
from tests.flows.world import NOON, SHARED, Client, World

KEYS = "/v1/operator/keys"
SHOP = "https://shop.example"
QUOTE = {
    "currency": "EUR", "amount": 1_000_00, "terms": {"instalments": 3}, "jurisdiction": "DE", "start_on": "2026-03-02",
}  # fmt: skip


async def make(world: World, by: Client | None = None, **body: Any) -> httpx.Response:
    """A key of the demo's merchant, unless it is said whose."""
    asked = {"audience": "merchant", "owner_id": world.demo.merchant_id} | body
    if asked["owner_id"] == "clerk":
        await world.enrol(asked["owner_id"])
    return await world.seconded(await (by or world.operator).post(KEYS, asked))


async def client(world: World, **body: Any) -> Client:
    made = await make(world, **body)
    assert made.status_code == 201, made.text
    return Client(world.http, made.json()["key"])


@SHARED
async def test_a_key_is_shown_once_and_is_nowhere(world: World) -> None:
    body = {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": ["events"]}
    first = await world.operator.post(KEYS, body, key="once")
    again = await world.operator.post(KEYS, body, key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    key, key_id = first.json()["key"], first.json()["id"]
    assert re.fullmatch(r"rk_live_[\w-]{43}", key)
    assert again.json() == {"id": key_id, "key": None}
    assert (await Client(world.http, key).get("/v1/events")).status_code == 200
    assert key not in (await world.operator.get(KEYS)).text
    for (table,) in await world.pool.fetch("select tablename from pg_tables where schemaname = 'public'"):
        assert not await world.pool.fetchval(f"select count(*) from {table} t where t::text like $1", f"%{key[8:]}%")


@SHARED
@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["plans"], "GET", "/v1/plans", 400),  # let in: a parameter is missing
        (["plans:read"], "GET", "/v1/plans", 400),
        (["*:read"], "GET", "/v1/plans", 400),
        (["plans:write"], "GET", "/v1/plans", 403),
        (["events"], "GET", "/v1/plans", 403),
        (["plans"], "POST", "/v1/plans", 400),
        (["plans:write"], "POST", "/v1/plans", 400),
        (["plans:read"], "POST", "/v1/plans", 403),
        (["*:read"], "POST", "/v1/plans", 403),
        (["*:read"], "GET", "/v1/operator/keys", 403),
    ],
)
async def test_what_a_restricted_key_may(world: World, scopes: list[str], method: str, path: str, status: int) -> None:
    restricted = await client(world, scopes=scopes)
    assert restricted.authorization.startswith("Bearer rk_live_")
    answered = await restricted.send(method, path, **({"json": {}} if method == "POST" else {}))
    assert answered.status_code == status, answered.text
    if status == 403:
        assert answered.json()["code"] == "forbidden"


@SHARED
@pytest.mark.parametrize(
    ("by", "body", "status", "pointer"),
    [
        (["keys"], {"audience": "merchant"}, 201, None),
        (["keys:write"], {"audience": "merchant", "scopes": ["plans"]}, 201, None),
        (["keys:read"], {"audience": "merchant"}, 403, None),
        (["policies"], {"audience": "merchant"}, 403, None),
        (["keys"], {"audience": "operator", "owner_id": "grace", "scopes": ["keys:read"]}, 201, None),
        (["keys:write"], {"audience": "operator", "owner_id": "grace", "scopes": ["keys"]}, 403, "/scopes"),
        (["keys", "*:read"], {"audience": "operator", "owner_id": "grace", "scopes": ["policies:read"]}, 201, None),
        (["keys", "*:read"], {"audience": "operator", "owner_id": "grace", "scopes": ["policies"]}, 403, "/scopes"),
        (["*"], {"audience": "operator", "owner_id": "ada\u200b"}, 400, "/owner_id"),
        (["*"], {"audience": "operator", "owner_id": "me_01JD8Q4Z7K0000000000000000"}, 400, "/owner_id"),
        (["*"], {"audience": "merchant", "scopes": ["*:write"]}, 400, "/scopes/0"),
        (["*"], {"audience": "merchant", "scopes": ["plans:read", "breaks"]}, 400, "/scopes/1"),
        (["*"], {"audience": "merchant", "origins": [SHOP], "scopes": ["plans"]}, 400, "/scopes/0"),
        (["*"], {"audience": "merchant", "origins": [SHOP, f"{SHOP}:443"]}, 400, "/origins/1"),
        (["*"], {"audience": "operator", "owner_id": "grace", "origins": [SHOP]}, 400, "/origins"),
        (["*"], {"audience": "merchant", "owner_id": "me_01JD8Q4Z7K0000000000000000"}, 404, "/owner_id"),
        (["*"], {"audience": "merchant", "expires_at": "2026-03-02T12:00:00Z"}, 400, "/expires_at"),
    ],
)  # fmt: skip
async def test_who_makes_which_key(
    world: World, by: list[str], body: dict[str, Any], status: int, pointer: str | None
) -> None:
    maker = await client(world, audience="operator", owner_id="clerk", scopes=by)
    made = await make(world, maker, **body)
    assert (made.status_code, made.json().get("pointer")) == (status, pointer), made.text


@SHARED
async def test_a_person_is_one_however_the_name_is_written(world: World) -> None:
    for name in ("Ada", "ADA", "\uff41\uff44\uff41"):
        assert (await make(world, audience="operator", owner_id=name, scopes=["keys"])).status_code == 201
    rows = (await world.operator.get(KEYS, owner_id="aDa")).json()["keys"]
    assert {row["owner_id"] for row in rows} == {"ada"}
    assert len(rows) == 4


# Pages ----------------------------------------------------------------------------------------------------------------


@SHARED
@pytest.mark.parametrize(
    ("origin", "path", "status", "code", "is_readable"),
    [
        (SHOP, "/v1/quotes", 200, None, True),
        ("https://other.example", "/v1/quotes", 200, None, True),
        (None, "/v1/quotes", 403, "wrong_origin", False),
        ("", "/v1/quotes", 403, "wrong_origin", False),
        ("null", "/v1/quotes", 403, "wrong_origin", False),
        ("https://shop.example.evil", "/v1/quotes", 403, "wrong_origin", False),
        ("https://evil.shop.example", "/v1/quotes", 403, "wrong_origin", False),
        ("http://shop.example", "/v1/quotes", 403, "wrong_origin", False),
        ("https://shop.example:8443", "/v1/quotes", 403, "wrong_origin", False),
        ("https://SHOP.example", "/v1/quotes", 403, "wrong_origin", False),
        (SHOP, "/v1/checkouts", 403, "forbidden", True),
        (SHOP, "/v1/plans", 403, "forbidden", True),
    ],
)
async def test_a_publishable_key_is_for_its_pages(
    world: World, origin: str | None, path: str, status: int, code: str | None, is_readable: bool
) -> None:
    page = await client(world, origins=[SHOP, "https://other.example"])
    assert page.authorization.startswith("Bearer pk_live_")
    answered = await page.post(path, QUOTE, headers={} if origin is None else {"Origin": origin})
    assert (answered.status_code, answered.json().get("code")) == (status, code), answered.text
    assert answered.headers.get("access-control-allow-origin") == (origin if is_readable else None)
    if code == "wrong_origin":
        assert answered.json()["pointer"] == "/Origin"
        Contract().check(answered)


@SHARED
async def test_a_page_reads_why_it_was_refused(world: World) -> None:
    page = await client(world, origins=[SHOP])
    refused = await page.post("/v1/quotes", QUOTE | {"amount": "1"}, headers={"Origin": SHOP})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, SHOP)


@SHARED
async def test_a_secret_key_tells_no_page_anything(world: World) -> None:
    answered = await world.merchant.post("/v1/quotes", QUOTE, headers={"Origin": SHOP})
    assert answered.status_code == 200
    assert "access-control-allow-origin" not in answered.headers


@pytest.mark.parametrize(
    ("origin", "path", "allowed"),
    [
        (SHOP, "/v1/quotes", "POST"),
        ("https://evil.example", "/v1/quotes", None),
        (None, "/v1/quotes", None),
        (SHOP, "/v1/checkouts", None),
        (SHOP, "/v1/operator/keys", None),
    ],
)
async def test_what_a_browser_asks_before(world: World, origin: str | None, path: str, allowed: str | None) -> None:
    made = (await make(world, origins=[SHOP])).json()
    asked = {"Access-Control-Request-Method": "POST"} | ({} if origin is None else {"Origin": origin})
    for expected in (allowed, None):
        answered = await world.http.options(path, headers=asked)
        assert answered.status_code == 204
        assert answered.headers.get("access-control-allow-methods") == expected
        assert answered.headers.get("access-control-allow-origin") == (origin if expected else None)
        if expected:
            assert "Idempotency-Key" in answered.headers["access-control-allow-headers"]
        await world.operator.post(f"{KEYS}/{made['id']}/revoke")  # the last key of that origin


# From one key to the next ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "hours"), [({}, 24), ({"overlap_hours": 0}, 0), ({"overlap_hours": 168}, 168)])
async def test_while_a_key_is_rotated_two_are_valid(world: World, asked: dict[str, int], hours: int) -> None:
    made = (await make(world, scopes=["plans:read", "events"])).json()
    old = Client(world.http, made["key"])
    rotated = await world.operator.post(f"{KEYS}/{made['id']}/rotate", asked, key="rotate")
    assert rotated.status_code == 201, rotated.text
    new = Client(world.http, rotated.json()["key"])
    again = await world.operator.post(f"{KEYS}/{made['id']}/rotate", asked, key="rotate")
    assert again.json() == rotated.json() | {"key": None}
    await world.app.state["services"].registry.reload()
    for one, at, status in [
        (old, timedelta(hours=hours, seconds=-1), 200), (old, timedelta(hours=hours), 401),
        (new, timedelta(0), 200), (new, timedelta(days=1_000), 200),
    ]:  # fmt: skip
        one.now = NOON + at
        answered = await one.get("/v1/events")
        assert answered.status_code == status, (at, answered.text)
        if status == 401:
            assert answered.json()["detail"].startswith("This key expired at 2026-03-")
    rows = (await world.operator.get(KEYS, owner_id=world.demo.merchant_id)).json()["keys"]
    row = next(row for row in rows if row["id"] == rotated.json()["id"])
    assert (row["replaces"], row["scopes"], row["expires_at"]) == (made["id"], ["plans:read", "events"], None)


@SHARED
async def test_a_key_that_expires_is_followed_by_one_that_lives_as_long(world: World) -> None:
    made = (await make(world, scopes=["plans:read"], expires_at="2026-03-12T12:00:00Z")).json()
    world.operator.now = NOON + timedelta(days=8)
    rotated = (await world.operator.post(f"{KEYS}/{made['id']}/rotate", {"overlap_hours": 168})).json()
    rows = {row["id"]: row for row in (await world.operator.get(KEYS)).json()["keys"]}
    assert rows[made["id"]]["expires_at"] == "2026-03-12T12:00:00Z"  # an overlap lengthens no life
    assert rows[rotated["id"]]["expires_at"] == "2026-03-20T12:00:00Z"
    world.operator.now = NOON + timedelta(days=11)
    over = await world.operator.post(f"{KEYS}/{made['id']}/rotate")
    assert (over.status_code, over.json()["code"]) == (404, "not_found")


@SHARED
async def test_nobody_rotates_an_operators_key_but_its_holder(world: World) -> None:
    made = (await make(world, audience="operator", owner_id="grace", scopes=["*"])).json()
    clerk = await client(world, audience="operator", owner_id="clerk", scopes=["keys"])
    narrow = await client(world, audience="operator", owner_id="grace", scopes=["keys"])
    for who in (clerk, narrow, world.operator):
        refused = await who.post(f"{KEYS}/{made['id']}/rotate")
        assert (refused.status_code, refused.json()["actions"]) == (403, ["revoke"])
    assert (await world.second_operator.post(f"{KEYS}/{made['id']}/rotate")).status_code == 201


async def test_the_last_key_that_makes_keys_is_not_revoked(world: World) -> None:
    makers = (await world.operator.get(KEYS, audience="operator")).json()["keys"]
    assert len(makers) == 2
    await make(world, audience="operator", owner_id="clerk", scopes=["policies", "keys:read"])
    of_ada, of_grace = [next(row["id"] for row in makers if row["owner_id"] == who) for who in ("ada", "grace")]
    answers = await asyncio.gather(
        world.operator.post(f"{KEYS}/{of_grace}/revoke"), world.second_operator.post(f"{KEYS}/{of_ada}/revoke")
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    last = next(one for one in answers if one.status_code == 409)
    assert (last.json()["code"], last.json()["actions"]) == ("state_forbids", ["keys"])
    left = world.operator if answers[0].status_code == 200 else world.second_operator
    own = of_ada if left is world.operator else of_grace
    assert (await left.post(f"{KEYS}/{own}/revoke")).status_code == 409


async def test_who_made_and_revoked_a_key_stands_in_the_list(world: World) -> None:
    made = (await make(world, world.second_operator, scopes=["plans"])).json()
    await world.operator.post(f"{KEYS}/{made['id']}/revoke")
    page = (await world.operator.get(KEYS, owner_id=world.demo.merchant_id)).json()
    seeded, row = page["keys"] if page["keys"][1]["id"] == made["id"] else reversed(page["keys"])
    assert (row["kind"], row["prefix"], row["scopes"]) == ("restricted", "rk_live_", ["plans"])
    assert (row["created_by_owner"], row["revoked_by_owner"]) == ("grace", "ada")
    assert row["created_by"].startswith("ke_")
    assert (row["created_at"], row["revoked_at"]) == ("2026-03-02T12:00:00Z",) * 2
    assert (seeded["kind"], seeded["created_by"], seeded["revoked_at"]) == ("secret", None, None)
    assert page["under_secret_before"] == 0
    assert (await world.operator.post(f"{KEYS}/{made['id']}/revoke")).status_code == 404


@SHARED
async def test_lists_go_on_after_the_last_id(world: World) -> None:
    for _ in range(3):
        await make(world, scopes=["plans"])
    whole = (await world.operator.get(KEYS)).json()["keys"]
    found: list[Any] = []
    after = ""
    while page := (await world.operator.get(KEYS, after=after, limit=2)).json():
        if not page["keys"]:
            break
        found += page["keys"]
        after = page["after"]
    assert [row["id"] for row in found] == [row["id"] for row in whole] == sorted(row["id"] for row in whole)
    assert {row["audience"] for row in (await world.operator.get(KEYS, audience="partner")).json()["keys"]} == {
        "partner"
    }
    assert (await world.operator.get(KEYS, audience="consumer")).status_code == 400


async def test_a_merchant_and_a_partner_see_their_own(world: World) -> None:
    await make(world, scopes=["plans"])
    rows = (await world.merchant.get("/v1/keys")).json()["keys"]
    assert sorted(row["prefix"] for row in rows) == ["rk_live_", "sk_live_"]
    assert all("created_by_owner" not in row for row in rows)
    assert len((await world.other_merchant.get("/v1/keys")).json()["keys"]) == 1
    assert [row["prefix"] for row in (await world.partner.get("/v1/partner/keys")).json()["keys"]] == ["ptk_"]


async def test_idempotency_keys_of_two_audiences_never_meet(world: World) -> None:
    """Not even if somebody calls themselves what another is called."""
    demo: Demo = world.demo
    await world.pool.execute("update keys set owner_id = $1 where owner_id = 'grace'", demo.merchant_id)
    registry = world.app.state["services"].registry
    await registry.reload()
    assert (await world.merchant.post("/v1/consumers", {"reference": "one"}, key="same")).status_code == 201
    shop = {"name": "Laden", "country": "DE", "time_zone": "Europe/Berlin"}
    assert (await world.second_operator.post("/v1/operator/merchants", shop, key="same")).status_code == 201


@SHARED
@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "pointer"),
    [
        ("GET", "/v1/events?{key}=1", {}, None, "/sk_live_..."),
        ("GET", "/v1/events?key={key}", {}, None, "/key"),
        ("GET", "/v1/plans?merchant_reference={key}", {}, None, "/merchant_reference"),
        ("GET", "/v1/plans/{key}", {}, None, "/id"),
        ("POST", "/v1/consumers", {}, {"reference": "{key}"}, "/reference"),
        ("POST", "/v1/consumers", {}, {"reference": "a", "attributes": {"{key}": 1}}, "/attributes"),
        ("POST", "/v1/consumers", {}, {"reference": "a", "attributes": {"note": "my key: {key}."}}, "/attributes/note"),
        ("POST", "/v1/consumers", {}, {"{key}": "a"}, "/sk_live_..."),
        ("POST", "/v1/consumers", {"Idempotency-Key": "{key}"}, {"reference": "a"}, "/Idempotency-Key"),
    ],
)
async def test_a_key_in_the_wrong_place_is_not_told_again_nor_kept(
    world: World, method: str, path: str, headers: dict[str, str], body: Any, pointer: str
) -> None:
    key = world.demo.merchant_key
    where, kept = path.replace("{key}", key), await world.row_counts()
    if method == "POST":
        sent = json.loads(json.dumps([body, headers]).replace("{key}", key))
        answered = await world.merchant.post(where, sent[0], headers=sent[1])
    else:
        answered = await world.merchant.get(where)
    assert answered.status_code in (400, 404)
    assert answered.json()["pointer"] == pointer
    assert key[12:] not in answered.text
    assert await world.row_counts() == kept


@SHARED
async def test_keys_that_nobody_uses_are_found(world: World) -> None:
    """One was never used, one until 10 March, one on 12 March."""
    made = [(await make(world)).json()["id"] for _ in range(3)]
    used = [Used(made[1], NOON.replace(day=10)), Used(made[2], NOON.replace(day=12))]
    await note_uses(world.pool, used)

    async def found(**asked: Any) -> list[int]:
        told = await world.operator.get(KEYS, owner_id=world.demo.merchant_id, **asked)
        assert told.status_code == 200, told.text
        keys = [one["id"] for one in told.json()["keys"]]
        return [number for number, key_id in enumerate(made) if key_id in keys]

    assert [await found(used=used) for used in ("false", "true")] == [[0], [1, 2]]
    assert [await found(idle_since=day) for day in ("2026-03-02", "2026-03-10", "2026-03-11", "2026-03-13")] == [
        [], [0], [0, 1], [0, 1, 2],
    ]  # fmt: skip
    assert await found(used="true", idle_since="2026-03-11") == [1]
    assert (await world.operator.get(KEYS, idle_since="yesterday")).status_code == 400
