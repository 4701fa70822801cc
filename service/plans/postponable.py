"""May the consumer put a due date off: as far and as often as the product allows, and while nothing is late. Pure.

allowed    twice in the plan's life, each time by at most 14 days
16 March   moved to 30 March       one is left, and the instalments after it follow a fortnight later
30 March   moved to 4 April        none is left; the lender may still move a date, without bound
"""

from collections.abc import Iterable
from datetime import date, timedelta

from service.law.book import LegalRule, strictest_on
from service.plans.offer import Offer
from service.plans.running.pauses import days_past_due, why_it_rests
from service.plans.running.rows import Line
from service.plans.running.standing import Standing
from service.terms.calendar import add_months
from service.terms.servicing import Servicing


def times_left(servicing: Servicing, standing: Standing) -> int:
    """How many more due dates the consumer may put off. What the lender has moved does not count."""
    if not servicing.postpone_days_max:
        return 0
    return max(0, servicing.postpone_times_max - standing.postponed)


def allowance(servicing: Servicing, standing: Standing) -> str:
    """What the product allows and what of it is left, as words."""
    days, times = servicing.postpone_days_max, servicing.postpone_times_max
    if not (days and times):
        return "its product lets the consumer put off none, and only the lender may move it"
    left = times_left(servicing, standing)
    return f"its product allows {times} in a plan's life, each by at most {days} days, of which {left} are left"


def why_not(servicing: Servicing, standing: Standing, lines: Iterable[Line], today: date) -> str:
    """Why none may be put off today, as words; empty: one may be."""
    if not times_left(servicing, standing):
        return allowance(servicing, standing)
    if standing.rows_stand_alone or standing.withdrawal is not None:
        return "its schedule has ended, and all that is owed has a day of its own"
    if why := why_it_rests(standing, today):
        return f"collection rests, for {why}"
    grace = servicing.late_fee.grace_days if servicing.late_fee else 0
    owed = [line for line in lines if line.outstanding]
    if not owed:
        return "nothing is owed"
    for line in owed:
        if (late := days_past_due(standing, line.due_on, today)) > grace:
            return f"the instalment due on {line.due_on} is {late} days past due, of which {grace} are grace"
    return ""


def next_of_due_dates(servicing: Servicing, standing: Standing, lines: Iterable[Line], on: date) -> list[str]:
    """The verb for a due date, where it goes."""
    return [] if why_not(servicing, standing, lines, on) else ["postpone_due_date"]


def latest_by_law(offer: Offer, agreed_on: date, lent_on: date) -> tuple[date, str] | None:
    """The last day that the law of the plan has for its last instalment, and the law's name; None: it has none.

    A term counts from the agreement, a deferral from the delivery, which is when the first of it was captured.
    """
    bounds = []
    for rule in (LegalRule.TERM_MONTHS_MAX, LegalRule.DEFERRAL_DAYS_MAX):
        row = strictest_on(rule, offer.jurisdiction, offer.product_class, agreed_on)
        if row is not None and row.unit == "months":
            bounds.append((add_months(agreed_on, row.value, agreed_on.day), row.source))
        elif row is not None:
            bounds.append((lent_on + timedelta(days=row.value), row.source))
    return min(bounds, default=None)
