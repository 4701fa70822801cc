"""The ledger in the database: rows of `transfers`, appended and never changed."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.db import load_queries
from service.ledger.transfers import LedgerAccount
from service.statement import SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class BookedTransfer(Struct, frozen=True, gc=False):
    """A transfer with its cause and its parties. `leg` counts within the cause from 0."""

    bucket: SmallInt
    cause_id: str
    leg: SmallInt
    debit: LedgerAccount
    credit: LedgerAccount
    amount: int
    currency: str
    plan_id: str
    merchant_id: str
    partner_id: str | None
    booked_on: date
    booked_at: datetime


BOOK: Final = Statement(Q.book, booked=BookedTransfer)
