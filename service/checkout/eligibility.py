"""Which ways to pay there are for an amount, whoever buys. It asks about nobody and decides nothing. Pure."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from service.errors import Refused
from service.money import take_bps
from service.plans.offer import Kind
from service.policies.compile import CompiledPolicy
from service.policies.document import Verdict
from service.policies.price_list import Rung
from service.terms.pricing import price_of
from service.terms.terms import Unit


class Purchase(Struct, frozen=True):
    """What is bought. Amounts in minor units."""

    currency: str
    amount: int
    word: str = ""  # the merchant's for the category
    deposit_amount: int = 0


class Way(Struct, frozen=True):
    """A way to pay that some consumers get, for this amount."""

    kind: Kind
    instalments: int  # how many
    every: int  # from one to the next
    unit: Unit
    down_payment: int  # minor units, paid in the checkout
    amount: int  # minor units on credit; of a deposit what is waived of it at most
    total_cost_min: int  # minor units of interest and fees, for who gets the best price
    total_cost_max: int  # ... and for who gets the dearest


def ways_to_pay(policy: CompiledPolicy, purchase: Purchase, today: date) -> tuple[Way, ...]:
    """What the price lists show anybody who may buy at all, in their order, for any grade.

    A price above the law of the day is none, and one that only a scheme makes possible is left out.
    """
    category = policy.category_of(purchase.word)
    found: dict[Way, list[int]] = {}
    for grade in policy.policy.grades:
        if grade.verdict is Verdict.DECLINE:
            continue
        for rung in policy.rungs(purchase.currency, category, grade.name, None):
            for way, cost in _way(policy, rung, purchase, today):
                found.setdefault(way, []).append(cost)
    return tuple(
        [
            Way(way.kind, way.instalments, way.every, way.unit, way.down_payment, way.amount, min(costs), max(costs))
            for way, costs in found.items()
        ]
    )


def _way(policy: CompiledPolicy, rung: Rung, purchase: Purchase, today: date) -> Iterator[tuple[Way, int]]:
    is_deposit = rung.kind is Kind.DEPOSIT
    down_payment = 0 if is_deposit else rung.down_payment_of(purchase.amount)
    asked = purchase.deposit_amount if is_deposit else purchase.amount - down_payment
    owed = take_bps(asked, rung.waived_bps_max) if is_deposit else asked
    if rung.bought_down or not rung.amount_min <= asked <= rung.amount_max or owed < max(rung.waived_min, 1):
        return
    document = policy.policy
    try:
        price = price_of(document.jurisdiction, document.product_class, rung.terms, owed, today)
    except Refused:
        return  # from this day, or of this amount, its terms make no schedule
    if price.is_legal:
        terms = rung.terms
        yield Way(rung.kind, terms.instalments, terms.every, terms.unit, down_payment, owed, 0, 0), price.cost
