"""A claim of 2,880.00, 80 % of a loss of 3,600.00, while money comes, goods come back, and others decide."""

from typing import Any

import pytest

from tests.flows.test_loss_claims import AT_ONCE, CLAIMS, PRICE, Insured, balance, claimed, do
from tests.flows.test_loss_claims import insured as insured  # the fixture
from tests.flows.test_losses import LOSSES, allocate, capacity, parts, recover
from tests.flows.test_support import waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import World

WHOLE = 2_880_00
OVER_LIMIT: dict[str, Any] = {"rejection": "over_limit"}


async def stands(world: World, claim: str) -> tuple[str, int, int, int, int]:
    """State; claimed, reserved, approved, paid."""
    one = (await world.operator.get(f"{CLAIMS}/{claim}")).json()
    return one["state"], one["claimed"], one["reserved"], one["approved"], one["paid"]


async def pays(insured: Insured, claim: str, *amounts: int) -> None:
    """All that is left, in parts: not a cent more goes, and then it is closed."""
    for amount in amounts:
        done = await insured.party_does(claim, "pay", amount=amount, reference="transfer")
        assert done.status_code == 200, done.text
    over = await insured.party_does(claim, "pay", amount=1, reference="transfer")
    assert (over.status_code, over.json()["code"]) == (422, "amount_exceeds_outstanding")
    closed = await do(insured.world, claim, "close")
    assert closed.status_code == 200, closed.text


async def comes(world: World, loss: str) -> None:
    """810.00 of 3,600.00: the insurer's share of it is 648.00, while it bears 2,880.00."""
    came = await recover(world, loss, gross=900_00, cost=90_00)
    assert came.status_code == 201, came.text


async def test_what_came_before_it_is_decided_is_set_off(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim(lodge=False)
    await comes(world, loss)
    assert (await do(world, claim, "lodge")).status_code == 200
    assert await stands(world, claim) == ("lodged", WHOLE, 2_232_00, 0, 0)
    assert (await insured.party_does(claim, "decide", approved=WHOLE)).json()["state"] == "approved"
    await pays(insured, claim, 2_232_00)
    assert (await balance(world, "insurer_receivable"), await balance(world, "cash")) == (0, 2_232_00)
    has = await capacity(world, insured.policy)
    assert (has["reserved"], has["paid"], has["returned"]) == (0, WHOLE, 648_00)


async def test_of_a_part_that_is_approved_its_own_share_is_set_off(world: World, insured: Insured) -> None:
    """Of 1,000.00 that the insurer bears, 810.00 x 1,000 / 3,600 = 225.00 came already."""
    _, loss, claim = await insured.claim()
    await comes(world, loss)
    assert (await insured.party_does(claim, "decide", approved=1_000_00, **OVER_LIMIT)).status_code == 200
    assert await stands(world, claim) == ("part_approved", WHOLE, 775_00, 1_000_00, 0)
    await pays(insured, claim, 775_00)
    assert await balance(world, "insurer_receivable") == 0


async def test_what_comes_between_two_payments_is_set_off_against_the_rest(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim()
    await insured.party_does(claim, "decide", approved=WHOLE)
    await insured.party_does(claim, "pay", amount=1_000_00, reference="transfer")
    await comes(world, loss)
    assert await stands(world, claim) == ("recovery", WHOLE, 1_232_00, WHOLE, 1_000_00)
    await pays(insured, claim, 1_000_00, 232_00)
    assert (await balance(world, "insurer_receivable"), await balance(world, "cash")) == (0, 2_232_00)


@pytest.mark.parametrize("is_decided", [False, True])
async def test_goods_that_come_back_lower_it(world: World, insured: Insured, is_decided: bool) -> None:
    """400.00 are refunded: 80 % of 3,200.00 is claimed, or left to be paid of what was approved."""
    plan, loss, claim = await insured.claim()
    if is_decided:
        await insured.party_does(claim, "decide", approved=WHOLE)
    assert (await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 400_00})).is_success
    assert parts(await allocate(world, loss))[0] == [2_560_00]
    if not is_decided:
        assert await stands(world, claim) == ("lodged", 2_560_00, 2_560_00, 0, 0)
        too_much = await insured.party_does(claim, "decide", approved=2_560_01)
        assert (too_much.status_code, too_much.json()["code"]) == (409, "capacity_exceeded")
        assert (await insured.party_does(claim, "decide", approved=2_560_00)).json()["state"] == "approved"
    await pays(insured, claim, 2_560_00)
    assert await balance(world, "insurer_receivable") == 0


async def test_what_was_claimed_and_paid_is_not_claimed_again(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim()
    await insured.party_does(claim, "decide", approved=WHOLE)
    await pays(insured, claim, WHOLE)
    again = await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": insured.policy})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")


async def test_what_is_taken_back_is_what_did_not_come_back(world: World, insured: Insured) -> None:
    """2,880.00 are paid, 648.00 of it are owed back: 2,232.00 are taken back, 648.00 stay owed; it bears nothing."""
    _, loss, claim = await insured.claim()
    await insured.party_does(claim, "decide", approved=WHOLE)
    await insured.party_does(claim, "pay", amount=WHOLE, reference="transfer")
    await comes(world, loss)
    back = await insured.party_does(claim, "claw-back", note="It was forged.")
    assert (back.json()["state"], back.json()["clawed_back"]) == ("clawed_back", 2_232_00)
    told = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]
    assert (parts(told)[0], [one["shared"]["tiers"] for one in told["recoveries"]]) == ([0], [[0]])
    assert (await balance(world, "insurer_receivable"), await balance(world, "cash")) == (-648_00, 648_00)


@pytest.mark.parametrize("ends", ["decide", "withdraw"])
async def test_what_falls_on_the_next_later_is_claimed_besides(world: World, insured: Insured, ends: str) -> None:
    """The guarantee pays 40 % of 720.00. The insurer pays nothing: 40 % of 3,600.00, less 288.00, may be claimed."""
    terms = {"kind": "loan_guarantee", "cover_bps": 4_000, "claims": AT_ONCE, "ends_on": "2027-12-31"}
    guarantee = await borne_by(world, insured.party, name="Guarantee", **terms)
    insured.which = await waterfall(world, insured.policy, guarantee)
    _, loss, claim = await insured.claim()
    first = (await claimed(world, loss, guarantee))["id"]
    await do(world, first, "lodge")
    assert await stands(world, first) == ("lodged", 288_00, 288_00, 0, 0)
    await insured.party_does(first, "decide", approved=288_00)
    await pays(insured, first, 288_00)
    await insured.party_does(claim, "decide", approved=0, rejection="not_covered")
    second = (await claimed(world, loss, guarantee))["id"]
    await do(world, second, "lodge")
    assert await stands(world, second) == ("lodged", 1_152_00, 1_152_00, 0, 0)
    if ends == "withdraw":
        assert (await do(world, second, "withdraw", note="A mistake.")).status_code == 200
    else:
        assert (await insured.party_does(second, "decide", approved=152_00, **OVER_LIMIT)).status_code == 200
        await pays(insured, second, 152_00)
    bears = 288_00 if ends == "withdraw" else 440_00
    told = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]
    assert (parts(told)[0], sum(parts(told)[1])) == ([0, bears], PRICE - bears)
    has = await capacity(world, guarantee)
    assert (has["reserved"], has["paid"], await balance(world, "guarantor_receivable")) == (0, bears, 0)
