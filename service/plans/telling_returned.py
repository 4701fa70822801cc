"""What came back with a refund besides the price, in words. Pure."""

from collections.abc import Callable

from service.plans.timeline import Step


def returned(step: Step, money: Callable[[int], str]) -> str:
    """`, with 4.01 EUR of interest and 2.00 EUR of the costs`; nothing where nothing did."""
    before, after = step.before, step.after
    interest = after.returned_interest - (before.returned_interest if before else 0)
    costs = after.returned_fees - (before.returned_fees if before else 0)
    named = (interest, "interest"), (costs, "the costs")
    parts = [f"{money(amount)} of {what}" for amount, what in named if amount > 0]
    return f", with {' and '.join(parts)}" if parts else ""
