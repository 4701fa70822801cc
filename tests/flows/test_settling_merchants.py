"""Merchants are settled: day by day, to the cent, with what is kept back, and each thing once."""

import asyncio
import csv
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.flows.world import NOON, SHARED, World

ACCOUNT = {"holder": "Bahnhof Books GmbH", "iban": "DE89370400440532013000"}
TERMS = {"accounts": {"EUR": ACCOUNT}, "lag_days": 2, "calendar": "XECB"}


async def agree(world: World, **terms: Any) -> httpx.Response:
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/settlement-terms"
    return await world.seconded(await world.operator.post(path, terms))


async def close(world: World, at: datetime) -> int:
    """Closes the days before an instant; how many settlements that made."""
    world.operator.now = at
    closed = await world.operator.post("/v1/operator/day-close")
    assert closed.status_code == 200, closed.text
    settled: int = closed.json()["settled"]
    return settled


async def settlements(world: World, **asked: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await world.merchant.get("/v1/settlements", **asked)).json()["settlements"]
    return listed


async def lines(world: World, settlement: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await world.merchant.get(f"/v1/settlements/{settlement['id']}/lines")).json()["lines"]
    return told


async def sell(world: World, amount: int, **capture: Any) -> str:
    plan = await world.plan(await world.consumer(limit=5_000_00), amount)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount} | capture)
    assert captured.status_code == 200, captured.text
    return str(plan["id"])


async def test_a_day_of_captures_and_refunds_is_paid_out(world: World) -> None:
    assert (await agree(world, **TERMS)).json() == {
        "version": 1,
        "terms": {"every": "day", "billing": "net", "minimum": 0, "reserve_bps": 0, "reserve_days": 0}
        | TERMS
        | {"accounts": {"EUR": ACCOUNT | {"bic": None, "number": None, "clearing": None}}},
    }
    plan = await sell(world, 600_00, reference="parcel 7")
    await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 100_00})
    await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 50_00})  # the consumer pays us: nobody else
    assert await close(world, NOON) == 0  # the day has not ended
    assert await close(world, NOON + timedelta(days=1)) == 1
    (one,) = await settlements(world)
    fee = one["fees"]
    assert fee > 0
    assert (one["captured"], one["refunded"], one["payout"]) == (600_00, 100_00, 500_00 - fee)
    assert (one["opening"], one["closing"], one["number"], one["terms_version"]) == (0, 0, 1, 1)
    assert (one["business_on"], one["pays_on"]) == ("2026-03-02", "2026-03-04")
    capture, refund = await lines(world, one)
    assert (capture["kind"], capture["gross"], capture["fee"], capture["reference"]) == (
        "capture", 600_00, fee, "parcel 7",
    )  # fmt: skip
    assert (refund["kind"], refund["gross"], refund["net"]) == ("refund", -100_00, -100_00)
    assert {capture["plan_id"], refund["plan_id"]} == {plan}
    assert (await world.merchant.get(f"/v1/settlements/{one['id']}")).json() == one
    written = await world.merchant.get(f"/v1/settlements/{one['id']}/content")
    first, second = csv.DictReader(written.text.splitlines())
    assert (first["gross"], second["net"], first["merchant_reference"]) == (
        "600.00", "-100.00", capture["merchant_reference"],
    )  # fmt: skip
    assert await close(world, NOON + timedelta(days=1)) == await close(world, NOON + timedelta(days=9)) == 0


async def test_without_an_account_nothing_is_paid_and_what_is_owed_is_carried_on(world: World) -> None:
    await sell(world, 300_00)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["payout"], one["pays_on"], one["terms_version"]) == (0, None, 0)
    assert one["closing"] == 300_00 - one["fees"]
    await agree(world, **TERMS)
    assert await close(world, NOON + timedelta(days=3)) == 1
    (_, two) = await settlements(world)
    assert (two["opening"], two["payout"], two["closing"], two["lines"]) == (one["closing"], one["closing"], 0, 0)


async def test_more_refunds_than_captures_are_a_debt_that_is_set_off(world: World) -> None:
    await agree(world, **TERMS)
    plan = await sell(world, 400_00)
    await close(world, NOON + timedelta(days=1))
    for client in (world.merchant, world.operator):
        client.now = NOON + timedelta(days=1)
    await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 400_00})
    await close(world, NOON + timedelta(days=2))
    world.merchant.now = NOON + timedelta(days=2)
    await sell(world, 1_000_00)
    await close(world, NOON + timedelta(days=3))
    _, debt, rest = await settlements(world)
    assert (debt["payout"], debt["closing"]) == (0, -400_00)
    assert (rest["opening"], rest["payout"], rest["closing"]) == (-400_00, 600_00 - rest["fees"], 0)


async def test_a_reserve_is_kept_back_and_released(world: World) -> None:
    await agree(world, **TERMS, reserve_bps=1_000, reserve_days=30)
    await sell(world, 500_00)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["withheld"], one["release_on"]) == (50_00, "2026-04-01")
    assert one["payout"] == 450_00 - one["fees"]
    assert await close(world, NOON + timedelta(days=30)) == 0
    assert await close(world, NOON + timedelta(days=40)) == 1
    _, two = await settlements(world)
    assert (two["business_on"], two["released"], two["payout"], two["closing"]) == ("2026-04-01", 50_00, 50_00, 0)


async def test_days_that_were_missed_are_settled_one_by_one(world: World) -> None:
    await agree(world, **TERMS)
    for day in (0, 1, 4):
        world.merchant.now = world.operator.now = NOON + timedelta(days=day)
        await sell(world, 100_00)
    assert await close(world, NOON + timedelta(days=5)) == 3
    assert [one["business_on"] for one in await settlements(world)] == ["2026-03-02", "2026-03-03", "2026-03-06"]


@pytest.mark.parametrize(("every", "ends"), [("week", "2026-03-08"), ("month", "2026-03-31")])
async def test_a_week_or_a_month_is_one_settlement(world: World, every: str, ends: str) -> None:
    await agree(world, **TERMS, every=every)
    for day in (0, 3):
        world.merchant.now = world.operator.now = NOON + timedelta(days=day)
        await sell(world, 100_00)
    last = datetime.fromisoformat(f"{ends}T12:00:00+00:00")
    assert await close(world, last) == 0
    assert await close(world, last + timedelta(days=1)) == 1
    (one,) = await settlements(world)
    assert (one["business_on"], one["lines"], one["captured"]) == (ends, 2, 200_00)


async def test_what_is_booked_late_on_a_day_that_was_settled_is_in_the_next(world: World) -> None:
    await agree(world, **TERMS)
    await sell(world, 100_00)
    await close(world, NOON + timedelta(days=1))
    await sell(world, 200_00)  # by a clock that is behind
    assert await close(world, NOON + timedelta(days=1)) == 0
    assert await close(world, NOON + timedelta(days=2)) == 1
    _, two = await settlements(world)
    assert (two["captured"], two["business_on"], (await lines(world, two))[0]["booked_on"]) == (
        200_00, "2026-03-03", "2026-03-02",
    )  # fmt: skip


async def test_many_settle_at_once_and_each_thing_is_settled_once(world: World) -> None:
    await agree(world, **TERMS)
    for _ in range(3):
        await sell(world, 100_00)
    world.operator.now = NOON + timedelta(days=1)
    closed = await asyncio.gather(*(world.operator.post("/v1/operator/day-close") for _ in range(4)))
    assert {one.status_code for one in closed} == {200}
    assert sum(one.json()["settled"] for one in closed) == 1
    (one,) = await settlements(world)
    assert (one["lines"], one["captured"]) == (3, 300_00)


async def test_a_merchant_sees_its_own_alone(world: World) -> None:
    await sell(world, 100_00)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (await world.other_merchant.get("/v1/settlements")).json()["settlements"] == []
    for path in ("", "/lines", "/content"):
        refused = await world.other_merchant.get(f"/v1/settlements/{one['id']}{path}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/settlements"
    assert (await world.operator.get(path)).json()["settlements"] == [one]


@SHARED
@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"accounts": {"EUR": ACCOUNT | {"iban": "DE89370400440532013001"}}}, "/accounts/EUR/iban"),
        ({"accounts": {"EUR": ACCOUNT | {"iban": "de89 3704"}}}, "/accounts/EUR/iban"),
        ({"accounts": {"XXX": ACCOUNT}}, "/accounts/XXX"),
        ({"accounts": {"EUR": ACCOUNT | {"bank": "x"}}}, "/accounts/EUR/bank"),
        ({"reserve_bps": 500}, "/reserve_days"),
        ({"reserve_days": 30}, "/reserve_bps"),
        ({"reserve_bps": 10_001, "reserve_days": 1}, "/reserve_bps"),
        ({"calendar": "NOBODY"}, "/calendar"),
        ({"every": "year"}, "/every"),
        ({"lag_days": -1}, "/lag_days"),
    ],
)
async def test_terms_that_cannot_be_are_refused(world: World, terms: dict[str, Any], pointer: str) -> None:
    before = await world.row_counts()
    refused = await agree(world, **terms)
    assert (refused.status_code in (400, 422), refused.json()["pointer"]) == (True, pointer), refused.text
    assert await world.row_counts() == before


async def test_terms_take_two_people(world: World) -> None:
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/settlement-terms"
    proposed = (await world.operator.post(path, TERMS)).json()
    assert (await world.operator.get(path)).json()["version"] == 0
    alone = await world.operator.post(f"/v1/operator/approvals/{proposed['id']}/approve")
    assert (alone.status_code, alone.json()["code"]) == (403, "four_eyes")
    nobody = await world.operator.post("/v1/operator/merchants/me_01JD8Q4Z7K0000000000000000/settlement-terms", TERMS)
    assert nobody.status_code == 404


async def test_what_a_spreadsheet_would_work_out_begins_with_an_apostrophe(world: World) -> None:
    plan = await world.plan(await world.consumer(), 100_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00, "reference": "=1+1"})
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    written = await world.merchant.get(f"/v1/settlements/{one['id']}/content")
    (line,) = csv.DictReader(written.text.splitlines())
    assert line["reference"] == "'=1+1"
