"""Several partners on one plan of the running service: 6,000.00 in 12 at 9 %, by component, to the cent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.terms.terms import Cost, FeeDue, Terms, Unit
from tests.flows.published import policy_of, publish
from tests.flows.test_programmes import agreed
from tests.flows.world import NOON, World
from tests.partners.contracts import participant

NINE = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(9))
AMOUNT, INSTALMENT = 6_000_00, 524_71
OWN_RATE: dict[str, Any] = {"schedule_type": "own_rate", "rate_percent": "5.5"}


MONTHS = Terms(instalments=4, every=1, unit=Unit.MONTH)


async def another_partner(world: World) -> str:
    made = await world.operator.post("/v1/operator/partners", {"name": "Another bank"})
    return str(made.json()["id"])


async def captured(
    world: World, *participants: dict[str, Any], kind: str = "joint", amount: int = AMOUNT, terms: Terms = NINE
) -> str:
    """A plan of 6,000.00 in 12 at 9 %, on the money of these partners; of none: on ours."""
    await publish(world, policy_of({"nine": (terms, amount)}))
    on(world, 0)
    if participants:
        await agreed(world, priority=1, kind=kind, participants=list(participants))
    else:
        suspended = f"/v1/operator/programmes/{world.demo.programme_id}/suspend"
        assert (await world.operator.post(suspended)).is_success
    plan = await world.plan(await world.consumer(limit=amount), amount, category="nine")
    await act(world, plan["id"], "capture", amount=amount)
    return str(plan["id"])


def on(world: World, days: int) -> None:
    """So many days after the second of March, at noon."""
    world.merchant.now = world.operator.now = world.second_operator.now = NOON + timedelta(days=days)


async def act(world: World, plan_id: str, verb: str, **body: Any) -> dict[str, Any]:
    done = await world.merchant.post(f"/v1/plans/{plan_id}/{verb}", body)
    assert done.is_success, done.text
    found: dict[str, Any] = done.json()
    return found


async def held(world: World, plan_id: str, *partners: str) -> list[dict[str, int]]:
    """The balances of each partner's places in the plan's ledger."""
    places = (await world.operator.get(f"/v1/operator/plans/{plan_id}/ledger")).json()["places"]
    return [{one["account"]: one["balance"] for one in places if one["owner_id"] == partner} for partner in partners]


async def test_in_whatever_order_it_is_paid_principal_is_split_70_to_30(world: World) -> None:
    """An instalment, a payment ahead, a refund, a payment that the bank returns; then all of it."""
    first, second = world.demo.partner_id, await another_partner(world)
    shares = participant(7_000, first, interest_bps=7_000), participant(3_000, second, interest_bps=3_000)
    plan = await captured(world, *shares, kind="assisted")
    on(world, 31)
    await act(world, plan, "payments", amount=INSTALMENT)
    ahead = await act(world, plan, "payments", amount=1_000_01)
    await act(world, plan, "refunds", amount=700_33)
    assert [one["partner_receivable"] for one in await held(world, plan, first, second)] == [4_200_00, 1_800_00]
    on(world, 40)
    body = {"payment_id": ahead["recorded"]["id"]}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", body)).is_success
    left = (await world.merchant.get(f"/v1/plans/{plan}")).json()["outstanding"]
    paid = await act(world, plan, "payments", amount=left)
    assert paid["state"] == "paid_off"
    interest = sum(line["interest"] for line in paid["schedule"])
    returned = 34_61  # of 296.51, as much as 700.33 are of 6,000.00
    one, other = await held(world, plan, first, second)
    assert (one["partner_receivable"], one.get("partner_participation", 0)) == (4_200_00, 0)
    assert (other["partner_receivable"], other.get("partner_participation", 0)) == (1_800_00, 0)
    assert -one["partner_payable"] - other["partner_payable"] == AMOUNT + interest - returned


async def test_a_partner_at_its_own_rate(world: World) -> None:
    """Of the first month's 45.00 it has 19.25; 12.25 we keep for servicing it, and 13.50 is our own."""
    partner = world.demo.partner_id
    plan = await captured(world, participant(7_000, partner, **OWN_RATE))
    on(world, 32)
    assert (await world.operator.post("/v1/operator/day-close")).is_success
    found = (await world.operator.get("/v1/operator/ledger/trial-balance", as_of="2026-04-02")).json()["accounts"]
    balances = {row["account"]: row["balance"] for row in found}
    assert balances["consumer_interest"] == 45_00
    assert (balances["partner_accrued"], balances["servicing_income"], balances["interest_income"]) == (
        -19_25, -12_25, -13_50,
    )  # fmt: skip
    await act(world, plan, "payments", amount=INSTALMENT)
    (theirs,) = await held(world, plan, partner)
    assert theirs == {
        "partner_receivable": 4_200_00, "partner_participation": -4_200_00 + 335_80, "partner_accrued": 19_25,
        "partner_payable": -335_80 - 19_25,
    }  # fmt: skip


async def test_a_partner_at_its_own_rate_keeps_its_part_where_the_plans_rate_changes(world: World) -> None:
    """At 12 % the first month bears 60.00: 25.67 of it, as 19.25 of 45.00, which is 7.33 % on its 70 %."""
    plan = await captured(world, participant(7_000, world.demo.partner_id, **OWN_RATE))
    body = {"on": "2026-03-02", "rate_percent": "12"}
    changed = await world.operator.post(f"/v1/operator/plans/{plan}/rates", body)
    assert changed.is_success, changed.text
    on(world, 32)
    assert (await world.operator.post("/v1/operator/day-close")).is_success
    found = (await world.operator.get("/v1/operator/ledger/trial-balance", as_of="2026-04-02")).json()["accounts"]
    balances = {row["account"]: row["balance"] for row in found}
    assert (balances["partner_accrued"], balances["servicing_income"], balances["interest_income"]) == (
        -25_67, -16_33, -18_00,
    )  # fmt: skip


async def test_a_partner_that_has_a_share_of_what_is_collected(world: World) -> None:
    """70 % of each sum that comes in, principal and interest together: of 524.71 that is 367.30, and of 1.02, 0.71."""
    partner = world.demo.partner_id
    plan = await captured(world, participant(7_000, partner, schedule_type="share_of_collection"))
    on(world, 31)
    collected = 0
    for amount in (INSTALMENT, 1_02, 33_33, 500_00):
        await act(world, plan, "payments", amount=amount)
        collected += amount
        (theirs,) = await held(world, plan, partner)
        assert -theirs["partner_payable"] == (collected * 7 + 5) // 10
    left = (await world.merchant.get(f"/v1/plans/{plan}")).json()["outstanding"]
    await act(world, plan, "payments", amount=left)
    (theirs,) = await held(world, plan, partner)
    assert -theirs["partner_payable"] == ((collected + left) * 7 + 5) // 10
    assert theirs["partner_participation"] == 0
    told = (await world.partner.get("/v1/partner/events")).json()["events"]
    assert sum(one["principal"] for one in told if one["type"] != "funding") == 4_200_00


async def test_a_loss_and_what_is_recovered_of_it_follow_the_shares(world: World) -> None:
    """It bears 70 % of 6,000.00, and has 70 % of the 100.00 that came later, of which 45.00 are interest."""
    partner = world.demo.partner_id
    plan = await captured(world, participant(7_000, partner, interest_bps=7_000))
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).is_success
    assert await held(world, plan, partner) == [{"partner_receivable": 4_200_00, "partner_participation": 0}]
    await act(world, plan, "payments", amount=100_00)
    (theirs,) = await held(world, plan, partner)
    assert theirs["partner_payable"] == -70_00
    told = (await world.partner.get("/v1/partner/events")).json()["events"]
    amounts = [(one["type"], one["principal"], one["interest"]) for one in told if one["plan_id"] == plan]
    assert amounts == [("funding", -4_200_00, 0), ("charge_off", 4_200_00, 0), ("recovery", 38_50, 31_50)]


@pytest.mark.parametrize("due", [FeeDue.FIRST, FeeDue.UP_FRONT])
async def test_costs_come_back_from_partners_by_their_shares(world: World, due: FeeDue) -> None:
    """Of 60.00 in costs one has 70 %, the other 30 %: with a third of the goods they give back a third of that."""
    opening = Cost("opening", amount=60_00, due=due)
    first, second = world.demo.partner_id, await another_partner(world)
    shares = participant(7_000, first, fee_bps=7_000), participant(3_000, second, fee_bps=3_000)
    plan = await captured(world, *shares, kind="assisted", terms=replace(MONTHS, costs=(opening,)))
    paid = await act(world, plan, "payments", amount=6_060_00)
    assert (paid["state"], paid["paid"]) == ("paid_off", 6_060_00)
    for refund, overpaid, fees in ((2_000_00, 2_020_00, (28_00, 12_00)), (4_000_00, 6_060_00, (0, 0))):
        back = await act(world, plan, "refunds", amount=refund)
        assert (back["outstanding"], back["overpaid"]) == (0, overpaid)
        owed = [-one["partner_payable"] for one in await held(world, plan, first, second)]
        assert owed == [4_200_00 + fees[0], 1_800_00 + fees[1]]
    told = (await world.partner.get("/v1/partner/events")).json()["events"]
    assert [(one["type"], one["principal"], one["fee"]) for one in told if one["plan_id"] == plan] == [
        ("funding", -4_200_00, 0), ("early_settlement", 4_200_00, 42_00), ("refund", 0, -14_00), ("refund", 0, -28_00),
    ]  # fmt: skip
