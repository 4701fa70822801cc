"""Monthly packs for insurers in the database: made once, kept in pieces, read again byte for byte.

All of a pack is read in one transaction, at one moment, some hundred debtors at a time: a pack of a million debtors
takes no more memory than one of a thousand.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.insurance.insured import Sale
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.pack import PackDebtor, PackManifest, PackRow, PolicySums, row_of
from service.insurance.policies_flow import insurance
from service.insurance.policy import Insurance
from service.insurance.record import Paid
from service.partners.signing import Signer
from service.partners.telling_flow import Teller
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("packs.sql"))

_DEBTORS_AT_ONCE: Final = 500
_PATIENCE_S: Final = 300  # a month of a million debtors takes longer than a request's statement may


async def make_pack(pool: Pool, signer: Signer, insurer_id: str, begin_on: date, now: datetime) -> PackManifest:
    """Makes an insurer's pack of a month; made again it is the same.

    Refused: NOT_FOUND, for who insures nothing here; STATE_FORBIDS, before the month has ended; INVALID_FIELD.
    """
    if begin_on.day != 1:
        raise Refused(Code.INVALID_FIELD, f"A month begins on {begin_on.replace(day=1)}.", "/begin_on")
    as_of = (begin_on.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    if now.date() <= as_of:
        raise Refused(Code.STATE_FORBIDS, f"The month ends on {as_of}.", "/begin_on")
    async with pool.acquire() as conn:
        return await _make_once(conn, signer, insurer_id, begin_on, as_of, now)


async def _make_once(
    conn: Connection, signer: Signer, insurer_id: str, begin_on: date, as_of: date, now: datetime
) -> PackManifest:
    async with conn.transaction(isolation="repeatable_read"):
        await conn.execute(f"set local statement_timeout = '{_PATIENCE_S}s'")
        await conn.execute(Q.lock_pack, f"insurance pack of {insurer_id}")
        if kept := await conn.fetchval(Q.pack_of_month, insurer_id, begin_on):
            return _manifest(kept)
        policies = [row["policy_id"] for row in await conn.fetch(Q.policies_of_insurer, insurer_id)]
        if not policies:
            raise Refused(Code.NOT_FOUND, f"{insurer_id[:100]!r} insures nothing here.", "/insurer_id")
        writing = _Writing(conn, ids.new_id(ids.PACK, ids.bucket_for(insurer_id), int(now.timestamp() * 1000)))
        sums = [await _write_policy(writing, await insurance(conn, one), as_of) for one in policies]
        manifest = PackManifest(
            pack_id=writing.pack_id, insurer_id=insurer_id, begin_on=begin_on, as_of=as_of,
            records=sum(one.records for one in sums), policies=tuple(sums), sha256=writing.hash.hexdigest(),
            bytes=writing.size, made_at=now, key=signer.public_key,
        ).signed(signer)  # fmt: skip
        await conn.execute(
            Q.insert_pack, writing.pack_id, insurer_id, begin_on, manifest.records,
            msgspec.json.encode(manifest).decode(), now,
        )  # fmt: skip
        data = {"pack_id": manifest.pack_id, "begin_on": begin_on, "records": manifest.records}
        await tell_party(conn, insurer_id, EventType.PACK_MADE, Teller.OPERATOR, data, now)
        return manifest


class _Writing:
    """A pack that is being written, piece by piece."""

    def __init__(self, conn: Connection, pack_id: str) -> None:
        self.conn = conn
        self.pack_id = pack_id
        self.hash = hashlib.sha256()
        self.size = 0
        self._pieces = 0

    async def write(self, rows: Sequence[PackRow]) -> None:
        """Writes rows, a line each."""
        content = msgspec.json.Encoder().encode_lines(rows)
        self._pieces += 1
        self.hash.update(content)
        self.size += len(content)
        await self.conn.execute(Q.insert_pack_piece, self.pack_id, self._pieces, content)


async def _write_policy(writing: _Writing, under: Insurance, as_of: date) -> PolicySums:
    """Writes the rows of a policy; what they come to, and what the ledger says of the same debtors."""
    scope: tuple[Any, ...] = (under.terms.currency, list(under.policy.merchant_ids), as_of)
    records = exposure = insured = 0
    after = ""
    while debtors := await writing.conn.fetch(Q.debtors, under.policy_id, as_of, after, _DEBTORS_AT_ONCE):
        after = debtors[-1]["debtor_id"]
        persons = [one["person_id"] for one in debtors]
        steps = await _steps(writing.conn, [one["debtor_id"] for one in debtors])
        sales: dict[str, list[Sale]] = {}
        for person_id, *sale in await writing.conn.fetch(Q.sales, persons, *scope):
            sales.setdefault(person_id, []).append(Sale(*sale))
        paid = {
            person_id: [Paid(*one) for one in zip(amounts, days_late, strict=True)]
            for person_id, amounts, days_late in await writing.conn.fetch(Q.paid, persons, *scope)
        }
        rows = [
            row_of(under, PackDebtor(debtor_id, country, steps[debtor_id], sales.get(person_id, ()),
                                     paid.get(person_id, ())), as_of)
            for debtor_id, country, person_id in debtors
        ]  # fmt: skip
        await writing.write(rows)
        records += len(rows)
        exposure += sum(one.exposure for one in rows)
        insured += sum(one.insured for one in rows)
    ledger: int = await writing.conn.fetchval(Q.ledger, under.policy_id, *scope)
    assert exposure == ledger, f"the pack of {under.policy_id} is {exposure}, and the ledger {ledger}"
    return PolicySums(under.policy_id, under.terms.currency, records, exposure, insured, exposure - insured, ledger)


async def _steps(conn: Connection, debtor_ids: list[str]) -> dict[str, list[LimitStep]]:
    found: dict[str, list[LimitStep]] = {}
    for row in await conn.fetch(Q.steps, debtor_ids):
        one = dict(row)
        step = one | {"state": LimitState(one["state"]), "source": LimitSource(one["source"])}
        found.setdefault(step.pop("debtor_id"), []).append(LimitStep(**step))
    return found


# Looking up -----------------------------------------------------------------------------------------------------------


async def packs(pool: Pool, insurer_id: str | None, after: str, limit: int) -> list[PackManifest]:
    """The manifests of an insurer's packs, or of all, the oldest first."""
    return [_manifest(row["manifest"]) for row in await pool.fetch(Q.list_packs, insurer_id, after, limit)]


async def pack(pool: Pool, pack_id: str, insurer_id: str | None) -> PackManifest:
    """What proves one. Refused: NOT_FOUND, for another insurer's, if one is named."""
    kept = await pool.fetchval(Q.load_pack, pack_id, insurer_id)
    if kept is None:
        raise Refused(Code.NOT_FOUND, f"There is no pack {pack_id[:100]!r}.", "/id")
    return _manifest(kept)


async def pieces(pool: Pool, pack_id: str) -> AsyncIterator[bytes]:
    """The bytes of a pack, piece by piece. No connection is held between two of them."""
    piece = 1
    while (content := await pool.fetchval(Q.pack_piece, pack_id, piece)) is not None:
        yield content
        piece += 1


def _manifest(text: str) -> PackManifest:
    return msgspec.json.decode(text, type=PackManifest)
