"""A plan is settled early, or a part of it: what a quote promised to give up is given up when its amount is paid."""

from collections.abc import Callable
from datetime import date

from service.money import split
from service.plans.running.facts import Paid, SettlementQuoted
from service.plans.running.rows import PartPaid, Row
from service.plans.running.standing import Allocated, Standing
from service.terms.allocation_rule import Component, PaymentKind

PAYMENTS = (PaymentKind.PAYMENT, PaymentKind.PAID_TO_MERCHANT)
INTEREST, FEE = Component.INTEREST, Component.FEE
COSTS_BACK = "/costs"  # how what comes back of costs is named, after the quote's own id
Pay = Callable[[Standing, str, PaymentKind, date, int], None]


def quoted(standing: Standing, fact: SettlementQuoted) -> None:
    """The promise stands until it is used, another takes its place, or the schedule changes."""
    standing.quote = fact


def settle(standing: Standing, fact: Paid, pay: Pay) -> int:
    """Before a payment is allocated: if it pays what was quoted, or all that the quote leaves, the rest is given up.

    Returns what is allocated by the rule of its kind: all of it but for a part that is quoted.
    """
    quote = standing.quote
    if quote is None or fact.kind not in PAYMENTS or not quote.on <= fact.on <= quote.good_until:
        return fact.amount
    if quote.part:
        return fact.amount - _settle_part(standing, quote, fact, pay)
    interest, fee = left_ahead(standing, quote.on)
    given_up = min(quote.fee_rebate, fee) + min(quote.interest_rebate, interest) + quote.fee_returned
    owed = sum(row.outstanding for row in standing.rows)
    if fact.amount >= min(quote.amount, owed - given_up):
        give_up(standing, quote, fact.on, pay)
        standing.quote = None
    return fact.amount


def give_up(standing: Standing, quote: SettlementQuoted, on: date, pay: Pay) -> None:
    """The lines not yet due ask for less, from the last on. Where interest follows what is paid it falls by itself.

    What comes back of costs that were paid before is paid towards what is owed.
    """
    standing.fees_given_up += _lower(standing, FEE, quote.fee_rebate, quote.on)
    if not standing.recalculates:
        _lower(standing, INTEREST, quote.interest_rebate, quote.on)
        standing.schedule_ended = standing.schedule_ended or quote.interest_rebate > 0
    if quote.fee_returned:
        _come_back(standing, quote.fee_returned)
        pay(standing, f"{quote.id}{COSTS_BACK}", PaymentKind.FEE_REFUND, on, quote.fee_returned)


def _come_back(standing: Standing, amount: int) -> None:
    """So much of costs that were paid is borne no more."""
    standing.fees_given_up += amount
    standing.fees_back += amount


def left_ahead(standing: Standing, on: date) -> tuple[int, int]:
    """Interest and fees still to be paid of the lines that are not due on a day yet."""
    ahead = [row for row in standing.rows if row.due_on > on]
    return sum(row.left(INTEREST) for row in ahead), sum(row.left(FEE) for row in ahead)


def due_on(standing: Standing, on: date) -> int:
    """What is due on a day, and is paid before any part that is not."""
    return sum(max(0, row.outstanding) for row in standing.rows if row.due_on <= on)


def _lower(standing: Standing, component: Component, amount: int, on: date) -> int:
    """By how much they were lowered."""
    left = amount
    for row in reversed(standing.rows):
        less = min(left, row.left(component)) if row.due_on > on else 0
        if less:
            row.owe(component, -less, on)
            left -= less
    return amount - left


def _settle_part(standing: Standing, quote: SettlementQuoted, fact: Paid, pay: Pay) -> int:
    """What is due is paid first; if the rest pays the part, all lines not yet due fall in one proportion.

    Each of their components falls by it: what is given up is no longer owed, the rest is paid, of principal by what
    comes back of costs as well. Returns what was paid so. Where interest follows what is paid only fees are given up,
    and both are allocated like any other payment.
    """
    if fact.amount - due_on(standing, fact.on) < quote.part:
        return 0
    standing.quote = None
    standing.settled_parts += ((quote.part, quote.of),)
    ahead = [row for row in standing.rows if row.due_on > fact.on and row.is_open]
    left = {component: sum(row.left(component) for row in ahead) for component in Component}
    given_up = dict.fromkeys(Component, 0) | {FEE: min(quote.fee_rebate, left[FEE])}
    shares = dict.fromkeys(Component, 0)
    if not standing.recalculates and ahead:
        given_up[INTEREST] = min(quote.interest_rebate, left[INTEREST])
        shares = _shares(left, given_up, quote.part + quote.fee_returned)
        standing.schedule_ended = True
    less = _give_up_evenly(ahead, given_up, fact.on)
    standing.fees_given_up += sum(less)
    allocated = standing.allocating(Allocated(fact.id, fact.kind, fact.on))
    taken = [_evenly(ahead, component, share) for component, share in shares.items()]
    back = _evenly(ahead, Component.PRINCIPAL, min(quote.fee_returned, shares[Component.PRINCIPAL]))
    for row, fee_given_up, returned, *amounts in zip(ahead, less, back, *taken, strict=True):
        parts = {}
        for component, amount in zip(shares, amounts, strict=True):
            parts[component.value] = row.pay(component, amount, fact.on)
            allocated.add(component, amount)
        row.parts.append(PartPaid(fact.on, **parts, fee_given_up=fee_given_up, returned=returned))
    came_back = sum(back) if any(shares.values()) else quote.fee_returned
    if came_back:
        _come_back(standing, came_back)
    if sum(back):
        allocated.principal -= sum(back)
        name = f"{quote.id}{COSTS_BACK}"
        standing.allocations[name] = Allocated(name, PaymentKind.FEE_REFUND, fact.on, principal=sum(back))
    elif came_back:
        pay(standing, f"{quote.id}{COSTS_BACK}", PaymentKind.FEE_REFUND, fact.on, came_back)
    return sum(shares.values()) - sum(back)


def _give_up_evenly(rows: list[Row], given_up: dict[Component, int], on: date) -> list[int]:
    """Every row is owed less; returns what of its costs was given up."""
    less = {component: _evenly(rows, component, amount) for component, amount in given_up.items()}
    for component, amounts in less.items():
        for row, amount in zip(rows, amounts, strict=True):
            row.owe(component, -amount, on)
    return less[FEE]


def _shares(left: dict[Component, int], given_up: dict[Component, int], part: int) -> dict[Component, int]:
    """What of the part each component takes, so that with what is given up all fall in one proportion."""
    falls = min(part + sum(given_up.values()), sum(left.values()))
    shares, rest = dict.fromkeys(Component, 0), min(part, falls - sum(given_up.values()))
    for component, less in zip(left, split(falls, list(left.values())), strict=True):
        if component is not Component.PRINCIPAL:
            shares[component] = min(rest, max(0, less - given_up[component]))
            rest -= shares[component]
    shares[Component.PRINCIPAL] = min(rest, left[Component.PRINCIPAL])
    return shares


def _evenly(rows: list[Row], component: Component, amount: int) -> list[int]:
    """An amount over the rows, in proportion to what they leave open."""
    return split(amount, [row.left(component) for row in rows]) if amount else [0] * len(rows)
