"""Published schedules, table by table, on real plans of the running service."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from service import db
from service.alone import AloneMax
from service.config import Settings
from service.terms.terms import Terms
from tests.flows.conftest import world_on
from tests.flows.published import RealPlan, RealStory, amount_of, policy_of, publish, table_of, totals_of
from tests.flows.world import World
from tests.plans.fineract import LATE_FEES, Case, cents, day, differences, expected_table, terms_of
from tests.plans.published_schedules import DIFFERS, cases, fsharp_terms

AT_ONCE = 14  # cases that share a service and a policy
ALONE = AloneMax(10**15)  # one scenario levies more than all else that any purchase moves
FSHARP = [case for case in cases() if case["id"].startswith("FS-")]
TOO_MUCH = "FIN-LoanCharge-02"  # its penalty is more than 10,000,000 times what is lent: refused here
SCENARIOS = [case for case in cases() if case["id"].startswith("FIN-") and case["id"] != TOO_MUCH]


@pytest.fixture
async def world(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """A service in which one operator does as much as a scenario says."""
    async with world_on(replace(settings, alone_max=ALONE), pool) as world:
        yield world


async def agrees(story: RealStory, expectation: dict[str, Any]) -> list[str]:
    """Where the plan differs from what was published."""
    plan = await story.real.seen(story.as_of)
    if expectation["kind"] == "schedule":
        return differences(table_of(plan), expected_table(expectation["rows"]))
    if expectation["kind"] == "schedule_totals":
        totals = totals_of(plan)
        return differences([totals], [{column: cents(expectation["row"][column]) for column in totals}])
    if expectation["kind"] == "outstanding_amount":
        outstanding = sum(row["Outstanding"] for row in table_of(plan) if "Nr" in row)
        return differences([{"outstanding": outstanding}], [{"outstanding": cents(expectation["value"])}])
    return []


async def play(world: World, case: Case) -> list[str]:
    """The scenario from its first event to the first table that differs."""
    story = RealStory(world, case)
    await story.real.open()
    for number, event in enumerate(case["events"]):
        await story.play(event)
        for expectation in case["expectations"]:
            if expectation["after_event"] == number and (found := await agrees(story, expectation)):
                return [f"{case['id']}, event {number}: {one}" for one in found]
    return []


@pytest.mark.parametrize("first", range(0, len(SCENARIOS), AT_ONCE))
async def test_fineract_scenarios_agree_on_a_real_plan(world: World, first: int) -> None:
    """After every event for which a table, its totals or what is outstanding were published."""
    several = SCENARIOS[first : first + AT_ONCE]
    late = {case["id"]: LATE_FEES[case["product"]] for case in several if case["product"] in LATE_FEES}
    await publish(world, policy_of({case["id"]: (terms_of(case), amount_of(case)) for case in several}, late))
    differ = {case["id"]: found for case in several if (found := await play(world, case))}
    assert set(differ) == DIFFERS.keys() & {case["id"] for case in several}, differ


async def test_a_penalty_above_what_was_lent_is_refused(world: World) -> None:
    (case,) = [one for one in cases() if one["id"] == TOO_MUCH]
    await publish(world, policy_of({TOO_MUCH: (terms_of(case), amount_of(case))}))
    with pytest.raises(AssertionError, match=r"impossible_terms.*minor units more may be asked for as a penalty"):
        await play(world, case)


def listed_terms(case: Case) -> Terms:
    """The terms as a price list says them: the first due date so many days after the start."""
    terms = fsharp_terms(case)
    assert terms.first_due_on is not None
    first_due_days = (terms.first_due_on - day(case["loan"]["start"])).days
    return replace(terms, first_due_on=None, first_due_days=first_due_days)


async def test_level_payments_agree_on_a_real_plan(world: World) -> None:
    """What was published is captured, read back, and paid line by line on its days: nothing is left."""
    amounts = {case["id"]: cents(case["loan"]["principal"]) for case in FSHARP}
    await publish(world, policy_of({case["id"]: (listed_terms(case), amounts[case["id"]]) for case in FSHARP}))
    for case in FSHARP:
        amount, start_on = amounts[case["id"]], day(case["loan"]["start"])
        real = RealPlan(world, case["id"], amount, start_on)
        await real.open()
        await real.do(world.merchant, "capture", amount=amount)
        rows = [row for row in table_of(await real.seen(start_on)) if "Nr" in row]
        published: list[dict[str, Any]] = [
            {
                "Date": day(row["date"]), "Due": cents(row["payment"]), "Interest": cents(row["interest"]),
                "Principal due": cents(row["principal"]), "Balance of loan": cents(row["balance"]),
            }
            for row in case["rows"]
        ]  # fmt: skip
        assert not differences(rows, published), case["id"]
        for row in published:
            await real.do(world.merchant, "payments", at=row["Date"], amount=row["Due"])
        assert (real.plan["state"], real.plan["outstanding"], real.plan["overpaid"]) == ("paid_off", 0, 0), case["id"]
