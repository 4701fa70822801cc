"""The service on real servers, as the stories have it."""

from tests.flows.conftest import world

__all__ = ["world"]
