"""The ladder of tries: when what was declined is tried again, and when a silent processor is asked again. Pure.

Of what falls due, each reason has its own times, counted from the first try:

    insufficient funds, a limit reached    at once, after 24 hours, 72 hours, 7 days
    declined without a reason              at once, after 24 hours, 72 hours
    the processor or the bank is away      at once, after 1 hour, 4 hours, 24 hours
    all others                             once: the instrument is of no use until another is named
"""

from datetime import datetime, timedelta
from typing import Final

from service.payments.charge import Reason

HOUR: Final = timedelta(hours=1)

AFTER: Final[dict[Reason, tuple[timedelta, ...]]] = {
    Reason.INSUFFICIENT_FUNDS: (0 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR),
    Reason.LIMIT_REACHED: (0 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR),
    Reason.DECLINED: (0 * HOUR, 24 * HOUR, 72 * HOUR),
    Reason.PROCESSOR_AWAY: (0 * HOUR, 1 * HOUR, 4 * HOUR, 24 * HOUR),
}

# How long we wait until we ask again about a charge that nobody has answered: the last for ever.
ASK_AFTER: Final = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)


def stops(reason: Reason) -> bool:
    """Whether the instrument is of no use any more."""
    return reason not in AFTER


def next_try(reason: Reason, tries: int, began_at: datetime, now: datetime) -> datetime | None:
    """When to try again after so many tries, the first of them at `began_at`; None: no more for these instalments.

    A try that was missed is made up for at once, but not all of them: the next is in the future.
    """
    return next((at for after in AFTER.get(reason, ())[tries:] if (at := began_at + after) > now), None)


def ask_again(asked: int, now: datetime) -> datetime:
    """When to ask again about a charge after so many times."""
    return now + ASK_AFTER[min(asked, len(ASK_AFTER) - 1)]
