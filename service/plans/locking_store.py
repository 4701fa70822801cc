"""Accounts locked in sorted order, each beside the offer or the plan that asks for it."""

from typing import Any, Final

from service import ids
from service.clusters import is_cluster
from service.db import Connection
from service.plans.reading_store import Q
from service.statement import Query

AccountKey = tuple[int, str, str]  # bucket, person, currency: the order locks are taken in

FIND_OFFERS: Final = Query(Q.find_offers)
FIND_OWNERS: Final = Query(Q.find_owners)
_NO_OFFER: Final = dict.fromkeys(
    ("decision_id", "consumer_id", "merchant_id", "merchant_reference", "answer", "takers")
)


async def lock(conn: Connection, decisions: list[str], plans: list[str]) -> list[Any]:
    """A row for each decision and plan that exists: its account, and of a decision its answer. The accounts are locked
    until the transaction ends."""
    asked, owed = [ids.bucket_of(one) for one in decisions], [ids.bucket_of(one) for one in plans]
    if not is_cluster(conn):
        return await conn.fetch(Q.lock_books, asked, decisions, owed, plans)
    found = [dict(row) for row in await conn.fetch(FIND_OFFERS.on(conn), asked, decisions)] if decisions else []
    if plans:
        found += [_NO_OFFER | dict(row) for row in await conn.fetch(FIND_OWNERS.on(conn), owed, plans)]
    accounts: dict[AccountKey, Any] = {}
    for bucket in sorted({row["bucket"] for row in found}):  # a bucket at a time: they may be on several machines
        persons = sorted({row["person_id"] for row in found if row["bucket"] == bucket})
        for row in await conn.fetch(Q.lock_accounts_of_bucket, bucket, persons):
            accounts[row["bucket"], row["person_id"], row["currency"]] = row
    keys = [(row["bucket"], row["person_id"], row["currency"]) for row in found]
    return [row | dict(accounts[key]) for row, key in zip(found, keys, strict=True) if key in accounts]
