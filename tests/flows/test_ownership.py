"""Participations change hands at the close of a day: sold, bought back, given to another; both sides to the cent."""

import json
from datetime import timedelta
from typing import Any

import pytest

from service.plans.ownership_flow import carry_out_due
from tests.flows.test_partner_news import news
from tests.flows.test_programmes import agreed
from tests.flows.test_shared_plans import AMOUNT, act, another_partner, captured, held, on
from tests.flows.world import NOON, World
from tests.partners.contracts import participant

TRANSFERS = "/v1/operator/ownership-transfers"


async def ask(world: World, plan: str, days: int, **body: Any) -> dict[str, Any]:
    """A transfer at the close of so many days after the second of March, as two people have agreed it."""
    body["settlement_on"] = (NOON + timedelta(days=days)).date().isoformat()
    asked = await world.operator.post(f"/v1/operator/plans/{plan}/ownership-transfers", body)
    assert asked.is_success, asked.text
    found: dict[str, Any] = (await world.seconded(asked)).json()
    return found


async def close(world: World, days: int) -> dict[str, Any]:
    on(world, days)
    closed = await world.operator.post("/v1/operator/day-close")
    assert closed.is_success, closed.text
    found: dict[str, Any] = closed.json()
    return found


async def transfers(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.operator.get(TRANSFERS)).json()["transfers"]
    return found


async def result(world: World, plan: str) -> int:
    """What we lost by it."""
    places = (await world.operator.get(f"/v1/operator/plans/{plan}/ledger")).json()["places"]
    return sum(one["balance"] for one in places if one["account"] == "sale_result")


async def our_own(world: World) -> str:
    """A plan of 4,500.00 that nobody funds but us."""
    return await captured(world, amount=4_500_00)


async def two_of_our_own(world: World) -> list[str]:
    first = await our_own(world)
    second = await world.plan(await world.consumer(limit=4_500_00), 4_500_00, category="nine")
    await act(world, second["id"], "capture", amount=4_500_00)
    return [first, str(second["id"])]


async def status_of(world: World, transfer: dict[str, Any]) -> tuple[str, str | None]:
    (found,) = [one for one in await transfers(world) if one["id"] == transfer["id"]]
    return found["status"], found["reason"]


async def told_of_transfers(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What the partner has heard of them by now."""
    world.partner.now = world.operator.now
    heard: list[dict[str, Any]] = []
    while page := await news(world, len(heard)):
        heard += page
    return [
        (one["type"].removeprefix("ownership_transfer."), one["data"])
        for one in heard
        if one["type"].startswith("ownership_transfer.")
    ]


async def test_what_is_ours_is_sold_below_its_principal_and_bought_back(world: World) -> None:
    """4,500.00 x 0.985 = 4,432.50: we lose 67.50. The month's 33.75 of interest are the partner's from then on."""
    partner, plan = world.demo.partner_id, await our_own(world)
    sale = await ask(
        world, plan, 0, kind="sale", price_ratio="0.985", buyer_id=partner, programme_id=world.demo.programme_id
    )
    assert (sale["status"], sale["price"]) == ("pending", None)
    assert (await close(world, 1))["transferred"] == 1
    assert (await close(world, 1))["transferred"] == 0
    (sold,) = await transfers(world)
    assert (sold["status"], sold["principal"], sold["interest"], sold["price"]) == ("active", 4_500_00, 0, 4_432_50)
    assert await result(world, plan) == 67_50
    assert await held(world, plan, partner) == [
        {"partner_receivable": 4_432_50, "partner_participation": -4_500_00},
    ]  # fmt: skip
    await close(world, 31)
    first = (await world.merchant.get(f"/v1/plans/{plan}")).json()["schedule"][0]
    await act(world, plan, "payments", amount=first["principal"] + first["interest"])
    (theirs,) = await held(world, plan, partner)
    assert theirs["partner_participation"] == -4_500_00 + first["principal"]
    assert theirs["partner_payable"] == -first["principal"] - first["interest"]
    back = await ask(world, plan, 40, kind="buy_back", seller_id=partner)
    await close(world, 41)
    assert await status_of(world, back) == ("active", None)
    assert await status_of(world, sale) == ("bought_back", None)
    told = await told_of_transfers(world)
    assert [(name, one["transfer_id"], one["kind"]) for name, one in told] == [
        ("requested", sale["id"], "sale"), ("completed", sale["id"], "sale"),
        ("requested", back["id"], "buy_back"), ("completed", back["id"], "buy_back"),
    ]  # fmt: skip
    assert (told[0][1]["ratio"], told[1][1]["principal"], told[1][1]["price"]) == ("0.985", 4_500_00, 4_432_50)
    assert {one["plan_id"] for _, one in told} == {plan}
    (theirs,) = await held(world, plan, partner)
    assert theirs["partner_participation"] == 0
    paid = await act(world, plan, "payments", amount=100_00)
    assert paid["outstanding"] > 0
    assert await held(world, plan, partner) == [theirs]  # it is ours again
    assert (await world.partner.get("/v1/partner/ownership-transfers")).json()["transfers"] == await transfers(world)


async def test_another_partner_takes_the_place_of_one(world: World) -> None:
    """Each has what fell into its time, to the last cent, and what is put right later is the new owner's."""
    first, second = world.demo.partner_id, await another_partner(world)
    plan = await captured(world, participant(7_000, first, interest_bps=7_000))
    on(world, 0)
    other = await agreed(world, name="Bought later", participants=[participant(7_000, second, interest_bps=7_000)])
    body = {"seller_id": first, "buyer_id": second, "programme_id": other["id"]}
    await ask(world, plan, 45, kind="substitution", price_ratio="0.99", **body)
    on(world, 31)
    paid = await act(world, plan, "payments", amount=524_71)
    await close(world, 47)
    (sold,) = await transfers(world)
    assert (sold["status"], sold["principal"]) == ("active", 4_200_00 - 335_80)
    assert sold["price"] == 3_825_56 + sold["interest"]  # 3,864.20 x 0.99
    assert await result(world, plan) == 0  # what the one loses is the other's gain
    before = await held(world, plan, first)
    assert before[0]["partner_participation"] == 0
    back = {"payment_id": paid["recorded"]["id"]}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", back)).is_success
    assert await held(world, plan, first) == before
    (theirs,) = await held(world, plan, second)
    assert theirs["partner_participation"] == -4_200_00
    left = (await world.merchant.get(f"/v1/plans/{plan}")).json()["outstanding"]
    await act(world, plan, "payments", amount=left)
    await close(world, 49)
    (theirs,) = await held(world, plan, second)
    assert theirs["partner_participation"] == 0
    accrued = await world.pool.fetch(
        "select sum(amount) as amount from (select credit_owner as owner, amount from transfers"
        " where credit = 'partner_accrued' union all select debit_owner, - amount from transfers"
        " where debit = 'partner_accrued') sides group by owner"
    )
    assert [row["amount"] for row in accrued] == [0, 0]


@pytest.mark.parametrize(
    ("paid", "reason"), [(6_000_00, "balance_zero"), (6_000_01, "balance_negative")]
)  # fmt: skip
async def test_where_nothing_is_owed_there_is_nothing_to_sell(world: World, paid: int, reason: str) -> None:
    partner, plan = world.demo.partner_id, await captured(world)
    sale = await ask(world, plan, 0, kind="sale", buyer_id=partner, programme_id=world.demo.programme_id)
    quoted = (await world.merchant.get(f"/v1/plans/{plan}")).json()["outstanding"]
    await act(world, plan, "payments", amount=quoted + paid - AMOUNT)
    await close(world, 1)
    assert await status_of(world, sale) == ("declined", reason)
    assert [(name, one.get("reason")) for name, one in await told_of_transfers(world)] == [
        ("requested", None), ("declined", reason)
    ]  # fmt: skip
    assert await held(world, plan, partner) == [{}]


async def test_what_is_sold_and_bought_back_on_one_day_stays_where_it_was(world: World) -> None:
    partner, plan = world.demo.partner_id, await our_own(world)
    body = {"buyer_id": partner, "programme_id": world.demo.programme_id}
    sale = await ask(world, plan, 3, kind="sale", **body)
    back = await ask(world, plan, 3, kind="buy_back", seller_id=partner)
    await close(world, 4)
    assert [await status_of(world, one) for one in (sale, back)] == [("cancelled", "same_day")] * 2
    told = await told_of_transfers(world)
    assert {(name, one["transfer_id"], one["reason"]) for name, one in told[2:]} == {
        ("cancelled", sale["id"], "same_day"), ("cancelled", back["id"], "same_day")
    }  # fmt: skip
    assert await held(world, plan, partner) == [{}]


@pytest.mark.parametrize("reason", ["buyer_left", "buyer_suspended"])
async def test_one_that_cannot_change_hands_stops_no_other(world: World, reason: str) -> None:
    """Of two that are sold on one day the first has no buyer any more: it is declined and told, the other is sold."""
    partner, other = world.demo.partner_id, await another_partner(world)
    plans = await two_of_our_own(world)
    two = [participant(4_000, partner, interest_bps=4_000), participant(3_000, other, interest_bps=3_000)]
    programme = (await agreed(world, name="Both buy", participants=two))["id"]
    refused, good = [
        await ask(world, plan, 0, kind="sale", buyer_id=buyer, programme_id=programme)
        for plan, buyer in zip(plans, (other, partner), strict=True)
    ]
    if reason == "buyer_left":
        await agreed(world, f"/v1/operator/programmes/{programme}/versions", name="One buys", participants=two[:1])
    else:
        assert (await world.operator.post(f"/v1/operator/partners/{other}/suspend")).is_success
    assert (await close(world, 1))["transferred"] == 2
    assert await status_of(world, refused) == ("declined", reason)
    assert await status_of(world, good) == ("active", None)
    assert await held(world, plans[0], other) == [{}]
    (ours,) = await held(world, plans[1], partner)
    assert ours["partner_participation"] == -4_500_00
    about = "select type, data from events where merchant_id = $1 and type like 'ownership_transfer.%' order by told"
    told = await world.pool.fetch(about, other)
    assert [row["type"] for row in told] == ["ownership_transfer.requested", "ownership_transfer.declined"]
    assert json.loads(told[1]["data"])["reason"] == reason


async def test_a_plan_that_cannot_be_read_stops_no_other(world: World) -> None:
    """Somebody must look at it, so the close fails, but what else is due has changed hands by then."""
    plans = await two_of_our_own(world)
    body = {"kind": "sale", "buyer_id": world.demo.partner_id, "programme_id": world.demo.programme_id}
    unreadable, good = [await ask(world, plan, 0, **body) for plan in plans]
    was = await world.pool.fetchval("select funding from plans where plan_id = $1", plans[0])
    await world.pool.execute("update plans set funding = '[]' where plan_id = $1", plans[0])
    for _ in range(2):
        with pytest.raises(ExceptionGroup, match="1 of"):
            await carry_out_due(world.pool, NOON + timedelta(days=1))
    assert await status_of(world, good) == ("active", None)
    assert await status_of(world, unreadable) == ("pending", None)
    await world.pool.execute("update plans set funding = $2 where plan_id = $1", plans[0], was)
    assert await carry_out_due(world.pool, NOON + timedelta(days=1)) == 1
    assert await status_of(world, unreadable) == ("active", None)


async def test_a_sale_names_a_buyer_that_may_have_the_plan(world: World) -> None:
    partner, plan = world.demo.partner_id, await our_own(world)
    crowns = (await agreed(world, name="Crowns", currency="CZK"))["id"]
    body = {"kind": "sale", "buyer_id": partner, "settlement_on": "2026-03-02", "programme_id": crowns}
    path = f"/v1/operator/plans/{plan}/ownership-transfers"
    refused = await world.operator.post(path, body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/programme_id")
    assert (await world.operator.post(f"/v1/operator/partners/{partner}/suspend")).is_success
    refused = await world.operator.post(path, body | {"programme_id": world.demo.programme_id})
    assert (refused.status_code, refused.json()["pointer"]) == (409, "/buyer_id")


async def test_what_is_pending_may_be_cancelled_once(world: World) -> None:
    partner, plan = world.demo.partner_id, await our_own(world)
    body = {"buyer_id": partner, "programme_id": world.demo.programme_id}
    sale = await ask(world, plan, 3, kind="sale", **body)
    twice = body | {"kind": "sale", "settlement_on": "2026-03-09"}
    refused = await world.operator.post(f"/v1/operator/plans/{plan}/ownership-transfers", twice)
    assert (refused.status_code, refused.json()["pointer"]) == (409, "/seller_id")
    assert (await world.operator.post(f"{TRANSFERS}/{sale['id']}/cancel")).json()["reason"] == "requested"
    assert (await told_of_transfers(world))[-1] == (
        "cancelled",
        {"transfer_id": sale["id"], "plan_id": plan, "kind": "sale", "settlement_on": sale["settlement_on"],
         "reason": "requested"},
    )  # fmt: skip
    assert (await world.operator.post(f"{TRANSFERS}/{sale['id']}/cancel")).status_code == 409
    await close(world, 4)
    assert await held(world, plan, partner) == [{}]


async def test_what_cannot_change_hands_is_refused(world: World, subtests: pytest.Subtests) -> None:
    plan, good = await our_own(world), {"kind": "sale", "settlement_on": "2026-03-02"}
    good |= {"buyer_id": world.demo.partner_id, "programme_id": world.demo.programme_id}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"settlement_on": "2026-03-01"}, "/settlement_on"),
        ({"seller_id": "pa_01JD8Q4Z7K0000000000000000"}, "/seller_id"),
        ({"buyer_id": None}, "/buyer_id"),
        ({"programme_id": None}, "/programme_id"),
        ({"price_ratio": "10.0"}, "/price_ratio"),
    ]
    for body, pointer in cases:
        with subtests.test(str(body)):
            refused = await world.operator.post(f"/v1/operator/plans/{plan}/ownership-transfers", good | body)
            assert refused.status_code in (400, 409)
            assert refused.json()["pointer"] == pointer
