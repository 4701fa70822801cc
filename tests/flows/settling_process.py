"""A process that settles all merchants, orders what is due from the bank, and hears that each payout was paid.

It is killed at any instant (test_settling_killed.py): what it had not committed is done by the next one.
"""

import asyncio
import os
from datetime import timedelta

from service import clock, db
from service.errors import Refused
from service.merchants.paying_flow import Told, all_payouts, order_due, tell
from service.merchants.payout import PayoutState, Step
from service.merchants.settlement_terms import BankAccount
from service.merchants.settling_flow import settle_all

WEEK = timedelta(days=7)  # what is paid after a weekend is ordered, too
PAYER = BankAccount("Alster Credit AG", "DE75512108001245126199")


async def main() -> None:
    """All of it once, each step in a transaction of its own, as the service does it."""
    pool, now = await db.open_pool(os.environ["DATABASE_URL"], size=2), clock.now()
    await settle_all(pool, now)
    try:
        async with pool.acquire() as conn, conn.transaction():
            await order_due(conn, "EUR", PAYER, now.date() + WEEK, "ke_test", now)
    except Refused:
        pass  # nothing is left to be ordered
    for one in await all_payouts(pool, "", 10_000, PayoutState.ORDERED):
        async with pool.acquire() as conn, conn.transaction():
            await tell(conn, one.payout_id, Step.PAID, Told(now, "ke_test", None, "bank 1"))
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main())
