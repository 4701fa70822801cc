"""Books that are read without a lock, in one statement, and what notices that they have changed until they are written.

    read      accounts, plans, decisions: nothing is locked, and each row's writer is remembered
    apply     as ever
    write     one statement: claims the keys, locks the accounts and plans that are as they were read, writes it all;
              it fails, and nothing is written, where one of them is not

All that a command reads changes only with its account or its plan: whoever changes anything else of it changes one of
those rows, too, or takes what may be taken once.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, columns, load_queries
from service.limits.account import Account
from service.merchants.merchant import TimeAt
from service.plans.book import Command, PlanCommand
from service.plans.books import Books, agreement_of, references_of, rewritten
from service.plans.permission_store import find_for
from service.plans.reading_store import Q as READING
from service.plans.reading_store import load_history, paid_of, plans_of
from service.plans.running.facts import Event as Fact
from service.statement import SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("unlocked.sql"))
_READ_PLANS: Final = f"with found as (\n{READING.load_plans}\n)\n{Q.with_accounts}"


class SeenAccount(Struct, frozen=True, gc=False):
    """An account, and which transaction had written its row when it was read."""

    bucket: SmallInt
    person_id: str
    currency: str
    written_by: str


class SeenPlan(Struct, frozen=True, gc=False):
    """The same of a plan."""

    bucket: SmallInt
    plan_id: str
    written_by: str


class Expected(Struct, frozen=True, gc=False):
    """How many keys are new, accounts and plans unchanged, if all is as it was read."""

    keys: int
    accounts: int
    plans: int


UNMOVED: Final = {
    "accounts_kept": Statement(Q.unmoved_accounts, seen_accounts=SeenAccount),
    "plans_kept": Statement(Q.unmoved_plans, seen_plans=SeenPlan),
}
NOTHING_HAS_MOVED: Final = Statement(Q.nothing_has_moved, expected=Expected)


class _Notice(Struct):
    reference: str
    fact: Fact


def expected(books: Books, keys: int) -> dict[str, list[Any]]:
    """What `NOTHING_HAS_MOVED` and `UNMOVED` are told of books and of so many keys."""
    accounts = [SeenAccount(*key, books.account_rows[key]) for key in sorted(books.account_rows)]
    plans = [SeenPlan(ids.bucket_of(one), one, books.plan_rows[one]) for one in sorted(books.plan_rows)]
    return {
        "seen_accounts": accounts,
        "seen_plans": plans,
        "expected": [Expected(keys, len(accounts), len(plans))],
    }


async def read(conn: Connection, commands: list[Command], now: datetime, time_at: TimeAt) -> Books | None:
    """What `commands` may read, as `books.load` gives it, with nothing locked. None: they need what must be locked."""
    if any(command.leases for command in commands):
        return None
    books = Books()
    offers = sorted({command.target for command in commands if command.loads == "offer"})
    plans = sorted({command.target for command in commands if command.loads == "plan"})
    if offers:
        await _read_offers(conn, books, offers)
        if any(agreement.offer.subsidy is not None for agreement in books.agreements.values()):
            return None  # what their people have had of a scheme stands elsewhere
    if plans:
        await _read_plans(conn, books, plans, commands)
        if any(plan.late_capture_until for plan in books.plans.values()):
            return None  # their references were given free, and may be another plan's
        if past := rewritten(books.plans, [one for one in commands if isinstance(one, PlanCommand)], now, time_at):
            books.plans |= await load_history(conn, past)
    books.found, books.locked = books.plans.copy(), books.accounts.copy()
    return books


async def _read_offers(conn: Connection, books: Books, offers: list[str]) -> None:
    asked: dict[str, list[str]] = {}
    for offer_id in offers:
        asked.setdefault(ids.origin(ids.DECISION, offer_id), []).append(offer_id)
    for row in await conn.fetch(Q.read_offers, [ids.bucket_of(decision) for decision in asked], list(asked)):
        account = Account(*row[:7])
        key = (account.bucket, account.person_id, account.currency)
        books.accounts[key], books.account_rows[key] = account, row["written_by"]
        if row["is_accepted"]:
            books.accepted.add(row["decision_id"])
        if row["is_reference_used"]:
            books.used_references.add((row["merchant_id"], row["merchant_reference"]))
        for offer_id in asked[row["decision_id"]]:
            if agreement := agreement_of(row, account.person_id, account.currency, offer_id):
                books.agreements[offer_id] = agreement
    books.permitted = await find_for(conn, books.agreements.values())


async def _read_plans(conn: Connection, books: Books, plans: list[str], commands: list[Command]) -> None:
    noticed = references_of(commands)
    named = columns(noticed) if noticed else ([], [], [])
    rows = await conn.fetch(_READ_PLANS, [ids.bucket_of(one) for one in plans], plans, None, *named[1:])
    for plan in await plans_of(conn, rows):
        books.plans[plan.plan_id] = plan
    for row in rows:
        account = Account(
            row["account_bucket"], row["person_id"], row["currency"], row["limit"], row["reserved"], row["used"],
            row["account_version"],
        )  # fmt: skip
        key = (account.bucket, account.person_id, account.currency)
        books.accounts[key], books.account_rows[key] = account, row["account_written_by"]
        books.plan_rows[row["plan_id"]] = row["written_by"]
        for one in _decode_notices(row["notices"]) if row["notices"] else ():
            if notice := paid_of(one.fact, one.reference):
                books.notices.setdefault(row["plan_id"], []).append(notice)


_decode_notices: Final = msgspec.json.Decoder(list[_Notice]).decode
