"""If-Match: a verb that was meant for the plan as its sender had read it, and not for what has become of it since."""

import asyncio
from typing import Any

import pytest

from tests.flows.world import SHARED, World

LIVE = 600_00


async def read(world: World, plan: str) -> tuple[str, dict[str, Any]]:
    answered = await world.merchant.get(f"/v1/plans/{plan}")
    return answered.headers["etag"], answered.json()


async def opened(world: World) -> str:
    return str((await world.plan(await world.consumer(), LIVE))["id"])


@SHARED
async def test_what_was_read_is_still_so(world: World) -> None:
    plan = await opened(world)
    etag, told = await read(world, plan)
    assert etag == f'"{told["version"]}"'
    captured = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 200_00}, headers={"If-Match": etag})
    assert captured.status_code == 200
    assert captured.json()["version"] == told["version"] + 1


@SHARED
async def test_something_has_happened_since(world: World) -> None:
    plan = await opened(world)
    etag, _ = await read(world, plan)
    assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 200_00})).status_code == 200
    before = await read(world, plan)
    stale: dict[str, Any] = {"key": "a-stale-one", "headers": {"If-Match": etag}}
    refused = await world.merchant.post(f"/v1/plans/{plan}/void", {}, **stale)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["pointer"]) == (412, "stale_version", "/If-Match")
    assert "You have seen version 1 of this plan, and it is at 2 now" in problem["detail"]
    assert "void" in problem["actions"]
    assert await read(world, plan) == before
    again = await world.merchant.post(f"/v1/plans/{plan}/void", {}, **stale)
    assert again.content == refused.content  # the key keeps its refusal


@SHARED
async def test_a_dry_run_says_so_too(world: World) -> None:
    plan = await opened(world)
    await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 200_00})
    asked = await world.merchant.post(f"/v1/plans/{plan}/void?dry_run=true", {}, headers={"If-Match": '"1"'})
    assert (asked.status_code, asked.json()["code"]) == (412, "stale_version")


@SHARED
async def test_of_many_who_have_read_the_same_one_is_heard(world: World) -> None:
    """Refunds of 10 % each, all meant for version 2: none would be too much, and one is done."""
    plan = await opened(world)
    await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": LIVE})
    etag, _ = await read(world, plan)
    asked = [
        world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": LIVE // 10}, headers={"If-Match": etag})
        for _ in range(8)
    ]
    statuses = sorted([one.status_code for one in await asyncio.gather(*asked)])
    assert statuses == [201, *[412] * 7]
    assert (await read(world, plan))[1]["refunded"] == LIVE // 10


@SHARED
async def test_nothing_is_told_of_a_plan_that_is_another_s(world: World) -> None:
    plan = await opened(world)
    for other in ("pl_" + "0" * 26, plan[:-1] + ("0" if plan[-1] != "0" else "1")):
        refused = await world.merchant.post(f"/v1/plans/{other}/void", {}, headers={"If-Match": '"9"'})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@SHARED
@pytest.mark.parametrize("given", ["7", 'W/"7"', '"seven"', '"1", "2"', "", '"-1"', '"' + "9" * 19 + '"'])
async def test_what_is_no_version(world: World, given: str) -> None:
    plan = await opened(world)
    refused = await world.merchant.post(f"/v1/plans/{plan}/void", {}, headers={"If-Match": given})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/If-Match")


@SHARED
async def test_any_version_will_do(world: World) -> None:
    plan = await opened(world)
    assert (await world.merchant.post(f"/v1/plans/{plan}/void", {}, headers={"If-Match": "*"})).status_code == 200
