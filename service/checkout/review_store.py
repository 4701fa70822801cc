"""Reviews in the database: what a person said of a referral, once."""

from collections.abc import Sequence
from datetime import datetime

from service import ids
from service.checkout.flow import Q
from service.checkout.review import ReviewOutcome
from service.db import Connection
from service.errors import Code, Refused


async def keep(
    conn: Connection, referral_id: str, made_id: str, outcome: ReviewOutcome, reasons: Sequence[str], note: str,
    by: str, now: datetime,
) -> None:  # fmt: skip
    """What was said, and the decision that it made. Refused: STATE_FORBIDS for a referral that was reviewed."""
    bucket = ids.bucket_of(referral_id)
    kept = (bucket, referral_id, made_id, outcome, list(reasons), note, by, now)
    if not await conn.fetchval(Q.insert_review, *kept):
        raise was_reviewed()


def was_reviewed() -> Refused:
    """Somebody has said yes or no before."""
    return Refused(Code.STATE_FORBIDS, "This referral was reviewed already.", "/id")
