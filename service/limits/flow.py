"""Limits are changed here, whoever asks: an operator by hand, or a review.

A change locks its account, is kept, and is told to each merchant of the person, in one transaction. The cache hears of
it after the commit, from the caller.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.clusters import is_cluster
from service.db import Connection, columns
from service.engine.events import TELL, Told
from service.event_type import EventType
from service.limits.account import Account
from service.limits.change import LimitChange, LimitRule
from service.limits.store import Q, last_of_each
from service.statement import Int, SmallInt, Statement


class Holder(NamedTuple):
    """Whose account."""

    person_id: str
    currency: str


class ChangedLimit(Struct, frozen=True):
    """A change with its account, as it is written."""

    bucket: SmallInt
    person_id: str
    currency: str
    version: int
    limit_before: int | None
    limit: int
    rule: LimitRule
    decrease: str | None
    policy_id: str | None
    policy_version: Int | None
    changed_by: str | None
    changed_at: datetime


_CHANGE_LIMITS: Final = Statement(Q.change_limits, changed=ChangedLimit)


async def set_limit(conn: Connection, holder: Holder, limit: int, by: str, now: datetime) -> Account:
    """Sets a limit by hand, and opens the account if there is none."""
    opened = await conn.fetchrow(Q.open_account, ids.bucket_of(holder.person_id), *holder)
    rows = [opened] if opened else await lock_accounts(conn, [holder])
    account = Account(*rows[0])
    if opened is None and account.limit == limit:
        return account
    version, before = (account.version, None) if opened else (account.version + 1, account.limit)
    change = LimitChange(version, before, limit, LimitRule.OPERATOR, None, None, None, by, now)
    (changed,) = await change_limits(conn, {holder: change})
    return changed


async def lock_accounts(conn: Connection, holders: Collection[Holder]) -> list[asyncpg.Record]:
    """The rows of these accounts, locked in sorted order; those that are not there are left out."""
    if not is_cluster(conn):
        return await conn.fetch(Q.lock_accounts, *keys_of(holders))
    found = await _lock_by_bucket(conn, Q.lock_accounts_of_bucket, {one.person_id for one in holders})
    return [row for row in found if Holder(row["person_id"], row["currency"]) in holders]


async def _lock_by_bucket(conn: Connection, lock: str, people: Collection[str]) -> list[asyncpg.Record]:
    """On a cluster a bucket at a time: they may be on several machines."""
    found: list[asyncpg.Record] = []
    for bucket in sorted({ids.bucket_of(one) for one in people}):
        there = sorted(one for one in people if ids.bucket_of(one) == bucket)
        found += await conn.fetch(lock, bucket, there)
    return found


async def change_limits(conn: Connection, changes: Mapping[Holder, LimitChange]) -> list[Account]:
    """Changes limits of locked accounts, and tells it of every consumer of their people; the accounts after it."""
    if not changes:
        return []
    changed = [
        ChangedLimit(ids.bucket_of(holder.person_id), *holder, *msgspec.structs.astuple(change))
        for holder, change in sorted(changes.items())
    ]
    rows = await _CHANGE_LIMITS.fetch(conn, changed=changed)
    by_holder = {Holder(one.person_id, one.currency): one for one in changed}
    told = [
        _told(one, row["consumer_id"], row["merchant_id"])
        for row in rows
        # An account that is opened has no limit that changed: as when a decision opens one, nobody is told.
        if (one := by_holder[Holder(row["person_id"], row["currency"])]).limit_before is not None
    ]
    if told:
        await TELL.execute(conn, told=told)
    return last_of_each(Account(*row[:7]) for row in rows)


class Replaced(Struct, frozen=True):
    """An account before and after people were made one or two; None: there was none."""

    before: Account | None
    after: Account


class Seen(Struct, frozen=True):
    """A consumer whose account is another one now, and the limit it had before."""

    consumer_id: str
    merchant_id: str
    limit_before: int
    account: Account


async def lock_all(conn: Connection, person_ids: Collection[str]) -> list[Account]:
    """The accounts of these people, in every currency, locked in sorted order."""
    buckets = [ids.bucket_of(person_id) for person_id in person_ids]
    if is_cluster(conn):
        await _lock_by_bucket(conn, Q.lock_accounts_of_bucket, person_ids)
        return [Account(*row) for row in await _lock_by_bucket(conn, Q.touch_accounts_of_bucket, person_ids)]
    return [Account(*row) for row in await conn.fetch(Q.lock_accounts_of_people, buckets, list(person_ids))]


async def replace_accounts(conn: Connection, replaced: Collection[Replaced], by: str, now: datetime) -> None:
    """Writes what became of locked accounts; a limit that is another one is kept as set by hand."""
    for one in replaced:
        after, before = one.after, one.before
        row = (after.bucket, after.person_id, after.currency, after.limit, after.reserved, after.used, after.version)
        await conn.execute(Q.replace_account, *row)
        if before is None or before.limit != after.limit:
            limit_before = before.limit if before else None
            await conn.execute(Q.keep_limit_by_hand, *row[:3], after.version, limit_before, after.limit, by, now)


async def tell_limits(conn: Connection, seen: Collection[Seen], by: str, now: datetime) -> None:
    """Tells merchants of consumers whose limit is another one now."""
    told = [
        _told(
            ChangedLimit(
                one.account.bucket, one.account.person_id, one.account.currency, one.account.version,
                one.limit_before, one.account.limit, LimitRule.OPERATOR, None, None, None, by, now,
            ),
            one.consumer_id,
            one.merchant_id,
        )
        for one in seen
        if one.limit_before != one.account.limit
    ]  # fmt: skip
    if told:
        await TELL.execute(conn, told=told)


def keys_of(holders: Collection[Holder]) -> list[list[Any]]:
    """The keys of accounts as columns."""
    return columns([(ids.bucket_of(holder.person_id), *holder) for holder in holders])


def _told(one: ChangedLimit, consumer_id: str, merchant_id: str) -> Told:
    data = {
        "consumer": consumer_id, "currency": one.currency, "limit": one.limit, "limit_before": one.limit_before,
        "rule": one.rule, "version": one.version,
    }  # fmt: skip
    bucket = ids.bucket_of(consumer_id)
    event_id = ids.new_id(ids.EVENT, bucket, int(one.changed_at.timestamp() * 1000))
    text = msgspec.json.encode(data).decode()
    actor = ActorKind.DAY if one.changed_by is None else ActorKind.OPERATOR
    return Told(
        bucket, event_id, merchant_id, EventType.LIMIT_CHANGED, one.changed_at, actor, text,
        consumer_id=consumer_id,
    )  # fmt: skip
