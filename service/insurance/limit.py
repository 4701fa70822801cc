"""A debtor's limit under a policy: what was asked, granted, reduced and withdrawn, each from a day on. Pure.

A sale is insured by the limit of its own day. A limit that is reduced or withdrawn takes nothing from earlier sales.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from service.errors import Code, Refused


class LimitState(StrEnum):
    """Where a debtor's limit stands."""

    REQUESTED = "requested"  # the insurer is asked -> GRANTED, PARTIAL, REFUSED
    GRANTED = "granted"  # -> REDUCED, WITHDRAWN, REQUESTED
    PARTIAL = "partial"  # less than was asked -> REDUCED, WITHDRAWN, REQUESTED
    REFUSED = "refused"  # -> REQUESTED
    REDUCED = "reduced"  # -> REDUCED, WITHDRAWN, REQUESTED
    WITHDRAWN = "withdrawn"  # -> REQUESTED


class LimitSource(StrEnum):
    """Who said it."""

    RULE = "rule"  # the policy's own, within its discretionary limit
    DISCRETIONARY = "discretionary"  # the insured, within the same
    INSURER = "insurer"
    ASKED = "asked"  # nobody has decided yet


class LimitStep(Struct, frozen=True):
    """What became of a limit."""

    state: LimitState
    source: LimitSource
    requested: int  # minor units of the policy's currency that were asked for
    limit: int  # minor units, from that day on; while it is only asked for: what it was before
    from_on: date
    rule_id: str | None = None  # of the policy's, that granted it
    conditions: str | None = None  # of the insurer
    fee: int = 0  # minor units that the insurer takes for it


class DayLimit(Struct, frozen=True):
    """What counts on a day."""

    amount: int
    source: LimitSource


def limit_on(steps: Sequence[LimitStep], day: date) -> DayLimit:
    """The limit of a day, minor units: the last step until then, in the order in which they were told."""
    found = DayLimit(0, LimitSource.ASKED)
    for step in steps:
        if step.from_on <= day and step.state is not LimitState.REQUESTED:
            found = DayLimit(step.limit, step.source)
    return found


_DECIDED = (LimitState.GRANTED, LimitState.PARTIAL, LimitState.REDUCED)


def answered(steps: Sequence[LimitStep], amount: int, on: date, conditions: str | None) -> LimitStep:
    """What the insurer says to what was asked. Refused: STATE_FORBIDS, if nothing is asked; INVALID_FIELD."""
    last = steps[-1]
    if last.state is not LimitState.REQUESTED:
        raise Refused(Code.STATE_FORBIDS, f"The limit is {last.state}: the insurer is not asked for one.", "/debtor_id")
    if amount > last.requested:
        raise Refused(Code.INVALID_FIELD, f"{last.requested} minor units were asked for.", "/amount")
    state = LimitState.GRANTED if amount == last.requested else LimitState.PARTIAL if amount else LimitState.REFUSED
    return LimitStep(state, LimitSource.INSURER, last.requested, amount, on, conditions=conditions)


def lowered(steps: Sequence[LimitStep], amount: int, on: date, told_on: date, conditions: str | None) -> LimitStep:
    """The insurer reduces a limit or, to 0, withdraws it.

    Refused: STATE_FORBIDS; INVALID_FIELD, for a day that is past, and for as much as the limit is or more.
    """
    last = steps[-1]
    now = limit_on(steps, max(one.from_on for one in steps)).amount
    if last.state not in _DECIDED:
        raise Refused(Code.STATE_FORBIDS, f"The limit is {last.state}: there is nothing to lower.", "/debtor_id")
    if amount >= now:
        raise Refused(Code.INVALID_FIELD, f"The limit is {now} minor units; more of it is asked for anew.", "/amount")
    if on < told_on:
        raise Refused(Code.INVALID_FIELD, f"Sales before {told_on} were made within the limit.", "/from_on")
    if on < last.from_on:
        raise Refused(Code.INVALID_FIELD, f"The limit begins on {last.from_on}.", "/from_on")
    state = LimitState.REDUCED if amount else LimitState.WITHDRAWN
    return LimitStep(state, LimitSource.INSURER, last.requested, amount, on, conditions=conditions)
