"""Embedded servers: data that survives, nothing that outlives us, and a sentence for what is in the way."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis

from service import db, embedded, safety
from service.config import CannotStart, Settings
from service.embedded import binaries, lifeline, servers

pytestmark = pytest.mark.long

OWNER = """
import sys, time
from pathlib import Path
from service import embedded
from service.config import Settings
with embedded.running(Settings(data=Path(sys.argv[1]))) as servers:
    print(servers.settings.database_url, servers.settings.redis_url, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a cluster, made once."""
    data = tmp_path_factory.mktemp("made")
    with embedded.running(Settings(data=data)):
        pass
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A data folder of this test's own."""
    return Path(shutil.copytree(made, tmp_path / "data", ignore=shutil.ignore_patterns("run")))


@pytest.fixture
def owner(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs servers on `data`."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(data)], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def gone(pids: set[int], within: int) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    """Zombies are dead: where nobody reaps orphans they stay in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_data_survives_a_restart(data: Path) -> None:
    settings = Settings(data=data)
    with embedded.running(settings) as first:
        connection = await db.connect(first.settings.owner_url)
        assert await safety.unsafe_settings(connection) == []
        assert await connection.fetchval("show data_checksums") == "on"
        await connection.execute("create table kept (amount bigint); insert into kept values (42)")
        await connection.close()
        client = redis.from_url(first.settings.redis_url or "")
        assert client.ping()
        client.close()
    with embedded.running(settings) as second:
        connection = await db.connect(second.settings.owner_url)
        assert await connection.fetchval("select amount from kept") == 42
        await connection.close()


async def test_others_stay_outside(data: Path) -> None:
    with embedded.running(Settings(data=data)) as servers:
        url = servers.settings.owner_url
        for path in (data / "run", data / "postgres"):
            assert path.stat().st_mode & 0o777 == 0o700
        for path in (data / "postgres" / "password", data / "servers.json", data / "postgres.log"):
            assert path.stat().st_mode & 0o077 == 0
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(urlsplit(url).password or "", "guess"))
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(url.replace("tenor:", "postgres:", 1))
        connection = await db.connect(url)
        assert await connection.fetchval("show listen_addresses") == ""
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
        await connection.close()


def test_a_killed_owner_leaves_nothing_behind_and_the_next_starts(owner: subprocess.Popen[str], data: Path) -> None:
    assert owner.stdout is not None
    assert owner.stdout.readline()
    started = children_of(owner.pid)
    assert len(started) == 2
    owner.kill()
    owner.wait()
    with embedded.running(Settings(data=data)):  # at once, while the last server may still be on its way out
        assert gone(started, within=5)


async def test_a_server_that_died_is_started_again(data: Path) -> None:
    with embedded.running(Settings(data=data)) as servers:
        assert servers.mend() == []
        for pid in children_of(os.getpid()):
            if (data / "postgres" / "postmaster.pid").read_text().startswith(f"{pid}\n"):
                os.kill(pid, signal.SIGKILL)
                assert gone({pid}, within=5)
        assert servers.mend() == ["postgres"]
        connection = await db.connect(servers.settings.owner_url)
        await connection.close()


def test_a_second_owner_hears_who_is_there(owner: subprocess.Popen[str], data: Path) -> None:
    assert owner.stdout is not None
    urls = owner.stdout.readline().split()
    with pytest.raises(CannotStart, match=f"process {owner.pid}"), embedded.running(Settings(data=data)):
        pass
    with embedded.reachable(Settings(data=data)) as beside:
        assert [beside.database_url, beside.redis_url] == urls


def test_a_command_beside_a_service_reaches_what_that_reaches(data: Path) -> None:
    with embedded.running(Settings(data=data, sandbox=True, allow_private=True)) as servers:
        with embedded.reachable(Settings(data=data)) as beside:
            assert (beside.sandbox, beside.allow_private) == (True, True)
            assert beside.database_url == servers.settings.database_url
        with embedded.reachable(Settings(data=data, database_url="postgresql://other/")) as other:
            assert (other.sandbox, other.allow_private) == (False, False), "that is another Tenor's database"
    with embedded.running(Settings(data=data)), embedded.reachable(Settings(data=data)) as beside:
        assert (beside.sandbox, beside.allow_private) == (False, False)


def test_what_a_killed_owner_published_does_not_count(data: Path) -> None:
    (data / "servers.json").write_text('{"database_url": "postgresql://gone/", "redis_url": "redis://gone/"}')
    with embedded.reachable(Settings(data=data)) as settings:
        assert settings.database_url != "postgresql://gone/"


def test_half_a_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded.running(Settings(data=tmp_path, redis_url="redis://given/")):
        assert (tmp_path / "postgres" / "PG_VERSION").exists()
    assert not (tmp_path / "postgres.new").exists()


def test_a_long_path_keeps_its_sockets_elsewhere(made: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    shutil.copytree(made, deep, ignore=shutil.ignore_patterns("run"))
    with embedded.running(Settings(data=deep)) as servers:
        path = Path(urlsplit(servers.settings.redis_url or "").path)
        assert deep not in path.parents
        assert redis.from_url(servers.settings.redis_url or "").ping()
    assert not path.parent.exists()


def test_a_socket_folder_of_somebody_else_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (data / "run").symlink_to(tmp_path / "theirs")
    with pytest.raises(CannotStart, match="is not ours"), embedded.running(Settings(data=data)):
        pass


def test_a_broken_cluster_has_a_sentence(data: Path) -> None:
    (data / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(CannotStart, match=r"postgres does not start: .*postgres\.log"):
        embedded.running(Settings(data=data)).__enter__()


def test_a_folder_that_cannot_be_made_has_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used: Not a directory"):
        embedded.running(Settings(data=tmp_path / "file" / "data")).__enter__()


def test_fresh_starts_over_and_spares_what_is_not_ours(data: Path) -> None:
    (data / "postgres" / "mark").touch()
    (data / "thesis.txt").touch()
    with embedded.running(Settings(data=data), fresh=True):
        assert not (data / "postgres" / "mark").exists()
    assert (data / "thesis.txt").exists()
    with pytest.raises(CannotStart, match="does not touch DATABASE_URL"):
        embedded.running(Settings(data=data, database_url="postgresql://db/tenor"), fresh=True).__enter__()


def test_given_urls_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    given = Settings(data=tmp_path / "none", database_url="postgresql://db/tenor", redis_url="redis://cache/")
    with embedded.running(given) as servers:
        assert servers.settings == given
    assert not (tmp_path / "none").exists()


def test_without_binaries_the_remedies_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    monkeypatch.setattr(binaries, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotStart, match=r"make venv.*PostgreSQL 15 or later.*DATABASE_URL"):
        binaries.postgres()
    with pytest.raises(CannotStart, match=r"make venv.*Redis 6\.2 or later.*REDIS_URL"):
        binaries.valkey()


def test_a_machine_that_lets_root_be_nobody_else_has_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(lifeline, "command", lambda *_: ["/bin/false"])
    with pytest.raises(CannotStart, match="ordinary user, or set DATABASE_URL"):
        servers.Postgres(tmp_path, tmp_path).start()
