"""What all facts are made of."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

Money = Annotated[int, Meta(ge=1, le=1_000_000_000_000, description="minor units")]
Whole = Annotated[int, Meta(ge=0, le=1_000_000_000_000, description="minor units")]
Count = Annotated[int, Meta(ge=1, le=1200)]


class Fact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="fact", kw_only=True):
    """Dated; `on` is the day it takes effect, in the fields of each kind."""

    id: str
    recorded_on: date


class KeepsSettled(Fact, frozen=True, kw_only=True):
    """A fact after which nothing more is asked for of what is settled: a change of the schedule that comes too late."""

    keeps_settled: bool = False  # it stays settled; False: as it was before
