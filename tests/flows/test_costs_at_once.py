"""A cost up front is told in the offer, due with each capture by its share, pulled at once, and comes back by share.

600.00 at 1 % a month in three: 204.01, 204.01, 204.02, so 12.04 of interest; at the start 6.00 and 1 %, so 12.00.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from service.terms.terms import Cost, DownPaymentAt, Terms, Unit
from tests.flows.collecting import Till, till
from tests.flows.published import policy_of, publish
from tests.flows.world import NOON, World

AT_ONCE = Terms(
    instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), costs=(Cost("opening", amount=6_00, bps=100),)
)
PARTLY = Terms(
    instalments=3, every=1, unit=Unit.MONTH, down_payment=150_00, down_payment_at=DownPaymentAt.SCHEDULE,
    costs=(Cost("opening", bps=200),),
)  # fmt: skip
FREE = Terms(costs=(Cost("opening", amount=12_00),))  # four times 150.00, every two weeks
TODAY = "2026-03-02"


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    """A till, and a German policy with these products."""
    rows = {"opened": (AT_ONCE, 600_00), "partly": (PARTLY, 600_00), "free": (FREE, 600_00)}
    await publish(world, policy_of(rows) | {"jurisdiction": "DE", "product_class": "consumer_credit"})
    world.merchant.now = world.operator.now = NOON
    async with till(world) as at:
        yield at


async def act(at: Till, plan: str, verb: str, **body: Any) -> dict[str, Any]:
    answered = await at.world.merchant.post(f"/v1/plans/{plan}/{verb}", body)
    assert answered.is_success, answered.text
    found: dict[str, Any] = answered.json()
    return found


def rows_of(plan: dict[str, Any]) -> list[tuple[str, int, int, int, bool]]:
    return [
        (row["due_on"], row["principal"], row["interest"], row["fee"], row["is_down_payment"])
        for row in plan["schedule"]
    ]


async def fees_owed_and_earned(world: World, plan: str) -> tuple[int, int]:
    """What the books say."""
    row = await world.pool.fetchrow(
        """select sum(case when debit = 'consumer_fees' then amount else 0 end)
                  - sum(case when credit = 'consumer_fees' then amount else 0 end) as owed,
                  sum(case when credit = 'fee_income' then amount else 0 end)
                  - sum(case when debit = 'fee_income' then amount else 0 end) as earned
             from transfers where plan_id = $1""",
        plan,
    )
    assert row is not None
    return int(row["owed"]), int(row["earned"])


async def test_what_is_offered_is_told_owed_pulled_and_given_back(at: Till) -> None:
    world = at.world
    consumer = await world.consumer(limit=5_000_00)
    instrument = await at.instrument(consumer, "ok")
    offer = await world.offer(consumer, 600_00, "instalments", category="opened")
    assert (offer["total_cost"], offer["total_payable"]) == (24_04, 624_04)
    assert offer["apr"]["printed"] == "27.3"  # 588.00 against 204.01, 204.01 and 204.02
    row = offer["schedule"][0]
    assert (row["number"], row["due_on"], row["principal"], row["fee"]) == (0, TODAY, 0, 12_00)
    disclosed = (await world.merchant.get(f"/v1/offers/{offer['id']}/disclosure")).json()["lines"]
    said = {line["name"]: line["value"] for line in disclosed}
    assert (said["charges"], said["total_payable"]) == ("12.00 EUR", "624.04 EUR")
    assert said["instalments"] == (
        "1 of 12.00 EUR on 2 March 2026, then 2 of 204.01 EUR from 2 April 2026, then 1 of 204.02 EUR on 2 June 2026"
    )

    opened = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"], "instrument_id": instrument})).json()
    plan = opened["id"]
    assert rows_of(opened)[0] == (TODAY, 0, 0, 12_00, True)
    assert opened["outstanding"] == 0
    first = await act(at, plan, "capture", amount=200_00)
    assert rows_of(first)[0] == (TODAY, 0, 0, 4_00, True)
    both = await act(at, plan, "capture", amount=400_00)
    assert [row for row in rows_of(both) if row[4]] == [(TODAY, 0, 0, 4_00, True), (TODAY, 0, 0, 8_00, True)]
    assert (both["outstanding"], (await world.account(consumer))["used"]) == (624_04, 600_00)
    assert await fees_owed_and_earned(world, plan) == (12_00, 12_00)

    assert await at.day() == 1  # what is due on this very day is pulled, and nothing else
    (charge,) = await at.charges({"id": plan})
    assert (charge["amount"], charge["origin"]) == (12_00, "autopay")
    assert await fees_owed_and_earned(world, plan) == (0, 12_00)

    half = await act(at, plan, "refunds", amount=300_00)  # with 6.02 of interest, and 6.00 of the costs
    assert (half["outstanding"], half["overpaid"]) == (612_04 - 300_00 - 6_02 - 6_00, 0)
    assert await fees_owed_and_earned(world, plan) == (0, 6_00)
    all_of_it = await act(at, plan, "refunds", amount=300_00)
    assert (all_of_it["outstanding"], all_of_it["overpaid"]) == (0, 12_00)
    assert await fees_owed_and_earned(world, plan) == (0, 0)


async def test_beside_a_down_payment_they_are_one_line_and_voided_they_are_owed_by_nobody(at: Till) -> None:
    world = at.world
    plan = (await world.plan(await world.consumer(limit=5_000_00), 600_00, category="partly"))["id"]
    third = await act(at, plan, "capture", amount=200_00)
    # a third of 150.00 and of 9.00, which is 2 % of 450.00; the rest in three of 50.00
    assert [row[1:] for row in rows_of(third)] == [(50_00, 0, 3_00, True), *[(50_00, 0, 0, False)] * 3]
    voided = await act(at, plan, "void")
    assert (voided["outstanding"], voided["state"]) == (203_00, "active")


async def test_who_withdraws_has_them_back(at: Till) -> None:
    world = at.world
    plan = (await world.plan(await world.consumer(limit=5_000_00), 600_00, category="opened"))["id"]
    await act(at, plan, "capture", amount=600_00)
    await act(at, plan, "payments", amount=12_00)
    world.merchant.now = world.operator.now = NOON + timedelta(10)
    withdrawn = await act(at, plan, "withdrawal")
    # 10 of the 31 days of 6.00: 1.94; what was paid at the start counts towards what was lent
    assert (withdrawn["outstanding"], withdrawn["paid"]) == (600_00 + 1_94 - 12_00, 12_00)
    assert await fees_owed_and_earned(world, plan) == (0, 0)


async def test_who_settles_early_has_their_share_back(at: Till) -> None:
    """After 10 of 56 days 9.86 of 12.00 go towards the principal: 590.14 settle 600.00."""
    world = at.world
    plan = (await world.plan(await world.consumer(limit=5_000_00), 600_00, category="free"))["id"]
    await act(at, plan, "capture", amount=600_00)
    await act(at, plan, "payments", amount=12_00)
    world.merchant.now = world.operator.now = NOON + timedelta(10)
    quote = (await act(at, plan, "settlement_quotes"))["settlement_quote"]
    assert (quote["amount"], quote["principal"], quote["fee_rebate"], quote["fee_returned"]) == (
        590_14,
        590_14,
        0,
        9_86,
    )
    paid = await act(at, plan, "payments", amount=590_14)
    assert (paid["state"], paid["outstanding"], paid["overpaid"]) == ("paid_off", 0, 0)
    assert await fees_owed_and_earned(world, plan) == (0, 2_14)
    told = (await world.merchant.get(f"/v1/plans/{plan}/timeline")).json()["entries"]
    assert told[-2]["sentence"] == (
        "590.14 EUR, paid until 2026-03-12 ends, settle the plan; 9.86 EUR are then given up."
    )


async def test_beside_an_instalment_of_the_same_day_they_are_refused(world: World) -> None:
    terms = Terms(first_due_days=0, costs=(Cost("opening", amount=1_00),))
    made = (await world.operator.post("/v1/operator/policies", policy_of({"now": (terms, 600_00)}))).json()
    assert [(one["pointer"], one["sentence"]) for one in made["faults"]] == [
        ("/instalments/0/terms/costs/0/due", "The first instalment falls due at the start, too; say first."),
    ]
