"""What comes before the first request: a server that is safe for money, a database of this version, in dev the demo."""

import logging

from service import clock, db, logs, migrations, safety
from service.access.secret_flow import secrets_of, settle
from service.config import CannotStart, Settings
from service.jobs.retention import keep_of, write_floors


async def prepare(settings: Settings, processor_url: str = "") -> None:
    """A safe server and a database of this version, or `CannotStart`; with a processor the demo, too, which uses it."""
    assert settings.database_url
    connection = await db.connect(settings.owner_url, patience=15)
    try:
        with db.in_a_sentence(settings.owner_url):
            if unsafe := await safety.unsafe_settings(connection, settings.sync_standbys):
                raise CannotStart("This PostgreSQL is not safe for money. " + " ".join(unsafe))
            for migration in await migrations.migrate(connection, migrations.load_migrations()):
                logs.tell(f"Migrated to {migration.version:03} {migration.name}.")
            await migrations.distribute(connection)
            if sentence := await migrations.grant(connection):
                logs.tell(sentence, logging.WARNING)
            await write_floors(connection, keep_of(settings))
            if settings.key_secret:
                await settle(connection, secrets_of(settings), clock.now())
    finally:
        await connection.close()
    if processor_url:
        from service import demo  # it is not part of an image

        pool = await db.open_pool(settings.database_url, size=4)
        await demo.seed(pool, settings, processor_url)
        await pool.close()
