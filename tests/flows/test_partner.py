"""The finance partner over HTTP: it reads what happened to its share, and where each plan stands."""

from typing import Any

import pytest

from service.partners.events_store import number_everybodys
from tests.flows.world import NOON, SHARED, World

TODAY = NOON.date().isoformat()


async def bought(world: World, amount: int = 600_00) -> str:
    """A plan of which everything is captured and 100.00 is paid."""
    plan = await world.plan(await world.consumer(limit=1_000_00), amount)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})
    plan_id: str = plan["id"]
    return plan_id


@SHARED
@pytest.mark.parametrize(
    "path",
    ["/v1/partner/files/x", "/v1/partner/files/fi_00000000000000000000000000", "/v1/partner/files/x/content"],
)
async def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    assert (await world.partner.get(path)).status_code == 404


@SHARED
@pytest.mark.parametrize("query", [{"after": "\0"}, {"after": "x"}, {"limit": 0}, {"limit": 1001}])
async def test_a_bad_cursor_is_refused(world: World, query: dict[str, Any]) -> None:
    for path in ("files", "positions", "plans", "reconciliations", "breaks"):
        assert (await world.partner.get(f"/v1/partner/{path}", **query)).status_code == 400


@SHARED
async def test_only_a_partners_key_opens_the_partners_pages(world: World) -> None:
    assert (await world.merchant.get("/v1/partner/files")).status_code == 403
    assert (await world.partner.get("/v1/operator/breaks")).status_code == 403


@SHARED
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


async def test_events_are_numbered_before_anybody_asks(world: World) -> None:
    await bought(world)
    count = "select count(number) from partner_events"
    assert await world.pool.fetchval(count) == 0
    await number_everybodys(world.pool)
    assert await world.pool.fetchval(count) == 2
    assert [one["number"] for one in (await world.partner.get("/v1/partner/events")).json()["events"]] == [1, 2]


async def test_the_partner_reads_where_its_plans_stand(world: World) -> None:
    """By all that happened until now, whether or not a file has told it."""
    first, second = await bought(world), await bought(world, 300_00)
    refunded = await world.merchant.post(f"/v1/plans/{second}/refunds", {"amount": 100_00})
    assert refunded.status_code == 201, refunded.text
    listed = (await world.partner.get("/v1/partner/plans")).json()["plans"]
    assert [plan["id"] for plan in listed] == sorted([first, second])  # by their ids: both were made in one instant
    one, other = sorted(listed, key=lambda plan: plan["id"] != first)
    amounts = ("share_bps", "funded", "repaid", "refunded", "adjusted", "charged_off", "outstanding")
    assert (one["id"], one["kind"], one["state"], one["currency"]) == (first, "instalments", "active", "EUR")
    assert [one[name] for name in amounts] == [7_000, 420_00, 70_00, 0, 0, 0, 350_00]
    assert [other[name] for name in amounts] == [7_000, 210_00, 70_00, 70_00, 0, 0, 70_00]
    page = (await world.partner.get("/v1/partner/plans", limit=1)).json()
    begin, end = (plan["id"] for plan in listed)
    assert page == {"plans": listed[:1], "after": begin}
    assert (await world.partner.get("/v1/partner/plans", after=begin)).json() == {"plans": listed[1:], "after": end}
    assert (await world.partner.get("/v1/partner/plans", after=end)).json() == {"plans": [], "after": end}


async def test_a_plan_that_was_given_up_stays_in_the_partners_list(world: World) -> None:
    plan_id = await bought(world)
    given_up = await world.operator.post(f"/v1/operator/plans/{plan_id}/charge_off")
    assert given_up.status_code == 200, given_up.text
    (plan,) = (await world.partner.get("/v1/partner/plans")).json()["plans"]
    assert (plan["state"], plan["charged_off"], plan["outstanding"]) == ("charged_off", 350_00, 0)
