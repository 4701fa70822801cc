"""A penalty levied by hand is bounded as time's own late fee is: for what is late, in a year, and in all. Pure.

the product says what paying late costs    so much, once for an instalment that is late beyond its days of grace,
                                           within its caps and the law's
it says nothing of it                      the law's caps, and no more in all than was lent
"""

from datetime import date, timedelta
from functools import lru_cache

from service.errors import Code, Refused
from service.plans.book import refuse_state
from service.plans.happening import today_of
from service.plans.plan import Plan
from service.plans.running.pauses import days_past_due, why_it_rests
from service.plans.running.rows import Row
from service.terms.allocation_rule import Component
from service.terms.late_fees import capped
from service.terms.servicing import LateFee

A_YEAR = timedelta(days=365)


def refuse_penalty(plan: Plan, amount: int, due_on: date, today: date) -> date | None:
    """When what it is for was due; None: nothing is late.

    Refused: STATE_FORBIDS (collection rests, nothing is late that costs anything), IMPOSSIBLE_TERMS (too much).
    """
    standing, agreed = plan.standing, plan.offer.servicing.late_fee
    if why := why_it_rests(standing, today) or why_it_rests(standing, due_on):
        raise refuse_state(plan, f"charged a penalty while collection rests, for {why}")
    grace = 0 if agreed is None else agreed.grace_days
    late = _late(plan, due_on, grace)
    if agreed is not None and late is None:
        sentence = f"charged a penalty on {due_on}: nothing is late beyond its {grace} days of grace"
        raise refuse_state(plan, sentence)
    most = _most(plan, late, due_on)
    if amount > most:
        sentence = f"At most {most} minor units more may be asked for as a penalty on {due_on}, by its terms and law."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount")
    return late.due_on if late else None


def _most(plan: Plan, late: Row | None, due_on: date) -> int:
    levied = plan.standing.late_fees
    of_it = sum([amount for _, amount, since in levied if late is None or since == late.due_on])
    in_a_year = sum([amount for on, amount, _ in levied if on > due_on - A_YEAR])
    in_all = sum([amount for _, amount, _ in levied])
    parts = (late.left(Component.PRINCIPAL), late.left(Component.INTEREST)) if late else (0, 0)
    if (agreed := plan.offer.servicing.late_fee) is not None:
        return agreed.of(agreed.overdue(*parts), in_a_year, in_all, of_it)
    on = today_of(plan, plan.authorized_at)
    by_law = _by_law(plan.offer.jurisdiction, plan.offer.product_class, on, plan.currency)
    most = by_law.most(by_law.overdue(*parts), of_it, in_a_year, in_all)
    lent = max(0, sum(plan.standing.lent) - in_all)
    return lent if most is None else min(most, lent)


def _late(plan: Plan, on: date, grace_days: int) -> Row | None:
    """The last that is late on a day, beyond its days of grace."""
    standing = plan.standing
    late = [row for row in standing.rows if row.is_open and row.due_on < on]
    late = [row for row in late if not grace_days or days_past_due(standing, row.due_on, on) > grace_days]
    return late[-1] if late else None


@lru_cache(maxsize=4096)
def _by_law(jurisdiction: str, product_class: str, on: date, currency: str) -> LateFee:
    return capped(LateFee(), jurisdiction, product_class, on, currency)
