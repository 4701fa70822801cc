"""What a plan of four instalments takes: written ahead when it is opened, and kept until it is paid off, and for good.

People decide, open, capture and pay four times through the API, and what all tables hold is looked at in between, with
their indexes. The same people do it all once before: PostgreSQL writes a page ahead whole where it is the first time
after a checkpoint, and that is a matter of checkpoints.
"""

import asyncio
from datetime import timedelta
from typing import Final

from service import clock, db
from service.jobs.retention import forget, keep_of
from tests.bench.buying import Bought, accept, capture, decide, pay
from tests.bench.cast import PRICE, Q
from tests.bench.figures import Kept
from tests.bench.stage import Stage, connected

KIB: Final = 1024
PARTS: Final = 4  # instalments
APART: Final = ("decisions", "idempotency")  # the decision and the keys, which are told apart from the plan
FORGOTTEN: Final = ("idempotency", "events")  # what retention takes of a plan that was opened

A_DAY: Final = timedelta(days=1)

Sizes = dict[str, int]  # bytes by table


def measure(stage: Stage, plans: int) -> Kept:
    """So many people buy, and pay."""
    people = [stage.buyers.pop() for _ in range(plans)]
    _pay(stage, capture(stage, accept(stage, decide(stage, people))))
    before = asyncio.run(_sizes(stage))
    decided = decide(stage, people)
    ahead = asyncio.run(_written_ahead(stage))
    opened = accept(stage, decided)
    ahead = asyncio.run(_written_ahead(stage)) - ahead
    captured = capture(stage, opened)
    then = asyncio.run(_sizes(stage))
    _pay(stage, captured)
    grown = _grown(asyncio.run(_sizes(stage)), before)
    left = asyncio.run(_forget(stage))
    return Kept(
        plans,
        opened_wal=round(ahead / plans / KIB, 2),
        captured=_each(sum(of for name, of in _grown(then, before).items() if name not in APART), plans),
        paid_off=_each(sum(grown.values()), plans),
        retained=_each(sum(of for name, of in grown.items() if name not in FORGOTTEN) + left, plans),
        tables={name: _each(of, plans) for name, of in sorted(grown.items(), key=lambda one: -one[1]) if of},
    )


def _pay(stage: Stage, bought: Bought) -> None:
    for number in range(PARTS):
        pay(stage, bought, PRICE // PARTS, b'"paid_off"' if number == PARTS - 1 else b'"active"')


async def _sizes(stage: Stage) -> Sizes:
    async with connected(stage.settings) as connection:
        return {row["name"]: row["bytes"] for row in await connection.fetch(Q.sizes)}


async def _written_ahead(stage: Stage) -> int:
    async with connected(stage.settings) as connection:
        ahead: int = await connection.fetchval(Q.written_ahead)
        return ahead


async def _forget(stage: Stage) -> int:
    """Bytes that are left of what is forgotten, where all that is there has become old enough."""
    settings = stage.settings
    keep, pool = keep_of(settings), await db.open_pool(settings.owner_url, size=2)
    try:
        await forget(pool, keep, settings.audit_secret, clock.now() + keep.events + A_DAY)
        for table in FORGOTTEN:
            await pool.execute(f"vacuum full {table}")
    finally:
        await pool.close()
    sizes = await _sizes(stage)
    return sum(sizes[table] for table in FORGOTTEN)


def _grown(after: Sizes, before: Sizes) -> Sizes:
    return {name: after[name] - before.get(name, 0) for name in after}


def _each(of: int, plans: int) -> float:
    return round(of / plans / KIB, 2)
