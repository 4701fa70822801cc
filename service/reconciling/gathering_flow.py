"""What is compared of a day: only rows that differ leave the database, with the sums of those that do not."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from service.db import Connection, load_queries
from service.partners.months_flow import Rows, kept_from, require_kept
from service.reconciling.cash import BankEntry, Settlement
from service.reconciling.found import BreakClass, Found, Leg
from service.reconciling.items import Item
from service.reconciling.life import break_id
from service.reconciling.manifest import Cuts
from service.reconciling.matching import Left
from service.reconciling.positions import Position
from service.reconciling.verdict import Day, Exact, Gap, Result

Q: Final = load_queries(Path(__file__).with_name("gathering.sql"))

ROWS_MAX: Final = 20_000  # that differ: of more, nobody looks through the breaks
PATIENCE_S: Final = 280
_DAY: Final = timedelta(days=1)


class Parties(Struct, frozen=True):
    """Whose day it is."""

    programme_id: str
    partner_id: str
    is_first: bool  # who is settled on the programme's account


class Gathered(Struct, frozen=True):
    """All that is compared, and how many items each side has."""

    day: Day
    our_items: int
    their_items: int


async def cuts_of(conn: Connection, of: Parties, business_on: date, confirmed: bool) -> Cuts:
    """What there is now to compare a day with."""
    before = await conn.fetchrow(Q.run_before, of.programme_id, of.partner_id, business_on)
    since = before["business_on"] + _DAY if before else business_on
    span = (of.programme_id, of.partner_id, since, business_on)
    ours, theirs = await _kept_files(conn, span)
    aside = []
    if before:
        found = msgspec.json.decode(before["result"], type=Result).found
        known = [break_id(of.programme_id, of.partner_id, one) for one in found]
        aside = [row["break_id"] for row in await conn.fetch(Q.set_aside, known)]
    accounts = await _accounts(conn, of)
    rows = await conn.fetch(Q.opened, of.programme_id, of.partner_id, business_on)
    return Cuts(
        since,
        before["reconciliation_id"] if before else None,
        {row["file_id"]: row["sha256"].hex() for row in ours},
        {row["file_id"]: row["sha256"].hex() for row in theirs},
        before["bank_number"] if before else 0,
        await conn.fetchval(Q.last_bank_number, accounts),
        sorted(aside),
        {f"{row['leg']}|{row['key']}|{row['currency']}": row["opened_on"] for row in rows},
        confirmed,
        {row["file_id"]: row["sha256"].hex() for row in await conn.fetch(Q.others_settlements, *span)}
        if accounts
        else {},
    )


async def _kept_files(conn: Connection, span: tuple[Any, ...]) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    """Our files and theirs of these days, but for those whose rows have left: there is nothing to compare with."""
    positions, received = await kept_from(conn, Rows.POSITIONS), await kept_from(conn, Rows.RECEIVED)
    ours = [row for row in await conn.fetch(Q.our_files, *span) if row["type"] != "POS" or row["file_id"] >= positions]
    theirs = [row for row in await conn.fetch(Q.their_files, *span) if row["file_id"] >= received]
    return ours, theirs


async def require_kept_files(conn: Connection, business_on: date, of: Parties, cuts: Cuts) -> None:
    """Whether the rows that a comparison was made of are still there. Refused: NOT_KEPT."""
    ours = await conn.fetch(Q.our_files, of.programme_id, of.partner_id, business_on, business_on)
    compared = [row["file_id"] for row in ours if row["type"] == "POS" and row["file_id"] in cuts.our_files]
    await require_kept(conn, Rows.POSITIONS, compared)
    await require_kept(conn, Rows.RECEIVED, cuts.their_files)


async def _accounts(conn: Connection, of: Parties) -> list[str]:
    """Ours, on which the partner is settled; none: nothing is compared with a bank."""
    return [row["iban"] for row in await conn.fetch(Q.bank_accounts, of.programme_id)] if of.is_first else []


async def gather(conn: Connection, of: Parties, business_on: date, cuts: Cuts) -> Gathered:
    """What these cuts hold: the rows that differ, the sums of those that do not, and what was open before."""
    span = (of.programme_id, of.partner_id, cuts.since, business_on)
    ours = {row["file_id"]: row for row in await conn.fetch(Q.our_files, *span) if row["file_id"] in cuts.our_files}
    theirs = {row["file_id"]: row for row in await conn.fetch(Q.their_files_of, list(cuts.their_files))}
    txn = [file_id for file_id, row in theirs.items() if row["type"] == "TXN"]
    carried, amounts, diverged, settlements, entries = await _carried(conn, of, cuts)
    our_sums = await conn.fetch(Q.our_sums, *span, timeout=PATIENCE_S)
    their_sums = await conn.fetch(Q.their_sums, txn, timeout=PATIENCE_S)
    rows = await conn.fetch(Q.items_that_differ, *span, txn, ROWS_MAX + 1, timeout=PATIENCE_S)
    items = [(row["is_ours"], _item(row)) for row in rows]
    gaps = _missing_files(ours, theirs, cuts.since, business_on)
    counts = [sum(row["items"] for row in sums) for sums in (our_sums, their_sums)]
    positions = await _positions(conn, ours, theirs, business_on) if len(items) <= ROWS_MAX else None
    if positions is None:
        gaps.append(Gap.TOO_MANY)
        return Gathered(Day(business_on=business_on, gaps=tuple(gaps)), *counts)
    left = [item for is_ours, item in items if is_ours]
    plans = sorted({one.plan_id for side in positions for one in side})
    pos = _of_day(ours, "POS", business_on)
    loose = await conn.fetch(Q.loose, pos, *span[:2], business_on, timeout=PATIENCE_S) if pos else []
    day = Day(
        business_on=business_on,
        ours=tuple(left),
        theirs=tuple(item for is_ours, item in items if not is_ours),
        exact=_exact(our_sums, left),
        carried=carried,
        carried_amounts=amounts,
        diverged=diverged,
        our_positions=positions[0],
        their_positions=positions[1],
        loose=tuple(row["plan_id"] for row in loose),
        rounded={
            (row["plan_id"], row["currency"]): -row["principal"]
            for row in await conn.fetch(Q.rounded_before, *span[:2], business_on, plans)
        },
        settlements=(*settlements, *await _settlements(conn, of, ours, cuts)),
        entries=(*entries, *await _entries(conn, of, cuts)),
        opened=cuts.opened,
        gaps=tuple(gaps),
        confirmed=cuts.confirmed,
    )
    return Gathered(day, *counts)


async def _carried(
    conn: Connection, of: Parties, cuts: Cuts
) -> tuple[Left, dict[str, int], tuple[Found, ...], tuple[Settlement, ...], tuple[BankEntry, ...]]:
    """What the last complete comparison left open, but for what a person has resolved since."""
    before = await conn.fetchrow(Q.run, cuts.previous, None) if cuts.previous else None
    if before is None:
        return Left(), {}, (), (), ()
    result = msgspec.json.decode(before["result"], type=Result)
    aside = set(cuts.set_aside)
    gone = {one.identity for one in result.found if break_id(of.programme_id, of.partner_id, one) in aside}
    left = result.left
    carried = Left(
        tuple(one for one in left.ours if (Leg.ITEM, one.event_id, one.currency) not in gone),
        tuple(one for one in left.theirs if (Leg.ITEM, one.event_id, one.currency) not in gone),
        left.met,
    )
    amounts: dict[str, int] = {}
    for one in result.found:
        if one.leg is Leg.ITEM and not one.is_tolerated and one.identity not in gone:
            amounts[one.currency] = amounts.get(one.currency, 0) + one.amount
    asked = tuple(
        one for one in result.cash.open_settlements if (Leg.CASH, one.end_to_end_id, one.currency) not in gone
    )
    shown = tuple(one for one in result.cash.open_entries if (Leg.CASH, one.entry_id, one.currency) not in gone)
    diverged = tuple(
        one for one in result.found if one.kind is BreakClass.STATUS_DIVERGENCE and one.identity not in gone
    )
    return carried, amounts, diverged, asked, shown


def _missing_files(
    ours: dict[str, asyncpg.Record], theirs: dict[str, asyncpg.Record], since: date, business_on: date
) -> list[Gap]:
    """TXN of every day that is compared, and POS of the last, on both sides."""
    days = [since + _DAY * n for n in range((business_on - since).days + 1)]
    needed = {(day, "TXN") for day in days} | {(business_on, "POS")}
    has = [{(row["business_on"], row["type"]) for row in side.values()} for side in (ours, theirs)]
    return [] if all(needed <= side for side in has) else [Gap.FILE_MISSING]


def _of_day(files: dict[str, asyncpg.Record], kind: str, business_on: date) -> str | None:
    found = (one for one, row in files.items() if (row["type"], row["business_on"]) == (kind, business_on))
    return next(found, None)


def _exact(sums: list[asyncpg.Record], left: list[Item]) -> dict[str, Exact]:
    """Our items that are the same on both sides, by currency: all but those that are left."""
    exact = {}
    for row in sums:
        rest = [one for one in left if one.currency == row["currency"]]
        matches, amount = row["items"] - len(rest), row["amount"] - sum(one.amount for one in rest)
        if matches:
            exact[row["currency"]] = Exact(matches, int(amount))
    return exact


def _item(row: asyncpg.Record) -> Item:
    return Item(**{name: row[name] for name in Item.__struct_fields__})


async def _positions(
    conn: Connection, ours: dict[str, asyncpg.Record], theirs: dict[str, asyncpg.Record], business_on: date
) -> tuple[tuple[Position, ...], tuple[Position, ...]] | None:
    """Ours and theirs, where they differ. None: more than anybody would look through."""
    files = _of_day(ours, "POS", business_on), _of_day(theirs, "POS", business_on)
    if None in files:
        return (), ()
    rows = await conn.fetch(Q.positions_that_differ, *files, ROWS_MAX + 1, timeout=PATIENCE_S)
    if len(rows) > ROWS_MAX:
        return None
    names = [name for name in Position.__struct_fields__ if name != "plan_id"]
    sides = []
    for side in ("our", "their"):
        of_side = {  # a plan that the other side has twice comes twice
            row[f"{side}_line"]: Position(row[f"{side}_plan"], **{name: row[f"{side}_{name}"] for name in names})
            for row in rows
            if row[f"{side}_plan"] is not None
        }
        sides.append(tuple(of_side.values()))
    return sides[0], sides[1]


async def _settlements(conn: Connection, of: Parties, ours: dict[str, asyncpg.Record], cuts: Cuts) -> list[Settlement]:
    """What is to be paid on the programme's account, with all its partners: a payment has one end-to-end id for all."""
    if not await _accounts(conn, of):
        return []
    files = [file_id for file_id, row in ours.items() if row["type"] == "STL"] + list(cuts.settled_with)
    return [Settlement(**row) for row in await conn.fetch(Q.settlements, files)]


async def _entries(conn: Connection, of: Parties, cuts: Cuts) -> list[BankEntry]:
    rows = await conn.fetch(Q.bank_entries, await _accounts(conn, of), cuts.bank_after, cuts.bank_until)
    return [BankEntry(row["entry_id"], row["currency"], row["amount"], tuple(row["names"])) for row in rows]
