"""What holds for every schedule."""

from datetime import date
from itertools import pairwise

from hypothesis import assume, given

from service.errors import Code, Refused
from service.plans.running.moves import begin_course
from service.terms.schedule import Instalment, build_schedule, cost_of, down_payment_of, every_instalment
from service.terms.terms import DownPaymentAt, FeeDue, Terms
from tests import properties  # noqa: F401 - loads the profile
from tests.terms.any_terms import amounts, any_terms, starts


def schedule_or_refusal(terms: Terms, amount: int, start_on: date) -> tuple[Instalment, ...]:
    """The schedule; a refusal has a code, a sentence and a pointer, and is not a counter-example."""
    try:
        return build_schedule(terms, amount, start_on)
    except Refused as refused:
        assume(not (refused.code is Code.IMPOSSIBLE_TERMS and refused.detail.endswith(".") and refused.pointer))
        raise


@given(any_terms(), amounts, starts)
def test_every_schedule(terms: Terms, amount: int, start_on: date) -> None:
    """Principal sums to what is financed, nothing is negative, dates increase, and spread costs lose no cent."""
    rows = schedule_or_refusal(terms, amount, start_on)
    down_payment = down_payment_of(terms, amount)
    inside = down_payment if terms.down_payment_at is DownPaymentAt.SCHEDULE else 0
    assert sum(row.principal for row in rows) == amount - down_payment + inside
    assert all(min(row.principal, row.interest, row.fee) >= 0 for row in rows)
    assert rows[0].due_on >= start_on
    assert all(early.due_on <= late.due_on for early, late in pairwise(rows))
    numbers = [row.number for row in rows if not row.is_down_payment]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 1 <= len(numbers) <= terms.instalments
    assert rows[-1].total > 0
    costs = [cost for cost in terms.costs if cost.due is FeeDue.SPREAD]
    assert sum(row.fee for row in rows) == sum(cost_of(cost, amount - down_payment) for cost in costs)


@given(any_terms(), amounts, starts)
def test_the_running_course_begins_as_agreed(terms: Terms, amount: int, start_on: date) -> None:
    schedule_or_refusal(terms, amount, start_on)
    rows = every_instalment(terms, amount, start_on)
    agreed = [row for row in rows if not row.is_down_payment]
    dues = begin_course(terms, rows, start_on).dues()
    assert [(due.principal, due.interest) for due in dues] == [(row.principal, row.interest) for row in agreed]
