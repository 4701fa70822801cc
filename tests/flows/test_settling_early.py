"""A plan is settled early: the quote binds for its day, its payment pays the plan off, and the page had said so."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.test_policies import draft, publish, with_field
from tests.flows.world import NOON, World
from tests.plans.published_schedules import FOLDER

REBATES = json.loads((FOLDER / "rebates.json").read_text())["vectors"] if (FOLDER / "rebates.json").exists() else []
UK = [case for case in REBATES if "settlement_figure_expected" in case]
PATH = "/v1/plans/{}/settlement_quotes"


async def in_24(world: World) -> dict[str, Any]:
    """A captured plan of 24 months that costs something."""
    plan = await world.plan(await world.consumer(), 600_00, category="furniture", instalments=24)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    found: dict[str, Any] = captured.json()
    assert found["outstanding"] > 600_00, found
    return found


async def test_captured_and_settled_on_the_same_day(world: World) -> None:
    plan = await in_24(world)
    disclosed = (await world.merchant.get(f"/v1/plans/{plan['id']}/disclosure")).json()["lines"]
    assert (
        "owes no interest and no costs" in next(one for one in disclosed if one["name"] == "early_repayment")["value"]
    )
    path, before = PATH.format(plan["id"]), await world.row_counts()
    foretold = (await world.merchant.post(f"{path}?dry_run=true", {})).json()["plan"]["settlement_quote"]
    assert await world.row_counts() == before
    quoted = (await world.merchant.post(path, {})).json()
    quote = quoted["settlement_quote"]
    assert foretold | {"id": quote["id"]} == quote
    assert quote == {
        "id": quoted["recorded"]["id"], "amount": 600_00, "principal": 600_00, "interest": 0, "fee": 0, "penalty": 0,
        "interest_rebate": plan["outstanding"] - 600_00, "fee_rebate": 0, "fee_returned": 0,
        "compensation": 0, "method": "proportional",
        "jurisdiction": "DE", "good_until": "2026-03-02", "part": 0,
    }  # fmt: skip
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["settlement_quote"] == quote
    paid = (await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": quote["amount"]})).json()
    assert (paid["state"], paid["outstanding"], paid["paid"], paid["overpaid"]) == ("paid_off", 0, 600_00, 0)
    assert paid["settlement_quote"] is None
    again = await world.merchant.post(path, {})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    told = (await world.merchant.get(f"/v1/plans/{plan['id']}/timeline")).json()["entries"]
    given_up = f"{quote['interest_rebate'] // 100}.{quote['interest_rebate'] % 100:02} EUR"
    assert [one["sentence"] for one in told[2:]] == [
        f"600.00 EUR, paid until 2026-03-02 ends, settle the plan; {given_up} are then given up.",
        "600.00 EUR were paid, received on 2026-03-02; it settled instalments 1 to 24.",
    ]


async def test_the_operator_quotes_too_and_a_day_later_it_binds_nobody(world: World) -> None:
    plan = await in_24(world)
    quoted = await world.operator.post(f"/v1/operator/plans/{plan['id']}/settlement_quotes", {})
    quote = quoted.json()["settlement_quote"]
    world.merchant.now = NOON + timedelta(days=1)
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["settlement_quote"] is None
    paid = (await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": quote["amount"]})).json()
    assert (paid["state"], paid["outstanding"]) == ("active", quote["interest_rebate"])
    event = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-2]
    assert (event["type"], event["data"]["amount"]) == ("plan.settlement_quoted", quote["amount"])


async def test_what_may_still_be_captured_is_given_back_first(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
    refused = await world.merchant.post(PATH.format(plan["id"]), {})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    assert refused.json()["actions"] == ["capture", "void", "amend", "extend_authorization", "pay", "postpone_due_date"]


@pytest.mark.parametrize("case", UK, ids=[case["id"] for case in UK])
async def test_the_published_figures_of_the_united_kingdom(world: World, case: dict[str, Any]) -> None:
    """SI 2004/1483, Schedule: so many instalments paid, and a day by which 28 days of notice have passed."""
    advance, apr = int(Decimal(case["advance"]) * 100), str(case["apr_percent"])
    terms = {"instalments": case["instalments"], "every": 1, "unit": "month", "rate_percent": apr}
    price = {"name": "uk", "currency": "EUR", "amount_min": 500_00, "amount_max": 10_000_00}
    rows = [price | {"terms": terms | {"rate_kind": "effective"}}]
    made = await draft(world.operator, with_field("/instalments", rows) | {"jurisdiction": "GB"})
    assert made["faults"] == [], made["faults"]
    assert (await publish(world.second_operator, made)).status_code == 200
    paid, (waited, _, month_days) = case["payments_made_before_settlement"], case["part_period"].partition("/")
    opened = next(day for day in (NOON.replace(year=2027, month=month, day=15) for month in range(1, 13))
                  if not month_days or (later(day, paid + 1) - later(day, paid)).days == int(month_days))  # fmt: skip
    world.merchant.now = world.operator.now = opened
    plan = await world.plan(await world.consumer(limit=10_000_00), advance)
    captured = (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": advance})).json()
    assert captured["apr"]["printed"] == f"{apr}.0"
    each = int(Decimal(case["instalment"]) * 100)
    assert captured["schedule"][0]["principal"] + captured["schedule"][0]["interest"] == each
    ends_at, figure = (
        later(opened, paid) + timedelta(int(waited)),
        int(Decimal(case["settlement_figure_expected"]) * 100),
    )
    if not int(waited):  # the notice is given before the last of them is due, which is settled with the rest
        paid, figure = paid - 1, figure + each
    world.merchant.now = ends_at - timedelta(days=28)
    await sent(world, f"/v1/plans/{plan['id']}/payments", {"amount": paid * each})
    quote = (await sent(world, PATH.format(plan["id"]), {}))["settlement_quote"]
    assert (quote["amount"], quote["good_until"], quote["method"]) == (figure, str(ends_at.date()), "actuarial")
    world.merchant.now = ends_at
    settled = await sent(world, f"/v1/plans/{plan['id']}/payments", {"amount": figure})
    assert (settled["state"], settled["outstanding"], settled["overpaid"]) == ("paid_off", 0, 0)


async def sent(world: World, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer, however many days have gone by since the last request."""
    answered = await world.merchant.post(path, body)
    assert answered.is_success, answered.text
    found: dict[str, Any] = answered.json()
    return found


def later(instant: datetime, months: int) -> datetime:
    """The same day and time so many months later."""
    year, month = divmod(instant.month - 1 + months, 12)
    return instant.replace(year=instant.year + year, month=month + 1)
