"""Plans are enrolled in cover sets as they are captured, or by an operator's list; a set takes what it may."""

import asyncio
from typing import Any

import httpx

from service.plans import enrolling_flow
from tests.flows.test_losses import LOSSES, allocate, capacity, fund, parts
from tests.flows.test_programmes import agreed as programme
from tests.flows.test_programmes import document
from tests.flows.test_shared_plans import on
from tests.flows.test_support import ARRANGEMENTS, arrangement, waterfall
from tests.flows.world import NOON, World
from tests.partners.contracts import participant

SETS = "/v1/operator/cover-sets"
AMOUNT = 600_00


async def cover_set(world: World, one: str, sanctioned: int = 1_000_000_00, mode: str = "dynamic", **says: Any) -> str:
    body = {"arrangement_id": one, "name": "Appliances", "mode": mode, "sanctioned": sanctioned} | says
    made = await world.operator.post(SETS, body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def covered_programme(world: World, *sets: str, **says: Any) -> str:
    shares = [participant(10_000, world.demo.partner_id, interest_bps=10_000)]
    made = await programme(
        world, priority=1, kind="assisted", participants=shares, cover_sets=list(sets), **says
    )  # fmt: skip
    return str(made["id"])


async def captured(world: World, amount: int = AMOUNT) -> str:
    plan = await world.plan(await world.consumer(limit=amount), amount)
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    assert done.status_code == 200, done.text
    return str(plan["id"])


async def enrolled(world: World, which: str) -> list[tuple[str, int, str, str]]:
    told = (await world.operator.get(f"{SETS}/{which}/enrolments")).json()["enrolments"]
    return [(one["plan_id"], one["principal"], one["state"], one["reason"]) for one in told]


async def enrol(world: World, which: str, *plans: str) -> httpx.Response:
    return await world.operator.post(f"{SETS}/{which}/enrolments", {"plans": list(plans)})


async def funding(world: World, plan: str) -> str | None:
    seen: str | None = (await world.operator.get(f"/v1/operator/plans/{plan}")).json()["funding"]["programme_id"]
    return seen


def refused(told: httpx.Response) -> tuple[int, str]:
    return told.status_code, told.json()["code"]


async def test_a_plan_is_enrolled_as_it_is_captured(world: World) -> None:
    which = await cover_set(world, await arrangement(world))
    named = await covered_programme(world, which)
    plan = await captured(world)
    assert await funding(world, plan) == named
    assert await enrolled(world, which) == [(plan, AMOUNT, "active", "")]
    told = (await world.http.get(f"/programmes/{named}/cover-disclosure")).json()
    assert (told["portfolios"], told["plans"], told["principal"]) == (1, 1, AMOUNT)


async def test_parts_are_covered_as_they_are_captured(world: World) -> None:
    which = await cover_set(world, await arrangement(world))
    await covered_programme(world, which)
    plan = await world.plan(await world.consumer(limit=AMOUNT), AMOUNT)
    for part in (200_00, 400_00):
        done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": part})
        assert done.status_code == 200, done.text
    assert await enrolled(world, which) == [(plan["id"], AMOUNT, "active", "")]


async def test_a_set_takes_what_was_sanctioned_and_the_next_programme_the_rest(world: World) -> None:
    """Ten at once for the room of three: three are covered, whoever comes first."""
    which = await cover_set(world, await arrangement(world), sanctioned=3 * AMOUNT)
    named = await covered_programme(world, which)
    plans = await asyncio.gather(*[captured(world) for _ in range(10)])
    of = [await funding(world, plan) for plan in plans]
    assert of.count(named) == 3
    assert len(await enrolled(world, which)) == 3
    (one,) = [one for one in (await world.operator.get(SETS)).json()["cover_sets"] if one["id"] == which]
    assert (one["plans"], one["principal"]) == (3, 3 * AMOUNT)


async def test_a_frozen_set_takes_no_more(world: World) -> None:
    which = await cover_set(world, await arrangement(world), mode="static")
    named = await covered_programme(world, which)
    before, opened = await captured(world), await world.plan(await world.consumer(limit=AMOUNT), AMOUNT)
    assert (await world.operator.post(f"{SETS}/{which}/freeze")).status_code == 200
    assert refused(await world.operator.post(f"{SETS}/{which}/freeze")) == (409, "set_frozen")
    assert refused(await enrol(world, which, before)) == (409, "set_frozen")
    late = await world.merchant.post(f"/v1/plans/{opened['id']}/capture", {"amount": AMOUNT})
    assert late.status_code == 200  # goods that were shipped are captured; they are not covered
    told = {plan: (state, reason) for plan, _, state, reason in await enrolled(world, which)}
    assert told == {before: ("active", ""), opened["id"]: ("void", "set_frozen")}
    await world.app.state["services"].registry.reload()
    assert await funding(world, await captured(world)) != named


async def test_a_suspended_arrangement_keeps_its_cover_and_takes_no_more(world: World) -> None:
    one = await arrangement(world)
    which = await cover_set(world, one)
    named = await covered_programme(world, which)
    before = await captured(world)
    assert (await world.operator.post(f"{ARRANGEMENTS}/{one}/suspend")).status_code == 200
    await world.app.state["services"].registry.reload()
    assert await funding(world, other := await captured(world)) != named
    assert refused(await enrol(world, which, other)) == (409, "state_forbids")
    assert await enrolled(world, which) == [(before, AMOUNT, "active", "")]
    assert (await world.operator.post(f"{ARRANGEMENTS}/{one}/open")).status_code == 200
    await world.app.state["services"].registry.reload()
    assert await funding(world, await captured(world)) == named


async def test_two_arrangements_of_a_class_exclude_each_other(world: World) -> None:
    public = await cover_set(world, await arrangement(world, exclusive_classes=["portfolio", "public"]))
    lenders = await cover_set(world, await arrangement(world, exclusive_classes=["portfolio"]))
    other = await cover_set(world, await arrangement(world, exclusive_classes=["private"]))
    plan, free = await captured(world), await captured(world)
    assert (await enrol(world, public, plan)).json()["enrolled"] == 1
    told = await enrol(world, lenders, free, plan)
    assert refused(told) == (409, "exclusive_cover")
    assert told.json()["pointer"] == "/plans/1"
    assert await enrolled(world, lenders) == []  # all of them or none
    assert (await enrol(world, other, plan)).json()["enrolled"] == 1
    assert (await enrol(world, public, plan)).json()["enrolled"] == 0  # it is in it already
    await covered_programme(world, public, lenders)
    both = await captured(world)
    assert {*await enrolled(world, public), *await enrolled(world, lenders)} >= {
        (both, AMOUNT, "active", ""), (both, AMOUNT, "void", "exclusive_cover"),
    }  # fmt: skip


async def test_what_cannot_be_enrolled(world: World) -> None:
    which = await cover_set(world, await arrangement(world), sanctioned=2 * AMOUNT - 1)
    plan, more = await captured(world), await captured(world)
    opened = await world.plan(await world.consumer(limit=AMOUNT), AMOUNT)
    assert refused(await enrol(world, which, opened["id"])) == (409, "state_forbids")
    assert refused(await enrol(world, which, f"pl_{'0' * 26}")) == (404, "not_found")
    assert refused(await enrol(world, which, plan, plan)) == (400, "invalid_field")
    assert (await enrol(world, which, plan)).status_code == 200
    told = await enrol(world, which, more)
    assert refused(told) == (409, "capacity_exceeded")
    assert f"{AMOUNT - 1} minor units" in told.json()["detail"]
    foreign = await cover_set(world, await arrangement(world, currency="CNY"))
    assert refused(await enrol(world, foreign, plan)) == (422, "currency_mismatch")
    wrong = await world.operator.post("/v1/operator/programmes", document(world, cover_sets=[foreign]))
    assert refused(wrong) == (422, "currency_mismatch")
    unknown = await world.operator.post("/v1/operator/programmes", document(world, cover_sets=[f"cv_{'0' * 26}"]))
    assert refused(unknown) == (404, "not_found")
    nobodys = await world.operator.post(SETS, {
        "arrangement_id": f"sa_{'0' * 26}", "name": "No", "mode": "static", "sanctioned": 1,
    })  # fmt: skip
    assert refused(nobodys) == (404, "not_found")


async def test_an_arrangement_bears_losses_of_its_sets_alone(world: World) -> None:
    on(world, 0)
    one = await arrangement(world)
    which, order = await cover_set(world, one), await waterfall(world, one)
    inside, outside = await captured(world), await captured(world)
    await enrol(world, which, inside)
    found = []
    for plan in (inside, outside):
        await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
        found.append(await allocate(world, f"lo{plan[2:]}", waterfall_id=order))
    assert [parts(each)[0] for each in found] == [[AMOUNT], [0]]
    assert found[1]["allocation"]["tiers"][0]["limit"] == "not_enrolled"
    assert await enrolled(world, which) == [(inside, AMOUNT, "claimed", "")]


async def test_a_first_loss_guarantee_grows_with_what_is_lent_and_is_not_filled_up_again(world: World) -> None:
    """A set of 40 whose ceiling is 5 % of what was lent: 20 lent cover 1.0; a loss of 2 uses it up, and 0.3 that come
    back do not fill it up again (RBI, 2022). In hundreds here."""
    on(world, 0)
    cap = {"rate_bps": 500, "base": "payments"}
    one = await arrangement(world, kind="portfolio_guarantee", cap=cap, provider_id=world.demo.partner_id)
    which, order = await cover_set(world, one, sanctioned=4_000_00, mode="static"), await waterfall(world, one)
    plans = [await captured(world, amount) for amount in (800_00, 200_00, 900_00, 100_00)]
    await enrol(world, which, plans[0], plans[1])
    ceilings = [await _would_pay(world, plans[1], order)]
    await enrol(world, which, plans[2], plans[3])
    ceilings.append(await _would_pay(world, plans[1], order))
    done = await world.merchant.post(f"/v1/plans/{plans[2]}/payments", {"amount": 900_00})
    assert done.json()["state"] == "paid_off"  # matured: its principal still counts
    ceilings.append(await _would_pay(world, plans[1], order))
    lost = f"lo{plans[1][2:]}"
    found = await allocate(world, lost, waterfall_id=order)
    assert parts(found)[0] == [100_00]
    ceilings.append(await _would_pay(world, plans[0], order))
    back = await world.operator.post(f"{LOSSES}/{lost}/recoveries", {"gross": 30_00, "source": "collection"})
    assert back.status_code == 201, back.text
    ceilings.append(await _would_pay(world, plans[0], order))
    assert ceilings == [50_00, 100_00, 100_00, 0, 0]


async def _would_pay(world: World, plan: str, order: str) -> int:
    await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
    told = await world.operator.post(f"{LOSSES}/lo{plan[2:]}/simulate", {"waterfall_id": order})
    assert told.status_code == 200, told.text
    amount: int = told.json()["allocation"]["tiers"][0]["amount"]
    return amount


async def test_what_comes_back_is_paid_again_where_that_was_agreed(world: World) -> None:
    on(world, 0)
    left = []
    for reinstatable in (True, False):
        one = await arrangement(world, funded=True, reinstatable=reinstatable)
        await fund(world, one, 1_000_00)
        plan = await captured(world)
        await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
        loss = f"lo{plan[2:]}"
        await allocate(world, loss, waterfall_id=await waterfall(world, one))
        body = {"gross": 74_83, "source": "collection"}
        assert (await world.operator.post(f"{LOSSES}/{loss}/recoveries", body)).status_code == 201
        has = await capacity(world, one)
        assert has["returned"] == 74_83
        left.append(has["available"])
    assert left == [400_00 + 74_83, 400_00]


async def states(world: World, which: str) -> dict[str, tuple[str, str]]:
    return {plan: (state, reason) for plan, _, state, reason in await enrolled(world, which)}


async def paid(world: World, plan: str, amount: int = AMOUNT) -> str:
    done = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": amount})
    assert done.status_code == 201, done.json()["code"]
    assert done.json()["state"] == "paid_off"
    return str(done.json()["recorded"]["id"])


async def returned(world: World, plan: str, payment: str) -> None:
    told = await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", {"payment_id": payment})
    assert told.status_code == 200, told.text
    assert told.json()["outstanding"] == AMOUNT


async def test_what_has_ended_is_released_and_covered_again_if_it_owes_again(world: World) -> None:
    which = await cover_set(world, await arrangement(world))
    listed = await captured(world)  # on our own money
    await enrol(world, which, listed)
    await covered_programme(world, which)
    by_programme = await captured(world)
    payments = [await paid(world, plan) for plan in (by_programme, listed)]
    assert (await states(world, which))[by_programme] == ("released", "")
    assert await enrolling_flow.release_ended(world.pool) == 1  # what was listed is seen by the day
    assert set((await states(world, which)).values()) == {("released", "")}
    assert await enrolling_flow.release_ended(world.pool) == 0
    for plan, payment in zip((by_programme, listed), payments, strict=True):
        await returned(world, plan, payment)
        assert (await states(world, which))[plan] == ("active", "")
    assert await enrolling_flow.settle_reopened(world.pool, NOON) == 0  # it was sanctioned for good
    assert set((await states(world, which)).values()) == {("active", "")}


async def test_a_revolving_set_takes_again_what_was_paid_back(world: World) -> None:
    """Room for two. The first is paid off, a third takes its place; then the first payment comes back, without room."""
    insurer, client = await world.take_on()
    one = await arrangement(world, provider_id=insurer)
    which = await cover_set(world, one, sanctioned=2 * AMOUNT, revolving=True)
    named = await covered_programme(world, which)
    first, second = await captured(world), await captured(world)
    assert await funding(world, await captured(world)) != named
    payment = await paid(world, first)
    third = await captured(world)
    assert await funding(world, third) == named
    assert await states(world, which) == dict.fromkeys((second, third), ("active", "")) | {first: ("released", "")}
    await returned(world, first, payment)
    assert await enrolling_flow.settle_reopened(world.pool, NOON) == 1
    assert (await states(world, which))[first] == ("void", "no_room")
    (told,) = [
        each for each in (await client.get("/v1/support/events")).json()["events"] if each["type"] == "cover.lost"
    ]
    assert told["data"] == {
        "arrangement_id": one, "cover_set_id": which, "plan_id": first, "reason": "no_room",
    }  # fmt: skip
    assert await funding(world, await captured(world)) != named
    await paid(world, second)
    assert await funding(world, fourth := await captured(world)) == named  # what the first owes takes nothing of it
    assert await enrolling_flow.settle_reopened(world.pool, NOON) == 0
    assert (await states(world, which))[fourth] == ("active", "")


async def test_one_that_owes_again_takes_its_room_where_it_is_left(world: World) -> None:
    which = await cover_set(world, await arrangement(world), sanctioned=2 * AMOUNT, revolving=True)
    listed = await captured(world)
    await enrol(world, which, listed)
    named = await covered_programme(world, which)
    payment = await paid(world, listed)
    await enrolling_flow.release_ended(world.pool)
    await returned(world, listed, payment)
    assert await enrolling_flow.settle_reopened(world.pool, NOON) == 0
    assert await funding(world, await captured(world)) == named
    assert await funding(world, await captured(world)) != named
    assert (await states(world, which))[listed] == ("active", "")


async def test_a_loss_that_is_borne_is_not_released(world: World) -> None:
    on(world, 0)
    one = await arrangement(world)
    which, order = await cover_set(world, one), await waterfall(world, one)
    await covered_programme(world, which)
    plan = await captured(world)
    await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
    await allocate(world, f"lo{plan[2:]}", waterfall_id=order)
    await world.operator.post(f"{LOSSES}/lo{plan[2:]}/recoveries", {"gross": AMOUNT, "source": "collection"})
    await enrolling_flow.release_ended(world.pool)
    assert (await states(world, which))[plan] == ("claimed", "")


async def test_a_static_set_does_not_revolve(world: World) -> None:
    body = {
        "arrangement_id": await arrangement(world),
        "name": "A",
        "mode": "static",
        "sanctioned": 1,
        "revolving": True,
    }
    told = await world.operator.post(SETS, body)
    assert refused(told) == (400, "invalid_field")
    assert told.json()["pointer"] == "/revolving"
