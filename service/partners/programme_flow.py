"""Partners and their programmes in the database: the versions, and whether they are suspended."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct, field

from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.partners.programme import Cover, Programme
from service.partners.programme_terms import ProgrammeTerms

Q: Final = load_queries(Path(__file__).with_name("programmes.sql"))


class ProgrammeVersion(Struct, frozen=True):
    """One version of a programme's document."""

    programme_id: str = field(name="id")
    version: int  # 1, 2, 3 ... of the programme
    terms: ProgrammeTerms
    is_active: bool  # false: it is suspended, and takes no plans
    agreed_at: datetime  # by the second person


async def take_on(conn: Connection, partner_id: str, name: str, now: datetime) -> None:
    """A new partner."""
    await conn.execute(Q.insert_partner, partner_id, name, now)


class BeforePartner(Struct, frozen=True):
    """What a partner was before it was changed."""

    name: str
    active: bool


async def change_partner(
    conn: Connection, partner_id: str, *, name: str | None = None, active: bool | None = None
) -> BeforePartner:
    """The partner has another name, is suspended or is not any more; what it was. Refused: NOT_FOUND; STATE_FORBIDS, if
    it is so already.
    """
    row = await conn.fetchrow(Q.lock_partner, partner_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no partner {partner_id[:100]!r}.", "/id")
    if active is not None and row["active"] is active:
        raise Refused(Code.STATE_FORBIDS, f"The partner is {'active' if active else 'suspended'} already.", "/id")
    await conn.execute(Q.change_partner, partner_id, name, active)
    return BeforePartner(row["name"], row["active"])


async def agree(
    conn: Connection, programme_id: str, before: int, terms: ProgrammeTerms, now: datetime
) -> ProgrammeVersion:
    """Writes down the version that follows on version `before`; 0: the first.

    Refused: NOT_FOUND (a partner, the programme), STATE_FORBIDS (there is a newer version), INVALID_FIELD (what all
    versions have in common is another).
    """
    await require_partners(conn, terms)
    last = await _lock(conn, programme_id) if before else None
    if last is not None:
        require_successor(last, before, terms)
    is_active = last is None or last.is_active
    text = msgspec.json.encode(terms).decode()
    await conn.execute(
        Q.insert_version, programme_id, before + 1, terms.participants[0].partner_id, terms.name, terms.currency,
        terms.time_zone, text, is_active, now,
    )  # fmt: skip
    return ProgrammeVersion(programme_id, before + 1, terms, is_active, now)


async def require_partners(conn: Connection | Pool, terms: ProgrammeTerms) -> None:
    """Refused: NOT_FOUND, for a participant that is no partner."""
    partners = [one.partner_id for one in terms.participants]
    if unknown := await conn.fetchval(Q.unknown_partner, partners):
        at = partners.index(unknown)
        raise Refused(Code.NOT_FOUND, f"There is no partner {unknown!r}.", f"/participants/{at}/partner_id")


def require_successor(last: ProgrammeVersion, before: int, terms: ProgrammeTerms) -> None:
    """Refused: STATE_FORBIDS, where `last` is newer than what it follows on; INVALID_FIELD, where it cannot follow."""
    if last.version != before:
        sentence = f"Version {last.version} was agreed meanwhile; propose what follows on that."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id")
    was = last.terms
    if terms.participants[0].partner_id != was.participants[0].partner_id:
        sentence = "Files are made for the first participant, and it stays the same; make another programme."
        raise Refused(Code.INVALID_FIELD, sentence, "/participants/0/partner_id")
    for name in ("currency", "time_zone"):
        if getattr(terms, name) != getattr(was, name):
            sentence = f"The days and sums of a programme are told in one {name}; make another programme."
            raise Refused(Code.INVALID_FIELD, sentence, f"/{name}")


async def set_active(conn: Connection, programme_id: str, *, active: bool) -> ProgrammeVersion:
    """Suspends a programme, or resumes it. Refused: NOT_FOUND; STATE_FORBIDS, if it is so already."""
    last = await _lock(conn, programme_id)
    if last.is_active is active:
        raise Refused(Code.STATE_FORBIDS, f"The programme is {'active' if active else 'suspended'} already.", "/id")
    await conn.execute(Q.set_active, programme_id, active)
    return msgspec.structs.replace(last, is_active=active)


async def versions(conn: Connection | Pool, programme_id: str) -> list[ProgrammeVersion]:
    """All versions of a programme, the first first. Refused: NOT_FOUND."""
    found = [_version(row) for row in await conn.fetch(Q.versions, programme_id)]
    if not found:
        raise no_programme(programme_id)
    return found


async def terms_at(conn: Connection, programme_id: str, at: datetime) -> ProgrammeTerms:
    """The document as it was agreed then."""
    return _decode(await conn.fetchval(Q.terms_at, programme_id, at))


async def programmes(
    pool: Pool, after: str, limit: int, partner_id: str | None, is_active: bool | None
) -> list[ProgrammeVersion]:
    """The newest version of each, the oldest programme first; of one partner, and in use or not, where that is said."""
    return [_version(row) for row in await pool.fetch(Q.list_programmes, after, limit, partner_id, is_active)]


async def taken(pool: Pool, budgets: list[str]) -> dict[str, int]:
    """What is taken of budgets; one of which nobody has taken is not there."""
    rows = await pool.fetch(Q.taken, budgets) if budgets else []
    return {row["budget"]: row["taken"] for row in rows}


def programme_of(row: asyncpg.Record) -> Programme:
    """A programme as it is now."""
    covers = msgspec.json.decode(row["covers"] or "[]", type=tuple[Cover, ...])
    return Programme(row["programme_id"], row["version"], _decode(row["terms"]), row["active"], covers)


def no_programme(programme_id: str) -> Refused:
    """There is none of this id."""
    return Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")


async def _lock(conn: Connection, programme_id: str) -> ProgrammeVersion:
    row = await conn.fetchrow(Q.lock_programme, programme_id)
    if row is None:
        raise no_programme(programme_id)
    return _version(row)


def _version(row: asyncpg.Record) -> ProgrammeVersion:
    terms = _decode(row["terms"])
    return ProgrammeVersion(row["programme_id"], row["version"], terms, row["active"], row["created_at"])


_decode = msgspec.json.Decoder(ProgrammeTerms).decode
