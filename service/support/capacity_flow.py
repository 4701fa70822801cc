"""What arrangements have to pay with, in the database: reserved, converted into a payment, released, given back.

Each of these takes the arrangement's row for itself until the transaction ends, so two that want the last of it come
one after the other. None of it is on the way of a checkout. `held_for` is a loss, or a claim that is of no loss here.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import structs

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.support import capacity as rules
from service.support.arrangement import Arrangement
from service.support.capacity import ArrangementState, Capacity, Hold

Q: Final = load_queries(Path(__file__).with_name("capacity.sql"))


async def open_capacity(conn: Connection, arrangement_id: str, terms: Arrangement) -> None:
    """What an arrangement has follows its newest document. Refused: CAPACITY_EXCEEDED, where it does not go with it."""
    await require_terms(conn, arrangement_id, terms)
    await conn.execute(Q.open_capacity, arrangement_id, terms.funded, terms.reinstatable)


async def require_terms(conn: Connection, arrangement_id: str, terms: Arrangement) -> None:
    """Refused: CAPACITY_EXCEEDED, where an arrangement bears more than by these terms it has."""
    if has := await lock(conn, [arrangement_id]):
        rules.require_terms_fit(has[arrangement_id], funded=terms.funded, reinstatable=terms.reinstatable)


async def capacity_of(conn: Connection | Pool, arrangement_id: str) -> Capacity:
    """What an arrangement has. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_capacity, arrangement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/id")
    return _capacity(row)


async def lock(conn: Connection, arrangement_ids: list[str]) -> dict[str, Capacity]:
    """Takes these arrangements for itself until the transaction ends, in the order of their ids."""
    return {row["arrangement_id"]: _capacity(row) for row in await conn.fetch(Q.lock_capacities, arrangement_ids)}


async def hold_of(conn: Connection | Pool, arrangement_id: str, held_for: str) -> Hold:
    """What is held for a loss or a claim; mostly, nothing."""
    row = await conn.fetchrow(Q.load_hold, arrangement_id, held_for)
    return _hold(row) if row else Hold()


async def hold_and_decision(conn: Connection, arrangement_id: str, loss_id: str) -> tuple[Hold, int | None]:
    """What is held for a loss, and what the decision on its claim granted; null: nothing was decided."""
    row = await conn.fetchrow(Q.load_hold, arrangement_id, loss_id)
    return (_hold(row), row["decided"]) if row else (Hold(), None)


async def reserve(conn: Connection, arrangement_id: str, held_for: str, wanted: int, now: datetime) -> Hold:
    """Holds `wanted` minor units in all, or what there is left. See `capacity.reserved` for what is refused."""
    return await _change(conn, arrangement_id, held_for, now, lambda has, hold: rules.reserved(has, hold, wanted))


async def convert(conn: Connection, arrangement_id: str, held_for: str, amount: int, now: datetime) -> Hold:
    """Pays so much of what is reserved. Refused: CAPACITY_EXCEEDED, for more than is reserved."""
    return await _change(conn, arrangement_id, held_for, now, lambda _, hold: rules.converted(hold, amount))


async def release(
    conn: Connection, arrangement_id: str, held_for: str, now: datetime, amount: int | None = None
) -> Hold:
    """Gives back what is reserved, or `amount` of it. Refused: CAPACITY_EXCEEDED, for more than is reserved."""
    return await _change(conn, arrangement_id, held_for, now, lambda _, hold: rules.released(hold, amount))


async def give_back(conn: Connection, arrangement_id: str, held_for: str, amount: int, now: datetime) -> Hold:
    """Takes back so much of what was paid. Refused: CAPACITY_EXCEEDED, for more than was paid."""
    return await _change(conn, arrangement_id, held_for, now, lambda _, hold: rules.given_back(hold, amount))


async def hold_allocated(
    conn: Connection, arrangement_id: str, loss_id: str, amount: int, returned: int, now: datetime, *, at_once: bool
) -> Hold:
    """Holds what a loss was allocated; `at_once`: it is paid with that, as a merchant's part is out of settlements."""
    return await _change(
        conn, arrangement_id, loss_id, now, lambda _, hold: rules.allocated(hold, amount, returned, at_once=at_once)
    )


async def decide(conn: Connection, arrangement_id: str, loss_id: str, amount: int, now: datetime) -> None:
    """The claim of a loss was granted so much: the arrangement bears no more of it, and others the rest.

    The loss is quantified anew by whoever looks at it next.
    """
    await _locked(conn, arrangement_id)
    await conn.execute(Q.decide, arrangement_id, loss_id, amount, now)
    await conn.execute(Q.look_again, ids.bucket_of(loss_id), loss_id)


async def fund(
    conn: Connection, arrangement_id: str, funding_id: str, amount: int, reference: str, by: str, now: datetime
) -> Capacity:
    """Pays in; an amount below zero takes out again.

    Refused: NOT_FOUND; STATE_FORBIDS, where it is closed; CAPACITY_EXCEEDED, for more than is available.
    """
    has = await _locked(conn, arrangement_id)
    if has.state is ArrangementState.CLOSED:
        raise Refused(Code.STATE_FORBIDS, "The arrangement is closed.", "/id")
    if amount < 0 and -amount > max(has.available, 0):
        raise Refused(Code.CAPACITY_EXCEEDED, f"At most {max(has.available, 0)} can be taken out.", "/amount")
    await conn.execute(Q.insert_funding, funding_id, arrangement_id, amount, reference, by, now)
    return _capacity(await conn.fetchrow(Q.fund, arrangement_id, amount))


async def set_state(conn: Connection, arrangement_id: str, state: ArrangementState) -> Capacity:
    """Suspends an arrangement, opens it again, or closes it for good.

    Refused: NOT_FOUND; STATE_FORBIDS, where it is closed or so already, or where something is reserved still.
    """
    has = await _locked(conn, arrangement_id)
    if has.state in (state, ArrangementState.CLOSED):
        raise Refused(Code.STATE_FORBIDS, f"The arrangement is {has.state}.", "/id")
    if state is ArrangementState.CLOSED and has.reserved:
        sentence = f"{has.reserved} minor units are reserved for losses: they are paid or released first."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id")
    return _capacity(await conn.fetchrow(Q.set_state, arrangement_id, state))


async def _locked(conn: Connection, arrangement_id: str) -> Capacity:
    found = await lock(conn, [arrangement_id])
    if not found:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/id")
    return found[arrangement_id]


async def _change(
    conn: Connection, arrangement_id: str, held_for: str, now: datetime, change: Callable[[Capacity, Hold], Hold]
) -> Hold:
    has = await _locked(conn, arrangement_id)
    before = await hold_of(conn, arrangement_id, held_for)
    after = change(has, before)
    if after != before:
        await conn.execute(Q.save_hold, arrangement_id, held_for, *structs.astuple(after), now)
        differs = (getattr(after, name) - getattr(before, name) for name in ("reserved", "paid", "returned"))
        await conn.execute(Q.move_capacity, arrangement_id, *differs)
    return after


def _hold(row: asyncpg.Record) -> Hold:
    return Hold(row["reserved"], row["paid"], row["returned"], row["set_off"])


def _capacity(row: asyncpg.Record | None) -> Capacity:
    assert row is not None
    return Capacity(**dict(row) | {"state": ArrangementState(row["state"])})
