"""A doubt: two people may be one, and an operator says which. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class DoubtOutcome(StrEnum):
    """What an operator said. The check `person_doubts_outcome_is_known` says the same."""

    ONE = "one"  # they were made one
    TWO = "two"  # they stay two, and nobody asks again


class Doubt(Struct, frozen=True):
    """Two people who may be one: a registration was known by identifiers of both."""

    doubt_id: str = field(name="id")
    person_id: str = field(name="person")  # one of the two
    other_id: str = field(name="other")  # the other
    consumer_id: str = field(name="consumer")  # whose registration it was
    found_at: datetime  # when that was
    outcome: DoubtOutcome | None  # null: nobody has said yet
    settled_at: datetime | None  # null: not yet
    settled_by: str | None  # a key
