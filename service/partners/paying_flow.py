"""Payouts to partners in the database: made with the file STL that owes them, ordered, paid or returned; and looked up.

A payout is locked while a step is made of it, so that two who order at once never order it twice.
"""

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.ledger.store import BOOK, booked_by
from service.merchants.paying_flow import PAYOUTS_MAX, MadeStep, PaymentOrder, Told, make_order
from service.merchants.payment_order import OrderedPayout
from service.merchants.payout import PayoutState, Step, WordOf, stepped
from service.merchants.settlement_terms import BankAccount
from service.partners.events_store import tell_partner
from service.partners.payout import TYPES, PartnerPayout, books_of, data_of, obstacle_of
from service.partners.telling_flow import Teller, told_to_partner
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("paying.sql"))


_KEEP: Final = Statement(Q.keep_steps, s=MadeStep)


async def make_payouts(conn: Connection, file_id: str, pays_on: date, now: datetime) -> None:
    """The payouts of a file STL: what each of its payments owes the partner, if it owes anything."""
    for index, leg in enumerate(await conn.fetch(Q.payouts_of_legs, file_id)):
        payout_id = ids.derive(ids.PARTNER_PAYOUT, file_id, index)
        await conn.execute(
            Q.insert_payout, payout_id, file_id, leg["end_to_end_id"], leg["settlement_id"], leg["currency"],
            leg["amount"], pays_on, now,
        )  # fmt: skip


async def order_due(
    conn: Connection, currency: str, payer: BankAccount, until: date, by: str | None, now: datetime
) -> PaymentOrder:
    """Orders from our bank what is due up to a day. Refused: STATE_FORBIDS, when nothing is."""
    rows = await conn.fetch(Q.lock_due, currency, until, PAYOUTS_MAX, payer.iban)
    if not rows:
        sentence = f"No payout in {currency} is due up to {until} from this account to partners whose account is known."
        raise Refused(Code.STATE_FORBIDS, sentence, "/until")
    ordered = [
        OrderedPayout(
            row["end_to_end_id"], f"Settlement {row['settlement_id']}", row["amount"], row["pays_on"],
            msgspec.json.decode(row["account"], type=BankAccount),
        )
        for row in rows
    ]  # fmt: skip
    made = await make_order(conn, currency, payer, ordered, now)
    await _step(conn, [_payout(row) for row in rows], Step.ORDERED, Told(now, by, made.order_id))
    return made


async def tell(conn: Connection, payout_id: str, step: Step, told: Told) -> PartnerPayout:
    """What the bank says of a payout; where it is then. Refused: NOT_FOUND, STATE_FORBIDS."""
    await _step(conn, [await payout_of(conn, payout_id)], step, told)
    return await payout_of(conn, payout_id)


async def payout_of(conn: Connection, payout_id: str) -> PartnerPayout:
    """One, locked. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.lock_payout, payout_id)
    if row is None:
        raise no_payout(payout_id)
    return _payout(row)


async def named_by_bank(
    conn: Connection, currency: str, payments: Collection[str], settlements: Collection[str], orders: Collection[str]
) -> list[PartnerPayout]:
    """Those with these end-to-end ids, of these settlements, and of these orders that are on their way; locked."""
    rows = await conn.fetch(Q.lock_named, currency, list(payments), list(settlements), list(orders))
    return [_payout(row) for row in rows]


async def shown_by_bank(conn: Connection, payouts: list[PartnerPayout], step: Step, told: Told) -> None:
    """The bank's statement shows a step of each. Refused: STATE_FORBIDS."""
    await _step(conn, payouts, step, told)


async def confirm(conn: Connection, payouts: Collection[PartnerPayout]) -> None:
    """The bank's statement shows what an operator has said."""
    await conn.execute(Q.confirm, [one.payout_id for one in payouts])


async def _step(conn: Connection, payouts: list[PartnerPayout], step: Step, told: Told) -> None:
    kept, booked = [], []
    for one in payouts:
        state, tries = stepped(one.state, one.tries, step, told.word_of)
        step_id = ids.new_id(ids.PAYOUT_STEP, ids.bucket_of(one.payout_id), int(told.at.timestamp() * 1000))
        kept.append(
            MadeStep(
                one.payout_id, state, tries, step_id, step, told.order_id, told.reference, told.by, told.at,
                told.word_of,
            )
        )  # fmt: skip
        booked += booked_by(step_id, books_of(one, step), one.currency, None, told.at.date(), told.at)
    await _KEEP.execute(conn, s=kept)
    await BOOK.execute(conn, booked=booked)
    for partner_id in sorted({one.partner_id for one in payouts}):  # in an order that is everybody's
        events = [
            told_to_partner(
                TYPES[step], partner_id, Teller.OPERATOR, data_of(one, step, told.reference, told.word_of), told.at
            )
            for one in payouts
            if one.partner_id == partner_id
        ]
        await tell_partner(conn, partner_id, events)


async def payouts(
    pool: Pool, partner_id: str | None, after: str, limit: int, in_state: PayoutState | None
) -> list[PartnerPayout]:
    """A partner's, or everybody's; the oldest first, the next page starts `after` the last id of this one."""
    return [_payout(row) for row in await pool.fetch(Q.list_payouts, partner_id, after, limit, in_state)]


def no_payout(payout_id: str) -> Refused:
    """There is none of this id."""
    return Refused(Code.NOT_FOUND, f"There is no payout {payout_id[:100]!r}.", "/id")


def _payout(row: asyncpg.Record) -> PartnerPayout:
    state, word_of = PayoutState(row["state"]), row["word_of"] and WordOf(row["word_of"])
    obstacle = obstacle_of(state, has_account=row["account"] is not None)
    same = {name: row[name] for name in PartnerPayout.__struct_fields__ if name not in ("state", "obstacle", "word_of")}
    return PartnerPayout(**same, state=state, obstacle=obstacle, word_of=word_of)
