"""Who is behind a registration: somebody known by the same identifiers, or a new person.

People are found by blind indexes, HMACs: equal texts have equal ones, from which nothing can be read. The text is kept
sealed with the consumer's own key, destroyed by an erasure. Two merchants that register one person at the same instant
both want to keep the same index. Its primary key lets one in; the other is done again, and then finds the person.

Two people are made one here only where one of them has nothing yet. Where the identifiers name two people, or a new
identifier of a consumer names another person than its own, an operator is asked (`doubt`).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.data_key import DataKey, DataSecrets, Place
from service.db import Connection, Pool, columns, load_queries
from service.people.identifier import Known
from service.people.move import Move, MoveReason
from service.people.moving_flow import bucket_of_mark, lock_people, move

Q: Final = load_queries(Path(__file__).with_name("matching.sql"))


class Marked(Struct, frozen=True):
    """An identifier as it is kept."""

    kind: str
    text: str  # sealed with the consumer's key
    mark: bytes  # its blind index
    marks: tuple[bytes, ...]  # all under which it may be kept, while one secret follows another
    counts: bool  # who has it is the same person
    verified: bool  # the merchant has made sure that it is theirs


class Matched(Struct, frozen=True):
    """The person, and others whom the identifiers name, too."""

    person_id: str | None = None  # None: nobody is known by any of them
    others: tuple[str, ...] = ()
    marks: frozenset[bytes] = frozenset()  # that name somebody


def marked(secrets: DataSecrets, realm: str, known: Collection[Known]) -> list[Marked]:
    """The identifiers, blind. Of different realms nobody is the same person: what a test merchant tries is real nowhere
    else."""
    made = [(one, identifier_marks(secrets, realm, one.text)) for one in known]
    return [Marked(one.kind, one.text, marks[0], tuple(marks), one.counts, one.verified) for one, marks in made]


async def find(conn: Connection, identifiers: Sequence[Marked]) -> Matched:
    """Who is known by these identifiers, the strongest of which come first; the person stays as it is until we end."""
    asked = [mark for one in identifiers if one.counts for mark in one.marks]
    if not asked:
        return Matched()
    rows = await conn.fetch(Q.find_marks, [bucket_of_mark(mark) for mark in asked], asked)
    persons = {row["mark"]: row["person_id"] for row in rows}
    named = list(dict.fromkeys(persons[mark] for mark in asked if mark in persons))
    if not named:
        return Matched()
    if await conn.fetchval(Q.hold_person, ids.bucket_of(named[0]), named[0]) is None:
        raise again()
    return Matched(named[0], tuple(named[1:]), frozenset(persons))


async def settle(conn: Connection, consumer_id: str, matched: Matched, now: datetime) -> str:
    """The person of a consumer that is registered again: the same as before, or the one it is known by now, if nothing
    stands in the way. Otherwise an operator is asked."""
    person_id: str = await conn.fetchval(Q.hold_consumer, ids.bucket_of(consumer_id), consumer_id)
    others = [one for one in (matched.person_id, *matched.others) if one and one != person_id]
    if others:
        await lock_people(conn, (person_id,))
    if others and await conn.fetchval(Q.is_alone, ids.bucket_of(person_id), person_id, others[0]):
        one = Move(person_id, others[0], (consumer_id,), MoveReason.MATCHED)
        await move(conn, one, now)
        person_id, *others = others
    await doubt(conn, person_id, others, consumer_id, now)
    return person_id


async def keep(
    conn: Connection,
    key: DataKey,
    person_id: str,
    identifiers: Sequence[Marked],
    matched: Matched,
    now: datetime,
) -> None:
    """Keeps what a consumer was registered with; of a kind named now, what it was registered with before goes.

    What counts names the person from now on, unless it names another already.
    """
    if not identifiers:
        return
    consumer_id, bucket = key.key_id, ids.bucket_of(key.key_id)
    kinds = sorted({one.kind for one in identifiers})
    gone = await conn.fetch(
        Q.drop_identifiers, bucket, consumer_id, kinds, [mark for one in identifiers for mark in one.marks]
    )
    rows = [
        (
            bucket, consumer_id, one.mark, one.kind, one.counts, one.verified, now,
            seal_identifier(key, one.text, one.mark),
        )
        for one in identifiers
    ]  # fmt: skip
    await conn.execute(Q.keep_identifiers, *columns(rows))
    names_nobody = {one.mark for one in identifiers if one.counts} - matched.marks
    if new := sorted((bucket_of_mark(mark), mark) for mark in names_nobody):
        kept = await conn.fetch(Q.keep_marks, *columns(new), person_id)
        if len(kept) < len(new):
            raise again()
    if marks := [row["mark"] for row in gone if row["counts"]]:
        await conn.execute(Q.drop_marks, [bucket_of_mark(mark) for mark in marks], marks, person_id)


async def is_verified(conn: Connection | Pool, consumer_id: str, one: Marked) -> bool:
    """Whether the merchant has made sure that this is the consumer's."""
    found = await conn.fetchval(Q.is_verified, ids.bucket_of(consumer_id), consumer_id, list(one.marks))
    return bool(found)


async def doubt(conn: Connection, person_id: str, others: Collection[str], consumer_id: str, now: datetime) -> None:
    """Asks an operator whether these are one person. Who was said to be two people is not asked about again."""
    for other in others:
        one, two = sorted((person_id, other))
        bucket = ids.bucket_of(one)
        doubt_id = ids.new_id(ids.DOUBT, bucket, int(now.timestamp() * 1000))
        await conn.execute(Q.insert_doubt, bucket, doubt_id, one, two, consumer_id, now)


def again() -> asyncpg.SerializationError:
    """Another registration was faster: this one is to be done again, and finds what that one made."""
    return asyncpg.SerializationError("the same person or reference was registered in the same instant")


def identifier_marks(secrets: DataSecrets, realm: str, text: str) -> list[bytes]:
    """All marks under which an identifier may be kept, the present one first."""
    return secrets.blinds("identifier", f"{realm}\x1f{text}")


def seal_identifier(key: DataKey, text: str, mark: bytes) -> bytes:
    """What an identifier is, as it is kept."""
    return key.seal(text.encode(), _place(key, mark))


def unseal_identifier(key: DataKey, sealed: bytes, mark: bytes) -> str:
    """What it is again."""
    return key.unseal(sealed, _place(key, mark)).decode()


def _place(key: DataKey, mark: bytes) -> Place:
    return Place("consumer_identifiers", "sealed", f"{key.key_id}.{mark.hex()}")
