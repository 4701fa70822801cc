"""Operators are told of referrals that wait for a person: each once, whoever looks, some seconds after it was decided.

The checkout itself tells nobody: its decision is one statement, and mostly nothing is referred.
"""

from datetime import datetime, timedelta
from typing import Final

from service import ids
from service.actor import ActorKind
from service.checkout.flow import Q
from service.checkout.review import REFERRAL_LIVES
from service.db import Pool, alone
from service.engine.events import TELL, told_to_operators
from service.event_type import EventType

AT_ONCE: Final = 500
LOCKED: Final = 7_420_001  # the advisory lock of whoever tells
LOOKED_BACK: Final = timedelta(days=1)  # some seconds after each other; what is older is looked for every hour


async def tell_old_referrals(pool: Pool, kept: timedelta, now: datetime) -> int:
    """Tells of all that may still be decided: nobody told of them for more than a day, because no worker ran. `kept` is
    how long events are: what was forgotten of them is not told again."""
    return await tell_referrals(pool, now, min(REFERRAL_LIVES, kept))


async def tell_referrals(pool: Pool, now: datetime, back: timedelta = LOOKED_BACK) -> int:
    """Tells of the referrals of so long back that were not told yet; how many."""
    told, after = 0, ids.lowest(ids.DECISION, int((now - back).timestamp() * 1000))
    async with alone(pool, LOCKED) as is_ours:
        while is_ours and (rows := await pool.fetch(Q.list_untold_referrals, after, AT_ONCE)):
            events = [
                told_to_operators(
                    EventType.REFERRED, ActorKind.MERCHANT,
                    {
                        "decision_id": row["decision_id"], "merchant_reference": row["merchant_reference"],
                        "amount": row["amount"], "currency": row["currency"],
                        "review_by": row["decided_at"] + REFERRAL_LIVES,
                    },
                    row["decided_at"], f"{ids.EVENT}_{row['decision_id'][3:]}", decision_id=row["decision_id"],
                )
                for row in rows
            ]  # fmt: skip
            async with pool.acquire() as conn, conn.transaction():
                await TELL.execute(conn, told=events)
            told, after = told + len(rows), rows[-1]["decision_id"]
    return told
