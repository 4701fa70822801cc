"""A deposit is held on the consumer's card: asked for, renewed, taken of, let go; what is not held is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from service.payments.holding_flow import Holding
from tests.flows.collecting import Till, till
from tests.flows.world import NOON, World


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    """A till."""
    async with till(world) as at:
        yield at


async def deposit(at: Till, ending: str, *, state: str = "held") -> dict[str, Any]:
    """A deposit of 400.00: 80.00 on the card, 320.00 waived; once its first hold has this state."""
    world = at.world
    consumer = await world.consumer(limit=5_000_00)
    instrument = await at.instrument(consumer, ending)
    body = {
        "merchant_reference": f"rental-{consumer}", "consumer": consumer, "currency": "EUR", "amount": 80_00,
        "deposit_amount": 400_00, "category": "cameras", "kinds": ["deposit"],
    }  # fmt: skip
    offers = (await world.merchant.post("/v1/checkouts", body)).json()["offers"]
    opened = await world.merchant.post("/v1/plans", {"offer_id": offers[0]["id"], "instrument_id": instrument})
    assert opened.status_code == 201, opened.text
    plan: dict[str, Any] = opened.json()
    assert (plan["deposit"]["held"]["amount"], plan["deposit"]["waived"]["amount"]) == (80_00, 320_00)
    async with asyncio.timeout(10):
        while await at.world.pool.fetchval("select state from holds where plan_id = $1", plan["id"]) != state:
            await asyncio.sleep(0.02)
    return plan


async def holds(at: Till, plan: dict[str, Any]) -> list[dict[str, Any]]:
    page = await at.world.merchant.get(f"/v1/plans/{plan['id']}/holds")
    assert page.status_code == 200, page.text
    found: list[dict[str, Any]] = page.json()["holds"]
    return found


async def seen(at: Till, plan: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(one["state"], one["amount"], one["captured"]) for one in await holds(at, plan)]


async def now(at: Till, plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await at.world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    for source in (found["deposit"]["held"], found["deposit"]["waived"]):
        assert source["amount"] == source["claimed"] + source["released"] + source["remaining"]
    return found


async def told(at: Till, plan: dict[str, Any]) -> Counter[str]:
    page = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    return Counter(one["type"] for one in page if one["plan_id"] == plan["id"])


async def verb(at: Till, plan: dict[str, Any], word: str, **body: Any) -> Any:
    return await at.world.merchant.post(f"/v1/plans/{plan['id']}/{word}", body)


async def clearing(at: Till) -> int:
    """What the books say that processors owe us, of claims on cards."""
    found: int = await at.world.pool.fetchval("""
        select coalesce(sum(case when debit = 'processor_clearing' then amount else -amount end), 0)::bigint
          from transfers where 'processor_clearing' in (debit, credit)""")
    return found


async def test_held_used_claimed_in_part_and_the_rest_let_go(at: Till) -> None:
    plan = await deposit(at, "ok")
    (hold,) = await holds(at, plan)
    assert (hold["amount"], hold["currency"], hold["reason"]) == (80_00, "EUR", None)
    assert hold["expires_at"].startswith("2026-03-09T1")
    for word in ("use/start", "use/end"):
        assert (await verb(at, plan, word)).status_code == 200
    claimed = await verb(at, plan, "claims", amount=30_00, final=True)
    assert claimed.status_code == 201, claimed.text
    await at.day(days=6)  # the consumer may contest it for 14 days: the hold would end before
    assert await seen(at, plan) == [("released", 80_00, 0), ("held", 80_00, 0)]
    await at.day(days=11)
    await at.day(days=15)
    await at.day(days=15, minutes=1)
    after = await now(at, plan)
    assert (after["deposit"]["held"]["claimed"], after["deposit"]["held"]["released"]) == (30_00, 50_00)
    assert after["outstanding"] == 0
    assert at.desk.holds.taken == 30_00
    assert (await seen(at, plan))[-1] == ("captured", 80_00, 30_00)
    assert await clearing(at) == 30_00


async def test_more_than_is_held_is_owed(at: Till) -> None:
    plan = await deposit(at, "twice")
    await verb(at, plan, "claims", amount=100_00, final=True)
    await at.day(days=15)
    await at.day(days=15, minutes=1)
    after = await now(at, plan)
    assert (after["deposit"]["held"]["claimed"], after["deposit"]["waived"]["claimed"]) == (80_00, 20_00)
    assert after["outstanding"] == 20_00
    assert at.desk.holds.taken == 80_00


async def test_released_it_is_let_go(at: Till) -> None:
    plan = await deposit(at, "ok")
    assert (await verb(at, plan, "release")).status_code == 200
    await asyncio.gather(*[at.day(minutes=1) for _ in range(3)])
    assert await seen(at, plan) == [("released", 80_00, 0)]
    assert (await told(at, plan))["hold.released"] == 1
    assert [one.state for one in at.desk.holds.kept.values()] == ["released"]


async def test_a_part_that_is_released_is_held_no_more(at: Till) -> None:
    plan = await deposit(at, "ok")
    assert (await verb(at, plan, "release", amount=30_00)).status_code == 200
    await at.day(minutes=1)
    assert await seen(at, plan) == [("released", 80_00, 0), ("held", 50_00, 0)]


@pytest.mark.parametrize(("ending", "reason"), [("closed", "account_closed"), ("confirm", "authentication_required")])
async def test_declined_there_is_no_deposit(at: Till, ending: str, reason: str) -> None:
    plan = await deposit(at, ending, state="declined")
    async with asyncio.timeout(10):
        while (after := await now(at, plan))["state"] != "voided":
            await asyncio.sleep(0.02)
    assert (after["remaining"], after["held"]) == (0, 0)
    assert (await holds(at, plan))[0]["reason"] == reason
    events = await told(at, plan)
    assert (events["hold.declined"], events["plan.voided"], events["hold.placed"]) == (1, 1, 0)
    assert (await verb(at, plan, "use/start")).status_code == 409
    assert (await verb(at, plan, "claims", amount=1_00)).status_code == 409


async def test_no_goods_go_out_before_the_processor_has_answered(at: Till) -> None:
    plan = await deposit(at, "broken", state="asked")
    for word, body in (("use/start", {}), ("claims", {"amount": 1_00})):
        refused = await verb(at, plan, word, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids"), refused.text
        assert "hold.placed" in refused.json()["detail"]
    await at.day(minutes=5)
    assert await seen(at, plan) == [("held", 80_00, 0)]
    assert len(at.desk.holds.kept) == 1, "asked about after the answer was lost, it is held once"
    assert (await verb(at, plan, "use/start")).status_code == 200


async def test_a_hold_is_renewed_before_it_ends(at: Till) -> None:
    plan = await deposit(at, "ok")
    assert (await verb(at, plan, "use/start")).status_code == 200
    await at.day(days=4)
    assert await seen(at, plan) == [("held", 80_00, 0)]
    await at.day(days=5, hours=1)
    assert await seen(at, plan) == [("released", 80_00, 0), ("held", 80_00, 0)]
    await at.day(days=10, hours=2)
    assert [state for state, _, _ in await seen(at, plan)] == ["released", "released", "held"]
    assert (await now(at, plan))["held"] == 80_00


async def test_a_hold_that_cannot_be_renewed_is_no_security_any_more(at: Till) -> None:
    plan = await deposit(at, "once")
    assert (await verb(at, plan, "use/start")).status_code == 200
    await at.day(days=5, hours=1)
    assert [state for state, _, _ in await seen(at, plan)] == ["held", "declined"]
    assert (await now(at, plan))["held"] == 80_00, "it is held still"
    await at.day(days=7, hours=1)
    states = [state for state, _, _ in await seen(at, plan)]
    assert (states[0], set(states[1:])) == ("released", {"declined"})
    after = await now(at, plan)
    assert (after["held"], after["deposit"]["held"]["released"], after["remaining"]) == (0, 80_00, 320_00)
    assert (await told(at, plan))["hold.released"] == 1
    at.world.merchant.now = NOON + timedelta(days=7, hours=2)
    claim = await verb(at, plan, "claims", amount=10_00)
    assert claim.status_code == 201, claim.text


async def test_declined_for_good_it_waits_for_another_card_and_says_so(at: Till) -> None:
    plan = await deposit(at, "lapses")
    assert (await verb(at, plan, "use/start")).status_code == 200
    page = f"/v1/plans/{plan['id']}/holds"
    waits: dict[str, Any] = {"is_stopped": False, "missing": 0, "reason": None, "next_actions": []}
    found = (await at.world.merchant.get(page)).json()
    assert {name: found[name] for name in waits} == waits
    await at.day(days=5, hours=1)
    await at.day(days=6)
    assert [state for state, _, _ in await seen(at, plan)] == ["held", "declined"], "it is not asked for again"
    at.world.merchant.now = NOON + timedelta(days=6)
    waits = {"is_stopped": True, "missing": 80_00, "reason": "expired", "next_actions": ["name_instrument"]}
    found = (await at.world.merchant.get(page)).json()
    assert {name: found[name] for name in waits} == waits
    events = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    (declined,) = [one["data"] for one in events if one["type"] == "hold.declined"]
    assert (declined["reason"], declined["is_stopped"]) == ("expired", True)
    another = await at.instrument(plan["consumer"], "ok")
    named = await verb(at, plan, "instrument", instrument_id=another)
    assert named.status_code == 200, named.text
    async with asyncio.timeout(10):
        while (await seen(at, plan))[-1] != ("held", 80_00, 0):
            await asyncio.sleep(0.02)
    found = (await at.world.merchant.get(page)).json()
    assert (found["is_stopped"], found["holds"][-1]["instrument_id"]) == (False, another)


async def test_a_decline_that_may_pass_is_no_standstill(at: Till) -> None:
    plan = await deposit(at, "once")
    await at.day(days=5, hours=1)
    events = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    (declined,) = [one["data"] for one in events if one["type"] == "hold.declined"]
    assert (declined["reason"], declined["is_stopped"]) == ("insufficient_funds", False)
    found = (await at.world.merchant.get(f"/v1/plans/{plan['id']}/holds")).json()
    assert (found["is_stopped"], found["missing"]) == (False, 0)


async def test_a_card_that_is_removed_is_asked_no_more(at: Till) -> None:
    plan = await deposit(at, "ok")
    (hold,) = await holds(at, plan)
    gone = await at.world.merchant.post(f"/v1/instruments/{hold['instrument_id']}/remove")
    assert gone.status_code == 200, gone.text
    await at.day(days=5, hours=1)
    at.world.merchant.now = NOON + timedelta(days=5, hours=2)
    found = (await at.world.merchant.get(f"/v1/plans/{plan['id']}/holds")).json()
    assert (found["is_stopped"], found["missing"], found["reason"]) == (True, 80_00, None)


async def test_what_is_claimed_of_a_hold_that_has_faded_is_held_anew(at: Till) -> None:
    plan = await deposit(at, "fades")
    await verb(at, plan, "claims", amount=30_00, final=True)
    await at.day(days=15)
    await at.day(days=15, minutes=1)
    states = [state for state, _, _ in await seen(at, plan)]
    assert set(states) == {"expired"}
    tried = len(states)
    assert tried > 1, "it is held anew"
    await at.day(days=15, minutes=2)
    assert len(await seen(at, plan)) == tried, "and not for ever"


async def test_several_look_after_one_deposit(at: Till) -> None:
    plan = await deposit(at, "late", state="asked")
    await asyncio.sleep(1.1)  # it is done then
    await asyncio.gather(*[at.day(minutes=5) for _ in range(4)])
    assert await seen(at, plan) == [("held", 80_00, 0)]
    await verb(at, plan, "claims", amount=30_00, final=True)
    charging = at.world.app.state["services"].charging
    for days in (15, 16, 17):
        when = NOON + timedelta(days=days)
        await at.day(days=days)
        await asyncio.sleep(1.1)
        await asyncio.gather(*[Holding(charging).follow_all(when) for _ in range(4)])
    assert (at.desk.holds.taken, (await told(at, plan))["hold.captured"]) == (30_00, 1)
