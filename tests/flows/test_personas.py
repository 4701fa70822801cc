"""Personas over HTTP: each row of the table does what it says, for a test merchant alone."""

import uuid
from datetime import timedelta
from typing import Any

from service.checkout.persona import Persona
from service.checkout.sealing import unseal_part
from service.jobs.moved_clocks import Clocks
from tests.flows.collecting import Till, till
from tests.flows.test_test_merchants import trying
from tests.flows.test_test_mode_stories import advanced, captured, seen
from tests.flows.world import NOON, SECRETS, SHARED, World

BOUGHT = 600_00


async def named(world: World, ending: str) -> str:
    """A consumer's id, of a reference that ends so; the policy declines whoever is so young."""
    body = {"reference": f"{uuid.uuid4().hex}{ending}", "attributes": {"age_in_years": 17}}
    made = await world.merchant.post("/v1/consumers", body)
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


async def bought_by(desk: Till, ending: str) -> dict[str, Any]:
    """A captured plan of 4 instalments, the first due today, paid by itself with what such a consumer gave."""
    buyer = await named(desk.world, ending)
    offer = await desk.world.offer(buyer, BOUGHT, "instalments")
    return await captured(desk.world, offer["id"], instrument_id=await desk.instrument(buyer, "ok"))


async def charged(desk: Till, plan: dict[str, Any]) -> list[tuple[str, str | None]]:
    """How each charge of a plan has ended, the first first, read one by one."""
    page, after, found = 1, "", []
    while page:
        read = await desk.world.merchant.get(f"/v1/plans/{plan['id']}/charges", after=after, limit=1)
        page, after = len(read.json()["charges"]), read.json()["after"]
        found += [(one["state"], one["reason"]) for one in read.json()["charges"]]
    return found


TOO_LITTLE = ("declined", "insufficient_funds")
PAID = ("succeeded", None)
# What has become of the charges 12 days after the purchase, when one of four instalments was due.
CHARGES: dict[Persona, list[tuple[str, str | None]]] = {
    Persona.APPROVED: [PAID],
    Persona.INSUFFICIENT_FUNDS_ONCE: [TOO_LITTLE, PAID],
    Persona.INSUFFICIENT_FUNDS: [TOO_LITTLE] * 4,
    Persona.ACCOUNT_CLOSED: [("declined", "account_closed")],
    Persona.CARD_EXPIRED: [("declined", "expired")],
    Persona.ANSWER_LOST: [PAID],
    Persona.DISPUTED: [PAID],
}


@SHARED
async def test_each_persona_does_what_the_table_says(world: World) -> None:
    await trying(world)
    async with till(world) as desk:
        outcomes = {one: (await world.checkout(await named(world, f"+{one}"), BOUGHT))["outcome"] for one in Persona}
        assert outcomes.pop(Persona.DECLINED) == "declined"
        assert outcomes.pop(Persona.REFERRED) == "referred"
        assert set(outcomes) == set(CHARGES)
        assert set(outcomes.values()) == {"approved"}
        plans = {one: await bought_by(desk, f"+{one}") for one in CHARGES}
        await advanced(world, days=9)
        assert (await seen(world, plans[Persona.DISPUTED]))["dispute"] is None
        await advanced(world, days=3)
        assert {one: await charged(desk, plan) for one, plan in plans.items()} == CHARGES
        after = {one: await seen(world, plan) for one, plan in plans.items()}
        assert {one for one, plan in after.items() if plan["overdue"]} == {
            Persona.INSUFFICIENT_FUNDS, Persona.ACCOUNT_CLOSED, Persona.CARD_EXPIRED,
        }  # fmt: skip
        assert {one for one, plan in after.items() if plan["dispute"]} == {Persona.DISPUTED}


async def test_a_lost_answer_is_late_and_counts_from_its_own_day(world: World) -> None:
    """The charge is pending until somebody asks; what fell due was paid on that day."""
    await trying(world)
    async with till(world) as desk:
        plan = await bought_by(desk, "+answer_lost")
        asked = await desk.pay(plan, amount=100_00)
        assert asked.json()["state"] == "pending"
        told = await advanced(world, days=100)
        assert "instalment.overdue" not in told["events"]
        assert (await seen(world, plan))["state"] == "paid_off"
        assert set(desk.sandbox.calls.values()) == {1}


@SHARED
async def test_a_dispute_opens_once(world: World) -> None:
    """Ten days after the first capture to the hour; the merchant says nothing, has lost, and hears no more of it."""
    await trying(world)
    buyer = await named(world, "+disputed")
    offer = await world.offer(buyer, BOUGHT, "instalments")
    plan = await captured(world, offer["id"])
    await advanced(world, until="2026-03-12")
    assert (await seen(world, plan))["dispute"] is None
    told = await advanced(world, until="2026-03-13")
    assert told["events"]["dispute.opened"] == 1
    found = (await seen(world, plan))["dispute"]
    assert (found["reason"], found["amount"], found["opened_on"]) == ("not_received", BOUGHT, "2026-03-12")
    told = await advanced(world, days=60)
    assert told["events"]["dispute.closed"] == 1
    assert "dispute.opened" not in told["events"]
    assert (await seen(world, plan))["refunded"] == BOUGHT


@SHARED
async def test_a_dispute_opens_in_real_time_too(world: World) -> None:
    """The worker looks at all test merchants, those whose clocks were never moved among them."""
    await trying(world)
    offer = await world.offer(await named(world, "+disputed"), BOUGHT, "instalments")
    plan = await captured(world, offer["id"])
    ours = world.app.state["services"]
    clocks = Clocks(ours.pool, ours.engine, ours.charging, ours.registry)
    for days, state in ((9, None), (10, "needs_response")):
        await clocks.catch_up_all(NOON + timedelta(days=days))
        assert ((await seen(world, plan))["dispute"] or {}).get("state") == state


async def test_a_real_merchants_consumers_are_called_what_it_likes(world: World) -> None:
    """The decisions, the tokens and the plans of such names are like any other's, to the byte."""
    async with till(world) as desk:
        nobody = await world.checkout(await named(world, ""), BOUGHT)
        assert nobody["outcome"] == "declined"
        for ending in (*[f"+{one}" for one in Persona], "+nobody"):
            answer = await world.checkout(await named(world, ending), BOUGHT)
            assert {**answer, **SELF} == {**nobody, **SELF}
        buyer = await named(world, "+account_closed")
        await desk.instrument(buyer, "ok")
        assert await world.pool.fetchval("select token from instruments where consumer_id = $1", buyer) == "tok-ada-ok"
        kept = await world.pool.fetch(
            "select d.*, k.wrapped from decisions d join data_keys k on k.key_id = consumer_id"
        )
        assert not [row for row in kept if b"persona" in (unseal_part(SECRETS, row, "snapshot") or b"persona")]


SELF = dict.fromkeys(("id", "merchant_reference", "consumer", "decided_at", "expires_at"), "")


@SHARED
async def test_a_word_that_is_no_persona_is_refused(world: World) -> None:
    """With the persona that may be meant; other endings are nobody's business."""
    await trying(world)
    for reference, meant in (
        ("anna+declind", "+declined?"),
        ("anna+Referred", "+referred?"),
        ("anna+qqq", "approved, declined"),
    ):
        refused = await world.merchant.post("/v1/consumers", {"reference": reference})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
        assert refused.json()["pointer"] == "/reference"
        assert meant in refused.json()["detail"]
    for reference, persona in (
        ("anna+declined", "declined"),
        ("anna+x+referred", "referred"),
        ("anna", None),
        ("declined", None),
        ("+49301234", None),
        ("anna+x@example.com", None),
    ):
        made = await world.merchant.post("/v1/consumers", {"reference": reference})
        assert (made.status_code, made.json()["persona"]) == (201, persona)
        read = await world.merchant.get(f"/v1/consumers/{made.json()['id']}")
        assert read.json()["persona"] == persona
