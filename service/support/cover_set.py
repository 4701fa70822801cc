"""A cover set: plans that an arrangement covers. An arrangement that has one bears losses of its plans alone. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.support.arrangement import Name


class CoverMode(StrEnum):
    """How plans come to it. The check `cover_sets_mode_is_known` says the same."""

    STATIC = "static"  # it is frozen once, and then has its plans for good
    DYNAMIC = "dynamic"  # plans come as they are captured


class EnrolmentState(StrEnum):
    """Where the cover of a plan stands. The check `enrolments_state_is_known` says the same."""

    ACTIVE = "active"  # -> CLAIMED, RELEASED, VOID
    CLAIMED = "claimed"  # a loss of it was borne
    RELEASED = "released"  # its plan has ended without a loss -> ACTIVE, where it owes again after all
    VOID = "void"  # it could not be enrolled, or not again, for a reason


class Covering(Struct, frozen=True, forbid_unknown_fields=True):
    """What a cover set is to be."""

    arrangement_id: Annotated[str, Meta(pattern=r"^sa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
    name: Name
    mode: CoverMode
    sanctioned: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]  # the most that it takes
    revolving: bool = False  # what its plans pay back may be covered again: `sanctioned` is the most at a time


class CoverSet(Struct, frozen=True):
    """A cover set as it is now."""

    cover_set_id: str = field(name="id")
    arrangement_id: str
    name: str
    mode: CoverMode
    currency: str
    sanctioned: int  # minor units of principal that it takes at most: ever, or at a time where it revolves
    revolving: bool  # whether what its plans pay back may be covered again
    plans: int  # that are enrolled, or were
    principal: int  # minor units that were lent to them when they were enrolled
    frozen_at: datetime | None  # null: plans may still be enrolled
    made_at: datetime


def require_covering(asked: Covering) -> None:
    """Refused: INVALID_FIELD, for a set that is frozen and gives back."""
    if asked.revolving and asked.mode is CoverMode.STATIC:
        raise Refused(Code.INVALID_FIELD, "A static set has its plans for good: it does not revolve.", "/revolving")
