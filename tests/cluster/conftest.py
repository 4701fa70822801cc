"""The service, for what is the same on one machine."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.cluster.fresh import forget_template
from tests.flows.conftest import first_of_many, world, world_alone, world_among_many

__all__ = ["first_of_many", "world", "world_alone", "world_among_many"]


@pytest.fixture(autouse=True, scope="session")
def _no_template_stays() -> Iterator[None]:
    yield
    asyncio.run(forget_template())
