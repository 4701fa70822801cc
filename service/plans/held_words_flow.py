"""What merchants say was paid frees a limit once it is proved, or once the merchant has borne it in its settlements."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from service import ids
from service.db import Connection, Pool
from service.limits.account import Account
from service.limits.flow import Replaced, replace_accounts
from service.plans.locking_store import lock
from service.plans.reading_store import Q

PLANS_AT_ONCE: Final = 500


async def release(conn: Connection, plan_id: str, now: datetime) -> Account | None:
    """Frees what need not be held any more of a plan's payments; the account after it, if it changed."""
    rows = await lock(conn, [], [plan_id])
    bucket = ids.bucket_of(plan_id)
    payments = [row["payment_id"] for row in await conn.fetch(Q.words_to_release, bucket, plan_id)]
    freed = sum([row["amount"] for row in await conn.fetch(Q.release_words, bucket, plan_id, payments)])
    if not rows or not freed:
        return None
    before = Account(*[rows[0][name] for name in Account.__struct_fields__[:7]])
    after = replace(before, used=before.used - freed, version=before.version + 1)
    await replace_accounts(conn, [Replaced(before, after)], "", now)
    return after


async def release_all(pool: Pool, now: datetime) -> list[Account]:
    """The same of every plan, each in a transaction of its own; run again, it finds none."""
    changed: list[Account] = []
    last = ""
    while plans := [row["plan_id"] for row in await pool.fetch(Q.plans_to_release, last, PLANS_AT_ONCE)]:
        for plan_id in plans:
            async with pool.acquire() as conn, conn.transaction():
                changed += filter(None, [await release(conn, plan_id, now)])
        last = plans[-1]
    return changed
