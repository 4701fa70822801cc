"""The merchant took goods back: the money lowers what is owed, and the interest it has borne may come back with it."""

from collections.abc import Callable, Sequence

from service.plans.running import outlook
from service.plans.running.facts import Captured, Event, Paid, Refunded, undone_by
from service.plans.running.paying import pay
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component, PaymentKind
from service.terms.terms import Terms

Replay = Callable[[Terms, Sequence[Event]], Standing]


def refunded(standing: Standing, fact: Refunded, replay: Replay) -> None:
    """Allocate the refund, then the interest that it returns."""
    pay(standing, fact.id, fact.kind, fact.on, fact.amount)
    standing.refunded += fact.amount
    terms = standing.terms
    if fact.returns_interest and terms.refund_interest and terms.recalculate and standing.bears_interest:
        amount = _interest_to_return(standing, fact, replay)
        if amount > 0:
            standing.returned_interest += amount
            pay(standing, f"{fact.id}/interest", PaymentKind.INTEREST_REFUND, fact.on, amount)


def _interest_to_return(standing: Standing, fact: Refunded, replay: Replay) -> int:
    """Interest up to the refund, less what it would be had the refunded money never been lent."""
    if standing.closed:
        return sum(row.owed[Component.INTEREST] for row in standing.rows)
    assert standing.done is not None, "the facts before it were not loaded"
    other = replay(standing.terms, as_if_never_lent([*standing.done, fact]))
    other.bear_overdue(fact.on)
    borne = sum(outlook.interest_until(course, fact.on) for course in standing.courses)
    would_be = sum(outlook.interest_until(course, fact.on) for course in other.courses)
    return borne - standing.returned_interest - would_be


def as_if_never_lent(facts: Sequence[Event]) -> list[Event]:
    """The facts without refunds, the refunded money paid back on the day it was lent."""
    never = {undone_by(fact) for fact in facts}
    left = sum(fact.amount for fact in facts if isinstance(fact, Refunded))
    result: list[Event] = []
    for fact in facts:
        if isinstance(fact, Refunded) or undone_by(fact) or fact.id in never:
            continue
        result.append(fact)
        if isinstance(fact, Captured) and left:
            back = min(left, fact.amount)
            left -= back
            result.append(Paid(id=f"{fact.id}/back", recorded_on=fact.recorded_on, on=fact.on, amount=back))
    return result
