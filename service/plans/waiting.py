"""What may be done to a plan that waits for its consumer: to confirm the order, or to prove that it is they. Pure.

Nothing of a purchase is captured meanwhile. Of a deposit so much may be claimed as the consumer has agreed to: one that
was topped up waits for its new amount, and what was agreed before stands.
"""

from service.plans.offer import Kind, Offer
from service.plans.running.standing import Standing
from service.plans.used import is_unproved, next_of_use


def claimable(offer: Offer, standing: Standing, claimed: int) -> int | None:
    """How much more of a deposit may be claimed before the consumer agrees to all of it; None: all that is left."""
    asked = offer.authentication
    if asked is None or not is_unproved(offer, standing):
        return None
    return max(0, asked.above - claimed, (standing.authenticated_amount or 0) - claimed)


def while_waiting(offer: Offer, standing: Standing, claimed: int) -> list[str]:
    """The verbs that may be used meanwhile, but for those that change the amount."""
    verbs = ["authenticate" if is_unproved(offer, standing) else "confirm"]
    if offer.kind is not Kind.DEPOSIT:
        return [*verbs, "void"]
    verbs += ["claim"] * bool(claimable(offer, standing, claimed)) + ["release"]
    if standing.use_started_at is None:
        return [*verbs, "void"]
    return verbs + next_of_use(standing) + ["void"] * (not claimed)
