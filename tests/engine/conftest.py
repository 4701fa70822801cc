"""The service on real servers, as the stories have it; and servers of a test's own, for its worst."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from service import db, embedded, migrations
from service.config import Settings
from tests.engine.processes import Own
from tests.flows.conftest import first_of_many, world, world_alone, world_among_many

__all__ = ["first_of_many", "world", "world_alone", "world_among_many"]


@pytest.fixture
async def own(tmp_path: Path, settings: Settings) -> AsyncIterator[Own]:
    """A PostgreSQL and a Valkey of this test's own."""
    with embedded.running(Settings(data=tmp_path)) as servers:
        url = servers.settings.owner_url
        connection = await db.connect(url)
        await migrations.migrate(connection, migrations.load_migrations())
        await migrations.grant(connection)
        await connection.close()
        pool = await db.open_pool(url, size=4)
        reached = msgspec.structs.replace(
            settings,
            database_url=servers.settings.database_url,
            migrate_url=url,
            redis_url=servers.settings.redis_url,
        )
        yield Own(servers, reached, pool)
        await asyncio.wait_for(pool.close(), 10)
