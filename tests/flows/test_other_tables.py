"""Figures that textbooks, lenders and conventions have for products of many kinds, on real plans of the service.

Each is the printed instalment, or a line of it, of a credit that anybody can reckon again. The formula or the place
where it is printed stands beside it. Plans are captured, read back, and the shorter ones paid until nothing is left.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from service.terms.terms import (
    Cost,
    DayCount,
    FeeDue,
    Interest,
    InterestOn,
    Method,
    RateKind,
    Terms,
    Unit,
)  # fmt: skip
from tests.flows.published import RealPlan, policy_of, publish
from tests.flows.world import World

START = date(2025, 1, 31)
Lines = dict[int, tuple[int, int]]  # by their numbers: principal and interest


def every_month(instalments: int, rate: str, **more: Any) -> Terms:
    return Terms(instalments=instalments, every=1, unit=Unit.MONTH, rate_percent=Decimal(rate), **more)


def every_year(instalments: int, rate: str, **more: Any) -> Terms:
    return Terms(instalments=instalments, every=1, unit=Unit.YEAR, rate_percent=Decimal(rate), **more)


def by_days(day_count: DayCount) -> Terms:
    return every_month(1, "4", interest=Interest.DAILY, day_count=day_count, anchor_day=31)


TABLES: dict[str, tuple[Terms, int, Lines]] = {
    # An annuity of the United States, simple interest, 200,000.00 at 6.5 % for 30 years: 1,264.14 (Wikipedia, "Mortgage
    # calculator", the example of the monthly payment formula); a car of 20,000.00 at 5 % for 60 months: 377.42.
    "mortgage": (every_month(360, "6.5"), 200_000_00, {1: (180_81, 1_083_33), 2: (181_79, 1_082_35)}),
    "car": (every_month(60, "5"), 20_000_00, {1: (294_09, 83_33), 60: (376_17, 1_57)}),
    # Added on, 25,000.00 at 8 % for four years: 8,000.00 in all, 687.50 a month (Investopedia, "Add-On Interest").
    "added on": (every_month(48, "8", interest_on=InterestOn.ADDED_ON), 25_000_00,
                 {1: (520_83, 166_67), 3: (520_83, 166_67), 46: (520_83, 166_67)}),
    # Canada, compounded half-yearly (Interest Act, R.S.C. 1985, c. I-15, s. 6): 6 % is 6.09 % effective; 100,000.00 for
    # 25 years are 639.81 a month.
    "half-yearly": (every_month(300, "6.09", rate_kind=RateKind.EFFECTIVE), 100_000_00, {1: (145_95, 493_86)}),
    # Thirty years that fall due after seven: 1,199.10 a month, and 179,278.87 besides the last.
    "balloon": (every_month(84, "6", amortized_over=360), 200_000_00,
                {1: (199_10, 1_000_00), 84: (179_580_07, 897_90)}),
    # Equal principal, yearly: 100,000.00 at 5 % in five (Ratentilgung); and the annuity of the same, 23,097.48.
    "Ratentilgung": (every_year(5, "5", method=Method.EQUAL_PRINCIPAL), 100_000_00,
                     {1: (20_000_00, 5_000_00), 2: (20_000_00, 4_000_00), 5: (20_000_00, 1_000_00)}),
    "Annuitaet": (every_year(5, "5"), 100_000_00,
                  {1: (18_097_48, 5_000_00), 2: (19_002_35, 4_095_13), 5: (21_997_61, 1_099_88)}),
    # 1 % a period: r / (1 - 1.01 ** -n) is 0.02475603 of 52 weeks, 0.08241482 of 13 times four weeks.
    "weekly": (Terms(instalments=52, every=1, unit=Unit.WEEK, rate_percent=Decimal(52)), 10_000_00,
               {1: (147_56, 100_00)}),
    "four-weekly": (Terms(instalments=13, every=4, unit=Unit.WEEK, rate_percent=Decimal(13)), 10_000_00,
                    {1: (724_15, 100_00)}),
    # Interest alone for three months, then nine: 0.11674036 a month of what is lent.
    "interest first": (every_month(12, "12", grace_principal=3), 9_000_00,
                       {1: (0, 90_00), 3: (0, 90_00), 4: (960_66, 90_00)}),
    # No interest, and a fee with the first.
    "fee alone": (every_month(4, "0", costs=(Cost("opening", amount=30_00, due=FeeDue.FIRST),)), 1_200_00,
                  {1: (300_00, 0), 4: (300_00, 0)}),
    # A million at 4 % for February 2025, 28 days: 1,000,000.00 * 0.04 * 28 / 360 and its like.
    "actual/360": (by_days(DayCount.ACTUAL_360), 1_000_000_00, {1: (1_000_000_00, 3_111_11)}),
    "actual/365": (by_days(DayCount.ACTUAL_365), 1_000_000_00, {1: (1_000_000_00, 3_068_49)}),
    "actual/actual": (by_days(DayCount.ACTUAL_ACTUAL), 1_000_000_00, {1: (1_000_000_00, 3_068_49)}),
    "30/360": (by_days(DayCount.THIRTY_360), 1_000_000_00, {1: (1_000_000_00, 3_333_33)}),
    # By ISDA's Bond Basis 31 January to 28 February are 28 days, and 28 February to 31 March are 33.
    "30/360-bond": (every_month(2, "4", interest=Interest.DAILY, day_count=DayCount.THIRTY_360_BOND, anchor_day=31,
                                grace_principal=1), 1_000_000_00, {1: (0, 3_111_11), 2: (1_000_000_00, 3_666_67)}),
}  # fmt: skip


async def test_figures_of_many_products_agree_on_real_plans(world: World) -> None:
    await publish(world, policy_of({name: (terms, amount) for name, (terms, amount, _) in TABLES.items()}))
    wrong: dict[str, Any] = {}
    for name, (_, amount, lines) in TABLES.items():
        real = RealPlan(world, name, amount, START)
        await real.open()
        await real.do(world.merchant, "capture", amount=amount)
        schedule = (await real.seen(START))["schedule"]
        told = {number: (schedule[number - 1]["principal"], schedule[number - 1]["interest"]) for number in lines}
        if told != lines:
            wrong[name] = told
        if len(schedule) <= 13:
            for line in schedule:
                owed, due_on = line["principal"] + line["interest"] + line["fee"], date.fromisoformat(line["due_on"])
                await real.do(world.merchant, "payments", due_on, amount=owed)
            end = real.plan["state"], real.plan["outstanding"], real.plan["overpaid"]
            assert end == ("paid_off", 0, 0), name
    assert not wrong


@pytest.mark.parametrize(("interest_on", "in_all"), [("added_on", 8_000_00), ("financed", 8_000_16)])
async def test_what_is_added_on_is_rounded_once(world: World, interest_on: str, in_all: int) -> None:
    """Each of 48 rows by itself rounds 166.666... up."""
    terms = every_month(48, "8", interest_on=InterestOn(interest_on))
    await publish(world, policy_of({"flat": (terms, 25_000_00)}))
    real = RealPlan(world, "flat", 25_000_00, START)
    await real.open()
    captured = await real.do(world.merchant, "capture", amount=25_000_00)
    assert sum(line["interest"] for line in captured["schedule"]) == in_all
