"""Schemes that bear a part of consumers' interest: 65.60 of 393.58, within a budget and the caps of a person."""

import asyncio
import csv
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service import db
from service.alone import AloneMax
from service.config import Settings
from service.terms.terms import DayCount, Terms, Unit
from tests.flows.conftest import world_on
from tests.flows.published import policy_of
from tests.flows.test_timeline import timeline
from tests.flows.test_vouchers import agreed
from tests.flows.world import NOON, World

STATE: dict[str, Any] = {
    "name": "Consumer loans 2026", "begins_on": "2026-01-01", "ends_on": "2026-12-31", "voucher": None,
    "interest": {
        "rate_bps": 100, "contract_share_bps": 5_000, "spend_max": 50_000_00, "small_max": 50_000_00,
        "small_person_max": 1_000_00, "person_max": 3_000_00,
    },
}  # fmt: skip


def terms(rate: str, **more: Any) -> Terms:
    """Twelve months."""
    rate_percent, day_count = Decimal(rate), DayCount.THIRTY_360
    return Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=rate_percent, day_count=day_count, **more)


YEAR = {"year": (terms("6"), 12_000_00)}
DUE_ON = [date(2026, month, 2) for month in range(4, 13)] + [date(2027, month, 2) for month in range(1, 4)]
FIRST = [10_00, 9_19, 8_38]  # of 60.00, 55.14 and 50.25, each sum rounded


async def priced(world: World, rows: dict[str, tuple[Terms, int]]) -> None:
    """A policy with such prices is in force from now on."""
    world.operator.now = world.second_operator.now = NOON
    made = (await world.operator.post("/v1/operator/policies", policy_of(rows))).json()
    assert made["faults"] == [], made["faults"]
    path = f"/v1/operator/policies/{made['id']}/versions/{made['version']}/publish"
    assert (await world.second_operator.post(path)).status_code == 200


async def bought(world: World, amount: int = 12_000_00, category: str = "year", consumer: str = "") -> dict[str, Any]:
    """A plan that was captured on 2 March."""
    world.merchant.now = NOON
    plan = await world.plan(consumer or await world.consumer(), amount, category=category)
    return await post(world, plan, "capture", amount=amount)


async def post(world: World, plan: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/{verb}", body)
    assert done.is_success, done.text
    found: dict[str, Any] = done.json()
    return found


async def on(world: World, day: date, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan as it is once a day has been closed."""
    world.merchant.now = world.operator.now = datetime.combine(day, time(12), UTC)
    closed = await world.operator.post("/v1/operator/day-close")
    assert closed.status_code == 200, closed.text
    found: dict[str, Any] = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    return found


def left(line: dict[str, Any]) -> int:
    """What is owed of an instalment."""
    return int(sum(line[part] - line[f"{part}_paid"] for part in ("principal", "interest", "fee", "penalty")))


async def pays(world: World, plan: dict[str, Any], day: date) -> dict[str, Any]:
    """The plan once a day was closed, and what is due on it paid."""
    seen = await on(world, day, plan)
    due = sum(left(line) for line in seen["schedule"] if line["due_on"] <= f"{day}")
    return await post(world, plan, "payments", amount=due, reference=f"{day}") if due else seen


async def claimed(world: World, scheme: str, funder: str) -> list[dict[str, str]]:
    path = f"/v1/operator/schemes/{scheme}/claims"
    asked = {"funder": funder, "begin_on": "2026-01-01", "end_on": "2027-12-31"}
    return list(csv.DictReader((await world.operator.get(path, **asked)).text.splitlines()))


async def owed_by(world: World, scheme: str) -> int:
    """What the books say that the scheme owes us."""
    sums = "select sum(case when debit_owner = $1 then amount else -amount end) from transfers"
    return int(await world.pool.fetchval(f"{sums} where $1 in (debit_owner, credit_owner)", scheme) or 0)


async def left_of(world: World, scheme: str) -> int:
    (one,) = [
        one for one in (await world.operator.get("/v1/operator/schemes")).json()["schemes"] if one["id"] == scheme
    ]
    return int(one["document"]["budget"] - one["granted"])


async def test_a_sixth_of_six_per_cent_is_paid_by_the_state_and_the_rest_by_the_consumer(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    world.merchant.now = NOON
    offer = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    subsidy = offer["subsidy"]
    assert (offer["total_cost"], subsidy["amount"], subsidy["consumer_cost"]) == (393_58, 65_60, 327_98)
    assert [one["name"] for one in subsidy["funders"]] == ["central", "province"]

    plan = await bought(world)
    assert (plan["subsidy"]["held"], await left_of(world, scheme)) == (65_60, 1_000_00 - 65_60)
    paid = []
    for day in DUE_ON:
        before = plan["subsidy"]["paid"]
        plan = await pays(world, plan, day)
        paid.append(plan["subsidy"]["paid"] - before)
    assert (paid[:3], sum(paid), plan["state"], plan["overpaid"]) == (FIRST, 65_60, "paid_off", 0)
    assert await world.pool.fetchval("select sum((body ->> 'amount')::bigint) from facts where fact = 'paid'") == (
        12_393_58 - 65_60
    )
    central, province = await claimed(world, scheme, "central"), await claimed(world, scheme, "province")
    assert (central[-1]["amount"], province[-1]["amount"], len(central)) == ("59.04", "6.56", 13)
    first = central[0]
    assert (first["base"], first["days"], first["rate_bps"], first["amount"]) == ("12000.00", "31", "100", "9.00")
    assert await owed_by(world, scheme) == 65_60
    told = [one for one in (await world.merchant.get("/v1/events")).json()["events"] if "subsid" in one["type"]]
    assert [one["data"]["amount"] for one in told[:3]] == FIRST


@pytest.mark.parametrize(
    ("rate", "amount", "subsidy"),
    [
        ("1.5", 12_000_00, 48_87),  # 0.75 %: half of 97.74
        ("6", 80_000_00, 273_31),  # of 50,000.00: 62.5 % of a sixth of 2,623.77
    ],
)
async def test_the_rate_and_the_purchase_count_up_to_their_caps(
    world: World, rate: str, amount: int, subsidy: int
) -> None:
    await priced(world, {"year": (terms(rate), amount)})
    await agreed(world, **STATE)
    world.merchant.now = NOON
    offer = await world.offer(await world.consumer(), amount, "instalments", category="year")
    assert offer["subsidy"]["amount"] == subsidy
    assert offer["subsidy"]["is_small"] is (amount < 50_000_00)


async def test_a_person_has_no_more_than_the_cap_at_a_lender(world: World) -> None:
    await priced(world, YEAR)
    await agreed(world, **STATE | {"interest": STATE["interest"] | {"small_person_max": 100_00, "person_max": 90_00}})
    consumer = await world.consumer()
    first, second = [await bought(world, consumer=consumer) for _ in range(2)]
    assert [first["subsidy"]["amount"], second["subsidy"]["amount"]] == [65_60, 24_40]
    third = await world.offer(consumer, 12_000_00, "instalments", category="year")
    assert third["subsidy"] is None
    assert (await bought(world))["subsidy"]["amount"] == 65_60  # another person
    for day in DUE_ON[:3]:
        second = await pays(world, second, day)
    assert second["subsidy"]["paid"] == 24_40  # 10.00 + 9.19, and of 8.37 what is left
    assert (await pays(world, second, DUE_ON[3]))["subsidy"]["paid"] == 24_40


async def test_two_plans_at_once_never_pass_the_cap_nor_the_budget(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=3 * 65_60 + 1_00)
    world.merchant.now = NOON
    one = await world.consumer()
    offers = [await world.offer(one, 12_000_00, "instalments", category="year") for _ in range(2)]
    offers += [await world.offer(await world.consumer(), 12_000_00, "instalments", category="year") for _ in range(4)]
    opened = await asyncio.gather(*(world.merchant.ask("/v1/plans", {"offer_id": offer["id"]}) for offer in offers))
    assert sorted(done.status_code for done in opened) == [201] * 3 + [409] * 3
    assert {done.json()["code"] for done in opened if done.status_code == 409} == {"subsidy_spent"}
    assert await left_of(world, scheme) == 1_00
    last = await world.plan(await world.consumer(), 12_000_00, category="year")
    assert (last["subsidy"]["amount"], await left_of(world, scheme)) == (1_00, 0)
    none = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    assert none["subsidy"] is None

    voided = await world.merchant.post(f"/v1/plans/{last['id']}/void")
    assert voided.status_code == 200, voided.text
    assert await left_of(world, scheme) == 1_00
    again = await world.plan(await world.consumer(), 12_000_00, category="year")
    assert again["subsidy"]["amount"] == 1_00  # the last cent once more


DAILY = {"year": (terms("6", recalculate=True), 12_000_00)}  # interest follows what is really owed


async def test_of_goods_that_came_back_the_subsidy_goes_back_to_the_scheme(world: World) -> None:
    await priced(world, DAILY)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    plan = await pays(world, await bought(world), DUE_ON[0])
    assert (plan["paid"], plan["subsidy"]["paid"], plan["subsidy"]["held"]) == (1_032_80, 10_00, 65_60)
    world.merchant.now = world.operator.now = NOON + timedelta(days=40)
    plan = await post(world, plan, "refunds", amount=12_000_00)
    assert (plan["outstanding"], plan["overpaid"]) == (0, 1_022_80)  # what the consumer paid, and not the state's
    assert (plan["subsidy"]["paid"], plan["subsidy"]["held"], await left_of(world, scheme)) == (0, 0, 1_000_00)
    assert [row["amount"] for row in await claimed(world, scheme, "central")] == ["9.00", "-9.00", "0.00"]
    assert await owed_by(world, scheme) == 0


async def test_a_refund_of_a_part_frees_as_much_of_the_budget(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    plan = await world.plan(await world.consumer(), 12_000_00, category="year")
    plan = await post(world, plan, "capture", amount=6_000_00, final=True)
    assert (plan["subsidy"]["held"], await left_of(world, scheme)) == (32_80, 1_000_00 - 32_80)  # half of it


async def test_what_is_settled_early_bears_interest_and_its_subsidy_to_that_day(world: World) -> None:
    await priced(world, DAILY)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    plan = await pays(world, await bought(world), DUE_ON[0])
    world.merchant.now = world.operator.now = NOON + timedelta(days=46)
    quote = (await post(world, plan, "settlement_quotes"))["settlement_quote"]
    plan = await post(world, plan, "payments", amount=quote["amount"], reference="all")
    assert plan["outstanding"] == 0
    borne = 60_00 + quote["interest"]
    assert plan["subsidy"]["paid"] == (borne * 2 + 6) // 12
    assert plan["overpaid"] == plan["subsidy"]["paid"] - 10_00  # of the last days: it goes back to the consumer
    assert await left_of(world, scheme) == 1_000_00 - plan["subsidy"]["paid"]


async def test_once_collection_is_given_up_the_scheme_pays_nothing_more(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    plan = await on(world, DUE_ON[0], await bought(world))
    waits = await world.operator.post(f"/v1/operator/plans/{plan['id']}/charge_off")
    await world.seconded(waits)
    plan = await on(world, DUE_ON[2], plan)
    assert (plan["subsidy"]["paid"], plan["subsidy"]["held"]) == (10_00, 10_00)
    assert await left_of(world, scheme) == 1_000_00 - 10_00


async def test_what_should_not_have_been_paid_comes_back_as_a_line_below_zero(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    plan = await pays(world, await bought(world), DUE_ON[0])
    owed = plan["outstanding"]
    done = await world.operator.post(f"/v1/operator/plans/{plan['id']}/return_subsidy")
    assert done.status_code == 200, done.text
    after = done.json()
    assert (after["outstanding"], after["subsidy"]["paid"], after["subsidy"]["held"]) == (owed + 10_00, 0, 0)
    assert [row["amount"] for row in await claimed(world, scheme, "central")] == ["9.00", "-9.00", "0.00"]
    assert [row["amount"] for row in await claimed(world, scheme, "province")] == ["1.00", "-1.00", "0.00"]
    assert (await owed_by(world, scheme), await left_of(world, scheme)) == (0, 1_000_00)
    told = [one["sentence"] for one in await timeline(world, plan["id"]) if "subsid" in one["fact"]]
    assert told == [
        "A scheme pays 10.00 EUR of the interest.", "A scheme got 10.00 EUR back that it had paid of the interest."
    ]  # fmt: skip
    again = await pays(world, after, DUE_ON[1])
    assert again["subsidy"]["paid"] == 0
    twice = await world.operator.post(f"/v1/operator/plans/{plan['id']}/return_subsidy")
    assert (twice.status_code, twice.json()["code"]) == (409, "state_forbids")


async def test_a_dry_run_takes_nothing_of_the_budget_and_says_what_would_be_held(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE, budget=1_000_00)
    offer = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    told = await world.merchant.post("/v1/plans?dry_run=true", {"offer_id": offer["id"]})
    assert (told.status_code, told.json()["plan"]["subsidy"]["held"]) == (200, 65_60), told.text
    assert await left_of(world, scheme) == 1_000_00


async def test_what_a_scheme_paid_is_no_mistake_that_is_corrected(world: World) -> None:
    await priced(world, YEAR)
    await agreed(world, **STATE)
    plan = await on(world, DUE_ON[0], await bought(world))
    fact = await world.pool.fetchval("select fact_id from facts where fact = 'subsidised'")
    refused = await world.operator.post(f"/v1/operator/plans/{plan['id']}/corrections", {"fact_id": fact})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")


async def test_days_past_due_earn_nothing_where_the_scheme_says_so(world: World) -> None:
    await priced(world, YEAR)
    await agreed(world, **STATE | {"interest": {"rate_bps": 100, "current_only": True}})
    plan = await bought(world)
    assert (await on(world, DUE_ON[0], plan))["subsidy"]["paid"] == 10_00
    world.merchant.now = NOON + timedelta(days=31 + 15)  # half of April's thirty days late
    await post(world, plan, "payments", amount=1_022_80, reference="late")
    assert (await on(world, DUE_ON[1], plan))["subsidy"]["paid"] == 10_00 + 4_60  # half of 9.19


@pytest.mark.parametrize(
    "more",
    [
        {"categories": ["jewels"], "interest": {"rate_bps": 100}},
        {"excluded_products": ["case-1"]},
        {"products": ["case-2"]},
        {"begins_on": "2026-03-03"},
        {"ends_on": "2026-03-01"},
        {"currency": "CNY"},
        {"merchants": ["me_01JD8Q4Z7K0000000000000000"]},
    ],
)
async def test_what_a_scheme_does_not_cover_it_does_not_bear(world: World, more: dict[str, Any]) -> None:
    await priced(world, YEAR)
    await agreed(world, **STATE | more)
    world.merchant.now = NOON
    offer = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    assert offer["subsidy"] is None


async def test_an_answer_tells_the_fact_that_was_asked_for_and_not_what_a_scheme_pays_for_it(world: World) -> None:
    """What is paid off is settled: the scheme pays all that it will at once, which is a fact of its own."""
    await priced(world, YEAR)
    await agreed(world, **STATE)
    plan = await bought(world)
    paid = await post(world, plan, "payments", amount=plan["outstanding"])
    assert (paid["recorded"]["fact"], paid["recorded"]["amount"], paid["subsidy"]["paid"]) == (
        "paid", plan["outstanding"], 65_60,
    )  # fmt: skip
    assert [one["fact"] for one in await timeline(world, plan["id"])][-2:] == ["paid", "subsidised"]
    body = {"payment_id": paid["recorded"]["id"], "amount": 100_00}
    back = (await world.operator.post(f"/v1/operator/plans/{plan['id']}/payments/charge_back", body)).json()
    assert (back["recorded"]["fact"], back["recorded"]["amount"]) == ("charged_back", 100_00)


async def test_what_one_person_gives_is_weighed_whatever_a_scheme_pays(settings: Settings, pool: db.Pool) -> None:
    """12,393.58 are let go by one operator, and 65.60 follow from it: the first of them takes two."""
    async with world_on(replace(settings, alone_max=AloneMax(1_000_00)), pool) as world:
        await priced(world, YEAR)
        await agreed(world, **STATE)
        plan = await bought(world)
        world.operator.now = NOON
        body = {"kind": "goodwill", "amount": plan["outstanding"]}
        waits = await world.operator.post(f"/v1/operator/plans/{plan['id']}/credits", body)
        assert waits.status_code == 202, waits.text
        assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["outstanding"] == plan["outstanding"]
