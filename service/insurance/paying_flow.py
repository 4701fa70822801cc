"""Payments of settlements with insurers and others that bear losses: ordered from our bank, paid or returned.

A settlement is locked while a step is made of it, so that two who order at once never order it twice. What the party
owes us it pays with the settlement's end-to-end id, by which the bank's statement tells it.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.insurance.settlement import InsurerSettlement, books_of, data_of, end_to_end_id, moved
from service.ledger.store import BOOK, booked_by
from service.merchants.paying_flow import PAYOUTS_MAX, PaymentOrder, Told, make_order
from service.merchants.payment_order import OrderedPayout
from service.merchants.payout import PayoutState, Step, WordOf
from service.merchants.settlement_terms import BankAccount
from service.partners.telling_flow import Teller
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("settling.sql"))


async def order_due(
    conn: Connection, currency: str, payer: BankAccount, until: date, by: str, now: datetime
) -> PaymentOrder:
    """Orders from our bank what we are to pay up to a day. Refused: STATE_FORBIDS, when nothing is."""
    rows = await conn.fetch(Q.lock_due, currency, until, PAYOUTS_MAX)
    if not rows:
        sentence = f"No settlement in {currency} is ours to pay up to {until} to parties whose account is known."
        raise Refused(Code.STATE_FORBIDS, sentence, "/until")
    due = [settlement_of(row) for row in rows]
    accounts = [msgspec.json.decode(row["account"], type=BankAccount) for row in rows]
    ordered = [
        OrderedPayout(one.end_to_end_id, f"Settlement {one.settlement_id}", one.net, one.pays_on, account)
        for one, account in zip(due, accounts, strict=True)
    ]
    made = await make_order(conn, currency, payer, ordered, now)
    for one in due:
        await _step(conn, one, Step.ORDERED, Told(now, by, made.order_id), None)
    return made


async def tell(
    conn: Connection, settlement_id: str, step: Step, told: Told, paid_on: date | None = None
) -> InsurerSettlement:  # fmt: skip
    """What somebody says of a payment; where it is then. Refused: NOT_FOUND; STATE_FORBIDS; INVALID_FIELD, for a day
    before the month's end, or to come."""
    one = await load(conn, settlement_id)
    if paid_on is not None and not one.until_on < paid_on <= told.at.date():
        sentence = f"It is paid after {one.until_on}, and today is {told.at.date()}."
        raise Refused(Code.INVALID_FIELD, sentence, "/paid_on")
    await _step(conn, one, step, told, paid_on)
    return await load(conn, settlement_id)


async def load(conn: Connection, settlement_id: str) -> InsurerSettlement:
    """One, locked. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_settlement, settlement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no settlement {settlement_id[:100]!r}.", "/id")
    return settlement_of(row)


async def named_by_bank(
    conn: Connection, currency: str, payments: Collection[str], orders: Collection[str]
) -> list[InsurerSettlement]:
    """Those with these end-to-end ids, and those of these orders that are on their way; locked."""
    known = [f"{ids.INSURER_SETTLEMENT}_{name[:26]}" for name in payments]
    rows = await conn.fetch(Q.lock_named, currency, known, list(orders))
    return [settlement_of(row) for row in rows]


async def shown_by_bank(conn: Connection, settlements: Sequence[InsurerSettlement], step: Step, told: Told) -> None:
    """The bank's statement shows a step of each. Refused: STATE_FORBIDS."""
    for one in settlements:
        await _step(conn, one, step, told, None)


async def confirm(conn: Connection, settlements: Sequence[InsurerSettlement]) -> None:
    """The bank's statement shows what an operator has said."""
    await conn.execute(Q.confirm, [one.settlement_id for one in settlements])


async def _step(
    conn: Connection, one: InsurerSettlement, step: Step, told: Told, paid_on: date | None
) -> None:  # fmt: skip
    state, tries = moved(one, step, told.word_of)
    step_id = ids.new_id(ids.PAYOUT_STEP, ids.bucket_of(one.settlement_id), int(told.at.timestamp() * 1000))
    on = (paid_on or told.at.date()) if state is PayoutState.PAID else None
    await conn.execute(
        Q.keep_step, one.settlement_id, state, tries, step_id, step, told.order_id, told.reference, told.word_of,
        told.by, told.at, on,
    )  # fmt: skip
    booked = booked_by(step_id, books_of(one, step), one.currency, None, told.at.date(), told.at)
    await BOOK.execute(conn, booked=booked)
    data = data_of(one, step)
    await tell_party(conn, one.insurer_id, EventType.INSURER_SETTLED, Teller.OPERATOR, data, told.at)


def settlement_of(row: asyncpg.Record) -> InsurerSettlement:
    """A settlement by its row."""
    given = {name: row[name] for name in InsurerSettlement.__struct_fields__ if name != "end_to_end_id"}
    word_of = row["word_of"] and WordOf(row["word_of"])
    named = end_to_end_id(row["settlement_id"], row["until_on"])
    return InsurerSettlement(
        **given | {"state": PayoutState(row["state"]), "word_of": word_of}, end_to_end_id=named
    )  # fmt: skip
