"""Goods shipped: the amount is lent, as a course of its own or within the one that runs."""

from service.plans.running import moves
from service.plans.running.facts import Captured
from service.plans.running.paying import use_overpaid
from service.plans.running.rows import Row, RowKind
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.schedule import down_payment_of
from service.terms.terms import Captures, DownPaymentAt


def captured(standing: Standing, fact: Captured) -> None:
    """Lend the amount less its down payment; a down payment in the schedule is a row of its own."""
    terms = standing.terms
    down_payment = down_payment_of(terms, fact.amount)
    financed = fact.amount - down_payment
    standing.lent.append(fact.amount)
    if down_payment and terms.down_payment_at is DownPaymentAt.SCHEDULE:
        row = Row(RowKind.DOWN_PAYMENT, fact.on, fact.on, standing.capture)
        row.owed[Component.PRINCIPAL] = down_payment
        standing.rows.append(row)
    if terms.captures is Captures.OWN_TERM or not standing.courses:
        course = moves.begin_course(terms, fact.amount, fact.on)
        course.capture = standing.capture
        standing.courses.append(course)
        standing.add_rows(course)
    elif fact.on < standing.courses[0].last.due_on:
        moves.lend(standing.courses[0], fact.on, financed)
        standing.sort()
    else:
        standing.row_after(fact.on).owe(Component.PRINCIPAL, financed, fact.on)
        standing.sort()
    standing.sync(fact.on)
    use_overpaid(standing, fact.id, fact.on)
