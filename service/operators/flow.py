"""Operators in the database: enrolled by two others, or at the database while there are not two; and ended."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import asyncpg
from msgspec import Struct

from service.access.flow import revoke_keys_of
from service.access.key import Principal
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class Subject(Struct, frozen=True):
    """As whom an OpenID Connect provider knows somebody."""

    issuer: str
    subject: str


class Provider(Protocol):
    """Who says who somebody is: see `provider_gateway.py`."""

    async def subject(self, token: str) -> Subject | None:
        """Whom a token is about; None: it is none of the provider's for us. Refused: UNAVAILABLE."""

    async def close(self) -> None:
        """Closes its connections."""


LEAST: Final = 2  # people: with fewer, nothing that takes two is ever done


class Enrolled(Struct, frozen=True):
    """A person to be enrolled, by the one spelling of the name; at a provider, as whom it knows them."""

    person: str
    email: str | None = None
    issuer: str | None = None
    subject: str | None = None
    scopes: tuple[str, ...] = ("*",)  # of who comes by the provider


async def refuse_known(conn: Connection, one: Enrolled) -> None:
    """Refused: STATE_FORBIDS, where the name or the subject is somebody's already, whoever has left."""
    if await conn.fetchval(Q.is_person_known, one.person):
        raise Refused(Code.STATE_FORBIDS, f"There is an operator {one.person!r}, or was.", "/name")
    if await conn.fetchval(Q.is_subject_known, one.issuer, one.subject):
        raise Refused(Code.STATE_FORBIDS, "The provider's subject is an operator already.", "/subject")


async def enrol(conn: Connection, one: Enrolled, enrolled_by: str, confirmed_by: str, now: datetime) -> None:
    """Enrols a person whom one operator has proposed and another approved. Refused: STATE_FORBIDS."""
    await refuse_known(conn, one)
    await conn.execute(
        Q.insert_operator, one.person, one.email, one.issuer, one.subject, one.scopes, enrolled_by, confirmed_by, now
    )


async def enrol_at_the_database(conn: Connection, person: str, now: datetime) -> bool:
    """Enrols one of the first two; False: that person is enrolled. Refused: STATE_FORBIDS, where there are two."""
    await conn.execute(Q.lock_operators)
    people = [row["person"] for row in await conn.fetch(Q.load_active)]
    if person in people:
        return False
    if len(people) >= LEAST:
        sentence = f"{len(people)} operators are enrolled: further ones are enrolled by two of them, with the API."
        raise Refused(Code.STATE_FORBIDS, sentence, "/owner_id")
    await refuse_known(conn, Enrolled(person))
    await conn.execute(Q.insert_operator, person, None, None, None, ("*",), None, None, now)
    return True


async def end(conn: Connection, person: str, by: Principal, now: datetime) -> None:
    """The person acts no more, with no key. Refused: NOT_FOUND, STATE_FORBIDS (fewer than two would be left)."""
    await conn.execute(Q.lock_operators)
    people = [row["person"] for row in await conn.fetch(Q.load_active)]
    if person not in people:
        raise Refused(Code.NOT_FOUND, f"There is no operator {person[:100]!r}.", "/person")
    if len(people) <= LEAST:
        sentence = "Fewer than two operators would be left, and much takes two; enrol another first."
        raise Refused(Code.STATE_FORBIDS, sentence, "/person")
    await conn.execute(Q.end_operator, person, by.owner_id, now)
    await revoke_keys_of(conn, "operator", person, by, now)


async def people(pool: Pool, after: str, limit: int) -> list[asyncpg.Record]:
    """All there are or were, by name."""
    return await pool.fetch(Q.list_operators, after, limit)


async def active(conn: Connection | Pool) -> Sequence[asyncpg.Record]:
    """Those who may act, with how a provider knows them."""
    return await conn.fetch(Q.load_active)
