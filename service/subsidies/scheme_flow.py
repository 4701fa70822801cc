"""Schemes and vouchers in the database. All that is granted under a scheme is granted one after the other."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.booking import voucher as voucher_books
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, booked_by
from service.merchants.telling import told_of_money
from service.subsidies.claim import ClaimLine, Granted, claim_lines
from service.subsidies.granted import Voucher, VoucherState, refund, require_state
from service.subsidies.scheme import SchemeDocument, covers
from service.subsidies.voucher import Back, times_of, worth

Q: Final = load_queries(Path(__file__).with_name("schemes.sql"))


class Scheme(Struct, frozen=True):
    """A scheme as it is now."""

    scheme_id: str = msgspec.field(name="id")
    version: int  # 1, 2, 3 ...
    document: SchemeDocument  # what it is
    granted: int  # minor units of its budget that vouchers and plans hold


class Order(Struct, frozen=True):
    """For what a voucher is wanted."""

    merchant_id: str
    person_id: str
    consumer_id: str
    type: str
    grade: str
    price: int
    reference: str


async def agree(conn: Connection, scheme_id: str, document: SchemeDocument, now: datetime) -> int:
    """Writes down a scheme's next version; which it is."""
    text = msgspec.json.encode(document).decode()
    version: int = await conn.fetchval(Q.insert_scheme, scheme_id, text, now)
    return version


def no_scheme(scheme_id: str) -> Refused:
    """There is none of this id."""
    return Refused(Code.NOT_FOUND, f"There is no scheme {scheme_id[:100]!r}.", "/id")


async def document_now(conn: Connection, scheme_id: str) -> SchemeDocument:
    """What a scheme is now; nobody grants of it meanwhile. Refused: NOT_FOUND."""
    if await conn.fetchval(Q.lock_scheme, scheme_id) is None:
        raise no_scheme(scheme_id)
    row = await conn.fetchrow(Q.load_scheme, scheme_id)
    assert row is not None
    return msgspec.json.decode(row["document"], type=SchemeDocument)


async def reserve(conn: Connection, scheme_id: str, order: Order, on: date, now: datetime) -> Voucher:
    """A voucher of a scheme for an order. Refused: NOT_FOUND, INVALID_FIELD (not covered), STATE_FORBIDS (the person
    has had theirs, the budget is used up), REFERENCE_USED.
    """
    granted = await conn.fetchval(Q.lock_scheme, scheme_id)
    if granted is None:
        raise Refused(Code.NOT_FOUND, f"There is no scheme {scheme_id[:100]!r}.", "/scheme_id")
    version, text = await conn.fetchrow(Q.load_scheme, scheme_id) or (0, "")
    document = msgspec.json.decode(text, type=SchemeDocument)
    part = document.voucher
    if part is None or not covers(document, order.type, on):
        raise Refused(Code.INVALID_FIELD, f"The scheme has no voucher for {order.type[:50]!r} on {on}.", "/type")
    amount = worth(part, order.price, order.grade)
    if not amount:
        raise Refused(Code.INVALID_FIELD, "A voucher for this price is worth nothing.", "/price")
    if await conn.fetchval(Q.held_by_person, scheme_id, order.person_id, order.type) >= times_of(part, order.type):
        raise Refused(Code.STATE_FORBIDS, f"This person has had all vouchers for {order.type!r} there are for one.")
    if document.budget and granted + amount > document.budget:
        raise Refused(Code.STATE_FORBIDS, f"The scheme has {document.budget - granted} minor units left.")
    made = Voucher(
        ids.new_id(ids.VOUCHER, ids.bucket_of(order.consumer_id), int(now.timestamp() * 1000)), scheme_id, version,
        order.merchant_id, order.consumer_id, order.type, order.grade, order.price, amount, document.currency,
        order.reference, VoucherState.RESERVED, 0, 0, now,
    )  # fmt: skip
    if not await conn.fetchval(
        Q.insert_voucher, made.voucher_id, scheme_id, version, order.merchant_id, order.person_id, order.consumer_id,
        order.type, order.grade, order.price, amount, document.currency, order.reference, now,
    ):  # fmt: skip
        raise Refused(Code.REFERENCE_USED, f"The order {order.reference!r} has had a voucher.", "/reference")
    await conn.execute(Q.move_granted, scheme_id, amount)
    return made


async def redeem(conn: Connection, merchant_id: str, voucher_id: str, on: date, now: datetime) -> Voucher:
    """The order was paid with it: the scheme owes it, and we owe it to the merchant.

    Refused: NOT_FOUND, STATE_FORBIDS.
    """
    voucher = await _lock(conn, merchant_id, voucher_id)
    require_state(voucher, VoucherState.RESERVED)
    await _step(conn, voucher, voucher.amount, 0, on, now)
    return await _keep(conn, voucher, VoucherState.REDEEMED, 0, 0)


async def release(conn: Connection, merchant_id: str, voucher_id: str) -> Voucher:
    """The order did not come about: the voucher is the scheme's again. Refused: NOT_FOUND, STATE_FORBIDS."""
    voucher = await _lock(conn, merchant_id, voucher_id)
    require_state(voucher, VoucherState.RESERVED)
    await conn.execute(Q.move_granted, voucher.scheme_id, -voucher.amount)
    return await _keep(conn, voucher, VoucherState.RELEASED, 0, 0)


async def give_back(
    conn: Connection, merchant_id: str, voucher_id: str, amount: int, on: date, now: datetime
) -> tuple[Voucher, Back]:
    """So much of the price comes back; who gets what. Once all did, the person may have another voucher.

    Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_OUTSTANDING.
    """
    voucher = await _lock(conn, merchant_id, voucher_id)
    told = refund(voucher, amount)
    if told.to_scheme:
        await conn.execute(Q.move_granted, voucher.scheme_id, -told.to_scheme)
        await _step(conn, voucher, -told.to_scheme, voucher.amount - voucher.returned, on, now)
    refunded = voucher.refunded + amount
    state = VoucherState.RELEASED if refunded == voucher.price else VoucherState.REDEEMED
    return await _keep(conn, voucher, state, refunded, voucher.returned + told.to_scheme), told


async def schemes(pool: Pool, after: str, limit: int) -> list[Scheme]:
    """All, the oldest first."""
    return [
        Scheme(scheme_id, version, msgspec.json.decode(document, type=SchemeDocument), granted)
        for scheme_id, version, document, granted in await pool.fetch(Q.list_schemes, after, limit)
    ]


async def vouchers(pool: Pool, merchant_id: str, after: str, limit: int) -> list[Voucher]:
    """A merchant's, the oldest first."""
    return [_voucher(row) for row in await pool.fetch(Q.list_vouchers, merchant_id, after, limit)]


async def claimed_in(
    pool: Pool, scheme_id: str, begin_on: date, end_on: date, paid: Sequence[tuple[int, Granted]]
) -> tuple[SchemeDocument, list[ClaimLine]]:
    """A scheme, and what each of its funders bears of what it granted in a period, or got back. Refused: NOT_FOUND.

    Besides its vouchers that is what it `paid` for plans, each with a version. Each is borne by the funders of the
    version that it was granted under.
    """
    row = await pool.fetchrow(Q.load_scheme, scheme_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no scheme {scheme_id[:100]!r}.", "/id")
    documents = {row["version"]: msgspec.json.decode(row["document"], type=SchemeDocument)}
    lines: list[ClaimLine] = []
    steps = await pool.fetch(Q.steps_of, scheme_id, begin_on, end_on)
    of_vouchers = [
        (version, Granted(voucher_id, "voucher", price, 0, 0, amount, before))
        for voucher_id, version, amount, before, price in steps
    ]
    for version, granted in (*of_vouchers, *paid):
        if version not in documents:
            text = await pool.fetchval(Q.load_version, scheme_id, version)
            documents[version] = msgspec.json.decode(text, type=SchemeDocument)
        lines += claim_lines(documents[version].funders, [granted])
    return documents[row["version"]], lines


async def _lock(conn: Connection, merchant_id: str, voucher_id: str) -> Voucher:
    """A merchant's voucher, held until the end of the transaction. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.lock_voucher, voucher_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no voucher {voucher_id[:100]!r}.", "/id")
    return _voucher(row)


async def _keep(conn: Connection, voucher: Voucher, state: VoucherState, refunded: int, returned: int) -> Voucher:
    await conn.execute(Q.keep_voucher, voucher.voucher_id, state, refunded, returned)
    return msgspec.structs.replace(voucher, state=state, refunded=refunded, returned=returned)


async def _step(conn: Connection, voucher: Voucher, amount: int, before: int, on: date, now: datetime) -> None:
    step_id = ids.new_id(ids.VOUCHER_STEP, ids.bucket_of(voucher.voucher_id), int(now.timestamp() * 1000))
    await conn.execute(Q.insert_step, step_id, voucher.voucher_id, voucher.scheme_id, amount, before, on, now)
    books = {Occasion.VOUCHER: voucher_books(voucher.scheme_id, voucher.merchant_id, amount)}
    await BOOK.execute(conn, booked=booked_by(step_id, books, voucher.currency, voucher.merchant_id, on, now))
    data = {
        "voucher_id": voucher.voucher_id, "scheme_id": voucher.scheme_id, "reference": voucher.reference,
        "amount": abs(amount), "currency": voucher.currency,
    }  # fmt: skip
    type_ = EventType.VOUCHER_REDEEMED if amount > 0 else EventType.VOUCHER_RETURNED
    event = told_of_money(type_, step_id, voucher.merchant_id, ActorKind.MERCHANT, data, now)
    await TELL.execute(conn, told=[event])


def _voucher(row: asyncpg.Record) -> Voucher:
    named = {name: row[name] for name in Voucher.__struct_fields__}
    return Voucher(**named | {"state": VoucherState(row["state"])})
