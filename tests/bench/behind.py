"""What a long past costs: decisions on one consumer with very many plans paid off, and on one with none, in turn.

Known: the cache remembers what is behind a consumer, and mostly a decision asks no more. Read: with no cache, each
decision reads it from the database; the first of them has what is over counted (the table `pasts`).
"""

import asyncio
from statistics import median
from typing import Final

from tests.bench.buying import accept, capture, decide, pay
from tests.bench.cast import PRICE, Person, Q
from tests.bench.figures import Behind
from tests.bench.load import Job
from tests.bench.processes import Serving
from tests.bench.stage import Stage, connected, load

CONNECTIONS: Final = 8
ROUNDS: Final = 2
A_SECOND: Final = 2_500  # decisions made ready
NOWHERE: Final = "redis://127.0.0.1:1/0"  # nobody listens there


def measure(stage: Stage, plans: int, seconds: float) -> Behind:
    """With so many plans, and with none."""
    many, none = stage.buyers.pop(), stage.buyers.pop()
    asyncio.run(_raise_limit(stage, many, PRICE * (plans + 2)))
    bought = capture(stage, accept(stage, decide(stage, [many] * plans)))
    pay(stage, bought, PRICE, b'"paid_off"')
    known = _in_turn(stage, stage.service, (many, none), seconds)
    with stage.one_more(redis_url=NOWHERE) as service:
        read = _in_turn(stage, service, (many, none), seconds)
    return Behind(plans, *known, *read)


def _in_turn(stage: Stage, service: Serving, people: tuple[Person, Person], seconds: float) -> list[float]:
    """Decisions a second on each."""
    rounds = [[_decided(stage, service, one, seconds) for one in people] for _ in range(ROUNDS + 1)]
    return [round(median(one), 1) for one in zip(*rounds[1:], strict=True)]  # the first was cold


def _decided(stage: Stage, service: Serving, person: Person, seconds: float) -> float:
    carts = [stage.cast.checkout(person) for _ in range(int(A_SECOND * seconds))]
    outcome = load(Job(service.port, CONNECTIONS, seconds, carts, b'"outcome":"approved"'))
    assert not outcome.errors, outcome.errors
    return outcome.per_second


async def _raise_limit(stage: Stage, person: Person, limit: int) -> None:
    async with connected(stage.settings) as connection:
        await connection.execute(Q.raise_limit, person.person_id, limit)
