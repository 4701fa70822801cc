"""A person from whom nothing is collected for a while, or ever again, at every merchant. Pure."""

from datetime import date
from enum import StrEnum

from msgspec import Struct


class PersonPause(StrEnum):
    """Why nothing is collected. The check `person_pauses_why_is_known` says the same."""

    HARDSHIP = "hardship"  # the person cannot pay for a while
    DEATH = "death"  # the person has died


class Paused(Struct, frozen=True):
    """Since when nothing is collected from a person, and why."""

    why: PersonPause
    begins_on: date  # from this day on
    said_by: str  # the operator
