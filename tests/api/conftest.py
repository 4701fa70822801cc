"""The service on real servers: a world that many tests share, because they write nothing in it, or one of their own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from service import db
from service.config import Settings
from tests.api.routes import Post, posts
from tests.conftest import of_its_own
from tests.flows.conftest import world_on
from tests.flows.world import World


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """For tests in which nothing is written; they run in the loop of the session."""
    async with of_its_own(tmp_path_factory.mktemp("shared"), 2) as (settings, pool), world_on(settings, pool) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ready(world: World) -> list[Post]:
    """Every POST, ready to be done in the shared world: what they name takes a second to make."""
    return await posts(world)


@pytest.fixture
async def own_world(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """The service on a database of the test's own."""
    async with world_on(settings, pool) as world:
        yield world
