"""A policy is published while two processes decide as fast as they can: no error, no mixture, no straggler."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from service import clock, db
from service.config import Settings
from tests.engine.processes import serving, world_of
from tests.flows.test_policies import draft, publish, with_field
from tests.flows.world import World

pytestmark = pytest.mark.long

BUYERS = 8  # at once; connections are spread over both processes
SOON = timedelta(seconds=1)


class Seen(NamedTuple):
    """What a checkout was told, and when it was decided."""

    version: int
    offers: int
    at: datetime


class Swap(NamedTuple):
    """When a policy begins by its document, and when its publication was answered."""

    begins: datetime
    answered: datetime


async def test_a_publication_under_load(settings: Settings, pool: db.Pool) -> None:
    with serving(settings) as service:
        async with world_of(service, pool) as world:
            for client in (world.merchant, world.operator, world.second_operator):
                client.now = None  # this is about real time
            consumers = [await world.consumer() for _ in range(BUYERS)]
            seen: list[Seen] = []
            buying = [asyncio.create_task(buy(world, consumer, seen)) for consumer in consumers]
            at_once = await swap(world, 1, timedelta(0))
            later = await swap(world, 2, SOON)
            for task in buying:
                task.cancel()
            ended = await asyncio.gather(*buying, return_exceptions=True)
            assert [error for error in ended if not isinstance(error, asyncio.CancelledError)] == []
            assert len(service.workers()) == 2

    assert {one.version for one in seen} == {1, 2, 3}
    # The demo's policy shows up to six offers, the second version one, the third two: no decision has of both.
    assert {(one.version, one.offers) for one in seen if one.version > 1} == {(2, 1), (3, 2)}
    assert all(one.offers > 2 for one in seen if one.version == 1)
    assert {one.version for one in seen if one.at < at_once.begins} == {1}
    # Once the publication is answered nobody decides otherwise, whether the process has heard of it or not.
    assert {one.version for one in seen if at_once.answered <= one.at < later.begins} == {2}
    # Known beforehand, it begins on time in both processes, to the microsecond; else once its publication is answered.
    assert {one.version for one in seen if one.at >= max(later.begins, later.answered)} == {3}
    assert 3 not in {one.version for one in seen if one.at < later.begins}


async def swap(world: World, offers: int, wait: timedelta) -> Swap:
    """Publishes a policy that shows so many offers, and lets the world trade on for a while."""
    made = await draft(world.operator, with_field("/offers_max", offers))
    body = {"active_from": (clock.now() + wait).isoformat()} if wait else {}
    published = await publish(world.second_operator, made, **body)
    assert published.status_code == 200, published.text
    swapped = Swap(datetime.fromisoformat(published.json()["active_from"]), clock.now())
    while clock.now() < swapped.begins + SOON:
        await asyncio.sleep(0.05)
    return swapped


async def buy(world: World, consumer: str, seen: list[Seen]) -> None:
    """One checkout after the other, each answered with 200."""
    while True:
        answer: dict[str, Any] = await world.checkout(consumer, 900_00)
        seen.append(Seen(answer["policy_version"], len(answer["offers"]), datetime.fromisoformat(answer["decided_at"])))
