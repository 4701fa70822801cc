"""Some verbs do not ask in which state a plan is: one that was paid off or voided knows them, too."""

import pytest

from tests.flows.collecting import registered
from tests.flows.test_pages_of_a_shop import SHOP
from tests.flows.world import World
from tests.plans.verbs_of_routes import WHATEVER_STATE, route_of


@pytest.mark.parametrize("state", ["paid_off", "voided"])
async def test_these_are_done_whatever_has_become_of_the_plan(world: World, state: str) -> None:
    await registered(world, "http://127.0.0.1:9/", "away")
    await world.key(audience="merchant", owner_id=world.demo.merchant_id, origins=[SHOP])
    await world.app.state["services"].registry.reload()
    consumer = await world.consumer(limit=1_000_00)
    plan = (await world.plan(consumer, 400_00))["id"]
    ended = ("capture", {"amount": 400_00}) if state == "paid_off" else ("void", {})
    assert (await world.merchant.post(f"/v1/plans/{plan}/{ended[0]}", ended[1])).is_success
    paid = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 400_00})
    assert paid.json()["state"] == state, paid.text
    card = {"processor": "away", "token": "tok-ada-ok", "kind": "card"}
    instrument = (await world.merchant.post(f"/v1/consumers/{consumer}/instruments", card)).json()["id"]
    bodies = {
        "sessions": {"origin": SHOP},
        "instrument": {"instrument_id": instrument},
        "operator/instrument": {"instrument_id": instrument},
        "operator/efforts": {"kind": "notice", "on": "2026-03-02", "reference": "letter 7 of March"},
        "operator/ownership-transfers": {
            "kind": "sale", "settlement_on": "2026-03-02", "price_ratio": "0.985",
            "buyer_id": world.demo.partner_id, "programme_id": world.demo.programme_id,
        },
        "operator/payments/prove": {"payment_id": paid.json()["recorded"]["id"], "evidence": "statement-9/entry-3"},
    }  # fmt: skip
    assert set(bodies) == set(WHATEVER_STATE)
    for name, body in bodies.items():
        client = world.operator if name.startswith("operator/") else world.merchant
        path = route_of(name).removeprefix("POST ").replace("{plan_id}", plan)
        done = await client.post(path, body)
        assert done.is_success, (name, done.text)
