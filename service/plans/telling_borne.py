"""What a scheme pays of a plan, in a sentence. Pure."""

from collections.abc import Callable

from service.plans.running.facts import AnyFact
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned


def borne(fact: AnyFact, money: Callable[[int], str]) -> str:
    """The sentence; empty for a fact that is about no scheme."""
    match fact:
        case Subsidised(amount=amount):
            return f"A scheme pays {money(amount)} of the interest."
        case SubsidyReturned(amount=amount):
            return f"A scheme got {money(amount)} back that it had paid of the interest."
        case BoughtDown(paid_in=paid_in, earned=earned, returned=returned, released=released):
            back = returned + max(0, -paid_in)
            said = {
                "were paid in, so that the consumer pays no interest": max(0, paid_in),
                "of what was paid in are income": earned,
                "of what was paid in went back": back,
                "of what was paid in bear a part of the loss": released,
            }
            return " ".join(f"{money(amount)} {words}." for words, amount in said.items() if amount)
    return ""
