"""The steps of a purchase over HTTP, each done for all at once: a batch of them is ready before the next begins."""

import asyncio
from typing import Final

from tests.bench.cast import PRICE, Person, find_decisions, find_plans
from tests.bench.load import Job
from tests.bench.stage import Stage, connected, do_all

AT_ONCE: Final = 16  # connections

Bought = list[tuple[Person, str]]  # who, and the plan


def decide(stage: Stage, people: list[Person]) -> list[Person]:
    """The same people, each with a decision of their own that was made just now; who comes twice has two."""
    _do(stage, [stage.cast.checkout(one) for one in people], b'"outcome":"approved"')
    return asyncio.run(_decisions(stage, people))


def accept(stage: Stage, people: list[Person]) -> Bought:
    """Plans of four instalments, of the decisions that these people have."""
    _do(stage, [stage.cast.acceptance(one) for one in people], b'"authorized"')
    return list(zip(people, asyncio.run(_plans(stage, people)), strict=True))


def capture(stage: Stage, bought: Bought) -> Bought:
    """All of it is shipped."""
    _do(stage, [stage.cast.capture(one, plan, PRICE) for one, plan in bought], b'"active"')
    return bought


def pay(stage: Stage, bought: Bought, amount: int, state: bytes) -> None:
    """A payment of each plan, which leaves it in this state."""
    _do(stage, [stage.cast.payment(one, plan, amount) for one, plan in bought], state)


def _do(stage: Stage, requests: list[bytes], expected: bytes) -> None:
    do_all(Job(stage.service.port, AT_ONCE, 60, requests, expected))


async def _decisions(stage: Stage, people: list[Person]) -> list[Person]:
    async with connected(stage.settings) as connection:
        return await find_decisions(connection, people)


async def _plans(stage: Stage, people: list[Person]) -> list[str]:
    async with connected(stage.settings) as connection:
        return await find_plans(connection, people)
