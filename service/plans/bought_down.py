"""Interest that somebody buys down: paid in at the capture, income as instalments fall due, back with a refund. Pure.

    paid in     amount x lent / offered, at each capture
    income      on each due date its share of what is left, by the effective interest method
    returned    what is left x what a refund took off / what was owed
    released    what is left, once collection is given up: it bears a part of the loss

What the consumer pays early leaves nothing to earn: all that is left is income at once. What followed from a fact that
never happened did not happen either:

    a refund was a mistake      what went back is paid in again
    the last payment bounced    what became income with it is still to be earned
    collection goes on          what bore a part of the loss is still to be earned
    a capture was a mistake     what was paid in for it goes back, the newest income with it where no more is left
"""

from collections.abc import Iterator
from datetime import date

from service import ids
from service.money import Rounding, quotient
from service.plans.happening import SECOND
from service.plans.offer import Offer
from service.plans.plan import Plan
from service.plans.recorded import facts_of
from service.plans.running.facts import AnyFact, Captured, Corrected, Refunded, undone_by
from service.plans.running.rows import RowKind
from service.plans.running.standing import Standing
from service.plans.running.subsidy_facts import NO_BUY_DOWN, BoughtDown
from service.subsidies.buy_down import income_by_period, income_of, periods_a_year, returned
from service.terms.allocation_rule import Component

PRINCIPAL = Component.PRINCIPAL


def next_look(plan: Plan) -> date | None:
    """The next due date on which a part becomes income; None: there is none."""
    if not plan.standing.buy_down.left or plan.standing.closed:
        return None
    return min((on for on in _due_dates(plan.standing) if on > plan.passed_on), default=None)


def brought_by(plan: Plan, day: date) -> Iterator[BoughtDown]:
    """What becomes income on a due date."""
    so_far, dates = plan.standing.buy_down, _due_dates(plan.standing)
    if so_far.left and not plan.standing.closed and day in dates:
        earned = _income(plan.offer, plan.standing, dates.index(day))
        if earned:
            yield BoughtDown(id="", recorded_on=day, on=day, earned=earned)


def never_followed(plan: Plan, facts: tuple[AnyFact, ...], on: date) -> list[Corrected]:
    """What had followed for it from facts that never happened, now that `facts` say so."""
    undone = [fact_id for fact in facts if (fact_id := undone_by(fact)) is not None]
    if not undone or plan.standing.done is None or plan.standing.buy_down == NO_BUY_DOWN:
        return []
    undone_before = {undone_by(one) for one in facts_of(plan)}
    valid = [one for one in facts_of(plan) if isinstance(one, BoughtDown) and one.id not in undone_before]
    causes = [one for one in facts_of(plan) if one.id in undone and not isinstance(one, Captured)]
    undone_too = [one for one in valid if any(_follows(one, cause) for cause in causes)]
    for one in reversed(valid):
        if _short_of(plan, undone_too) > 0 and one.earned and one not in undone_too:
            undone_too.append(one)
    undone_too.sort(key=lambda one: one.paid_in)  # at no step has more gone back than was paid in
    return [Corrected(id="", recorded_on=on, on=one.on, fact_id=one.id) for one in undone_too]


def _follows(one: BoughtDown, cause: AnyFact) -> bool:
    """Whether it followed from that fact. Of one command the ids share their stem: facts of days have the numbers from
    1 on, and what follows from what the command did itself those after 900.

    From a day's own facts follow what goes back with a refund, and what is released when collection is given up; what
    is earned on a due date follows from none.
    """
    if ids.origin(ids.FACT, one.id) != ids.origin(ids.FACT, cause.id):
        return False
    number, of = ids.index_of(one.id), ids.index_of(cause.id)
    is_of_its_kind = bool(one.returned) == isinstance(cause, Refunded)
    if 0 < of < SECOND:
        is_of_its_kind = is_of_its_kind and (isinstance(cause, Refunded) or bool(one.released))
        return is_of_its_kind and (number == of + 1 or number > SECOND)  # older versions numbered it so
    return is_of_its_kind and number > SECOND


def _short_of(plan: Plan, undone: list[BoughtDown]) -> int:
    """How much of what is to go back, because less was lent, is income, and so not left."""
    kept = plan.standing.buy_down
    paid_in = kept.paid_in - sum(one.paid_in for one in undone)
    left = kept.left + sum(one.earned + one.returned + one.released - one.paid_in for one in undone)
    return paid_in - _paid_in(plan.offer, plan.standing) - left


def following(before: Plan, plan: Plan, facts: tuple[AnyFact, ...], on: date) -> BoughtDown | None:
    """What follows for it from what happened to a plan; None: nothing."""
    subsidy, standing, so_far = plan.offer.subsidy, plan.standing, plan.standing.buy_down
    if subsidy is None or subsidy.buy_down is None:
        return None
    paid_in = max(_paid_in(plan.offer, standing) - so_far.paid_in, -so_far.left)
    left = so_far.left + paid_in
    back = earned = released = 0
    owed = before.amounts.used
    if any(isinstance(fact, Refunded) for fact in facts):
        back = returned(left, min(owed, max(0, owed - plan.amounts.used)), owed)
    left -= back
    if standing.closed:
        released = left
    elif not (plan.amounts.outstanding or plan.remaining):
        earned = left
    if not (paid_in or back or earned or released):
        return None
    return BoughtDown(
        id="", recorded_on=on, on=on, paid_in=paid_in, earned=earned, returned=back, released=released
    )  # fmt: skip


def _paid_in(offer: Offer, standing: Standing) -> int:
    """What the captures so far come to, of all that was offered at the most."""
    assert offer.subsidy is not None
    lent = min(sum(standing.lent), offer.amount)
    return quotient(offer.subsidy.amount * lent, offer.amount, Rounding.HALF_UP)


def _due_dates(standing: Standing) -> list[date]:
    """Those of instalments, each once."""
    rows = [row for row in standing.rows if row.kind is RowKind.INSTALMENT and row.owed[PRINCIPAL]]
    return sorted({row.due_on for row in rows})


def _income(offer: Offer, standing: Standing, period: int) -> int:
    """Of a period, counted from 0: the last takes all that is left."""
    assert offer.subsidy is not None
    assert offer.subsidy.buy_down is not None
    dates, left = _due_dates(standing), standing.buy_down.left
    if period == len(dates) - 1:
        return left
    payments = dict.fromkeys(dates, 0)
    for row in standing.rows:
        if row.due_on in payments and row.kind is RowKind.INSTALMENT:
            payments[row.due_on] += row.owed[PRINCIPAL]
    periods = periods_a_year(offer.terms.unit, offer.terms.every)
    owed = list(payments.values())
    return income_of(income_by_period(sum(owed), owed, offer.subsidy.buy_down.yield_bps, periods), period, left)
