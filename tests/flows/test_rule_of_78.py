"""What is given up by the rule of 78, as others have published it, on real plans; and what is kept of a rebate."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from service.terms.calendar import add_months
from service.terms.terms import Interest, InterestOn, Method, RebateMethod, Terms, Unit
from tests.flows.published import RealPlan, policy_of, publish
from tests.flows.world import World
from tests.plans.published_schedules import FOLDER

CASES = [one for one in json.loads((FOLDER / "rebates.json").read_text())["vectors"] if one["id"].startswith("R78-")]
START = date(2026, 1, 15)
IN_2025 = datetime(2025, 1, 1, tzinfo=UTC)  # when the law has a compensation


def monthly(instalments: int, rate: str, **more: Any) -> Terms:
    return Terms(instalments=instalments, every=1, unit=Unit.MONTH, rate_percent=Decimal(rate), **more)


# A credit that costs as much as the published one: terms and the amount that is lent.
CREDITS = {
    ("100", 12): (monthly(12, "10", interest_on=InterestOn.ADDED_ON), 1_000_00),
    ("306", 18): (monthly(18, "6", interest_on=InterestOn.FINANCED), 3_400_00),
    ("529.13", 24): (monthly(24, "2.64565", interest_on=InterestOn.ADDED_ON), 10_000_00),
    (None, 12): (monthly(12, "7.8", interest_on=InterestOn.FINANCED), 10_000_00),  # 780.00
}


async def opened(world: World, name: str, amount: int, start_on: date = START) -> RealPlan:
    real = RealPlan(world, name, amount, start_on)
    await real.open()
    await real.do(world.merchant, "capture", amount=amount)
    return real


async def given_up(real: RealPlan, months: int) -> int:
    """The interest that would not be asked for, if all is settled after so many months."""
    on = add_months(real.start_on, months, real.start_on.day)
    answer = await real.do(real.world.merchant, "settlement_quotes?dry_run=true", on)
    quote = answer["plan"]["settlement_quote"]
    assert quote["method"] == "rule_of_78"
    rebate: int = quote["interest_rebate"]
    return rebate


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


async def test_the_published_rebates_by_the_rule_of_78(world: World) -> None:
    agreed = {str(key): (terms, amount) for key, (terms, amount) in CREDITS.items()}
    rows = {name: (_with_78(terms), amount) for name, (terms, amount) in agreed.items()}
    await publish(world, policy_of(rows) | {"jurisdiction": "US"})
    plans = {key: await opened(world, str(key), amount) for key, (_, amount) in CREDITS.items()}
    assert len(CASES) == 7
    for case in CASES:
        real = plans[case.get("finance_charge"), case["term"]]
        charge = sum(line["interest"] for line in real.plan["schedule"])
        assert charge == cents(case.get("finance_charge", "780")), case["id"]
        if "unearned_periods" in case:
            rebate = await given_up(real, case["term"] - case["unearned_periods"])
            assert rebate == cents(case["expected_rebate"]), case["id"]
        elif "month" in case:
            before, after = [await given_up(real, case["month"] - back) for back in (1, 0)]
            assert before - after == cents(case["expected_interest"]), case["id"]
        else:  # of 78 parts of 10.00, the first month earns 12, the first two 23
            assert [780_00 - await given_up(real, months) for months in (1, 2)] == [120_00, 230_00]


async def test_a_quote_by_the_rule_of_78_settles(world: World) -> None:
    terms, amount = CREDITS[None, 12]
    await publish(world, policy_of({"78": (_with_78(terms), amount)}) | {"jurisdiction": "US"})
    real = await opened(world, "78", amount)
    each = real.plan["schedule"][0]["principal"] + real.plan["schedule"][0]["interest"]
    for months in (1, 2, 3):
        await real.do(world.merchant, "payments", add_months(START, months, 15), amount=each)
    on = add_months(START, 3, 15)
    quote = (await real.do(world.merchant, "settlement_quotes", on))["settlement_quote"]
    assert quote["interest_rebate"] == 450_00  # 45 of 78 parts
    paid = await real.do(world.merchant, "payments", on, amount=quote["amount"])
    assert (paid["state"], paid["outstanding"], paid["overpaid"]) == ("paid_off", 0, 0)
    assert paid["paid"] == amount + 780_00 - 450_00


async def test_a_plan_that_became_too_long_has_the_laws_own_method(world: World) -> None:
    """61 months are lent, and the lender grants two more: 15 U.S.C. 1615(b)."""
    await publish(world, policy_of({"61": (_with_78(monthly(61, "9")), 6_100_00)}) | {"jurisdiction": "US"})
    real = await opened(world, "61", 6_100_00)
    quoted = (await real.do(world.merchant, "settlement_quotes?dry_run=true"))["plan"]["settlement_quote"]
    assert quoted["method"] == "rule_of_78"
    await real.operate("extensions", on=str(real.start_on), instalments=2)
    quoted = (await real.do(world.merchant, "settlement_quotes?dry_run=true"))["plan"]["settlement_quote"]
    assert quoted["method"] == "unearned"


async def test_a_compensation_is_kept_of_the_interest_given_up(world: World) -> None:
    """1 % of what is settled more than a year ahead, half of it within the last year, never more than the interest."""
    terms = monthly(36, "6", compensation_bps=100, method=Method.EQUAL_PRINCIPAL, interest=Interest.PERIOD)
    await publish(world, policy_of({"kept": (terms, 36_000_00)}) | {"jurisdiction": "DE"}, IN_2025)
    real = await opened(world, "kept", 36_000_00)
    for months, left, kept in ((12, 24_000_00, 240_00), (24, 12_000_00, 60_00), (35, 1_000_00, 5_00)):
        on = add_months(START, months, 15)
        quote = (await real.do(world.merchant, "settlement_quotes?dry_run=true", on))["plan"]["settlement_quote"]
        assert quote["compensation"] == kept, months
        ahead = [line for line in real.plan["schedule"] if line["due_on"] > str(on)]
        assert sum(line["principal"] for line in ahead) == left
        assert sum(line["interest"] for line in ahead) - quote["interest_rebate"] == kept
    on = add_months(START, 12, 15)
    await real.do(world.merchant, "payments", on, amount=12 * 1_000_00 + _interest(real, on))
    quote = (await real.do(world.merchant, "settlement_quotes", on))["settlement_quote"]
    assert (quote["amount"], quote["principal"], quote["interest"]) == (24_240_00, 24_000_00, 240_00)
    said = (await world.merchant.get(f"/v1/plans/{real.plan['id']}/disclosure")).json()["lines"]
    early = next(one["value"] for one in said if one["name"] == "early_repayment")
    assert "a compensation of at most 1 % of what is repaid early" in early
    paid = await real.do(world.merchant, "payments", on, amount=quote["amount"])
    assert (paid["state"], paid["outstanding"], paid["overpaid"]) == ("paid_off", 0, 0)


async def test_a_compensation_is_no_more_than_the_interest_of_the_days_left(world: World) -> None:
    await publish(
        world,
        policy_of({"kept": (monthly(12, "1.2", compensation_bps=50), 12_000_00)}) | {"jurisdiction": "DE"},
        IN_2025,
    )
    real = await opened(world, "kept", 12_000_00)
    on = add_months(START, 11, 15) + timedelta(days=1)
    quote = (await real.do(world.merchant, "settlement_quotes?dry_run=true", on))["plan"]["settlement_quote"]
    assert (quote["interest_rebate"], quote["compensation"] > 0) == (0, True)


def _interest(real: RealPlan, on: date) -> int:
    interest: int = sum(line["interest"] for line in real.plan["schedule"] if line["due_on"] <= str(on))
    return interest


def _with_78(terms: Terms) -> Terms:
    return replace(terms, rebate=RebateMethod.RULE_OF_78)
