"""Goods that are used before they are paid: from when until when."""

from service.errors import Code, Refused
from service.plans.running.standing import Standing
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted


def confirmed(standing: Standing, fact: OrderConfirmed) -> None:
    """From here on it ends as an authorization does."""
    standing.confirmed_at = fact.at
    _tell_anew(standing, fact)


def started(standing: Standing, fact: UseStarted) -> None:
    """From here on it ends later; of that end nobody was told yet."""
    standing.use_started_at, standing.use_ended_at = fact.at, None
    _tell_anew(standing, fact)


def ended(standing: Standing, fact: UseEnded) -> None:
    """Refused: STATE_FORBIDS (it never began, or not before it ended)."""
    if standing.use_started_at is None:
        raise Refused(Code.STATE_FORBIDS, "Its use has not begun.")
    if fact.at < standing.use_started_at:
        raise Refused(Code.STATE_FORBIDS, f"Its use began at {standing.use_started_at.isoformat()}, after that end.")
    standing.use_ended_at = fact.at
    _tell_anew(standing, fact)


def _tell_anew(standing: Standing, fact: OrderConfirmed | UseStarted | UseEnded) -> None:
    standing.deadline_on = fact.on
    standing.expiry_told = 0
