"""A merchant's feed: every event once, numbered without gaps, whoever reads it and while more is told."""

import asyncio
from itertools import groupby
from typing import Any

import pytest

from service.engine import events
from service.event_type import EventType
from service.partners import events_store
from tests.flows.world import SHARED, World

PLANS = 12


async def read_all(world: World, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := (await world.merchant.get("/v1/events", after=len(found), limit=limit)).json()["events"]:
        found += page
    return found


@SHARED
async def test_many_readers_see_one_feed(world: World) -> None:
    consumers = [await world.consumer(limit=1_000_00) for _ in range(PLANS)]

    async def buy(consumer: str) -> None:
        plan = await world.plan(consumer, 100_00)
        for verb, body in (("capture", {"amount": 60_00}), ("void", {}), ("payments", {"amount": 5_00})):
            await world.merchant.post(f"/v1/plans/{plan['id']}/{verb}", body)

    await asyncio.gather(*map(buy, consumers), *(read_all(world, limit) for limit in (1, 3, 500)))
    feeds = await asyncio.gather(*(read_all(world, limit) for limit in (1, 7, 500)))
    assert feeds[0] == feeds[1] == feeds[2]
    assert [event["number"] for event in feeds[0]] == list(range(1, 4 * PLANS + 1))
    by_plan = groupby(sorted(feeds[0], key=lambda event: (event["plan_id"], event["number"])), lambda e: e["plan_id"])
    assert all([event["data"]["version"] for event in events] == [1, 2, 3, 4] for _, events in by_plan)


async def found(world: World, limit: int, **asked: str) -> list[int]:
    """The numbers of what is asked for, page after page, until a page's `after` stands still."""
    numbers: list[int] = []
    after = 0
    while True:
        page = (await world.merchant.get("/v1/events", after=after, limit=limit, **asked)).json()
        numbers += [one["number"] for one in page["events"]]
        assert page["after"] >= max([after, *numbers])
        if page["after"] == after:
            return numbers
        after = page["after"]


@pytest.mark.parametrize("limit", [1, 2, 500])
async def test_by_type_and_subject_the_numbers_stay_and_nothing_is_skipped(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Whatever is told while somebody reads, and however little is looked at for a page."""
    monkeypatch.setattr(events, "LOOKED_AT_MAX", 3)
    consumer = await world.consumer(limit=10_000_00)
    plans = [await world.plan(consumer, 100_00) for _ in range(3)]

    async def capture(plan: dict[str, Any]) -> None:
        for _ in range(3):
            assert (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 10_00})).is_success
            await found(world, limit, of_type="plan.captured")

    await asyncio.gather(*map(capture, plans))
    whole = await read_all(world, 500)
    for type_ in {one["type"] for one in whole}:
        expected = [one["number"] for one in whole if one["type"] == type_]
        assert await found(world, limit, of_type=type_) == expected
    for plan in plans:
        about = [one["number"] for one in whole if one["plan_id"] == plan["id"]]
        assert len(about) == 4
        assert await found(world, limit, subject=plan["id"]) == about
        assert await found(world, limit, subject=plan["id"], of_type="plan.authorized") == about[:1]
    assert await found(world, limit, of_type="plan.voided") == []
    assert (await world.other_merchant.get("/v1/events", subject=plans[0]["id"])).json() == {"events": [], "after": 0}


@SHARED
@pytest.mark.parametrize(
    ("asked", "field"),
    [({"of_type": "plan.exploded"}, "of_type"), ({"subject": "of_00000000000000000000000000"}, "subject"),
     ({"subject": "pl_1"}, "subject"), ({"subject": ""}, "subject")],
)  # fmt: skip
async def test_a_type_or_subject_that_there_is_none_of_is_refused(
    world: World, asked: dict[str, str], field: str
) -> None:
    refused = await world.merchant.get("/v1/events", **asked)
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (
        400, "invalid_field", f"/{field}"
    )  # fmt: skip


async def test_a_partner_asks_for_one_type_or_plan(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_store, "LOOKED_AT_MAX", 2)
    plans = []
    for _ in range(3):
        plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
        plans.append(plan["id"])
        assert (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})).is_success
        assert (await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})).is_success
    whole = (await world.partner.get("/v1/partner/events")).json()["events"]
    assert len(whole) == 6

    async def found(**asked: str) -> list[int]:
        numbers, after = [], 0
        while True:
            page = (await world.partner.get("/v1/partner/events", after=after, limit=1, **asked)).json()
            numbers += [one["number"] for one in page["events"]]
            if page["after"] == after:
                return numbers
            after = page["after"]

    assert await found(of_type="repayment") == [one["number"] for one in whole if one["type"] == "repayment"]
    assert await found(plan_id=plans[1]) == [one["number"] for one in whole if one["plan_id"] == plans[1]]
    assert await found(plan_id=plans[1], of_type="refund") == []
    for asked in ({"plan_id": "x"}, {"of_type": "none"}):
        assert (await world.partner.get("/v1/partner/events", **asked)).status_code == 400


@SHARED
async def test_what_there_is_to_be_told_is_listed_with_examples(world: World) -> None:
    listed = (await world.merchant.get("/v1/event-types")).json()["event_types"]
    assert {one["type"] for one in listed} == set(EventType)
    for one in listed:
        assert one["example"]["type"] == one["type"]
        assert set(one["example"]["data"]) == set(one["schema"]["required"]), one["type"]
        assert one["tells"], one["type"]
    (captured,) = (await world.merchant.get("/v1/event-types", of_type="plan.captured")).json()["event_types"]
    assert captured in listed
    assert (await world.merchant.get("/v1/event-types", of_type="plan.exploded")).status_code == 400
