"""Checks of the terms that say what happens to a plan while it runs: does each of them matter, and can it be followed?

Every one that passes is followed by the commands on a plan. What could never matter is refused, so that nobody believes
in it.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from service.policies.fault import Fault
from service.terms.allocation_rule import AllocationRule, Component, Step, Timing
from service.terms.terms import Captures, Terms

AS_AGREED: Final = "The interest of the plan stays as agreed; say recalculate, or leave this out."
NO_INTEREST: Final = "The rate is 0: there is no interest that this could change; leave it out."
NO_COSTS: Final = "There are no costs that this could change; leave it out."
OF_INTEREST: Final = ("paid_early", "overdue_interest")  # matter where interest follows payments
PLAINEST: Final = Terms()
STEPS: Final = tuple(product(Timing, Component))


def life_is_followed(at: str, terms: Terms) -> Iterator[Fault]:
    """What is wrong with the terms at a pointer, once a plan runs under them."""
    if terms.captures is Captures.OWN_TERM and terms.captured_inside is not PLAINEST.captured_inside:
        sentence = "Every capture starts a term of its own: none is captured inside a running one; say merged captures."
        yield Fault(f"{at}/captured_inside", sentence)
    for name in OF_INTEREST:
        if getattr(terms, name) != getattr(PLAINEST, name) and not (terms.recalculate and terms.rate_percent):
            yield Fault(f"{at}/{name}", NO_INTEREST if terms.recalculate else AS_AGREED)
    if not terms.refund_interest and not terms.rate_percent:
        yield Fault(f"{at}/refund_interest", NO_INTEREST)
    if not terms.refund_costs and not terms.costs:
        yield Fault(f"{at}/refund_costs", NO_COSTS)
    for place, component in enumerate(terms.chargeback_order):
        if component in terms.chargeback_order[:place]:
            yield Fault(f"{at}/chargeback_order/{place}", f"{component.value} is there already.")
    yield from _allocation(f"{at}/allocation", terms)


def _allocation(at: str, terms: Terms) -> Iterator[Fault]:
    yield from _order(f"{at}/default", terms.allocation.default)
    kinds = [kind for kind, _ in terms.allocation.by_kind]
    for place, (kind, rule) in enumerate(terms.allocation.by_kind):
        if kind in kinds[:place]:
            yield Fault(f"{at}/by_kind/{place}", f"{kind.value} has a rule already.")
        yield from _order(f"{at}/by_kind/{place}/1", rule)


def _order(at: str, rule: AllocationRule) -> Iterator[Fault]:
    """An order has each of the twelve steps once: what it left out, money could never settle."""
    for place, step in enumerate(rule.order):
        if step in rule.order[:place]:
            yield Fault(f"{at}/order/{place}", f"{_words(step)} is there already.")
    if missing := [_words(step) for step in STEPS if step not in rule.order]:
        yield Fault(f"{at}/order", f"Money could never settle {', '.join(missing)}: name every one, each once.")


def _words(step: Step) -> str:
    timing, component = step
    return f"{component.value} {timing.value.replace('_', ' ')}"
