"""Limits are changed here, whoever asks: an operator by hand, the review of one account, the review of them all.

A change locks its account, is kept, and is told to each merchant of the person, in one transaction; a review that
changes nothing writes nothing. The cache hears of it after the commit, from the caller.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.checkout.case import lay_out
from service.checkout.flow import Who, load_known
from service.checkout.limit_review import Reviewed, reviewed_limit
from service.checkout.request import Checkout
from service.checkout.sealing import unseal_part
from service.data_key import DataSecrets
from service.db import Connection, Pool, load_queries
from service.limits.account import Account
from service.limits.change import LimitChange
from service.limits.flow import Holder, change_limits, keys_of, lock_accounts
from service.merchants.merchant import Merchant
from service.plans.plan import business_day
from service.policies.compile import CompiledPolicy

Q: Final = load_queries(Path(__file__).with_name("limits.sql"))

AT_ONCE: Final = 256  # accounts a transaction

Told = Callable[[Sequence[Account]], Awaitable[None]]


class Reviewing(Struct, frozen=True):
    """Under what accounts are reviewed: the policy in force, and the merchants its facts may ask about."""

    policy: CompiledPolicy
    merchants: Mapping[str, Merchant]
    secrets: DataSecrets
    by: str | None = None  # a key; None: the day's close


class ReviewedAccount(Struct, frozen=True):
    """An account after its review, the limit it had, and what the review came to."""

    account: Account
    limit_before: int
    reviewed: Reviewed


class ReviewedDay(Struct, frozen=True):
    """How many accounts one run has reviewed, and of how many the limit is another one now."""

    reviewed: int = 0
    changed: int = 0


async def review(
    conn: Connection, holders: Collection[Holder], under: Reviewing, now: datetime
) -> dict[Holder, ReviewedAccount]:
    """Reviews these accounts, locked, and changes what is to be changed; accounts that are not there are left out."""
    accounts = {_holder(row): Account(*row) for row in await lock_accounts(conn, holders)}
    if not accounts:
        return {}
    found = await _review(conn, accounts, under, now)
    policy = under.policy.policy
    changes = {
        holder: LimitChange(
            account.version + 1, account.limit, one.limit, one.rule, one.decrease, policy.policy_id, policy.version,
            under.by, now,
        )
        for holder, account in accounts.items()
        if (one := found.get(holder)) and one.rule
    }  # fmt: skip
    changed = {Holder(one.person_id, one.currency): one for one in await change_limits(conn, changes)}
    return {
        holder: ReviewedAccount(
            changed.get(holder, account), account.limit, found.get(holder) or Reviewed(account.limit)
        )
        for holder, account in accounts.items()
    }


async def review_all(pool: Pool, under: Reviewing, told: Told, now: datetime) -> ReviewedDay:
    """Reviews every account once a day of the policy's calendar, some hundred a transaction, and goes on where the
    last run of that day was. Several at once take turns."""
    on = business_day(now, under.policy.policy.time_zone)
    await pool.execute(Q.begin_review_day, on)
    day = ReviewedDay()
    while True:
        async with pool.acquire() as conn, conn.transaction():
            after = await conn.fetchrow(Q.claim_review_day, on)
            if after is None:
                return day
            changed, seen = await _review_next(conn, on, after, under, now)
        await told(changed)
        day = ReviewedDay(day.reviewed + seen, day.changed + len(changed))


async def _review_next(
    conn: Connection, on: date, after: asyncpg.Record, under: Reviewing, now: datetime
) -> tuple[list[Account], int]:
    """The accounts changed of the next ones, and how many those were. Most stay as they are, and are not locked."""
    page = [Holder(*row) for row in await conn.fetch(Q.list_accounts_after, *after, AT_ONCE)]
    found = await _review(conn, page, under, now) if page else {}
    to_change = [holder for holder, one in found.items() if one.rule]
    done = await review(conn, to_change, under, now) if to_change else {}
    changed = [one.account for one in done.values() if one.reviewed.rule]
    last = (ids.bucket_of(page[-1].person_id), *page[-1]) if page else tuple(after)
    ended_at = None if len(page) == AT_ONCE else now
    await conn.execute(Q.advance_review_day, on, *last, len(page), len(changed), ended_at)
    return changed, len(page)


async def _review(
    conn: Connection, holders: Collection[Holder], under: Reviewing, now: datetime
) -> dict[Holder, Reviewed]:
    """What the limits should be, on what is known now; of those with whom nobody has bought yet there is no saying."""
    last = await conn.fetch(Q.load_last_requests, *keys_of(holders))
    if not last:
        return {}
    known = await load_known(conn, under.secrets, [Who(row["consumer_id"], row["currency"]) for row in last])
    found: dict[Holder, Reviewed] = {}
    for row in last:
        one = known[Who(row["consumer_id"], row["currency"])]
        request = unseal_part(under.secrets, row, "request")
        assert request is not None  # only of those who were not erased
        merchant = under.merchants[one.merchant_id]
        today = business_day(now, merchant.time_zone)
        case = lay_out(_decode_checkout(request), one.snapshot, merchant, under.policy, today)
        found[_holder(row)] = reviewed_limit(case, row["by_hand"])
    return found


def _holder(row: asyncpg.Record) -> Holder:
    return Holder(row["person_id"], row["currency"])


_decode_checkout = msgspec.json.Decoder(Checkout).decode
