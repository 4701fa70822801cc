"""A purchase in instalments, from the decision to the last cent."""

from tests.flows.world import World


async def test_bought_shipped_and_paid(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    assert plan["state"] == "authorized"
    assert await world.account(consumer) | {"version": 0} == {
        "consumer": consumer, "currency": "EUR", "limit": 1_000_00, "reserved": 600_00, "used": 0,
        "available": 400_00, "version": 0,
    }  # fmt: skip

    captured = (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})).json()
    assert (captured["state"], captured["captured"]) == ("active", 600_00)
    assert sum(row["principal"] for row in captured["schedule"]) == 600_00

    paid = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": captured["outstanding"]})
    assert paid.status_code == 201
    assert (paid.json()["state"], paid.json()["outstanding"]) == ("paid_off", 0)
    assert (await world.account(consumer))["available"] == 1_000_00
    balance = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()
    assert balance["total"] == 0
