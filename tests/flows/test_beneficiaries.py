"""Who bears losses for one partner's benefit bears of that partner's part, pays it itself, and is paid back by it."""

from typing import Any

import pytest

from tests.flows.test_loss_claims import AT_ONCE, CLAIMS, at, balance
from tests.flows.test_losses import OPEN, allocate, given_up, parts, plan_of_two, recover
from tests.flows.test_shared_plans import held
from tests.flows.test_support import ARRANGEMENTS, arrangement, document, waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import SHARED, World


async def test_one_partner_is_paid_itself_and_the_other_has_nothing_of_it(world: World) -> None:
    """Of 4,500.00 the first has 70 %: a guarantor bears 80 % of its 3,150.00, an insurer half of what is left."""
    plan, first, second = await plan_of_two(world)
    loss = await given_up(world, plan)
    guarantor, client = await world.take_on("Bank of the Alster")
    terms = {"cover_bps": 8_000, "claims": AT_ONCE, "ends_on": "2027-12-31", "beneficiary_id": first}
    guarantee = await borne_by(world, guarantor, **terms)
    insurance = await arrangement(world, kind="consumer_insurance", cover_bps=5_000, provider_id=guarantor)
    before = await held(world, plan, first, second)
    found = await allocate(world, loss, waterfall_id=await waterfall(world, guarantee, insurance))
    assert parts(found) == ([2_520_00, 990_00], [315_00, 675_00, 0])
    assert await moved(world, plan, before, first, second) == [3_150_00 - 2_520_00 - 315_00, 1_350_00 - 675_00]
    assert (await balance(world, "guarantor_receivable"), await balance(world, "insurer_receivable")) == (0, 990_00)

    at(world, "2026-04-02", client)
    claim = (await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": guarantee})).json()["id"]
    assert (await world.operator.post(f"{CLAIMS}/{claim}/lodge")).json()["reserved"] == 2_520_00
    cash = await balance(world, "cash")
    for verb, body in (("decide", {"approved": 2_520_00}), ("pay", {"amount": 2_520_00, "reference": "to it"})):
        done = await client.post(f"/v1/support/claims/{claim}/{verb}", body)
        assert done.status_code == 200, done.text
    assert (done.json()["paid"], await balance(world, "cash")) == (2_520_00, cash), "none of it is our money"

    before = await held(world, plan, first, second)
    came = await recover(world, loss, gross=900_00)
    assert came.status_code == 201, came.text
    shared = came.json()["recoveries"][0]["shared"]
    assert (shared["tiers"], shared["rest"]) == ([504_00, 198_00], [63_00, 135_00, 0])
    assert await moved(world, plan, before, first, second) == [504_00 + 63_00, 135_00], "it pays the guarantor back"
    assert await balance(world, "insurer_receivable") == 990_00 - 198_00


async def moved(world: World, plan: str, before: Any, first: str, second: str) -> list[int]:
    """By how much more we owe each partner than before."""
    after = await held(world, plan, first, second)
    return [was["partner_payable"] - now["partner_payable"] for was, now in zip(before, after, strict=True)]


async def test_a_claim_that_is_rejected_falls_on_the_partner_again(world: World) -> None:
    plan, first, second = await plan_of_two(world)
    loss = await given_up(world, plan)
    guarantor, client = await world.take_on("Bank of the Alster")
    terms = {"claims": AT_ONCE, "ends_on": "2027-12-31", "beneficiary_id": first}
    guarantee = await borne_by(world, guarantor, **terms)
    before = await held(world, plan, first, second)
    found = await allocate(world, loss, waterfall_id=await waterfall(world, guarantee))
    assert parts(found) == ([3_150_00], [0, OPEN - 3_150_00, 0])
    assert await moved(world, plan, before, first, second) == [0, 0]
    at(world, "2026-04-02", client)
    claim = (await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": guarantee})).json()["id"]
    await world.operator.post(f"{CLAIMS}/{claim}/lodge")
    body = {"approved": 0, "rejection": "not_covered"}
    assert (await client.post(f"/v1/support/claims/{claim}/decide", body)).status_code == 200
    found = (await world.operator.get(f"/v1/operator/losses/{loss}")).json()["versions"][-1]
    assert parts(found) == ([0], [3_150_00, OPEN - 3_150_00, 0])
    assert await moved(world, plan, before, first, second) == [0, 0], "by its share of the plan it has borne it already"


@SHARED
@pytest.mark.parametrize(("differs", "status", "pointer"), [
    ({"beneficiary_id": f"pa_{'0' * 26}"}, 404, "/document/beneficiary_id"),
    ({"kind": "reserve"}, 400, "/document/beneficiary_id"),
    ({"kind": "compensation_pool", "provider_id": f"sp_{'0' * 26}"}, 400, "/document/beneficiary_id"),
    ({"base": "principal_interest"}, 400, "/document/base"),
    ({"beneficiary_id": f"me_{'0' * 26}"}, 400, "/document/beneficiary_id"),
])  # fmt: skip
async def test_for_whose_benefit_it_cannot_be(
    world: World, differs: dict[str, Any], status: int, pointer: str
) -> None:  # fmt: skip
    one = await document(world, **{"beneficiary_id": world.demo.partner_id} | differs)
    refused = await world.operator.post(ARRANGEMENTS, {"document": one})
    assert (refused.status_code, refused.json()["pointer"]) == (status, pointer), refused.text
