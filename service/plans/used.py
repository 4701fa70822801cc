"""The use of what a plan is for: as it is shown, and how long its bill may be captured. Pure.

authorized            until `capture_within_days` after the authorization: so long the use may begin
in use                until `days_max` after its beginning, and `bill_days` more
the use has ended     until `bill_days` after its end

Extensions come on top. A plan whose use nobody tells of is captured within the first of these.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from service.plans.offer import Offer
from service.plans.running.standing import Standing


class UseOfPlan(Struct, frozen=True):
    """From when until when it was used."""

    started_at: datetime
    ended_at: datetime | None  # null: it is in use


def used(standing: Standing) -> UseOfPlan | None:
    """The use, once it has begun."""
    begun = standing.use_started_at
    return None if begun is None else UseOfPlan(begun, standing.use_ended_at)


def captured_by(offer: Offer, standing: Standing, authorized_at: datetime) -> datetime:
    """The last instant for a capture, without extensions."""
    use = offer.use
    if standing.use_ended_at is not None:
        return standing.use_ended_at + timedelta(days=use.bill_days)
    if standing.use_started_at is not None:
        return standing.use_started_at + timedelta(days=use.days_max + use.bill_days)
    return authorized_at + timedelta(days=offer.capture_within_days)
