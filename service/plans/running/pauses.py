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


def why_it_rests(standing: Standing, on: date) -> str:
    """For which reasons nothing is collected on a day, as words; empty: it is collected."""
    return " and ".join(one.why for one in standing.pauses if one.begin <= on and (one.end is None or on < one.end))


def days_past_due(standing: Standing, due_on: date, on: date) -> int:
    """How many days a line has been past due by the end of a day, without those on which collection rested."""
    days, until = max(0, (on - due_on).days), due_on
    for pause in standing.pauses:
        rested = max(pause.begin, until + A_DAY), on if pause.end is None else min(pause.end - A_DAY, on)
        if rested[0] <= rested[1]:
            days, until = days - (rested[1] - rested[0]).days - 1, rested[1]
    return days


def day_past_due(standing: Standing, due_on: date, days: int) -> date | None:
    """The day on which a line that stays unpaid is past due for so many days; None while collection rests for good."""
    assert days > 0
    on = due_on
    for pause in standing.pauses:
        before = (pause.begin - on).days - 1  # days on which it does not rest yet
        if before >= days:
            break
        if pause.end is None:
            return None
        days -= max(0, before)
        on = max(on, pause.end - A_DAY)
    return on + timedelta(days)
