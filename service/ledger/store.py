"""The ledger in the database: rows of `transfers`, appended and never changed."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from service import ids
from service.db import load_queries
from service.ledger.booking import Books, transfers
from service.ledger.chart import LedgerAccount, Occasion
from service.statement import Row, SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class BookedTransfer(Row, frozen=True, gc=False):
    """A transfer with its cause and its parties. `leg` counts within the cause from 0."""

    bucket: SmallInt
    cause_id: str
    leg: SmallInt
    occasion: Occasion
    debit: LedgerAccount
    debit_owner: str | None
    credit: LedgerAccount
    credit_owner: str | None
    amount: int
    currency: str
    plan_id: str | None
    merchant_id: str | None
    partner_id: str | None
    booked_on: date
    booked_at: datetime


def booked_by(
    cause_id: str, books: Books, currency: str, merchant_id: str | None, on: date, at: datetime,
    plan_id: str | None = None,
) -> list[BookedTransfer]:  # fmt: skip
    """The transfers of a cause; it is about a merchant, a partner or one plan, where these are named."""
    return [
        BookedTransfer(
            bucket=ids.bucket_of(cause_id), cause_id=cause_id, leg=leg, currency=currency, plan_id=plan_id,
            merchant_id=merchant_id, partner_id=transfer.partner_id, booked_on=on, booked_at=at,
            **structs.asdict(transfer),
        )
        for leg, transfer in enumerate(transfers({}, books))
    ]  # fmt: skip


BOOK: Final = Statement(Q.book, booked=BookedTransfer)
