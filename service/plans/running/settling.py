"""A plan is settled early: what a quote promised to give up is given up when its amount is paid."""

from datetime import date

from service.plans.running.facts import Paid, SettlementQuoted
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component, PaymentKind


def quoted(standing: Standing, fact: SettlementQuoted) -> None:
    """The promise stands until it is used, another takes its place, or the schedule changes."""
    standing.quote = fact


def settle(standing: Standing, fact: Paid) -> None:
    """Before a payment is allocated: if it pays what was quoted, or all that the quote leaves, the rest is given up."""
    quote = standing.quote
    if quote is None or fact.kind is not PaymentKind.PAYMENT or not quote.on <= fact.on <= quote.good_until:
        return
    interest, fee = left_ahead(standing, quote.on)
    given_up = min(quote.fee_rebate, fee) + min(quote.interest_rebate, interest)
    owed = sum(row.outstanding for row in standing.rows)
    if fact.amount >= min(quote.amount, owed - given_up):
        give_up(standing, quote)
        standing.quote = None


def give_up(standing: Standing, quote: SettlementQuoted) -> None:
    """The lines not yet due ask for less, from the last on. Where interest follows what is paid it falls by itself."""
    _lower(standing, Component.FEE, quote.fee_rebate, quote.on)
    if standing.recalculates:
        return
    _lower(standing, Component.INTEREST, quote.interest_rebate, quote.on)
    standing.settled_early = standing.settled_early or quote.interest_rebate > 0


def left_ahead(standing: Standing, on: date) -> tuple[int, int]:
    """Interest and fees still to be paid of the lines that are not due on a day yet."""
    ahead = [row for row in standing.rows if row.due_on > on]
    return sum(row.left(Component.INTEREST) for row in ahead), sum(row.left(Component.FEE) for row in ahead)


def _lower(standing: Standing, component: Component, amount: int, on: date) -> None:
    for row in reversed(standing.rows):
        less = min(amount, row.left(component)) if row.due_on > on else 0
        if less:
            row.owe(component, -less, on)
            amount -= less
