"""A plan finds its money when it is authorized: by priority, by the room that is left, and by the partner's word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, Response, post

from service.demo.seed import POLICY
from tests.flows.published import publish
from tests.flows.test_programmes import PROGRAMMES, agreed
from tests.flows.world import NOON, World
from tests.outside.serving import served
from tests.partners.contracts import participant


class Bank:
    """A partner that is asked: it says what it is told to, after so long, and remembers what it was asked."""

    def __init__(self) -> None:
        self.says: Any = {"outcome": "approved"}
        self.after_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()

    @property
    def app(self) -> Litestar:
        """Served over HTTP."""

        @post("/")
        async def ask(request: Request[Any, Any, Any]) -> Response[Any]:
            self.asked.append(await request.json())
            self.keys.add(request.headers["authorization"])
            await asyncio.sleep(self.after_s)
            return Response(self.says, status_code=200)

        return Litestar([ask])


@pytest.fixture
async def bank(world: World) -> AsyncIterator[tuple[Bank, dict[str, Any]]]:
    """A partner that is asked, and what a programme's document says of it."""
    made = Bank()
    async with AsyncExitStack() as beside:
        yield made, {"approval": {"url": await beside.enter_async_context(served(made.app))}}


async def with_policy(world: World, **changes: Any) -> None:
    """The demo's policy with these changes."""
    clocks = world.operator.now, world.second_operator.now
    await publish(world, msgspec.json.decode(POLICY.read_bytes()) | changes)
    world.operator.now, world.second_operator.now = clocks


async def opened(world: World, offer: dict[str, Any], **more: Any) -> httpx.Response:
    return await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, **more)


async def bought(world: World, amount: int) -> tuple[str, str | None]:
    """A new plan's id, and which programme funds it."""
    plan = await world.plan(await world.consumer(limit=2 * amount), amount)
    return plan["id"], await funded_by(world, plan["id"])


async def funded_by(world: World, plan_id: str) -> str | None:
    seen = (await world.operator.get(f"/v1/operator/plans/{plan_id}")).json()
    funder: str | None = seen["funding"]["programme_id"]
    return funder


async def taken(world: World) -> dict[str, int]:
    """What plans hold of each budget, less what came back."""
    rows = await world.pool.fetch("select budget, sum(amount - returned)::bigint as held from budget_uses group by 1")
    return {row["budget"].partition(":")[2]: row["held"] for row in rows}


async def test_a_full_programme_leaves_plans_to_the_next_and_takes_the_last_cent(world: World) -> None:
    first = (await agreed(world, priority=1, capacity_per_month=1_000_00))["id"]
    second = (await agreed(world, priority=2, capacity_per_month=500_00))["id"]
    assert [(await bought(world, amount))[1] for amount in (600_00, 400_01, 400_00, 99_99, 100_00)] == [
        first, second, first, second, world.demo.programme_id,
    ]  # fmt: skip
    held = await world.pool.fetch("select sum(amount)::bigint as held from budget_uses group by budget")
    assert sorted(row["held"] for row in held) == [500_00, 1_000_00]


async def test_what_is_voided_or_expires_within_the_month_is_there_again(world: World) -> None:
    await with_policy(world, capture_within_days=10)
    full = (await agreed(world, priority=1, capacity_per_month=1_000_00))["id"]
    plan, funder = await bought(world, 1_000_00)
    assert funder == full
    assert (await bought(world, 100_00))[1] == world.demo.programme_id
    await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 300_00, "final": False})
    await world.merchant.post(f"/v1/plans/{plan}/void")  # the rest
    assert await taken(world) == {"2026-03": 300_00}
    second, funder = await bought(world, 700_00)
    assert funder == full
    assert (await bought(world, 100_00))[1] == world.demo.programme_id
    world.operator.now = world.merchant.now = NOON + timedelta(days=12)
    await world.operator.post("/v1/operator/day-close")
    assert (await world.merchant.get(f"/v1/plans/{second}")).json()["state"] == "expired"
    assert (await bought(world, 700_00))[1] == full
    world.operator.now = world.merchant.now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert (await bought(world, 1_000_00))[1] == full  # a new month


async def test_nobody_passes_a_capacity_by_coming_at_once(world: World) -> None:
    """Sixteen plans of 100.00 at once, and room for ten."""
    full = (await agreed(world, priority=1, capacity_per_month=1_000_00))["id"]
    offers = [await world.offer(await world.consumer(limit=500_00), 100_00, "instalments") for _ in range(16)]
    plans = await asyncio.gather(*(opened(world, offer) for offer in offers))
    assert {one.status_code for one in plans} == {201}
    funders = [await funded_by(world, one.json()["id"]) for one in plans]
    assert funders.count(full) == 10
    assert await taken(world) == {"2026-03": 1_000_00}


async def test_a_request_sent_again_takes_no_room_twice(world: World) -> None:
    await agreed(world, priority=1, capacity_per_month=1_000_00)
    offer = await world.offer(await world.consumer(limit=2_000_00), 400_00, "instalments")
    answers = await asyncio.gather(*(opened(world, offer, key="twice") for _ in range(4)))
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    again = await opened(world, offer)
    assert (again.status_code, again.json()["code"]) == (409, "offer_accepted")
    assert await taken(world) == {"2026-03": 400_00}
    assert (await bought(world, 600_00))[1] != world.demo.programme_id
    assert await taken(world) == {"2026-03": 1_000_00}
    plan = next(one.json()["id"] for one in answers if one.status_code == 201)
    assert (await world.merchant.post(f"/v1/plans/{plan}/void")).status_code == 200
    assert (await opened(world, offer)).json()["code"] == "offer_accepted"


async def test_one_merchant_and_one_grade_take_no_more_than_their_share(world: World) -> None:
    await agreed(world, priority=1, capacity_per_month=1_000_00, concentration={"merchant_bps": 5_000})
    funders = [(await bought(world, amount))[1] for amount in (500_01, 500_00, 100_00)]
    assert [funder == world.demo.programme_id for funder in funders] == [True, False, True]
    await agreed(world, priority=0, capacity_per_month=1_000_00, concentration={"grade_bps": 2_000})
    funders = [(await bought(world, amount))[1] for amount in (200_01, 200_00, 100_00)]
    assert [funder == world.demo.programme_id for funder in funders] == [True, False, True]


async def test_a_partners_money_out_stays_within_its_capital_and_what_is_repaid_is_there_again(world: World) -> None:
    capital = {"tier1_capital": 2_800_00, "tier1_on": "2025-12-31", "interest_bps": 7_000}
    limits = {"own_share_min_bps": 3_000, "partner_capital_max_bps": 2_500}
    bank = [participant(7_000, world.demo.partner_id, **capital)]
    joint = (await agreed(world, priority=1, participants=bank, limits=limits))["id"]
    plan, funder = await bought(world, 1_000_00)  # 700.00 of 700.00
    assert funder == joint
    assert (await bought(world, 100_00))[1] == world.demo.programme_id
    await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 1_000_00})
    await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 200_00})
    assert await taken(world) == {"EUR": 560_00}
    assert (await bought(world, 200_01))[1] == world.demo.programme_id
    assert (await bought(world, 200_00))[1] == joint


@pytest.mark.parametrize("unfunded", ["own_book", "decline"])
async def test_what_nobody_takes_is_our_own_or_refused_as_the_policy_says(world: World, unfunded: str) -> None:
    await world.operator.post(f"{PROGRAMMES}/{world.demo.programme_id}/suspend")
    full = (await agreed(world, capacity_per_month=500_00))["id"]
    await with_policy(world, unfunded=unfunded)
    offers = [await world.offer(await world.consumer(limit=1_000_00), 400_00, "instalments") for _ in range(2)]
    assert {offer["partners_only"] for offer in offers} == {unfunded == "decline"}
    first, second = [await opened(world, offer) for offer in offers]
    assert await funded_by(world, first.json()["id"]) == full
    if unfunded == "decline":
        assert (second.status_code, second.json()["code"]) == (409, "no_funding")
    else:
        assert await funded_by(world, second.json()["id"]) is None
    assert await taken(world) == {"2026-03": 400_00}


async def test_a_programme_suspended_after_the_offer_takes_it_no_more(world: World) -> None:
    offer = await world.offer(await world.consumer(), 600_00, "instalments")
    await world.operator.post(f"{PROGRAMMES}/{world.demo.programme_id}/suspend")
    plan = (await opened(world, offer)).json()
    assert await funded_by(world, plan["id"]) is None


async def test_a_partner_is_asked_without_being_told_who_buys(world: World, bank: tuple[Bank, dict[str, Any]]) -> None:
    partner, asks = bank
    made = await agreed(world, priority=1, **asks)
    plan, funder = await bought(world, 600_00)
    assert funder == made["id"]
    (question,) = partner.asked
    assert question.pop("request_id").startswith("cm_")
    assert question.pop("instalments") > 1
    assert question == {
        "programme_id": made["id"], "programme_version": 1, "kind": "instalments", "currency": "EUR",
        "amount": 600_00, "grade": "A", "merchant_id": world.demo.merchant_id, "jurisdiction": "DE",
    }  # fmt: skip
    assert partner.keys == {f"Bearer {made['secret']}"}
    assert plan


@pytest.mark.parametrize(
    ("says", "after_s"),
    [({"outcome": "refused"}, 0.0), ({"outcome": "perhaps"}, 0.0), ([], 0.0), ({"outcome": "approved"}, 1.5)],
)
async def test_a_partner_that_refuses_or_is_late_leaves_the_plan_to_the_next(
    world: World, bank: tuple[Bank, dict[str, Any]], says: Any, after_s: float
) -> None:
    partner, asks = bank
    partner.says, partner.after_s = says, after_s
    made = await agreed(world, priority=1, capacity_per_month=600_00, **asks)
    offer = await world.offer(await world.consumer(limit=1_000_00), 600_00, "instalments")
    began = asyncio.get_running_loop().time()
    plan = (await opened(world, offer)).json()
    assert asyncio.get_running_loop().time() - began < 1.4  # 0.8 of them for the partner
    assert await funded_by(world, plan["id"]) == world.demo.programme_id
    partner.says, partner.after_s = {"outcome": "approved"}, 0.0
    assert (await bought(world, 600_00))[1] == made["id"]  # the room was given back


async def test_a_booking_after_the_cut_off_is_of_the_next_business_day(world: World) -> None:
    await agreed(world, priority=1, cut_off="23:00")
    days = []
    for at in ("2026-03-02T22:00:00.000+00:00", "2026-03-02T22:00:00.001+00:00"):  # 23:00 in Berlin
        world.merchant.now = world.operator.now = datetime.fromisoformat(at)
        plan, _ = await bought(world, 600_00)
        await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 600_00})
        query = "select distinct booked_on from transfers where plan_id = $1 and occasion = 'drawing'"
        days.append(await world.pool.fetchval(query, plan))
    assert days == [date(2026, 3, 2), date(2026, 3, 3)]


async def test_it_is_told_who_would_fund_a_plan_and_why_the_others_would_not(world: World) -> None:
    full = (await agreed(world, priority=1, capacity_per_month=600_00))["id"]
    await bought(world, 600_00)
    large = (await agreed(world, priority=2, eligibility={"amount_min": 1_000_00, "grades": ["C"]}))["id"]
    plan = {
        "merchant_id": world.demo.merchant_id, "kind": "instalments", "currency": "EUR", "amount": 600_00,
        "instalments": 12, "grade": "A", "category": "furniture", "jurisdiction": "DE",
    }  # fmt: skip
    counts = await world.row_counts()
    told = (await world.operator.post("/v1/operator/allocation-quotes", plan)).json()
    assert await world.row_counts() == counts
    assert told["programme_id"] == world.demo.programme_id
    assert told["shares"] == [{"partner_id": world.demo.partner_id, "principal_bps": 7_000}]
    assert told["own_share_bps"] == 3_000
    assert {one["programme_id"]: one["because"] for one in told["programmes"]} == {
        full: ["capacity"], large: ["grade", "amount"], world.demo.programme_id: [],
    }  # fmt: skip
    other = await world.operator.post("/v1/operator/allocation-quotes", plan | {"kind": "deposit"})
    assert (other.json()["programme_id"], other.json()["own_share_bps"]) == (None, 10_000)
    tries = await world.operator.post(
        "/v1/operator/allocation-quotes", plan | {"merchant_id": world.demo.test_merchant_id}
    )
    assert tries.json()["programmes"] == []
