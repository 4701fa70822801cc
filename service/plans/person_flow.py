"""Two people are found to be one, or one to be two: consumers, plans and accounts, in one transaction.

Locks are taken as everywhere: people, consumers, accounts, each sorted. A command that waited for an account meanwhile
finds its plan on another one, and is done again (`books.py`). Plans stay in their buckets, which their ids hold.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct

from service import ids
from service.db import Connection
from service.errors import Code, Refused
from service.limits.account import Account
from service.limits.flow import Replaced, Seen, lock_all, replace_accounts, tell_limits
from service.limits.merged import divided, merged
from service.people import moving_flow as people
from service.people.doubt import DoubtOutcome
from service.people.move import Move, MoveReason
from service.people.moving_flow import Called
from service.plans.reading_store import Q


class ByTwo(Struct, frozen=True):
    """Why people are made one or two, and the keys of the two operators who said so."""

    note: str
    asked_by: str
    approved_by: str


class Moved(Struct, frozen=True):
    """The person whose the consumers are now, and what the cache is to be told."""

    person_id: str
    accounts: list[Account]
    consumers: list[tuple[str, int]]  # with their versions


async def merge(conn: Connection, gone_id: str, kept_id: str, by: ByTwo, now: datetime) -> Moved:
    """All consumers and plans of the one are the other's, and their accounts one. Refused: NOT_FOUND, STATE_FORBIDS."""
    await require_mergeable(conn, gone_id, kept_id)
    gone, kept = await people.lock_consumers(conn, gone_id), await people.lock_consumers(conn, kept_id)
    accounts = {(one.person_id, one.currency): one for one in await lock_all(conn, (gone_id, kept_id))}
    replaced: list[Replaced] = []
    seen: list[Seen] = []
    for (person_id, currency), one in accounts.items():
        if person_id != gone_id:
            continue
        before = accounts.get((kept_id, currency))
        nothing, after = merged(one, before, kept_id, ids.bucket_of(kept_id))
        replaced += [Replaced(one, nothing), Replaced(before, after)]
        seen += _seen(gone, one.limit, after) + (_seen(kept, before.limit, after) if before else [])
    await replace_accounts(conn, replaced, by.approved_by, now)
    moved = await _move(conn, gone_id, kept_id, gone, MoveReason.MERGED, by, now)
    await people.settle_doubt(conn, gone_id, kept_id, DoubtOutcome.ONE, gone[0].consumer_id, by.approved_by, now)
    await tell_limits(conn, seen, by.approved_by, now)
    return Moved(kept_id, [one.after for one in replaced], moved)


async def split(conn: Connection, person_id: str, consumer_ids: Collection[str], by: ByTwo, now: datetime) -> Moved:
    """These consumers and their plans are a new person's. Refused: NOT_FOUND, STATE_FORBIDS, INVALID_FIELD."""
    leaving = await require_divisible(conn, person_id, consumer_ids)
    to_id = await people.new_person(conn, ids.bucket_of(leaving[0].consumer_id), now)
    accounts = await lock_all(conn, (person_id,))
    exposed = {
        row["currency"]: (row["reserved"], row["used"])
        for row in await conn.fetch(Q.sum_exposures, *_keys(leaving), person_id)
    }
    replaced: list[Replaced] = []
    seen: list[Seen] = []
    for one in accounts:
        if one.currency in exposed:
            rest, own = divided(one, to_id, ids.bucket_of(to_id), *exposed[one.currency])
            replaced += [Replaced(one, rest)] + ([Replaced(None, own)] if own else [])
            seen += _seen(leaving, one.limit, own) if own else []
    await replace_accounts(conn, replaced, by.approved_by, now)
    moved = await _move(conn, person_id, to_id, leaving, MoveReason.SPLIT, by, now)
    await people.settle_doubt(conn, person_id, to_id, DoubtOutcome.TWO, leaving[0].consumer_id, by.approved_by, now)
    await tell_limits(conn, seen, by.approved_by, now)
    return Moved(to_id, [one.after for one in replaced], moved)


async def require_mergeable(conn: Connection, gone_id: str, kept_id: str) -> None:
    """Both are there, are two people, and of one world. Refused: NOT_FOUND, STATE_FORBIDS, INVALID_FIELD."""
    if gone_id == kept_id:
        raise Refused(Code.INVALID_FIELD, "A person is one with itself already.", "/person")
    await _require_people(conn, {kept_id: "/id", gone_id: "/person"})
    called = [one for person_id in (gone_id, kept_id) for one in await people.lock_consumers(conn, person_id)]
    if any(one.is_test for one in called) and len({one.merchant_id for one in called}) > 1:
        raise Refused(Code.STATE_FORBIDS, "What a test merchant tries is no person of another merchant.", "/person")


async def require_divisible(conn: Connection, person_id: str, consumer_ids: Collection[str]) -> list[Called]:
    """The consumers that leave: some of this person's. Refused: NOT_FOUND, STATE_FORBIDS, INVALID_FIELD."""
    await _require_people(conn, {person_id: "/id"})
    called = await people.lock_consumers(conn, person_id)
    leaving = [one for one in called if one.consumer_id in consumer_ids]
    if not leaving or len(leaving) < len(set(consumer_ids)):
        raise Refused(Code.INVALID_FIELD, "Name consumers of this person.", "/consumers")
    if len(leaving) == len(called):
        raise Refused(Code.INVALID_FIELD, "Leave the person at least one consumer.", "/consumers")
    return leaving


async def _require_people(conn: Connection, asked: Mapping[str, str]) -> None:
    """Each is there, and was not found to be another one. `asked` says where each is named."""
    found = await people.lock_people(conn, [one for one in asked if ids.is_id(one, ids.PERSON)])
    for person_id, pointer in asked.items():
        if person_id not in found:
            raise Refused(Code.NOT_FOUND, f"There is no person {person_id[:100]!r}.", pointer)
        if other := found[person_id]:
            raise Refused(Code.STATE_FORBIDS, f"This person was found to be {other}.", pointer)


async def _move(
    conn: Connection, from_id: str, to_id: str, called: list[Called], reason: MoveReason, by: ByTwo, now: datetime
) -> list[tuple[str, int]]:
    await conn.execute(Q.move_plans_to_person, *_keys(called), from_id, to_id)
    consumers = tuple(one.consumer_id for one in called)
    one = Move(from_id, to_id, consumers, reason, by.note, by.asked_by, by.approved_by)
    return await people.move(conn, one, now)


def _keys(called: list[Called]) -> tuple[list[int], list[str]]:
    return [ids.bucket_of(one.consumer_id) for one in called], [one.consumer_id for one in called]


def _seen(called: list[Called], limit_before: int, account: Account) -> list[Seen]:
    return [Seen(one.consumer_id, one.merchant_id, limit_before, account) for one in called]
