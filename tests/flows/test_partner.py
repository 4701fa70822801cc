"""The finance partner over HTTP: its file is made and fetched, and it reads what happened to its share."""

import hashlib
from typing import Any

import pytest

from tests.flows.world import NOON, World

TODAY = NOON.date().isoformat()


async def bought(world: World, amount: int = 600_00) -> str:
    """A plan of which everything is captured and 100.00 is paid."""
    plan = await world.plan(await world.consumer(limit=1_000_00), amount)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})
    plan_id: str = plan["id"]
    return plan_id


async def make_file(world: World, on: str = TODAY) -> dict[str, Any]:
    path = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    made = await world.operator.post(path, {"business_on": on})
    assert made.status_code == 201, made.text
    manifest: dict[str, Any] = made.json()
    return manifest


async def fetch(world: World, manifest: dict[str, Any]) -> bytes:
    return (await world.partner.get(f"/v1/partner/files/{manifest['id']}/content")).content


async def test_a_day_is_filed_and_fetched(world: World) -> None:
    plan_id = await bought(world)
    manifest = await make_file(world)
    assert await make_file(world) == manifest
    assert (await world.partner.get("/v1/partner/files")).json() == {"files": [manifest], "after": manifest["id"]}
    assert (await world.partner.get(f"/v1/partner/files/{manifest['id']}")).json() == manifest

    fetched = await world.partner.get(f"/v1/partner/files/{manifest['id']}/content")
    assert fetched.headers["content-type"] == "text/csv; charset=utf-8"
    assert hashlib.sha256(fetched.content).hexdigest() == manifest["sha256"] == fetched.headers["etag"].strip('"')
    header, row = fetched.text.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["plan_id"] == plan_id
    assert (manifest["rows"], manifest["totals"]["drawn"]) == (1, "420.00")

    (position,) = (await world.partner.get("/v1/partner/positions")).json()["positions"]
    (plan,) = (await world.partner.get("/v1/partner/plans")).json()["plans"]
    assert plan["id"] == plan_id
    assert plan["outstanding"] == position["outstanding"] == position["drawn"] - position["principal_repaid"]


@pytest.mark.parametrize(
    "path",
    ["/v1/partner/files/x", "/v1/partner/files/fi_00000000000000000000000000", "/v1/partner/files/x/content"],
)
async def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    assert (await world.partner.get(path)).status_code == 404


@pytest.mark.parametrize("query", [{"after": "\0"}, {"after": "x"}, {"limit": 0}, {"limit": 1001}])
async def test_a_bad_cursor_is_refused(world: World, query: dict[str, Any]) -> None:
    for path in ("files", "plans", "reconciliations", "breaks"):
        assert (await world.partner.get(f"/v1/partner/{path}", **query)).status_code == 400


async def test_only_a_partners_key_opens_the_partners_pages(world: World) -> None:
    assert (await world.merchant.get("/v1/partner/files")).status_code == 403
    assert (await world.partner.get("/v1/operator/breaks")).status_code == 403


async def test_the_partner_reads_what_happened_to_its_share(world: World) -> None:
    plan_id = await bought(world)
    told = (await world.partner.get("/v1/partner/events")).json()
    assert [(one["number"], one["type"], one["principal"], one["plan_id"]) for one in told["events"]] == [
        (1, "funding", -420_00, plan_id), (2, "repayment", 70_00, plan_id)
    ]  # fmt: skip
    assert {one["filed_on"] for one in told["events"]} == {TODAY}
    assert told["after"] == 2
    assert (await world.partner.get("/v1/partner/events", after=1, limit=1)).json()["events"] == told["events"][1:]

    refunded = await world.merchant.post(f"/v1/plans/{plan_id}/refunds", {"amount": 100_00})
    assert refunded.status_code == 201, refunded.text
    paid = await world.merchant.post(f"/v1/plans/{plan_id}/payments", {"amount": 400_00, "reference": "r"})
    assert paid.status_code == 201, paid.text
    more = (await world.partner.get("/v1/partner/events", after=2)).json()["events"]
    assert [(one["type"], one["principal"]) for one in more] == [("refund", 70_00), ("early_settlement", 280_00)]
