"""What came back with a refund besides the price, and what else followed from a fact, in words. Pure."""

from collections.abc import Callable

from service.plans.running.facts import RateChanged
from service.plans.timeline import Step


def returned(step: Step, money: Callable[[int], str]) -> str:
    """`, with 4.01 EUR of interest and 2.00 EUR of the costs`; nothing where nothing did."""
    before, after = step.before, step.after
    interest = after.returned_interest - (before.returned_interest if before else 0)
    costs = after.returned_fees - (before.returned_fees if before else 0)
    named = (interest, "interest"), (costs, "the costs")
    parts = [f"{money(amount)} of {what}" for amount, what in named if amount > 0]
    return f", with {' and '.join(parts)}" if parts else ""


def beside(step: Step, money: Callable[[int], str]) -> str:
    """What else followed, in sentences of their own."""
    before, after = step.before, step.after
    owed = after.went_back_unpaid - (before.went_back_unpaid if before else 0)
    said = f" {money(owed)} that had gone back to the consumer as paid too much are owed." if owed > 0 else ""
    more = after.returned_interest - before.returned_interest if before else 0
    if isinstance(step.fact, RateChanged) and more > 0:
        said += f" {money(more)} more of interest are not asked for: it is on goods that came back."
    return said
