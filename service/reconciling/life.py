"""The life of what does not match: its id, and what ended it. Pure.

new -> persisting -> resolved -> reopened -> ...
"""

import hashlib
from enum import StrEnum
from typing import Final

from service import ids
from service.reconciling.found import Found
from service.reconciling.matching import Left, Match

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class BreakState(StrEnum):
    """The life of a break; the check `breaks_state_is_known` says the same."""

    NEW = "new"  # found for the first time -> PERSISTING, RESOLVED
    PERSISTING = "persisting"  # a later day has it too -> RESOLVED
    REOPENED = "reopened"  # it was resolved, and is there again -> PERSISTING, RESOLVED
    RESOLVED = "resolved"  # by an event, by a person, or gone from a later comparison -> REOPENED


class BreakStepKind(StrEnum):
    """What happened to a break; the check `break_steps_what_is_known` says the same."""

    OPENED = "opened"
    REOPENED = "reopened"
    RECLASSIFIED = "reclassified"  # it is of another class now
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    RESOLVED = "resolved"


def break_id(programme_id: str, partner_id: str, one: Found) -> str:
    """The id of a break, for life: it follows from what it is about, and not from its class. Of payouts programme and
    partner are empty."""
    said = "\n".join((programme_id, partner_id, *one.identity))
    number = int.from_bytes(hashlib.sha256(said.encode()).digest()[:16])
    letters = "".join(_LETTERS[number >> shift & 31] for shift in range(125, -1, -5))
    identifier = f"{ids.BREAK}_{letters}"
    assert ids.is_id(identifier, ids.BREAK)
    return identifier


def endings(carried: Left, matches: tuple[Match, ...]) -> dict[str, str]:
    """The event that ended each of what was open before, if it is not open any more: by the rule that matched it, or by
    itself on the other side."""
    events = {one.event_id for one in (*carried.ours, *carried.theirs)}
    ended = dict(zip(sorted(events), sorted(events), strict=True))
    for match in matches:
        named = (*match.ours, *match.theirs)
        for event_id in events.intersection(named):
            others = [one for one in (*match.theirs, *match.ours) if one != event_id]
            if others:
                ended[event_id] = others[0]
    return ended
