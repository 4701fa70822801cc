"""A standing permission: a consumer agrees once to all uses of a kind at a merchant, and need not confirm each. Pure.

given      an order of its scenario is confirmed when it is authorized, where the product's `use` has `permission`
revoked    orders that are confirmed go on; a new one waits for the consumer again
"""

from datetime import datetime

from msgspec import Struct

from service.plans.offer import Offer, Scenario


class Permission(Struct, frozen=True):
    """What a consumer has permitted. Another one is given; this one is only taken back, for good."""

    permission_id: str
    consumer_id: str
    scenario: Scenario
    evidence: str
    given_at: datetime
    revoked_at: datetime | None


def permitted_scenario(offer: Offer) -> Scenario | None:
    """The scenario for which a permission would take the place of a confirmation; None where none would."""
    use = offer.use
    return use.scenario if use.permission and use.confirm_days else None
