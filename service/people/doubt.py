"""A doubt: two people may be one, and an operator says which. Pure."""

from enum import StrEnum


class DoubtOutcome(StrEnum):
    """What an operator said. The check `person_doubts_outcome_is_known` says the same."""

    ONE = "one"  # they were made one
    TWO = "two"  # they stay two, and nobody asks again
