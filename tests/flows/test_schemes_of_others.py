"""How schemes and policies that are in use share losses, posted as documents and reckoned over HTTP, to the cent."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.test_losses import allocate
from tests.flows.test_made_one import make_one, set_limit
from tests.flows.test_one_person import MAIL, NUMBER, register
from tests.flows.test_support import ARRANGEMENTS, arrangement, document, loss, party, simulated, waterfall
from tests.flows.world import ALONE, NOON, SHARED, World

GUARANTEE = {"kind": "portfolio_guarantee"}


def paid(found: list[dict[str, Any]]) -> list[list[int]]:
    """What each tier bears of each loss."""
    return [[tier["amount"] for tier in one["allocation"]["tiers"]] for one in found]


@SHARED
@pytest.mark.parametrize("cap", [
    {"rate_bps": 1_000, "base": "payments"}, {"rate_bps": 1_250, "base": "gross_defaults"},
])  # fmt: skip
async def test_a_capped_portfolio_guarantee(world: World, cap: dict[str, Any]) -> None:
    """European Investment Fund: the cap is volume x guarantee rate x cap rate, 10,000,000.00 x 80 % x 12.5 %."""
    one = await arrangement(world, **GUARANTEE | {"provider_id": await party(world, "Fund")}, cover_bps=8_000, cap=cap)
    losses = [{"loss": loss(world, amount, debtor=f"firm {amount}")} for amount in (900_000_00, 600_000_00)]
    found = await simulated(world, await waterfall(world, one), losses, given={one: {"covered": 10_000_000_00}})
    assert paid(found) == [[720_000_00], [280_000_00]]
    assert found[1]["allocation"]["tiers"][0]["limit"] == "cap"


@SHARED
async def test_what_comes_back_makes_room_under_a_cap_where_that_was_agreed(world: World) -> None:
    """The same guarantee has paid 1,000,000.00; of 200,000.00 that come 160,000.00 are its, and may be paid again."""
    cap = {"rate_bps": 1_000, "base": "payments"}
    one = await arrangement(
        world, **GUARANTEE | {"provider_id": await party(world, "Fund")}, cover_bps=8_000, cap=cap, reinstatable=True
    )
    losses: list[dict[str, Any]] = [
        {"loss": loss(world, 1_250_000_00), "recoveries": [{"gross": 200_000_00}]},
        {"loss": loss(world, 150_000_00)},
        {"loss": loss(world, 100_000_00)},
    ]
    found = await simulated(world, await waterfall(world, one), losses, given={one: {"covered": 10_000_000_00}})
    assert paid(found) == [[1_000_000_00], [120_000_00], [40_000_00]]
    assert found[0]["recoveries"][0]["tiers"] == [160_000_00]


@SHARED
async def test_small_loans_are_guaranteed_by_more(world: World) -> None:
    """Small Business Administration, 7(a): 85 % of loans of up to 150,000.00, 75 % above; and of recoveries as much."""
    rates = [{"cover_bps": 8_500, "lent_max": 150_000_00}]
    terms = {"cover_bps": 7_500, "rates": rates, "base": "principal_interest"}
    which = await waterfall(world, await arrangement(world, **terms))
    losses: list[dict[str, Any]] = [
        {"loss": loss(world, 100_000_00, lent=150_000_00), "recoveries": [{"gross": 20_000_00, "cost": 2_000_00}]},
        {"loss": loss(world, 400_000_00, lent=150_000_01)},
        {"loss": loss(world, 1_000_00)},  # of which it is not said how much was lent
    ]
    found = await simulated(world, which, losses)
    assert paid(found) == [[85_000_00], [300_000_00], [750_00]]
    assert (found[0]["recoveries"][0]["tiers"], found[0]["recoveries"][0]["rest"]) == ([15_300_00], [2_700_00])


@SHARED
@pytest.mark.parametrize(("by", "pays"), [
    ("aggregate_by_loss", [0, 2_700_00, 22_500_00]), ("aggregate_by_indemnity", [0, 700_00, 22_500_00]),
])  # fmt: skip
async def test_a_deductible_of_each_loss_and_a_first_loss_of_all(world: World, by: str, pays: list[int]) -> None:
    """Excess of loss: of each loss 5,000.00, then 20,000.00 of what is left of them all, or of 90 % of that."""
    one = await arrangement(
        world, cover_bps=9_000, attachment={"kind": "each_and_every", "amount": 5_000_00},
        aggregate={"kind": by, "amount": 20_000_00},
    )  # fmt: skip
    losses = [{"loss": loss(world, amount)} for amount in (15_000_00, 18_000_00, 30_000_00)]
    found = await simulated(world, await waterfall(world, one), losses)
    assert [each for (each,) in paid(found)] == pays


@SHARED
async def test_a_top_up_begins_where_the_first_insurers_limit_ends(world: World) -> None:
    """The first insures 50,000.00 of a debtor at 90 %, the second as much again at 80 %: what the first left of its own
    layer, 5,000.00, is not the second's."""
    beyond = {"kind": "each_and_every", "amount": 5_000_00}
    which = await waterfall(
        world,
        await arrangement(world, cover_bps=9_000, debtor_max=50_000_00),
        await arrangement(world, cover_bps=8_000, debtor_max=55_000_00, attachment=beyond),
    )
    amounts = (40_000_00, 50_000_00, 60_000_00, 100_000_00, 120_000_00)
    found = await simulated(
        world, which, [{"loss": loss(world, amount, debtor=f"firm {amount}")} for amount in amounts]
    )  # fmt: skip
    assert paid(found) == [
        [36_000_00, 0], [45_000_00, 0], [45_000_00, 8_000_00], [45_000_00, 40_000_00], [45_000_00, 40_000_00],
    ]  # fmt: skip


@SHARED
async def test_two_who_insure_together_each_by_their_part_of_the_whole(world: World) -> None:
    """Of 80 % one has 60 %, and another 40 %: 48 % and 32 % of each loss, in either order."""
    lead = await arrangement(world, cover_bps=4_800, of_whole=True)
    follower = await arrangement(world, cover_bps=3_200, of_whole=True)
    for order, amounts in (((lead, follower), [480_02, 320_01]), ((follower, lead), [320_01, 480_02])):
        (found,) = await simulated(world, await waterfall(world, *order), [{"loss": loss(world, 1_000_04)}])
        assert paid([found]) == [amounts]
    three = await arrangement(world, cover_bps=9_000, of_whole=True)
    (found,) = await simulated(world, await waterfall(world, lead, three), [{"loss": loss(world, 1_000_00)}])
    assert paid([found]) == [[480_00, 520_00]]
    assert found["allocation"]["tiers"][1]["limit"] == "nothing_left"


@SHARED
@pytest.mark.parametrize(("differs", "pointer"), [
    ({"aggregate": {"kind": "threshold", "amount": 1}}, "/aggregate/kind"),
    ({"aggregate": {"kind": "aggregate_by_loss", "amount": 1},
      "attachment": {"kind": "aggregate_by_loss", "amount": 1}}, "/aggregate"),
    ({"aggregate": {"kind": "aggregate_by_loss", "amount": 1},
      "attachment": {"kind": "minimum_retention", "amount": 1}}, "/aggregate/kind"),
    ({"rates": [{"cover_bps": 1, "lent_max": 5}, {"cover_bps": 2, "lent_max": 5}]}, "/rates/1"),
])  # fmt: skip
async def test_what_contradicts_itself(world: World, differs: dict[str, Any], pointer: str) -> None:
    refused = await world.operator.post(ARRANGEMENTS, {"document": await document(world, **differs)})
    assert (refused.status_code, refused.json()["pointer"]) == (400, f"/document{pointer}"), refused.text


@ALONE
async def test_what_was_lent_and_whether_it_was_the_first_plan_is_known_of_every_merchant(world: World) -> None:
    """60 % of first plans of up to 700.00, 40 % of others. A plan at another merchant was the first, of who was known
    there by something else, and is one with the other now."""
    consumer, elsewhere = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    for one in (consumer, elsewhere):
        await set_limit(world, one, 9_000_00)
    cart = {"merchant_reference": "1", "consumer": elsewhere, "currency": "EUR", "amount": 600_00}
    decided = (await world.other_merchant.ask("/v1/checkouts", cart)).json()
    first = (await world.other_merchant.post("/v1/plans", {"offer_id": decided["offers"][0]["id"]})).json()["id"]
    assert (await world.other_merchant.post(f"/v1/plans/{first}/capture", {"amount": 600_00})).is_success
    world.merchant.now = world.operator.now = NOON + timedelta(minutes=1)
    second = (await world.plan(consumer, 500_00))["id"]
    assert (await world.merchant.post(f"/v1/plans/{second}/capture", {"amount": 500_00})).is_success
    await make_one(world, elsewhere, consumer)
    rates = [{"cover_bps": 6_000, "is_first_time": True, "lent_max": 700_00}]
    which = await waterfall(world, await arrangement(world, cover_bps=4_000, rates=rates))
    for plan, borne in ((first, 360_00), (second, 200_00)):
        assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).status_code == 200
        found = await allocate(world, f"lo{plan[2:]}", waterfall_id=which)
        assert found["allocation"]["tiers"][0]["amount"] == borne
