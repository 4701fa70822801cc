"""Goods that are used before they are paid: from when until when."""

from service.errors import Code, Refused
from service.plans.running.standing import Standing
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted


def went_on(standing: Standing, fact: OrderConfirmed | UseStarted | UseEnded) -> None:
    """It is confirmed, begins or ends, and lasts until another day: of that end nobody was told yet."""
    match fact:
        case OrderConfirmed(at=at, permission_id=permission_id, authentication_id=authentication_id):
            standing.confirmed_at, standing.permission_id = at, permission_id
            if authentication_id:
                standing.authenticated_amount = fact.amount
        case UseStarted(at=at):
            standing.use_started_at, standing.use_ended_at = at, None
        case UseEnded(at=at):
            _refuse_before_it_began(standing, fact)
            standing.use_ended_at = at
    standing.deadline_on = fact.on
    standing.expiry_told = 0


def _refuse_before_it_began(standing: Standing, fact: UseEnded) -> None:
    if standing.use_started_at is None:
        raise Refused(Code.STATE_FORBIDS, "Its use has not begun.")
    if fact.at < standing.use_started_at:
        raise Refused(Code.STATE_FORBIDS, f"Its use began at {standing.use_started_at.isoformat()}, after that end.")
