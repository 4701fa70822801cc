"""The use of what a plan is for: as it is shown, and how long its bill may be captured. Pure.

unconfirmed           until `confirm_days` after the authorization, where the product asks the consumer to confirm
authorized            until `capture_within_days` after the authorization: so long the use may begin
in use                until `days_max` after its beginning, and `bill_days` more
the use has ended     until `bill_days` after its end

Extensions come on top. A plan whose use nobody tells of is captured within the first of these.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from service.plans.offer import Kind, Offer, Scenario
from service.plans.running.standing import Standing


class UseOfPlan(Struct, frozen=True):
    """Whether the consumer has agreed to the order, and from when until when it was used."""

    scenario: Scenario | None  # null: any
    confirm_by: datetime | None  # until when the consumer is to confirm the order; null: they did, or need not
    confirmed_at: datetime | None  # null: they did not yet, or need not
    permission_id: str | None  # by which they had agreed to all such orders before; null: they confirmed this one
    started_at: datetime | None  # null: it has not begun
    ended_at: datetime | None  # null: it has not


def used(offer: Offer, standing: Standing, authorized_at: datetime) -> UseOfPlan | None:
    """The use; None of what is bought."""
    if offer.kind is Kind.INSTALMENTS:
        return None
    confirm_by = captured_by(offer, standing, authorized_at) if is_unconfirmed(offer, standing) else None
    return UseOfPlan(
        offer.use.scenario, confirm_by, standing.confirmed_at, standing.permission_id or None,
        standing.use_started_at, standing.use_ended_at,
    )  # fmt: skip


def is_unconfirmed(offer: Offer, standing: Standing) -> bool:
    """Whether it waits for the consumer: until then nothing is used or captured."""
    return awaits_word(offer, standing) or is_unproved(offer, standing)


def is_unproved(offer: Offer, standing: Standing) -> bool:
    """Whether they have to prove that it is they who agree to this amount: an amount that changed is another."""
    asked = offer.authentication
    return asked is not None and asked.above < standing.amount != standing.authenticated_amount


def awaits_word(offer: Offer, standing: Standing) -> bool:
    """Whether they have to confirm the order, within days of their own."""
    return offer.use.confirm_days > 0 and standing.confirmed_at is None


def captured_by(offer: Offer, standing: Standing, authorized_at: datetime) -> datetime:
    """The last instant for a capture, without extensions."""
    use = offer.use
    if standing.use_ended_at is not None:
        return standing.use_ended_at + timedelta(days=use.bill_days)
    if standing.use_started_at is not None:
        return standing.use_started_at + timedelta(days=use.days_max + use.bill_days)
    days = offer.capture_within_days
    if awaits_word(offer, standing):
        days = min(days, use.confirm_days)
    return authorized_at + timedelta(days=days)


def next_of_use(standing: Standing) -> list[str]:
    """The verbs that a use waits for."""
    if standing.use_started_at is None:
        return ["start_use"]
    return ["end_use"] if standing.use_ended_at is None else []
