"""A platform lists what all its sellers have, and its own, in one list; and nothing of anybody else's."""

from datetime import timedelta
from typing import Any

import pytest

from service.api import lists, seen
from service.api.queries import Q
from service.merchants.paying_flow import Q as PAYING
from service.merchants.settling_flow import Q as SETTLING
from tests.bench.cast import ATTRIBUTES
from tests.flows.test_lists import NOBODY, TODAY, Sheets, all_of
from tests.flows.test_platforms import Selling, made_platform, seller_of
from tests.flows.test_settling_merchants import TERMS, close
from tests.flows.world import NOON, Client, World

WORDS = [
    ("/v1/lists/plans", "plans"), ("/v1/lists/checkouts", "checkouts"), ("/v1/settlements", "settlements"),
    ("/v1/lists/consumers", "consumers"), ("/v1/payouts", "payouts"), ("/v1/lists/payments", "payments"),
    ("/v1/lists/refunds", "refunds"), ("/v1/lists/disputes", "disputes"),
]  # fmt: skip


async def purchases(client: Client, amounts: list[int]) -> list[dict[str, Any]]:
    """Plans of one consumer of a seller's, authorized one after the other."""
    asked = {"reference": "customer-1", "attributes": ATTRIBUTES}
    consumer = (await client.post("/v1/consumers", asked)).json()["id"]
    made = []
    for number, amount in enumerate(amounts):
        cart = {"merchant_reference": f"order-{number}", "consumer": consumer, "currency": "EUR", "amount": amount}
        checkout = await client.post("/v1/checkouts", cart | {"kinds": ["instalments"]})
        plan = await client.post("/v1/plans", {"offer_id": checkout.json()["offers"][0]["id"]})
        assert plan.status_code == 201, plan.text
        made.append(plan.json())
    return made


class Street:
    """Two platforms and a merchant of nobody's: by merchant, the plans it has."""

    def __init__(self) -> None:
        self.plans: dict[str, list[dict[str, Any]]] = {}
        self.clients: dict[str, Client] = {}  # who acts for it
        self.sellers: list[str] = []  # of the first platform
        self.others: str = ""  # the seller of the second

    def ids(self, *merchants: str) -> list[str]:
        """Their plans, the newest first."""
        return sorted((plan["id"] for one in merchants for plan in self.plans[one]), reverse=True)


@pytest.fixture
async def street(world: World) -> Street:
    made, demo = Street(), world.demo
    await made_platform(world, demo.second_merchant_id, fee_share_bps=0)
    made.sellers = [await seller_of(world, world.merchant, name=name) for name in ("Bahnhof Books", "Hafen Books")]
    made.others = await seller_of(world, world.other_merchant)
    made.clients = {
        demo.merchant_id: world.merchant,
        made.others: Selling(world.http, demo.second_merchant_key, made.others),
    }
    made.clients |= {seller: Selling(world.http, demo.merchant_key, seller) for seller in made.sellers}
    for merchant, client in made.clients.items():
        amounts = [110_00, 120_00, 130_00] if merchant == made.sellers[0] else [100_00]
        made.plans[merchant] = await purchases(client, amounts)
    return made


async def settled(world: World, street: Street) -> None:
    """All plans are captured and settled."""
    for merchant, client in street.clients.items():
        path = f"/v1/operator/merchants/{merchant}/settlement-terms"
        await world.seconded(await world.operator.post(path, TERMS))
        for plan in street.plans[merchant]:
            for verb, body in (
                ("capture", {"amount": plan["amount"]}), ("payments", {"amount": 10_00, "reference": "psp"}),
                ("refunds", {"amount": 20_00}), ("disputes", {"reason": "not_received", "amount": 30_00}),
            ):  # fmt: skip
                done = await client.post(f"/v1/plans/{plan['id']}/{verb}", body)
                assert done.is_success, done.text
    await close(world, NOON + timedelta(days=1))


@pytest.mark.parametrize("limit", [1, 2, 1_000])
async def test_a_platform_lists_what_is_its_sellers(
    world: World, street: Street, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("service.api.merchant_lists.LOOKED_AT_MAX", 2)
    monkeypatch.setattr("service.api.seen.LOOKED_AT_MAX", 2)
    monkeypatch.setattr("service.api.seen.EACH_MIN", 1)
    own, (first, second) = world.demo.merchant_id, street.sellers
    everything = street.ids(own, first, second)
    orders = {street.plans[merchant][0]["id"] for merchant in (own, first, second)}
    small = {plan["id"] for plan in street.plans[first][:2]}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, everything),
        ({"in_state": "authorized"}, everything),
        ({"in_state": "voided"}, []),
        ({"merchant_reference": "order-0"}, [one for one in everything if one in orders]),
        ({"amount_min": 110_00}, street.ids(first)),
        ({"first_on": TODAY, "last_on": TODAY, "currency": "EUR"}, everything),
        ({"first_on": (NOON.date() + timedelta(days=1)).isoformat()}, []),
        ({"consumer": street.plans[second][0]["consumer"]}, street.ids(second)),
        ({"merchant_id": own}, street.ids(own)),
        ({"merchant_id": first, "amount_max": 120_00}, [one for one in street.ids(first) if one in small]),
    ]
    for asked, expected in cases:
        listed = await all_of(world.merchant, "/v1/lists/plans", "plans", limit, **asked)
        assert [one["id"] for one in listed] == expected, asked
        for one in listed:
            assert one["id"] in {plan["id"] for plan in street.plans[one["merchant_id"]]}
    checkouts = await all_of(world.merchant, "/v1/lists/checkouts", "checkouts", limit, outcome="approved")
    assert [one["id"] for one in checkouts] == sorted((one["id"] for one in checkouts), reverse=True)
    assert sorted((one["merchant_id"], one["amount"]) for one in checkouts) == sorted(
        (merchant, plan["amount"]) for merchant in (own, first, second) for plan in street.plans[merchant]
    )
    consumers = await all_of(world.merchant, "/v1/lists/consumers", "consumers", limit, first_on=TODAY)
    theirs = {merchant: street.plans[merchant][0]["consumer"] for merchant in (own, first, second)}
    assert {one["merchant_id"]: one["id"] for one in consumers} == theirs
    assert [one["id"] for one in consumers] == sorted(theirs.values(), reverse=True)
    for asked, whose in (({}, own), ({"merchant_id": second}, second)):  # a reference is one merchant's
        (one,) = await all_of(
            world.merchant, "/v1/lists/consumers", "consumers", limit, reference="customer-1", **asked
        )
        assert one["id"] == theirs[whose]


@pytest.mark.parametrize("limit", [1, 2, 1_000])
async def test_a_platform_lists_what_its_sellers_are_owed_and_paid(world: World, street: Street, limit: int) -> None:
    await settled(world, street)
    own, (first, second) = world.demo.merchant_id, street.sellers
    settlements = await all_of(world.merchant, "/v1/settlements", "settlements", limit)
    assert [one["id"] for one in settlements] == sorted(one["id"] for one in settlements)
    assert {one["merchant_id"]: one["captured"] for one in settlements} == {own: 100_00, first: 360_00, second: 100_00}
    assert {one["merchant_id"]: one["refunded"] for one in settlements} == {own: 20_00, first: 60_00, second: 20_00}
    payouts = await all_of(world.merchant, "/v1/payouts", "payouts", limit, in_state="due")
    assert [one["id"] for one in payouts] == sorted(one["id"] for one in payouts)
    paid = {(one["merchant_id"], one["settlement_id"], one["amount"]) for one in payouts}
    assert paid == {(one["merchant_id"], one["id"], one["payout"]) for one in settlements}
    for merchant in (own, first, second):
        of = {"merchant_id": merchant}
        (one,) = await all_of(world.merchant, "/v1/settlements", "settlements", limit, **of, currency="EUR")
        assert one in settlements
        (theirs,) = await all_of(world.merchant, "/v1/payouts", "payouts", limit, **of)
        assert theirs in payouts
    assert await all_of(world.merchant, "/v1/settlements", "settlements", limit, currency="USD") == []
    assert await all_of(world.merchant, "/v1/payouts", "payouts", limit, in_state="paid") == []
    everybody = await all_of(world.operator, "/v1/operator/payouts", "payouts", limit)
    assert {one["merchant_id"] for one in everybody} == {own, first, second, street.others}


@pytest.mark.parametrize("limit", [1, 2, 1_000])
@pytest.mark.parametrize(("what", "amount"), [("payments", 10_00), ("refunds", 20_00), ("disputes", 30_00)])
async def test_a_platform_lists_what_happened_on_its_sellers_plans(
    world: World, street: Street, monkeypatch: pytest.MonkeyPatch, limit: int, what: str, amount: int
) -> None:
    monkeypatch.setattr("service.api.merchant_lists.LOOKED_AT_MAX", 2)
    monkeypatch.setattr("service.api.seen.LOOKED_AT_MAX", 2)
    monkeypatch.setattr("service.api.seen.EACH_MIN", 1)
    await settled(world, street)
    own, (first, second) = world.demo.merchant_id, street.sellers
    path = f"/v1/lists/{what}"
    listed = await all_of(world.merchant, path, what, limit)
    plans = {plan["id"]: (merchant, plan) for merchant, bought in street.plans.items() for plan in bought}
    assert sorted(one["plan_id"] for one in listed) == sorted(street.ids(own, first, second))
    for one in listed:
        merchant, plan = plans[one["plan_id"]]
        assert (one["merchant_id"], one["merchant_reference"], one["consumer"], one["amount"]) == (
            merchant, plan["merchant_reference"], plan["consumer"], amount
        )  # fmt: skip
    when = {"payments": "recorded_at", "refunds": "refunded_at", "disputes": "opened_at"}[what]
    assert [one[when] for one in listed] == sorted((one[when] for one in listed), reverse=True)
    tomorrow = (NOON.date() + timedelta(days=1)).isoformat()
    for asked, whose in (
        ({"merchant_id": own}, {own}), ({"merchant_id": first}, {first}), ({"amount_min": amount + 1}, set()),
        ({"plan_id": street.plans[second][0]["id"]}, {second}), ({"currency": "USD"}, set()),
        ({"first_on": TODAY, "last_on": TODAY}, {own, first, second}), ({"first_on": tomorrow}, set()),
        ({"amount_max": amount}, {own, first, second}),
    ):  # fmt: skip
        narrow = await all_of(world.merchant, path, what, limit, **asked)
        assert narrow == [one for one in listed if one["merchant_id"] in whose], asked
    of = {"merchant_id": first}
    assert await all_of(world.operator, f"/v1/operator/lists/{what}", what, limit, **of) == [
        one for one in listed if one["merchant_id"] == first
    ]
    assert (await world.merchant.get(path, after="12")).json()["pointer"] == "/after"


async def test_others_are_not_seen_nor_named(world: World, street: Street) -> None:
    """Another platform, a merchant that sells on its own, a seller's own key, a platform that acts for one."""
    await settled(world, street)
    first, _ = street.sellers
    own = Client(world.http, await world.key(audience="merchant", owner_id=first, scopes=["*"]))
    acting = Selling(world.http, world.demo.merchant_key, first)
    alone = await world.key(audience="merchant", owner_id=world.demo.test_merchant_id, scopes=["*"])
    for path, what in WORDS:
        for client, merchants in (
            (world.other_merchant, {street.others}), (own, {first}), (acting, {first}),
            (Client(world.http, alone), set()),
        ):  # fmt: skip
            listed = await all_of(client, path, what, 10)
            assert {one["merchant_id"] for one in listed} == merchants, path
        for client, named in (
            (world.merchant, street.others), (world.merchant, NOBODY), (own, world.demo.merchant_id),
            (own, street.sellers[1]), (acting, street.sellers[1]), (world.other_merchant, first),
        ):  # fmt: skip
            refused = await client.get(path, merchant_id=named)
            told = refused.json()
            assert (refused.status_code, told["code"], told["pointer"]) == (400, "invalid_field", "/merchant_id")
    narrow = await world.key(audience="merchant", owner_id=world.demo.merchant_id, scopes=["checkouts:read"])
    assert (await Client(world.http, narrow).get("/v1/lists/plans")).status_code == 403


async def test_a_seller_that_left_is_no_longer_seen(world: World, street: Street) -> None:
    await settled(world, street)
    first, second = street.sellers
    left = "update merchants set platform_id = null, fee_share_bps = 0 where merchant_id = $1"
    await world.pool.execute(left, first)
    for path, what in WORDS:
        listed = await all_of(world.merchant, path, what, 10)
        assert {one["merchant_id"] for one in listed} == {world.demo.merchant_id, second}
        assert (await world.merchant.get(path, merchant_id=first)).status_code == 400


async def test_as_a_sheet(world: World, street: Street) -> None:
    sheets = Sheets(world.http, world.demo.merchant_key)
    page = await sheets.get("/v1/lists/plans", limit=2)
    header, *rows = page.text.splitlines()
    assert header.startswith("id,merchant_id,consumer,")
    everything = street.ids(world.demo.merchant_id, *street.sellers)
    assert [row.split(",")[0] for row in rows] == everything[:2]
    assert page.headers["tenor-after"] == everything[1]


async def test_of_many_plans_a_page_of_sellers_reads_its_own(world: World) -> None:
    """The floor is found in the index alone, and what is below it is not read."""
    await world.plan(await world.consumer(1_000_00), 100_00)
    columns = await world.pool.fetch(
        "select column_name from information_schema.columns where table_name = 'plans' and is_generated = 'NEVER'"
    )
    other = {
        "plan_id": "'pl_' || lpad(n::text, 26, '0')", "decision_id": "'de_' || n", "merchant_id": "'me_' || n % 50",
    }  # fmt: skip
    names = [row["column_name"] for row in columns]
    picked = ", ".join(other.get(name, f"p.{name}") for name in names)
    sellers = [f"me_{number}" for number in range(10)]
    async with world.pool.acquire() as conn:
        filling = conn.transaction()
        await filling.start()
        await conn.execute(
            f"insert into plans ({', '.join(names)}) select {picked} from plans p, generate_series(1, 20000) n"
        )
        await conn.execute("analyze plans")
        bound = (sellers, lists.HIGHEST, 100)
        floor = await conn.fetchval(Q.floor_of_plans, *bound)
        plan = await conn.fetch(f"explain (analyze) {Q.floor_of_plans}", *bound)
        wanted = (sellers, lists.HIGHEST, 100, 100, *(None,) * 8, floor)
        plan += await conn.fetch(f"explain (analyze) {seen.PLANS.of_several}", *wanted)
        found = await conn.fetch(seen.PLANS.of_several, *wanted)
        newest = await conn.fetch(
            "select plan_id from plans where merchant_id = any ($1::text[]) order by plan_id desc limit 100", sellers
        )
        await filling.rollback()
    text = "\n".join(row[0] for row in plan)
    assert "plans_of_merchant" in text, text
    assert "Seq Scan" not in text, text
    assert [row["plan_id"] for row in found] == [row["plan_id"] for row in newest]
    assert floor == f"pl_{20_000 - 50 * 99:026}"  # of the seller whose hundredth is the newest


@pytest.mark.parametrize(("how", "others"), [(seen.PAYMENTS, 7), (seen.REFUNDS, 6), (seen.DISPUTES, 7)])
async def test_what_is_listed_by_events_is_read_in_the_order_of_their_index(
    world: World, how: seen.Look, others: int
) -> None:
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
        plan = await conn.fetch(f"explain {how.floor}", ["me_1"], "~", 100)
        plan += await conn.fetch(f"explain {how.of_one}", "me_1", "~", 100, 100, *(None,) * others, "")
    text = "\n".join(row[0] for row in plan)
    assert text.count("using events_listed") == 2, text


async def test_settlements_and_payouts_of_sellers_are_read_in_the_order_of_the_index(world: World) -> None:
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
        sellers = ["me_1", "me_2"]
        plan = await conn.fetch(f"explain {SETTLING.list_settlements}", sellers, "", 100, None, None, None)
        plan += await conn.fetch(f"explain {PAYING.list_payouts}", sellers, "", 100, None)
    text = "\n".join(row[0] for row in plan)
    assert text.count("Nested Loop") == 2, text
    assert "settlements_of_merchant" in text, text
    assert "payouts_of_merchant" in text, text
