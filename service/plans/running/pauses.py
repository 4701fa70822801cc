"""Collection rests: a dispute, goods on their way back, hardship, a death. Days that rest are no days past due.

The consumer may always pay. Interest goes on as agreed; a pause of interest is another fact.
"""

from datetime import date, timedelta

from service.errors import Code, Refused
from service.plans.running.facts import CollectionPaused, CollectionResumed, PauseReason
from service.plans.running.standing import Pause, Standing

A_DAY = timedelta(days=1)


def paused(standing: Standing, fact: CollectionPaused) -> None:
    """It rests from this day on."""
    if (since := since_when(standing, fact.why)) is not None:
        raise Refused(Code.STATE_FORBIDS, f"Collection has been paused for {fact.why} since {since} already.")
    standing.pauses.append(Pause(fact.why, fact.on))


def resumed(standing: Standing, fact: CollectionResumed) -> None:
    """It goes on from this day on, unless it rests for another reason, too."""
    since = since_when(standing, fact.why)
    if since is None:
        raise Refused(Code.STATE_FORBIDS, f"Collection is not paused for {fact.why}.")
    if fact.on < since:
        raise Refused(Code.INVALID_FIELD, f"Collection was paused on {since}, after {fact.on}.", "/on")
    end(standing, fact.why, fact.on)


def end(standing: Standing, why: PauseReason, on: date) -> None:
    """The pause of this reason, if there is one, is over."""
    standing.pauses = [
        Pause(one.why, one.begin, max(one.begin, on)) if one.why is why and one.end is None else one
        for one in standing.pauses
    ]


def since_when(standing: Standing, why: PauseReason) -> date | None:
    """Since when it rests for this reason; None if it does not."""
    return next((one.begin for one in standing.pauses if one.why is why and one.end is None), None)


def rests_on(standing: Standing, on: date) -> bool:
    """Whether nothing is collected on a day."""
    return any(one.begin <= on and (one.end is None or on < one.end) for one in standing.pauses)


def days_past_due(standing: Standing, due_on: date, on: date) -> int:
    """How many days a line has been past due by the end of a day, without those on which collection rested."""
    days = max(0, (on - due_on).days)
    if not days or not standing.pauses:
        return days
    return sum(not rests_on(standing, due_on + timedelta(number)) for number in range(1, days + 1))


def day_past_due(standing: Standing, due_on: date, days: int) -> date | None:
    """The day on which a line that stays unpaid is past due for so many days; None while collection rests for good."""
    on = due_on
    if not standing.pauses:
        return on + timedelta(days)
    last = max((one.end or one.begin) for one in standing.pauses)
    while days:
        on += A_DAY
        if not rests_on(standing, on):
            days -= 1
        elif on > last:
            return None
    return on
