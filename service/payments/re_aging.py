"""Spreading what is owed anew: over the instalments left, or over instalments of another rhythm."""

from datetime import date

from msgspec import structs

from service.errors import Code, Refused
from service.money import in_multiples
from service.payments.rows import Row, RowKind
from service.payments.standing import Standing
from service.plans.allocation_rule import Component
from service.plans.calendar import anchor_of, step
from service.plans.changes import moves
from service.plans.changes.facts import ReAged, ReAmortized
from service.plans.frame import regular_unit

PRINCIPAL = Component.PRINCIPAL


def re_amortized(standing: Standing, fact: ReAmortized) -> None:
    """Principal past due is spread over the instalments not yet due."""
    on = fact.on
    if standing.recalculates:
        for course in standing.courses:
            moves.re_amortize(course, on)
        standing.sync(on)
        return
    ahead = [row for row in standing.instalments() if row.due_on > on]
    if not ahead:
        raise Refused(Code.STATE_FORBIDS, "No instalment is left that is not yet due.")
    _spread(standing, ahead, _take_off([row for row in standing.rows if row.due_on <= on], on), on)


def re_aged(standing: Standing, fact: ReAged) -> None:
    """The principal still owed falls due in instalments of the rhythm agreed now."""
    rhythm = structs.replace(
        standing.terms, every=fact.every, unit=fact.unit, first_due_on=fact.first_due_on, anchor_day=None
    )
    anchor_day = anchor_of(rhythm, fact.first_due_on)
    due_on = [step(rhythm, fact.first_due_on, k, anchor_day) for k in range(fact.instalments)]
    if due_on[0] < fact.on:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The first instalment is due before the change.", "/first_due_on")
    begin_on = step(rhythm, fact.first_due_on, -1, anchor_day)
    if standing.recalculates:
        unit = regular_unit(rhythm)
        share = None if unit is None else fact.every * unit
        for course in standing.courses:
            moves.re_age(course, fact.on, due_on, [share] * len(due_on), begin_on)
            standing.add_rows(course)
        standing.sync(fact.on)
        return
    owed = _take_off(standing.rows, fact.on)
    standing.rows = [row for row in standing.rows if row.due_on <= fact.on or row.total > 0]
    fresh, begin = [], max([row.due_on for row in standing.rows if row.due_on <= fact.on], default=begin_on)
    for day in due_on:
        fresh.append(Row(RowKind.INSTALMENT, begin, day))
        begin = day
    _spread(standing, fresh, owed, fact.on)
    standing.rows += fresh
    standing.sort()


def _take_off(rows: list[Row], on: date) -> int:
    """Take the unpaid principal off the rows."""
    total = 0
    for row in rows:
        left = row.left(PRINCIPAL)
        row.owe(PRINCIPAL, -left, on)
        total += left
    return total


def _spread(standing: Standing, rows: list[Row], amount: int, on: date) -> None:
    terms = standing.terms
    part = in_multiples(amount, len(rows), terms.multiple_of, terms.instalment_rounding)
    for row in rows[:-1]:
        row.owe(PRINCIPAL, part, on)
    rows[-1].owe(PRINCIPAL, amount - part * (len(rows) - 1), on)
