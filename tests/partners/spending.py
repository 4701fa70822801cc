"""A process that takes room in a budget until the last cent, as authorizations do: some are refused, some crash.

python -m tests.partners.spending DATABASE_URL BUDGET MOST SEED      prints what it took
"""

import asyncio
import random
import sys
import uuid

from service.db import open_pool
from service.partners.allocation import NotTaken
from service.partners.budget import Need, Use
from service.partners.lease_flow import Leases
from service.plans.reading_store import Q

LARGEST = 9_000_00
AT_ONCE = 8


async def spend(url: str, budget: str, most: int, seed: int) -> int:
    """Ends when not one cent is left."""
    chance = random.Random(seed)
    pool = await open_pool(url, 4)
    leases = Leases(pool)
    spent = 0

    async def opened(use: Use) -> bool:
        """The transaction of an authorization: false, if the lease was closed meanwhile."""
        async with pool.acquire() as conn, conn.transaction():
            if not await conn.fetch(Q.hold_leases, [use.lease_id]):
                return False
            await asyncio.sleep(chance.random() / 500)
            await conn.execute(
                "insert into budget_uses (bucket, plan_id, budget, lease_id, amount, share_bps, is_book)"
                " values (0, $1, $2, $3, $4, 10000, false)",
                uuid.uuid4().hex, use.budget, use.lease_id, use.amount,
            )  # fmt: skip
        return True

    async def buy() -> None:
        nonlocal spent
        amount = LARGEST
        while amount:
            wanted = chance.randint(1, amount)
            taken = await leases.take([Need(budget, wanted, most, NotTaken.CAPACITY)])
            if isinstance(taken, NotTaken):
                amount = wanted // 2 if wanted > 1 else 0
            elif chance.random() < 0.1:
                await leases.give_back(taken)  # the authorization was refused
            elif await opened(taken[0]):
                spent += wanted
            else:
                await leases.drop(taken)
        # what another had under way when we heard no may have come back: whoever is last asks again

    await asyncio.gather(*(buy() for _ in range(AT_ONCE)))
    await leases.close()
    await pool.close()
    return spent


if __name__ == "__main__":
    url, budget, most, seed = sys.argv[1:]
    print(asyncio.run(spend(url, budget, int(most), int(seed))))
