"""Spreading what is owed anew: over the instalments left, or over instalments of another rhythm."""

from datetime import date
from fractions import Fraction

from msgspec import structs

from service.errors import Code, Refused
from service.plans.running import spreading
from service.plans.running.changes import is_settled
from service.plans.running.course import Course
from service.plans.running.facts import ReAged, ReAmortized
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.calendar import anchor_of, step
from service.terms.frame import regular_unit, whole_and_odd


def re_amortized(standing: Standing, fact: ReAmortized) -> None:
    """Principal past due is spread over the instalments not yet due."""
    for course in _those_owed(standing, fact):
        spreading.re_amortize(course, fact.on)
    standing.sync(fact.on)


def re_aged(standing: Standing, fact: ReAged) -> None:
    """The principal still owed falls due in instalments of the rhythm agreed now."""
    rhythm = structs.replace(
        standing.terms, every=fact.every, unit=fact.unit, first_due_on=fact.first_due_on, anchor_day=fact.anchor_day
    )
    anchor_day = anchor_of(rhythm, fact.first_due_on)
    due_on = [step(rhythm, fact.first_due_on, k, anchor_day) for k in range(fact.instalments)]
    if due_on[0] < fact.on:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The first instalment is due before the change.", "/first_due_on")
    unit = regular_unit(rhythm)

    def share_between(begin: date, end: date) -> Fraction | None:
        return None if unit is None else whole_and_odd(rhythm, begin, end, anchor_day, unit)

    if (fact.all_alike or fact.keeps_settled) and not any(row.outstanding for row in standing.rows):
        return  # what came late had paid it by then
    begin_on = step(rhythm, fact.first_due_on, -1, anchor_day)
    _lend_what_no_course_knows(standing, fact.on)
    for course in _those_owed(standing, fact):
        replaced = spreading.re_age(course, fact.on, due_on, begin_on, share_between, all_alike=fact.all_alike)
        standing.add_rows(course, replaced)
    standing.sync(fact.on)
    if fact.with_charges:
        _put_off_charges(standing, fact)


def _those_owed(standing: Standing, fact: ReAged | ReAmortized) -> list[Course]:
    """The courses that are spread anew: of one that is settled nothing is."""
    return [course for course in standing.courses if not (fact.keeps_settled and is_settled(standing, course))]


def _put_off_charges(standing: Standing, fact: ReAged) -> None:
    """Fees and penalties on lines that are due already fall due with the first new instalment."""
    first = next((row for row in standing.instalments() if row.due_on > fact.on), None)
    if first is None:
        return  # nothing was spread: all but charges had been paid by then
    for row in standing.rows:
        for component in (Component.FEE, Component.PENALTY) if row.due_on <= fact.on else ():
            if charged := row.left(component):
                row.owe(component, -charged, fact.on)
                first.owe(component, charged, fact.on)


def _lend_what_no_course_knows(standing: Standing, on: date) -> None:
    """A down payment not made, and principal owed behind the last instalment, is spread with the rest."""
    for row in standing.rows:
        amount = row.left(Component.PRINCIPAL) if row.course is None and row.due_on <= on else 0
        if amount:
            row.owe(Component.PRINCIPAL, -amount, on)
            standing.courses[0].lend(on, amount)
