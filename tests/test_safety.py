"""What a server must be like: each thing that it is not has its sentence."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from msgspec import structs

from service import db, safety
from service.config import CannotStart, Settings
from service.preparing import prepare
from tests.engine.proxy import Cut, Proxy


async def test_our_own_server_is_safe(database_url: str) -> None:
    connection = await db.connect(database_url)
    assert await safety.unsafe_settings(connection) == []
    await connection.close()


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("synchronous_commit", "off", "synchronous_commit is off"),
        ("synchronous_commit", "local", "synchronous_commit is local"),
        ("default_transaction_isolation", "serializable", "needs read committed"),
        ("default_transaction_read_only", "on", "only lets read"),
    ],
)
async def test_an_unsafe_setting_has_a_sentence(empty_database_url: str, setting: str, value: str, says: str) -> None:
    name = urlsplit(empty_database_url).path.lstrip("/")
    connection = await db.connect(empty_database_url)
    await connection.execute(f"alter database {name} set {setting} = '{value}'")
    await connection.close()
    connection = await db.connect(empty_database_url)
    (sentence,) = await safety.unsafe_settings(connection)
    assert says in sentence
    await connection.close()


@pytest.mark.parametrize(
    ("names", "standbys"),
    [
        ("", 0),
        ("replica", 1),
        ("*", 1),
        ('"2 (two)", three', 1),
        ("2 (one, two, three)", 2),
        ("FIRST 1 (one, two)", 1),
        ("any 3 (*)", 3),
    ],
)
def test_for_how_many_standbys_a_commit_waits(names: str, standbys: int) -> None:
    assert safety.waited_for(names) == standbys


async def test_a_server_without_its_standby_is_not_safe(database_url: str) -> None:
    connection = await db.connect(database_url)
    (sentence,) = await safety.unsafe_settings(connection, standbys_least=1)
    assert sentence.startswith("A commit waits for 0 standbys")
    await connection.close()


async def test_settings_that_a_pooler_dropped_are_missed(database_url: str, pool: db.Pool) -> None:
    async with pool.acquire() as ours:
        assert await safety.lost_settings(ours) == []
    connection = await asyncpg.connect(database_url)
    (sentence,) = await safety.lost_settings(connection)
    assert "set search_path = 'public';" in sentence
    for name, value in re.findall(r"alter role current_user set (\w+) = '(\w+)';", sentence):  # as it tells us to
        await connection.execute(f"set {name} = '{value}'")
    assert await safety.lost_settings(connection) == []
    for shorter, is_lost in (("1000", False), ("0", True), ("15001", True)):
        await connection.execute(f"set statement_timeout = '{shorter}'")
        assert bool(await safety.lost_settings(connection)) is is_lost
    await connection.close()


async def test_a_server_that_ends_while_it_is_asked_has_a_sentence(settings: Settings, tmp_path: Path) -> None:
    proxy = Proxy(settings.owner_url, tmp_path)
    proxy.cut, proxy.cut_at = Cut.BEFORE, b"server_version_num"
    await proxy.open()
    with pytest.raises(CannotStart, match="cannot be used: connection was closed"):
        await prepare(structs.replace(settings, migrate_url=proxy.url))
    assert proxy.cuts == 1
    await proxy.close()
