"""The service, for what is the same on one machine."""

from tests.flows.conftest import world

__all__ = ["world"]
