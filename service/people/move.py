"""A move: consumers come from one person to another. Pure."""

from enum import StrEnum

from msgspec import Struct


class MoveReason(StrEnum):
    """Why consumers came to another person. The check `person_moves_reason_is_known` says the same."""

    MATCHED = "matched"  # a registration named somebody known, and the consumer's own person had nothing yet
    MERGED = "merged"  # an operator found two people to be one
    SPLIT = "split"  # an operator found one person to be two


class Move(Struct, frozen=True):
    """Which consumers come from whom to whom, and why."""

    from_id: str
    to_id: str
    consumers: tuple[str, ...]
    reason: MoveReason
    note: str | None = None
    asked_by: str | None = None  # a key; None: nobody, a registration matched
    approved_by: str | None = None  # another person's
