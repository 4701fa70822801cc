"""The ladder of tries: when what was declined is tried again, and when a silent processor is asked again. Pure.

Of what falls due, each reason has its own times, counted from the first try. A product may have others (`servicing`);
if it says nothing they are:

    insufficient funds, a limit reached    at once, after 24 hours, 72 hours, 7 days
    declined without a reason              at once, after 24 hours, 72 hours
    the processor or the bank is away      at once, after 1 hour, 4 hours, 24 hours
    all others                             once: the instrument is of no use until another is named
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from service.payments.charge import Reason
from service.terms.servicing import Retry

# Which hours of a ladder are those of a reason; of all others the instrument is of no use any more.
HOURS: Final[dict[Reason, Callable[[Retry], tuple[int, ...]]]] = {
    Reason.INSUFFICIENT_FUNDS: lambda retry: retry.insufficient_funds,
    Reason.LIMIT_REACHED: lambda retry: retry.insufficient_funds,
    Reason.DECLINED: lambda retry: retry.declined,
    Reason.PROCESSOR_AWAY: lambda retry: retry.processor_away,
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
    return reason not in HOURS


def next_try(retry: Retry, reason: Reason, tries: int, began_at: datetime, now: datetime) -> datetime | None:
    """When to try again after so many tries, the first of them at `began_at`; None: no more for these instalments.

    A try that was missed is made up for at once, but not all of them: the next is in the future.
    """
    assert tries >= 1
    if stops(reason):
        return None
    after = HOURS[reason](retry)[tries - 1 :]
    return next((at for hours in after if (at := began_at + timedelta(hours=hours)) > now), None)


def ask_again(asked: int, now: datetime) -> datetime:
    """When to ask again about a charge after so many times."""
    return now + ASK_AFTER[min(asked, len(ASK_AFTER) - 1)]
