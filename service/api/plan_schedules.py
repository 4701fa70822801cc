"""Other schedules of a plan: dates moved, holidays, pauses, more instalments, rates, spread anew.

All of it is for the operator; the merchant puts due dates off for the consumer, within what the product allows.
"""

from datetime import date
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from service.api.giving_up import propose_above
from service.api.verb import Names, verb
from service.errors import Code
from service.plans.book import Command
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, Reschedule
from service.plans.running.facts import (
    DueMoved,
    Extended,
    HolidayGranted,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAmortized,
)
from service.terms.terms import Percent, Unit

Many = Annotated[int, Meta(ge=0, le=1200)]
Some = Annotated[int, Meta(ge=1, le=1200)]


class MoveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A due date and where it goes; those after it follow."""

    due_on: date  # the date that the schedule shows
    to: date  # where it goes


class HolidayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """So many instalments due from a day ask for no principal, and as many follow the last; or for no interest."""

    on: date  # the holiday begins with the first instalment due then or later
    principal: Many = 0  # so many instalments
    interest: Many = 0  # so many instalments


class PauseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Days without interest, both included."""

    on: date  # the first day without interest
    end_on: date  # the last one


class ExtendBody(Struct, frozen=True, forbid_unknown_fields=True):
    """So many instalments more; those due from a day fall accordingly."""

    on: date  # those due from this day on are lower
    instalments: Some  # so many more


class RateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Another rate from a day on."""

    on: date  # the first day of the new rate
    rate_percent: Percent


class ReAgeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is still owed in principal is spread anew over instalments of their own rhythm."""

    on: date  # as of this day, today or before
    first_due_on: date  # of the new instalments
    instalments: Some  # so many
    every: Some = 1  # so many units
    unit: Unit = Unit.MONTH  # of the rhythm


class ReAmortizeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Principal past due on a day is spread over the instalments not yet due."""

    on: date  # as of this day, today or before


_SCHEDULES: Final[dict[str, Any]] = {
    "refuses": (Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS), "after": ("capture_plan",)
}  # fmt: skip


@verb("due_dates", 200, example={"due_on": "2026-03-16", "to": "2026-03-20"}, **_SCHEDULES)
def move_due_date(body: MoveBody, names: Names) -> Command:
    """An instalment falls due on another day, and those after it follow."""
    return Reschedule(**names, change=DueMoved(**UNWRITTEN, on=body.due_on, to=body.to))


@verb(
    "due_dates", 200, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS),
    example={"due_on": "2026-03-16", "to": "2026-03-20"}, after=("capture_plan",),
)  # fmt: skip
def postpone_due_date(body: MoveBody, names: Names) -> Command:
    """The consumer puts a due date off, as far and as often as `servicing` of the offer allows.

    The instalment falls due at most `postpone_days_max` days later, and those after it follow; that goes
    `postpone_times_max` times in a plan's life. Refused while an instalment is past due beyond its days of grace, while
    it is disputed or collection rests, and where the last instalment would fall due later than the law of the plan
    allows. What the lender moves does not count.
    """
    return PostponeDueDate(**names, due_on=body.due_on, to=body.to)


@verb("holidays", 200, propose_above, example={"on": "2026-03-16", "principal": 1}, **_SCHEDULES)
def grant_holiday(body: HolidayBody, names: Names) -> Command:
    """Some instalments ask for less, and what follows asks for it.

    What changes what is owed by more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    change = HolidayGranted(**UNWRITTEN, on=body.on, principal=body.principal, interest=body.interest)
    return Reschedule(**names, change=change)


@verb("pauses", 200, propose_above, example={"on": "2026-03-20", "end_on": "2026-04-20"}, **_SCHEDULES)
def pause_interest(body: PauseBody, names: Names) -> Command:
    """Some days bear no interest.

    What changes what is owed by more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Reschedule(**names, change=InterestPaused(**UNWRITTEN, on=body.on, end_on=body.end_on))


@verb("extensions", 200, propose_above, example={"on": "2026-03-20", "instalments": 2}, **_SCHEDULES)
def extend_plan(body: ExtendBody, names: Names) -> Command:
    """The plan has more instalments, each lower.

    What changes what is owed by more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Reschedule(**names, change=Extended(**UNWRITTEN, on=body.on, instalments=body.instalments))


@verb("rates", 200, propose_above, example={"on": "2026-03-20", "rate_percent": "4.9"}, **_SCHEDULES)
def change_rate(body: RateBody, names: Names) -> Command:
    """Another rate from a day on; the instalments not yet due follow.

    What changes what is owed by more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Reschedule(**names, change=RateChanged(**UNWRITTEN, on=body.on, rate_percent=body.rate_percent))


@verb(
    "re_ageings",
    200,
    propose_above,
    example={"on": "2026-03-02", "first_due_on": "2026-04-15", "instalments": 6},
    **_SCHEDULES,
)
def re_age(body: ReAgeBody, names: Names) -> Command:
    """The principal still owed falls due in instalments of a rhythm agreed now.

    What changes what is owed by more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    change = ReAged(
        **UNWRITTEN, on=body.on, first_due_on=body.first_due_on, instalments=body.instalments, every=body.every,
        unit=body.unit, all_alike=True,
    )  # fmt: skip
    return Reschedule(**names, change=change)


@verb("re_amortizations", 200, example={"on": "2026-03-02"}, **_SCHEDULES)
def re_amortize(body: ReAmortizeBody, names: Names) -> Command:
    """Principal past due is spread over the instalments not yet due."""
    return Reschedule(**names, change=ReAmortized(**UNWRITTEN, on=body.on))


MERCHANT_ROUTES: Final = [postpone_due_date]
OPERATOR_ROUTES: Final = [move_due_date, grant_holiday, pause_interest, extend_plan, change_rate, re_age, re_amortize]
