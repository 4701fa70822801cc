"""How far a change of a schedule may reach: dates within a hundred years, and lines that are worked out in good time.

Where interest follows what is paid, every line may change with every payment, so that there may be fewer of them.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.plan import Plan, business_day
from service.plans.running.facts import AnyFact, DueMoved, Extended, HolidayGranted, InterestPaused, RateChanged, ReAged
from service.terms.frame import YEARS_MAX, are_years_apart
from service.terms.pricing import is_capped, price_of
from service.terms.terms import Unit

LINES_MAX: Final = 480  # of a plan whose schedule is changed: forty years of months
LINES_MAX_RECALCULATED: Final = 120  # ... and whose interest follows what is paid: a payment then takes some 0.1 s
RATE_MAX: Final = 100_000  # per cent per year
DAYS: Final = {Unit.DAY: 1, Unit.WEEK: 7, Unit.HALF_MONTH: 15, Unit.MONTH: 30, Unit.YEAR: 365}


def refuse_beyond(plan: Plan, change: AnyFact) -> None:
    """Refused: IMPOSSIBLE_TERMS, for a date before the plan or too far ahead, too many lines, too high a rate, by the
    law of the plan as well."""
    for name, day in _dates(change):
        refuse_far(plan, day, f"/{name}")
    most = LINES_MAX_RECALCULATED if plan.standing.terms.recalculate else LINES_MAX
    lines = len(plan.lines) + _more_lines(change)
    if _more_lines(change) and lines > most:
        sentence = f"The plan would have {lines} lines; a schedule that is changed has at most {most}."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/instalments")
    if isinstance(change, ReAged) and change.instalments * change.every * DAYS[change.unit] > 365 * YEARS_MAX // 2:
        sentence = f"The last instalment would fall due more than {YEARS_MAX // 2} years after the first."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/every")
    if isinstance(change, RateChanged) and not 0 <= change.rate_percent <= RATE_MAX:
        raise Refused(Code.IMPOSSIBLE_TERMS, f"A rate is from 0 to {RATE_MAX} per cent.", "/rate_percent")
    if isinstance(change, RateChanged) and change.rate_percent > plan.offer.terms.rate_percent:
        _refuse_dear(plan, change.rate_percent)


def refuse_far(plan: Plan, day: date, pointer: str) -> None:
    """Refused: IMPOSSIBLE_TERMS, for a day before the plan was opened or more than a hundred years after."""
    opened_on = business_day(plan.authorized_at, plan.offer.time_zone)
    if day < opened_on or are_years_apart(opened_on, day):
        sentence = f"{day} lies before the plan was opened, {opened_on}, or more than {YEARS_MAX} years after."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, pointer)


def _refuse_dear(plan: Plan, rate_percent: Decimal) -> None:
    """Refused: IMPOSSIBLE_TERMS, for a rate at which the plan could not have been agreed: by the law of that day its
    price would have been above a cap."""
    offer, agreed_on = plan.offer, business_day(plan.authorized_at, plan.offer.time_zone)
    terms = replace(offer.terms, rate_percent=rate_percent)
    try:
        above = price_of(offer.jurisdiction, offer.product_class, terms, plan.agreed.amount, agreed_on).above
    except Refused:  # so dear that it has no annual rate, or no schedule of its own
        if is_capped(offer.jurisdiction, offer.product_class, agreed_on):
            sentence = f"A plan at {rate_percent} per cent would be above the cap of the law: it has no annual rate."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/rate_percent") from None
        return  # what the change makes of this schedule is bounded elsewhere
    if above is not None:
        cap = f"{above.value} basis points, {above.source}"
        sentence = f"A plan at {rate_percent} per cent would be above the cap of {cap}."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/rate_percent")


def _dates(change: AnyFact) -> list[tuple[str, date]]:
    dates = [("on", change.on)]
    if isinstance(change, DueMoved):
        dates.append(("to", change.to))
    if isinstance(change, InterestPaused):
        dates.append(("end_on", change.end_on))
    if isinstance(change, ReAged):
        dates.append(("first_due_on", change.first_due_on))
    return dates


def _more_lines(change: AnyFact) -> int:
    """So many lines may be added."""
    match change:
        case Extended() | ReAged():
            return change.instalments
        case HolidayGranted():
            return change.principal
        case _:
            return 0
