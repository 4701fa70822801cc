"""Compensation pools: what is paid in, paid for losses and comes back, by the funders' shares; lines of alarm and stop.

A pool's own place in the books is that of each funder: what it paid in, less its share of what was paid, with its
share of what came back. What comes back to a pool that cannot pay it out again is owed to the funders.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.booking import Balances, Books
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.ledger.compensation import contributed, pool_paid_out, pool_returned
from service.ledger.store import BOOK, booked_by
from service.money import split
from service.partners.telling_flow import Teller
from service.support import capacity_flow
from service.support.arrangement import Arrangement
from service.support.bearing import receivable_of
from service.support.capacity import ArrangementState
from service.support.pool_terms import PoolTerms, has_reached, ratio_bps, returned_to, room_of, shares_of
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("pool.sql"))


class Movement(StrEnum):
    """What moved of a pool's money. The check `pool_movements_kind_is_known` says the same."""

    CONTRIBUTION = "contribution"  # a funder paid in
    COMPENSATION = "compensation"  # for a loss
    RETURN = "return"  # came back of it
    PAID_OUT = "paid_out"  # of that: it cannot be paid out for losses again, and is owed to the funders


class Standing(Struct, frozen=True):
    """How far a pool has gone. Amounts are minor units."""

    available: int
    net_paid: int  # what it paid, less what came back
    disbursed: int  # all principal that was ever covered
    outstanding: int  # that is owed of it
    matured: int  # of plans that have ended
    ratio_bps: int  # of what it paid to what its terms name, rounded down
    room: int | None  # how much more principal it may cover; null: its terms name no leverage
    state: ArrangementState


class About(Struct, frozen=True):
    """What a movement is for, as the ledger names it."""

    cause_id: str
    currency: str
    plan_id: str | None
    merchant_id: str | None
    on: date


async def know_funders(conn: Connection, arrangement_id: str, terms: PoolTerms, now: datetime) -> None:
    """Each funder of a pool has a place of its own."""
    at_ms, parties = int(now.timestamp() * 1000), [one.party_id for one in terms.funders]
    made = [ids.new_id(ids.POOL_FUNDER, ids.bucket_of(arrangement_id), at_ms) for _ in parties]
    await conn.execute(Q.know_funders, arrangement_id, made, parties)


async def places_of(conn: Connection | Pool, arrangement_id: str, terms: PoolTerms) -> list[str]:
    """The funders' ids, in the order of the terms."""
    rows = await conn.fetch(Q.list_funders, arrangement_id)
    known = {row["party_id"]: row["funder_id"] for row in rows}
    return [known[one.party_id] for one in terms.funders]


async def contribute(
    conn: Connection, arrangement_id: str, document: Arrangement, party_id: str, amount: int, reference: str, by: str,
    on: date, now: datetime,
) -> None:  # fmt: skip
    """A funder pays in. Refused: NOT_FOUND, for who funds it not; STATE_FORBIDS, where it is closed."""
    terms = _terms(document)
    number = next((place for place, one in enumerate(terms.funders) if one.party_id == party_id), None)
    if number is None:
        raise Refused(Code.NOT_FOUND, f"{party_id!r} is no funder of it.", "/party_id")
    funding_id = ids.new_id(ids.SUPPORT_FUNDING, ids.bucket_of(arrangement_id), int(now.timestamp() * 1000))
    await capacity_flow.fund(conn, arrangement_id, funding_id, amount, reference, by, now)
    funder_id = (await places_of(conn, arrangement_id, terms))[number]
    about = About(funding_id, document.currency, None, None, on)
    paid_in = contributed(Place(LedgerAccount.POOL_FUNDS, funder_id), amount)
    await _book(conn, about, {Occasion.CONTRIBUTION: paid_in}, now)
    await _note(conn, arrangement_id, about, Movement.CONTRIBUTION, None, {funder_id: amount}, now)


async def paid_by(
    conn: Connection, arrangement_id: str, document: Arrangement, loss_id: str, amount: int, about: About, now: datetime
) -> Balances:
    """The places that pay a part of a loss, or get it back, by the funders' shares; the movements are written down."""
    parts = await _paid_parts(conn, arrangement_id, _terms(document), loss_id, amount)
    await _note(conn, arrangement_id, about, Movement.COMPENSATION, loss_id, parts, now)
    return {Place(LedgerAccount.POOL_FUNDS, funder_id): part for funder_id, part in parts.items()}


async def _paid_parts(
    conn: Connection, arrangement_id: str, terms: PoolTerms, loss_id: str, amount: int
) -> dict[str, int]:
    """By the shares of today; what is taken back, by those it was paid by."""
    if amount >= 0:
        funders = await places_of(conn, arrangement_id, terms)
        return dict(zip(funders, shares_of(terms, amount), strict=True))
    rows = await conn.fetch(Q.shares_of_loss, arrangement_id, loss_id)
    parts = split(-amount, [row["paid"] for row in rows])
    return {row["funder_id"]: -part for row, part in zip(rows, parts, strict=True)}


async def bring_up(
    conn: Connection, arrangement_id: str, document: Arrangement, bearer_id: str, loss_id: str, on: date, now: datetime
) -> None:
    """Moves what came back of a loss since, and what was paid with it: until what was moved is what is held."""
    await capacity_flow.lock(conn, [arrangement_id])
    hold = await capacity_flow.hold_of(conn, arrangement_id, loss_id)
    paid, returned = await conn.fetchrow(Q.moved_of_loss, arrangement_id, loss_id) or (0, 0)
    about_loss = await conn.fetchrow(Q.about_loss, ids.bucket_of(loss_id), loss_id)
    assert about_loss is not None
    cause_id = ids.new_id(ids.POOL_STEP, ids.bucket_of(loss_id), int(now.timestamp() * 1000))
    about = About(cause_id, about_loss["currency"], about_loss["plan_id"], about_loss["merchant_id"], on)
    owes = receivable_of(document.kind, bearer_id)
    books: Books = {}
    if more := hold.paid - paid:
        places = await paid_by(conn, arrangement_id, document, loss_id, more, about, now)
        books[Occasion.COMPENSATION] = places | {owes: -more}
    if back := hold.returned - returned:
        books |= await _returned(conn, arrangement_id, document, loss_id, back, owes, about, now)
    await _book(conn, about, books, now)
    await watch(conn, arrangement_id, document, now)


async def _returned(
    conn: Connection, arrangement_id: str, document: Arrangement, loss_id: str, back: int, owes: Place, about: About,
    now: datetime,
) -> Books:  # fmt: skip
    """What books that so much came back, to the funders by what they paid for it; the movements are written down."""
    rows = await conn.fetch(Q.shares_of_loss, arrangement_id, loss_id)
    paid, returned = [row["paid"] for row in rows], [row["returned"] for row in rows]
    parts = {row["funder_id"]: part for row, part in zip(rows, returned_to(paid, returned, back), strict=True)}
    await _note(conn, arrangement_id, about, Movement.RETURN, loss_id, parts, now)
    books: Books = {Occasion.POOL_RETURN: pool_returned(owes, parts)}
    if not document.reinstatable:
        await _note(conn, arrangement_id, about, Movement.PAID_OUT, loss_id, parts, now)
        books[Occasion.POOL_PAID_OUT] = pool_paid_out(parts)
    return books


async def standing_of(conn: Connection | Pool, arrangement_id: str, document: Arrangement) -> Standing:
    """How far a pool has gone."""
    terms = _terms(document)
    has = await capacity_flow.capacity_of(conn, arrangement_id)
    row = await conn.fetchrow(Q.covered, arrangement_id)
    assert row is not None
    net = has.paid - has.returned
    of = row[terms.ratio_of]
    room = room_of(terms, has.available, row["outstanding"])
    return Standing(
        has.available, net, row["disbursed"], row["outstanding"], row["matured"], ratio_bps(net, of), room, has.state
    )  # fmt: skip


async def watch(conn: Connection, arrangement_id: str, document: Arrangement, now: datetime) -> Standing:
    """Looks whether a pool is at its lines: its funders hear of each once, and from the line of stopping on no plan is
    enrolled any more. Every process knows within a second."""
    terms, standing = _terms(document), await standing_of(conn, arrangement_id, document)
    of = getattr(standing, terms.ratio_of)
    row = await conn.fetchrow(Q.load_watch, arrangement_id)
    alarmed_at, stopped_at = (row["alarmed_at"], row["stopped_at"]) if row else (None, None)
    alarm, stop = (has_reached(line, standing.net_paid, of) for line in (terms.alarm_bps, terms.stop_bps))
    if alarm and alarmed_at is None:
        await tell_funders(conn, arrangement_id, document, "alarm", standing.ratio_bps, Teller.DAY, now)
    if stop and stopped_at is None:
        if standing.state is ArrangementState.OPEN:
            await capacity_flow.set_state(conn, arrangement_id, ArrangementState.SUSPENDED)
        await tell_funders(conn, arrangement_id, document, "suspended", standing.ratio_bps, Teller.DAY, now)
    repaid = standing.disbursed - standing.outstanding
    alarmed_at, stopped_at = (alarmed_at or now) if alarm else None, (stopped_at or now) if stop else None
    await conn.execute(Q.save_watch, arrangement_id, alarmed_at, stopped_at, repaid, now)
    return standing


async def require_room(conn: Connection, arrangement_id: str, document: Arrangement, wanted: int) -> None:
    """Refused: LEVERAGE_EXCEEDED, with what may be covered, where a pool may not cover so much more."""
    if document.pool is None or not document.pool.leverage:
        return
    await capacity_flow.lock(conn, [arrangement_id])
    room = (await standing_of(conn, arrangement_id, document)).room
    if room is not None and wanted > room:
        sentence = f"The pool covers {room} minor units more, at {document.pool.leverage} times what is available."
        raise Refused(Code.LEVERAGE_EXCEEDED, sentence, "/plans")


async def beyond(conn: Connection, arrangement_id: str, document: Arrangement) -> int:
    """How much more a pool covers than its leverage allows, in minor units; 0: nothing, or it has none."""
    if document.pool is None or not document.pool.leverage:
        return 0
    await capacity_flow.lock(conn, [arrangement_id])
    standing = await standing_of(conn, arrangement_id, document)
    return max(standing.outstanding - document.pool.leverage * standing.available, 0)


async def tell_funders(
    conn: Connection, arrangement_id: str, document: Arrangement, state: str, ratio: int | None, by: Teller,
    now: datetime,
) -> None:  # fmt: skip
    """Tells who bears losses by an arrangement, and who funds it, how it stands."""
    data = {"arrangement_id": arrangement_id, "state": state, "ratio_bps": ratio}
    told = {one.party_id for one in document.pool.funders} if document.pool else set()
    if document.provider_id is not None:
        told.add(document.provider_id)
    for party_id in sorted(told):
        await tell_party(conn, party_id, EventType.ARRANGEMENT_CHANGED, by, data, now)


async def keep_all(pool: Pool, now: datetime) -> int:
    """Brings every pool up to what is held for its losses, and looks at its lines; how many there are."""
    pools = [
        (row["arrangement_id"], msgspec.json.decode(row["document"], type=Arrangement))
        for row in await pool.fetch(Q.pools)
    ]
    for arrangement_id, document in pools:
        if document.pool is None or document.provider_id is None:
            continue
        for row in await pool.fetch(Q.behind, [arrangement_id]):
            async with pool.acquire() as conn, conn.transaction():
                await bring_up(conn, arrangement_id, document, document.provider_id, row["loss_id"], now.date(), now)
        async with pool.acquire() as conn, conn.transaction():
            await watch(conn, arrangement_id, document, now)
    return len(pools)


async def bring_up_of(conn: Connection, party_id: str, on: date, now: datetime) -> None:
    """The same of the pools that a party looks after, in the caller's transaction."""
    for row in await conn.fetch(Q.pools):
        document = msgspec.json.decode(row["document"], type=Arrangement)
        if document.provider_id == party_id and document.pool is not None:
            for behind in await conn.fetch(Q.behind, [row["arrangement_id"]]):
                await bring_up(conn, row["arrangement_id"], document, party_id, behind["loss_id"], on, now)


def _terms(document: Arrangement) -> PoolTerms:
    if document.pool is None:
        raise Refused(Code.STATE_FORBIDS, "It has no funders: by its terms it is no pool.", "/id")
    return document.pool


async def _book(conn: Connection, about: About, books: Books, now: datetime) -> None:
    booked = booked_by(about.cause_id, books, about.currency, about.merchant_id, about.on, now, plan_id=about.plan_id)
    await BOOK.execute(conn, booked=booked)


async def _note(
    conn: Connection, arrangement_id: str, about: About, kind: Movement, loss_id: str | None, parts: dict[str, int],
    now: datetime,
) -> None:  # fmt: skip
    given: list[Any] = [list(parts), list(parts.values())]
    await conn.execute(Q.insert_movements, arrangement_id, about.cause_id, kind, loss_id, about.on, now, *given)
