"""What time alone brings about."""

from datetime import timedelta

import pytest

from tests.flows.world import NOON, World

CLOSE = "/v1/operator/day-close"


async def test_an_authorization_nobody_captured_gives_the_limit_back(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)

    world.operator.now = NOON + timedelta(days=1)
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 0
    world.operator.now = NOON + timedelta(days=400)
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 1
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 0

    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["state"] == "expired"
    assert (await world.account(consumer))["available"] == 1_000_00


async def test_a_close_is_told_again_as_it_was(world: World) -> None:
    world.operator.now = NOON + timedelta(days=1)
    first, again = [await world.operator.post(CLOSE, key="k") for _ in range(2)]
    assert (first.status_code, len(first.json()["files"])) == (200, 4)
    assert again.content == first.content
    assert (await world.operator.post(CLOSE, key="other")).json()["files"] == []
    merchant = {"name": "Haus", "country": "DE", "time_zone": "Europe/Berlin"}
    for path, body in ((CLOSE, b""), ("/v1/operator/merchants", merchant)):
        raw = {"content": body} if isinstance(body, bytes) else {"body": body}
        reused = await world.operator.post(path, key="k", **raw)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_close_cut_short_is_finished_by_the_same_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.plan(await world.consumer(limit=1_000_00), 600_00)
    world.operator.now = NOON + timedelta(days=400)
    with monkeypatch.context() as patch:
        patch.setattr(world.app.state["services"].engine, "once", None)  # the day is closed, and its answer is lost
        assert (await world.operator.post(CLOSE, key="k")).status_code == 500
    finished, again = [await world.operator.post(CLOSE, key="k") for _ in range(2)]
    assert (finished.status_code, finished.json()["expired"]) == (200, 0)
    assert again.content == finished.content
