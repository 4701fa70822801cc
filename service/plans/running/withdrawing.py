"""The consumer withdraws from the credit: what was lent is owed back in one sum, and nothing else that was agreed.

It is known from the start of the fold. So what was paid before counts towards what was lent, whatever it had settled.
"""

from service.plans.running.authorization import ended
from service.plans.running.facts import Captured, Why, Withdrawn
from service.plans.running.paying import use_overpaid
from service.plans.running.rows import Row, RowKind
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component


def captured(standing: Standing, fact: Captured, withdrawal: Withdrawn) -> None:
    """What is lent is owed in the one row that there is, without any cost."""
    row = next((row for row in standing.rows if row.due_on == withdrawal.repay_by), None)
    if row is None:
        row = Row(RowKind.INSTALMENT, fact.on, withdrawal.repay_by, standing.capture)
        standing.rows.append(row)
        standing.sort()
    row.owe(Component.PRINCIPAL, fact.amount, fact.on)
    use_overpaid(standing, fact.id, fact.on)


def withdrawn(standing: Standing, fact: Withdrawn) -> None:
    """Nothing more is lent, and the schedule stays; interest up to this day is owed with what was lent."""
    ended(standing, Why.WITHDRAWN)
    standing.schedule_ended = True
    if fact.interest and standing.lent:
        row = next(row for row in standing.rows if row.due_on == fact.repay_by)
        row.owe(Component.INTEREST, fact.interest, fact.on)
        use_overpaid(standing, fact.id, fact.on)
