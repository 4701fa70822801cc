"""Day close: what time alone brings about, as commands. Run it again and it finds nothing left to do."""

import asyncio
from datetime import datetime

from msgspec import Struct

from service import ids
from service.actor import THE_DAY
from service.checkout.limit_flow import ReviewedDay, Reviewing, Told, review_all
from service.db import Pool
from service.engine.engine import Engine
from service.errors import Code, Refused
from service.outside.flow import erase_expired
from service.partners.file import Manifest
from service.partners.flow import make_due_files
from service.plans.accrual_flow import accrue
from service.plans.reading_store import Q
from service.plans.void import Expire

AT_ONCE = 256


class DayClosed(Struct, frozen=True):
    """What was done: authorizations ended uncaptured, interest booked, limits reviewed, the partners' files made."""

    expired: int
    accrued: int  # days of interest booked, each of a merchant, a programme and a currency
    reviewed: int  # accounts whose limit was reviewed
    limits_changed: int  # of so many of them
    files: list[Manifest]
    erased: int  # answers of outside sources that had expired


async def close_day(pool: Pool, engine: Engine, under: Reviewing | None, told: Told, now: datetime) -> DayClosed:
    """Ends every authorization whose time to capture is over at `now`, some hundred at a time; books interest until the
    day that ended; then reviews the limits of all accounts, unless no policy is in force; then makes the files of the
    day before, and erases what outside sources said and may not be read again."""
    expired = 0
    while rows := await pool.fetch(Q.load_overdue_authorizations, now, AT_ONCE):
        answers = await asyncio.gather(
            *(
                engine.do(
                    Expire(
                        command_id=ids.new_id(ids.COMMAND, row["bucket"], int(now.timestamp() * 1000)),
                        actor=THE_DAY,
                        plan_id=row["plan_id"],
                    ),
                    None,
                    now,
                )
                for row in rows
            )
        )
        ended = sum(answer.status == 200 for answer in answers)
        if not ended:
            raise Refused(Code.UNAVAILABLE, "Authorizations could not be ended; close the day again later.")
        expired += ended
    accrued = await accrue(pool, now)
    day = await review_all(pool, under, told, now) if under else ReviewedDay()
    files, erased = await make_due_files(pool, now), await erase_expired(pool, now)
    return DayClosed(expired, accrued, day.reviewed, day.changed, files, erased)
