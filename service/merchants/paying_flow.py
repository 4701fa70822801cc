"""Payouts in the database: made with their settlements, ordered from our bank, paid or returned; and looked up.

A payout is locked while a step is made of it, so that two who order at once never order it twice.
"""

import asyncio
import hashlib
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL, told_to_operators
from service.errors import Code, Refused
from service.ledger.store import BOOK, booked_by
from service.merchants.payment_order import OrderedPayout, payment_order
from service.merchants.payout import (
    TYPES,
    Payout,
    PayoutState,
    Step,
    WordOf,
    books_of,
    data_of,
    end_to_end_id,
    stepped,
)
from service.merchants.settlement import Settlement
from service.merchants.settlement_terms import BankAccount, SettlementTerms
from service.merchants.telling import told_of_money
from service.money import EXPONENTS
from service.statement import Int, Statement, together

Q: Final = load_queries(Path(__file__).with_name("paying.sql"))

PAYOUTS_MAX: Final = 10_000  # of one order; what is left is in the next


class MadePayout(Struct, frozen=True):
    """A row of `payouts`, when it is made."""

    payout_id: str
    settlement_id: str
    merchant_id: str
    currency: str
    amount: int
    pays_on: date
    made_at: datetime


class MadeStep(Struct, frozen=True):
    """A row of `payout_steps`, and where the payout is then."""

    payout_id: str
    state: PayoutState
    tries: Int
    step_id: str
    step: Step
    order_id: str | None
    reference: str | None
    told_by: str | None
    told_at: datetime
    word_of: WordOf | None = None


class PaymentOrder(Struct, frozen=True):
    """What our bank was sent: a pain.001.001.09 of ISO 20022."""

    order_id: str = msgspec.field(name="id")
    currency: str
    payouts: int  # how many it has
    amount: int  # minor units: their sum, which is the control sum of the message
    sha256: str  # of the message
    made_at: datetime


_MAKE: Final = Statement(Q.insert_payouts, payouts=MadePayout)
_KEEP: Final = together(Statement(Q.keep_steps, s=MadeStep), events_told=TELL)


class Told(Struct, frozen=True):
    """Who tells of a step, when; and what the bank says."""

    at: datetime
    by: str | None  # the key; None: a test merchant's day
    order_id: str | None = None
    reference: str | None = None
    word_of: WordOf | None = None  # of a step that is not our own


async def make_payout(conn: Connection, one: Settlement, merchant_id: str) -> None:
    """The payout of a settlement, if it pays anything."""
    if one.pays_on is not None:
        payout_id = ids.derive(ids.PAYOUT, one.settlement_id)
        made = MadePayout(payout_id, one.settlement_id, merchant_id, one.currency, one.payout, one.pays_on, one.made_at)
        await _MAKE.execute(conn, payouts=[made])


async def order_due(
    conn: Connection, currency: str, payer: BankAccount, until: date, by: str | None, now: datetime
) -> PaymentOrder:
    """Orders from our bank what is due up to a day. Refused: STATE_FORBIDS, when nothing is."""
    rows = await conn.fetch(Q.lock_due, currency, until, PAYOUTS_MAX)
    found = [(_payout(row), msgspec.json.decode(row["terms"], type=SettlementTerms).accounts) for row in rows]
    payable = [(payout, accounts[currency]) for payout, accounts in found if currency in accounts]
    if not payable:
        raise Refused(Code.STATE_FORBIDS, f"No payout in {currency} is due up to {until}.", "/until")
    ordered = [
        OrderedPayout(
            end_to_end_id(one.payout_id, one.tries + 1), f"Settlement {one.settlement_id}", one.amount, one.pays_on,
            account,
        )
        for one, account in payable
    ]  # fmt: skip
    made = await make_order(conn, currency, payer, ordered, now)
    await _step(conn, [payout for payout, _ in payable], Step.ORDERED, Told(now, by, made.order_id))
    return made


async def make_order(
    conn: Connection, currency: str, payer: BankAccount, ordered: list[OrderedPayout], now: datetime
) -> PaymentOrder:
    """The message for our bank, kept as it is sent."""
    order_id = ids.new_id(ids.PAYMENT_ORDER, 0, int(now.timestamp() * 1000))
    content = await asyncio.to_thread(payment_order, order_id, payer, ordered, now, currency)
    amount, digest = sum(one.amount for one in ordered), hashlib.sha256(content)
    await conn.execute(
        Q.insert_order, order_id, currency, msgspec.json.encode(payer).decode(), len(ordered), amount, digest.digest(),
        content, now,
    )  # fmt: skip
    return PaymentOrder(order_id, currency, len(ordered), amount, digest.hexdigest(), now)


async def tell(conn: Connection, payout_id: str, step: Step, told: Told) -> Payout:
    """What the bank says of a payout; where it is then. Refused: NOT_FOUND, STATE_FORBIDS."""
    await _step(conn, [await payout_of(conn, payout_id)], step, told)
    return await payout_of(conn, payout_id)


async def named_by_bank(conn: Connection, payout_ids: Collection[str], order_ids: Collection[str]) -> list[Payout]:
    """These payouts, and those of these orders that are on their way; locked."""
    return [_payout(row) for row in await conn.fetch(Q.lock_named, list(payout_ids), list(order_ids))]


async def ordered_at(conn: Connection, order_id: str) -> datetime | None:
    """When an order was made; None: there is none."""
    at: datetime | None = await conn.fetchval(Q.ordered_at, order_id)
    return at


async def shown_by_bank(conn: Connection, payouts: list[Payout], step: Step, told: Told) -> None:
    """The bank's statement shows a step of each. Refused: STATE_FORBIDS."""
    await _step(conn, payouts, step, told)


async def confirm(conn: Connection, payouts: Collection[Payout]) -> None:
    """The bank's statement shows what an operator has said."""
    await conn.execute(Q.confirm, [one.payout_id for one in payouts])


async def payout_of(conn: Connection, payout_id: str) -> Payout:
    """One, locked. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.lock_payout, payout_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no payout {payout_id[:100]!r}.", "/id")
    return _payout(row)


async def pay_tests(conn: Connection, merchant_id: str, until: date, now: datetime) -> None:
    """A test merchant's payouts are ordered and paid when their day has come: nobody's bank hears of them."""
    for step in (Step.ORDERED, Step.PAID):
        state = PayoutState.DUE if step is Step.ORDERED else PayoutState.ORDERED
        due = [_payout(row) for row in await conn.fetch(Q.lock_in_tests, merchant_id, until, state)]
        await _step(conn, due, step, Told(now, None))


async def _step(conn: Connection, payouts: list[Payout], step: Step, told: Told) -> None:
    kept, booked, events = [], [], []
    for one in payouts:
        state, tries = stepped(one.state, one.tries, step, told.word_of)
        step_id = ids.new_id(ids.PAYOUT_STEP, ids.bucket_of(one.payout_id), int(told.at.timestamp() * 1000))
        kept.append(
            MadeStep(
                one.payout_id, state, tries, step_id, step, told.order_id, told.reference, told.by, told.at,
                told.word_of,
            )
        )  # fmt: skip
        books = books_of(one, step)
        booked += booked_by(step_id, books, one.currency, one.merchant_id, told.at.date(), told.at)
        actor = ActorKind.DAY if told.by is None else ActorKind.OPERATOR
        data = data_of(one, step, told.reference, told.word_of)
        events.append(told_of_money(TYPES[step], step_id, one.merchant_id, actor, data, told.at))
        if step is Step.RETURNED:
            events.append(told_to_operators(TYPES[step], actor, data, told.at))
    if kept:
        await _KEEP.execute(conn, s=kept, told=events)
    if booked:
        await BOOK.execute(conn, booked=booked)


# Looking up: oldest first, the next page starts `after` the last id of this one ---------------------------------------


async def payouts(
    pool: Pool, merchant_ids: list[str], after: str, limit: int, in_state: PayoutState | None
) -> list[Payout]:
    """Those of some merchants."""
    return [_payout(row) for row in await pool.fetch(Q.list_payouts, merchant_ids, after, limit, in_state)]


async def all_payouts(pool: Pool, after: str, limit: int, in_state: PayoutState | None) -> list[Payout]:
    """Everybody's."""
    return [_payout(row) for row in await pool.fetch(Q.list_all_payouts, after, limit, in_state)]


async def orders(pool: Pool, after: str, limit: int) -> list[PaymentOrder]:
    """All payment orders."""
    return [
        PaymentOrder(order_id, currency, many, amount, sha256.hex(), made_at)
        for order_id, currency, many, amount, sha256, made_at in await pool.fetch(Q.list_orders, after, limit)
    ]


async def order_content(pool: Pool, order_id: str) -> bytes:
    """The message of one. Refused: NOT_FOUND."""
    content: bytes | None = await pool.fetchval(Q.order_content, order_id)
    if content is None:
        raise Refused(Code.NOT_FOUND, f"There is no payment order {order_id[:100]!r}.", "/id")
    return content


def require_orderable(currency: str) -> None:
    """Refused: INVALID_FIELD, a currency that there is not."""
    if currency not in EXPONENTS:
        sentence = f"There is no currency {currency} here."
        raise Refused(Code.INVALID_FIELD, sentence, "/currency")


def _payout(row: asyncpg.Record) -> Payout:
    named = {name: row[name] for name in Payout.__struct_fields__}
    word_of = row["word_of"] and WordOf(row["word_of"])
    return Payout(**named | {"state": PayoutState(row["state"]), "word_of": word_of})
