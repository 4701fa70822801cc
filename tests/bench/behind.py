"""What a long past costs: decisions on one consumer with very many plans paid off, and on one with none, in turn.

Known: the process remembers what is behind a consumer, and mostly a decision asks no more. Read: they have no limit
left, and each decision reads it from the database before it says no; the first of them has what is over counted (the
table `pasts`).
"""

import asyncio
from statistics import median
from typing import Final

from tests.bench.buying import accept, capture, decide, pay
from tests.bench.cast import PRICE, Person, Q
from tests.bench.figures import Behind
from tests.bench.load import Job
from tests.bench.stage import Stage, connected, load

CONNECTIONS: Final = 8
ROUNDS: Final = 2
A_SECOND: Final = 2_500  # decisions made ready


def measure(stage: Stage, plans: int, seconds: float) -> Behind:
    """With so many plans, and with none."""
    many, none = stage.buyers.pop(), stage.buyers.pop()
    asyncio.run(_set_limit(stage, many, PRICE * (plans + 2)))
    bought = capture(stage, accept(stage, decide(stage, [many] * plans)))
    pay(stage, bought, PRICE, b'"paid_off"')
    known = _in_turn(stage, (many, none), seconds, b'"outcome":"approved"')
    asyncio.run(_set_limit(stage, many, PRICE * plans))  # it is used until it is proved that they are paid
    asyncio.run(_set_limit(stage, none, 0))
    return Behind(plans, *known, *_in_turn(stage, (many, none), seconds, b'"outcome":"declined"'))


def _in_turn(stage: Stage, people: tuple[Person, Person], seconds: float, expected: bytes) -> list[float]:
    """Decisions a second on each."""
    rounds = [[_decided(stage, one, seconds, expected) for one in people] for _ in range(ROUNDS + 1)]
    return [round(median(one), 1) for one in zip(*rounds[1:], strict=True)]  # the first was cold


def _decided(stage: Stage, person: Person, seconds: float, expected: bytes) -> float:
    carts = [stage.cast.checkout(person) for _ in range(int(A_SECOND * seconds))]
    outcome = load(Job(stage.service.port, CONNECTIONS, seconds, carts, expected))
    assert not outcome.errors, outcome.errors
    return outcome.per_second


async def _set_limit(stage: Stage, person: Person, limit: int) -> None:
    async with connected(stage.settings) as connection:
        await connection.execute(Q.set_limit, person.person_id, limit)
