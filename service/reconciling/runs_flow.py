"""A day of a programme, compared and kept.

What was compared is kept with a signed manifest, from which it can be made again to the byte (`replay`).
"""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.booking import rounding
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, booked_by
from service.partners.events_store import tell_partner
from service.partners.signing import Signer
from service.partners.telling_flow import Teller, told_to_partner
from service.reconciling.breaks_flow import tell_breaks
from service.reconciling.found import BreakClass
from service.reconciling.gathering_flow import PATIENCE_S, Parties, cuts_of, gather, require_kept_files
from service.reconciling.items import Tolerances
from service.reconciling.keeping_flow import Running, keep
from service.reconciling.life import BreakStepKind, endings
from service.reconciling.manifest import RunManifest, result_bytes, sha256
from service.reconciling.matching import Left
from service.reconciling.verdict import RULES, Result, Verdict, name_of, principal_apart, reconcile
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("runs.sql"))


class Rounded(Struct, frozen=True, gc=False):
    """A row of `roundings`."""

    reconciliation_id: str
    event_id: str
    plan_id: str
    currency: str
    amount: int
    principal: int


class Ending(Struct, frozen=True):
    """What ended what was open."""

    key: str
    event_id: str


KEEP_ROUNDINGS: Final = Statement(Q.keep_roundings, rounded=Rounded)
END: Final = Statement(Q.end_missing, ending=Ending, run=Running)


class Wanted(Struct, frozen=True):
    """What is to be compared."""

    programme_id: str
    business_on: date
    partner_id: str = ""  # empty: the programme's first partner
    confirmed: bool = False  # the partner's files are said to be right, however many breaks they make


async def run_day(conn: Connection, wanted: Wanted, signer: Signer, by: str | None, now: datetime) -> RunManifest:
    """Compare a day, keep what it came to, and open and close its breaks. In the transaction of the caller.

    Refused: NOT_FOUND; STATE_FORBIDS for a day that has not begun, or before the last one that was compared.
    """
    business_on = wanted.business_on
    await conn.execute(f"set local statement_timeout = '{PATIENCE_S}s'")
    await conn.execute("set local work_mem = '128MB'")  # a day's rows are joined and grouped in memory, not on disk
    await conn.execute(Q.lock, wanted.programme_id)
    programme = await conn.fetchrow(Q.programme, wanted.programme_id, wanted.partner_id)
    if programme is None or programme["partner_id"] is None:
        sentence = f"There is no programme {wanted.programme_id[:100]!r} with this partner."
        raise Refused(Code.NOT_FOUND, sentence, "/programme_id")
    of = Parties(wanted.programme_id, programme["partner_id"], programme["partner_id"] == programme["first_partner"])
    last = await conn.fetchrow(Q.last_run, of.programme_id, of.partner_id)
    _refuse_day(
        business_on, last["business_on"] if last else None, now.astimezone(ZoneInfo(programme["time_zone"])).date()
    )
    tolerances = msgspec.json.decode(programme["tolerance"] or b"{}", type=Tolerances)
    cuts = await cuts_of(conn, of, business_on, wanted.confirmed)
    gathered = await gather(conn, of, business_on, cuts)
    result = await asyncio.to_thread(reconcile, gathered.day, tolerances)
    opened = {name: gathered.day.opened[name] for one in result.found if (name := name_of(one)) in gathered.day.opened}
    manifest = RunManifest(
        ids.new_id(ids.RECONCILIATION, ids.bucket_for(of.programme_id), int(now.timestamp() * 1000)),
        of.partner_id, of.programme_id, business_on,
        await conn.fetchval(Q.next_number, of.programme_id, of.partner_id, business_on), RULES, tolerances,
        msgspec.structs.replace(cuts, opened=opened), gathered.our_items, gathered.their_items, result.verdict,
        sha256(result_bytes(result)), last["sha256"].hex() if last else None, now, signer.public_key,
    ).signed(signer)  # fmt: skip
    await _keep(conn, manifest, gathered.day.carried, result, by)
    return manifest


def _refuse_day(business_on: date, last: date | None, today: date) -> None:
    if last is not None and business_on < last:
        sentence = f"Days are compared in their order, and the last one is {last}."
        raise Refused(Code.STATE_FORBIDS, sentence, "/business_on")
    if business_on > today:
        raise Refused(Code.STATE_FORBIDS, f"{business_on} has not begun: it is {today}.", "/business_on")


# What is kept ---------------------------------------------------------------------------------------------------------


async def _keep(conn: Connection, manifest: RunManifest, carried: Left, result: Result, by: str | None) -> None:
    rounded = await _roundings(conn, manifest, result)
    content = msgspec.json.encode(manifest)
    await conn.execute(
        Q.insert_run, manifest.reconciliation_id, manifest.partner_id, manifest.programme_id, manifest.business_on,
        manifest.number, manifest.cuts.since, result.verdict, result_bytes(result).decode(), manifest.cuts.bank_until,
        msgspec.json.encode(rounded).decode(), content.decode(), bytes.fromhex(sha256(content)), by, manifest.made_at,
        timeout=PATIENCE_S,
    )  # fmt: skip
    data = {
        "reconciliation_id": manifest.reconciliation_id, "programme_id": manifest.programme_id,
        "business_on": manifest.business_on, "verdict": result.verdict,
    }  # fmt: skip
    finished = EventType.RECONCILIATION_FINISHED
    told = told_to_partner(finished, manifest.partner_id, Teller.DAY, data, manifest.made_at)
    await tell_partner(conn, manifest.partner_id, [told])
    if result.verdict is Verdict.INCOMPLETE:
        return
    await _book_roundings(conn, manifest, result, rounded)
    run = Running(
        manifest.business_on, manifest.made_at, manifest.partner_id, manifest.programme_id, manifest.reconciliation_id
    )
    steps = await keep(conn, run, [one for one in result.found if not one.is_tolerated])
    ended = [Ending(key, event_id) for key, event_id in sorted(endings(carried, result.matches).items())]
    gone = await END.fetch(conn, ending=ended, run=[run])
    steps += [(row["break_id"], BreakStepKind(row["what"])) for row in gone]
    await tell_breaks(conn, steps, Teller.DAY, run.made_at)


async def _roundings(conn: Connection, manifest: RunManifest, result: Result) -> dict[str, int]:
    """What is to be booked: the day's roundings by currency, less what an earlier comparison of the day has booked."""
    sums: dict[str, int] = {}
    if result.verdict is Verdict.INCOMPLETE:
        return sums
    for one in result.found:
        if one.kind is BreakClass.ROUNDING:
            sums[one.currency] = sums.get(one.currency, 0) + one.amount
    for row in await conn.fetch(Q.rounded_that_day, manifest.programme_id, manifest.partner_id, manifest.business_on):
        for currency, amount in msgspec.json.decode(row["rounded"], type=dict[str, int]).items():
            sums[currency] = sums.get(currency, 0) - amount
    return {currency: amount for currency, amount in sorted(sums.items()) if amount}


async def _book_roundings(conn: Connection, manifest: RunManifest, result: Result, sums: dict[str, int]) -> None:
    run_id, partner_id = manifest.reconciliation_id, manifest.partner_id
    rows = [
        Rounded(run_id, one.key, one.plan_id or "", one.currency, one.amount, principal_apart(one))
        for one in result.found
        if one.kind is BreakClass.ROUNDING
    ]
    if rows:
        await KEEP_ROUNDINGS.execute(conn, rounded=rows)
    transfers = []
    for number, (currency, amount) in enumerate(sums.items()):
        books = {Occasion.ROUNDING: rounding(partner_id, amount)}
        cause = ids.derive(ids.RECONCILIATION, run_id, number)
        transfers += booked_by(cause, books, currency, None, manifest.business_on, manifest.made_at)
    if transfers:
        await BOOK.execute(conn, booked=transfers)


# Made again -----------------------------------------------------------------------------------------------------------


class Replayed(Struct, frozen=True):
    """A comparison made again from its manifest."""

    manifest: RunManifest
    result_sha256: str  # of what it comes to now
    verdict: Verdict

    @property
    def is_the_same(self) -> bool:
        """To the byte."""
        return self.result_sha256 == self.manifest.result_sha256


async def replay(conn: Connection, reconciliation_id: str) -> Replayed:
    """Refused: NOT_FOUND; STATE_FORBIDS, where the rules have changed since; NOT_KEPT, where its rows have left."""
    row = await one(conn, reconciliation_id, None)
    manifest = msgspec.json.decode(row["manifest"], type=RunManifest)
    if manifest.rules != RULES:
        sentence = f"It was made by version {manifest.rules} of the rules, and these are version {RULES}."
        raise Refused(Code.STATE_FORBIDS, sentence)
    programme = await conn.fetchrow(Q.programme, manifest.programme_id, manifest.partner_id)
    assert programme is not None
    of = Parties(manifest.programme_id, manifest.partner_id, manifest.partner_id == programme["first_partner"])
    await require_kept_files(conn, manifest.business_on, of, manifest.cuts)
    gathered = await gather(conn, of, manifest.business_on, manifest.cuts)
    result = await asyncio.to_thread(reconcile, gathered.day, manifest.tolerances)
    return Replayed(manifest, sha256(result_bytes(result)), result.verdict)


# Looking up -----------------------------------------------------------------------------------------------------------


async def one(conn: Connection, reconciliation_id: str, partner_id: str | None) -> asyncpg.Record:
    """A comparison, of this partner if one is named. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.run, reconciliation_id, partner_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no reconciliation {reconciliation_id[:100]!r}.", "/id")
    return row


async def listed(pool: Pool, partner_id: str | None, on: date | None, after: str, limit: int) -> list[asyncpg.Record]:
    """Of a partner or of all, of a day or of all, by id; the next page starts `after` the last of this one."""
    rows: list[asyncpg.Record] = await pool.fetch(Q.runs, partner_id, on, after, limit)
    return rows
