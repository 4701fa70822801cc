"""The service, for what is the same on one machine."""

from tests.flows.conftest import first_of_many, world, world_alone, world_among_many

__all__ = ["first_of_many", "world", "world_alone", "world_among_many"]
