"""Who bears losses sees what its arrangements have, cover and bear, and nothing of anybody else's."""

import csv
import io
from typing import Any

import pytest

from tests.flows.test_cover_sets import AMOUNT, captured, cover_set, enrol
from tests.flows.test_lists import Sheets
from tests.flows.test_losses import LOSSES, allocate, fund
from tests.flows.test_shared_plans import on
from tests.flows.test_support import arrangement, waterfall
from tests.flows.world import Client, World

SUPPORT = "/v1/support"


class Seen:
    """A guarantor bears 40 % of two losses, of 1,000.00 that it paid in; an insurer after it bears 50 %."""

    def __init__(self, ours: Client, theirs: Client) -> None:
        self.ours, self.theirs = ours, theirs
        self.guarantee = self.insurance = self.cover_set = ""
        self.losses: list[str] = []


@pytest.fixture
async def seen(world: World) -> Seen:
    on(world, 0)
    (first, ours), (second, theirs) = await world.take_on("Bank of the Alster"), await world.take_on()
    one = Seen(ours, theirs)
    one.guarantee = await arrangement(world, provider_id=first, cover_bps=4_000, funded=True, loss_max=200_00)
    one.insurance = await arrangement(world, kind="consumer_insurance", provider_id=second, cover_bps=5_000)
    await fund(world, one.guarantee, 1_000_00)
    one.cover_set = await cover_set(world, one.guarantee)
    order = await waterfall(world, one.guarantee, one.insurance)
    plans = [await captured(world) for _ in range(3)]
    await enrol(world, one.cover_set, *plans[:2])
    for plan in plans:
        await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
        one.losses.append(f"lo{plan[2:]}")
        await allocate(world, one.losses[-1], waterfall_id=order)
    return one


async def told(client: Client, path: str, **asked: Any) -> dict[str, Any]:
    answered = await client.get(f"{SUPPORT}/{path}", **asked)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def test_it_sees_what_its_arrangements_have(seen: Seen) -> None:
    (has,) = (await told(seen.ours, "capacities"))["capacities"]
    figures = {name: has[name] for name in ("funded", "reserved", "paid", "returned", "available")}
    assert figures == {
        "funded": 1_000_00, "reserved": 400_00, "paid": 0, "returned": 0, "available": 600_00,
    }  # fmt: skip
    assert await told(seen.ours, f"arrangements/{seen.guarantee}/capacity") == has
    strange = await seen.theirs.get(f"{SUPPORT}/arrangements/{seen.guarantee}/capacity")
    assert strange.json()["code"] == "not_found"
    assert [one["arrangement_id"] for one in (await told(seen.theirs, "capacities"))["capacities"]] == [seen.insurance]


async def test_it_sees_the_plans_that_it_covers(seen: Seen) -> None:
    (one,) = (await told(seen.ours, "cover-sets"))["cover_sets"]
    assert (one["id"], one["plans"], one["principal"]) == (seen.cover_set, 2, 2 * AMOUNT)
    assert (await told(seen.theirs, "cover-sets"))["cover_sets"] == []
    path = f"cover-sets/{seen.cover_set}/enrolments"
    first = await told(seen.ours, path, limit=1)
    second = await told(seen.ours, path, limit=1, after=first["after"])
    found = [*first["enrolments"], *second["enrolments"]]
    assert [(each["plan_id"], each["state"]) for each in found] == [
        (f"pl{loss[2:]}", "claimed") for loss in sorted(seen.losses[:2])
    ]
    for client, strange in ((seen.theirs, seen.cover_set), (seen.ours, f"cv_{'0' * 26}"), (seen.ours, "cv_1")):
        answered = await client.get(f"{SUPPORT}/cover-sets/{strange}/enrolments")
        assert answered.json()["code"] == "not_found"


async def test_it_sees_its_part_of_each_loss(world: World, seen: Seen) -> None:
    """40 % of 600.00 are 240.00, of which it pays 200.00 at most; of the third plan, which it does not cover, nothing.
    The insurer bears half of the rest: 200.00, and 300.00 of the third."""
    ours = {one["loss_id"]: one for one in (await told(seen.ours, "losses"))["losses"]}
    assert [(ours[loss]["amount"], ours[loss]["limit"]) for loss in seen.losses] == [
        (200_00, "loss_max"), (200_00, "loss_max"), (0, "not_enrolled"),
    ]  # fmt: skip
    assert {one["arrangement_id"] for one in ours.values()} == {seen.guarantee}
    theirs = {one["loss_id"]: one["amount"] for one in (await told(seen.theirs, "losses"))["losses"]}
    assert [theirs[loss] for loss in seen.losses] == [200_00, 200_00, 300_00]
    assert (await told(seen.theirs, "losses", arrangement_id=seen.guarantee))["losses"] == []
    came = await world.operator.post(f"{LOSSES}/{seen.losses[0]}/recoveries", {"gross": 60_00, "source": "collection"})
    assert came.status_code == 201
    view = await told(seen.ours, f"losses/{seen.losses[0]}")
    assert [(one["version"], one["amount"]) for one in view["versions"]] == [(1, 200_00)]
    assert [(one["amount"], one["source"]) for one in view["returns"]] == [(20_00, "collection")]
    page = await told(seen.ours, "losses", limit=1)
    assert len(page["losses"]) == 1
    assert len((await told(seen.ours, "losses", after=page["after"]))["losses"]) == 2
    for strange in (f"lo_{'0' * 26}", "lo_1"):
        assert (await seen.ours.get(f"{SUPPORT}/losses/{strange}")).json()["code"] == "not_found"


async def test_lists_come_as_csv(world: World, seen: Seen) -> None:
    for path, column, count in (("losses", "amount", 3), ("capacities", "available", 1), ("cover-sets", "id", 1)):
        answered = await Sheets(world.http, seen.ours.authorization.removeprefix("Bearer ")).get(f"{SUPPORT}/{path}")
        rows = list(csv.DictReader(io.StringIO(answered.text)))
        assert (len(rows), column in rows[0]) == (count, True)


async def test_a_loss_of_others_is_not_found(world: World, seen: Seen) -> None:
    _, other = await world.take_on("Nobody")
    for path in ("losses", "capacities", "cover-sets"):
        assert next(iter((await told(other, path)).values())) == []
    assert (await other.get(f"{SUPPORT}/losses/{seen.losses[0]}")).json()["code"] == "not_found"
