"""What was promised and is not lent yet: it lasts longer, is captured, or is given back."""

from service.plans.running.facts import (
    Amended,
    AuthorizationExtended,
    Authorized,
    Captured,
    ExpiryAnnounced,
    GivenBack,
    Why,
)
from service.plans.running.standing import Standing


def authorized(standing: Standing, fact: Authorized) -> None:
    """So much may be lent, and so much is held on the card."""
    standing.authorized = fact.amount
    standing.held = fact.held
    standing.deadline_on = fact.on


def amended(standing: Standing, fact: Amended) -> None:
    """Another amount, on the same terms."""
    assert fact.amount >= sum(standing.lent) + standing.given_back
    standing.authorized = fact.amount
    standing.held = fact.held - standing.from_held - standing.held_back
    standing.amended = fact


def extended(standing: Standing, fact: AuthorizationExtended) -> None:
    """It ends later; of that end nobody was told yet."""
    standing.extended_days += fact.days
    standing.deadline_on = fact.on
    standing.expiry_told = 0


def expiry_announced(standing: Standing, fact: ExpiryAnnounced) -> None:
    """The merchant was told."""
    standing.expiry_told = fact.days


def promised(standing: Standing, fact: Captured) -> None:
    """What a capture needs besides what is still promised."""
    if fact.beyond and standing.authorized is not None:
        standing.authorized += fact.beyond
    standing.given_back -= fact.anew


def captured(standing: Standing, fact: Captured) -> None:
    """What was taken from the card; after a final capture what is left is given back."""
    standing.held -= fact.from_held
    standing.from_held += fact.from_held
    if fact.final:
        standing.ended_by = None  # nothing that expired is captured after the last
        _give_back(standing, standing.reserved, standing.held)


def given_back(standing: Standing, fact: GivenBack) -> None:
    """A part of it, or all that is left."""
    _give_back(standing, fact.amount, fact.from_held)
    standing.ended_by = fact.why


def ended(standing: Standing, why: Why) -> None:
    """All that is left is given back."""
    _give_back(standing, standing.reserved, standing.held)
    standing.ended_by = why


def _give_back(standing: Standing, reserved: int, held: int) -> None:
    assert 0 <= reserved <= standing.reserved
    assert 0 <= held <= standing.held
    standing.given_back += reserved
    standing.held -= held
    standing.held_back += held
