"""Adjustments in the database: each is booked and told at once, and settled with the merchant's next settlement."""

from datetime import date
from pathlib import Path
from typing import Final

from service.actor import ActorKind
from service.db import Connection, load_queries
from service.engine.events import TELL
from service.event_type import EventType
from service.ledger.booking import adjustment
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, booked_by
from service.merchants.adjustment import Adjustment, data_of
from service.merchants.telling import told_of_money

Q: Final = load_queries(Path(__file__).with_name("settling.sql"))


async def adjust(conn: Connection, one: Adjustment, on: date, by: str) -> None:
    """Gives a merchant so much, or takes it, on a day of the merchant's; `by` is the key of who does."""
    await conn.execute(
        Q.insert_adjustment, one.adjustment_id, one.merchant_id, one.currency, one.amount, one.reason, one.reference,
        by, one.made_at,
    )  # fmt: skip
    books = {Occasion.ADJUSTMENT: adjustment(one.merchant_id, one.amount)}
    await BOOK.execute(conn, booked=booked_by(one.adjustment_id, books, one.currency, one.merchant_id, on, one.made_at))
    event = told_of_money(
        EventType.SETTLEMENT_ADJUSTED, one.adjustment_id, one.merchant_id, ActorKind.OPERATOR, data_of(one), one.made_at
    )
    await TELL.execute(conn, told=[event])
