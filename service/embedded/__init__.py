"""A real PostgreSQL and a real Valkey for a machine that has neither: development, tests, a first look.

Python packages carry the binaries; we run them ourselves, so that nothing outlives us, root needs no special user, and
a data folder survives whatever ended the last run. In the data folder:

    lock          held while a Tenor runs here
    postgres/     the cluster, with default durability, and the password of its role
    run/          the sockets, for their owner alone (elsewhere when this path is too long for a socket)
    servers.json  where a running Tenor serves them, for commands beside it, like `tenor check`
    *.log         what the servers said
"""

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from service.config import CannotStart, Settings
from service.embedded.servers import Postgres, Server, Valkey

_SOCKET_PATH_MAX: Final = 103  # bytes, without the final NUL; macOS allows the fewest


class Servers:
    """What `running` started, beside the settings that reach it."""

    def __init__(self, settings: Settings, started: list[Server]) -> None:
        self.settings = settings
        self._started = started

    def mend(self) -> list[str]:
        """Start again what died on its own; the names of what did."""
        died = [server for server in self._started if server.died()]
        for server in died:
            server.start()
        return [server.name for server in died]


@contextmanager
def running(settings: Settings, fresh: bool = False) -> Iterator[Servers]:
    """Servers for the URLs that `settings` lacks, for as long as the block runs. Call it from the main thread.

    `fresh` first throws away the last cluster. Raises `CannotStart`, with one sentence, when the folder is in use or
    cannot be used, or a server cannot run here.
    """
    if fresh and settings.database_url:
        raise CannotStart("--fresh starts over with an empty embedded database; it does not touch DATABASE_URL.")
    if settings.database_url and settings.redis_url:
        yield Servers(settings, [])
        return
    with _locked(settings.data) as data:
        if fresh:
            forget(data)
        run = _socket_folder(data)
        started: list[Server] = []
        try:
            reached = settings
            if not reached.database_url:
                postgres = Postgres(data, run)
                url = _start(postgres, started)
                reached = msgspec.structs.replace(reached, database_url=url, migrate_url=postgres.url_of("tenor"))
            if not reached.redis_url:
                reached = msgspec.structs.replace(reached, redis_url=_start(Valkey(data, run), started))
            _publish(data, reached)
            yield Servers(reached, started)
        finally:
            (data / "servers.json").unlink(missing_ok=True)
            for server in reversed(started):
                server.stop()
            with suppress(OSError):  # a server that runs on is still in it
                run.rmdir()


@contextmanager
def reachable(settings: Settings) -> Iterator[Settings]:
    """For a command beside the service: the servers of a Tenor that runs on this data folder, else ones of our own.

    What that one may reach and what its callers may say of the time hold for the command, too: `tenor worker` beside
    `make run` calls this machine.
    """
    urls = _published(settings.data)
    if urls is None:
        with running(settings) as servers:
            yield servers.settings
    else:
        yield msgspec.structs.replace(
            settings,
            database_url=settings.database_url or urls["database_url"],
            migrate_url=settings.migrate_url or (None if settings.database_url else urls["migrate_url"]),
            redis_url=settings.redis_url or urls["redis_url"],
            sandbox=settings.sandbox or (settings.database_url is None and urls.get("sandbox", False)),
            allow_private=settings.allow_private
            or (settings.database_url is None and urls.get("allow_private", False)),
        )


def forget(data: Path) -> None:
    """Throw away the cluster and what was made from it, and nothing else that may be in the folder."""
    for name in ("postgres", "postgres.new"):
        shutil.rmtree(data / name, ignore_errors=True)
    for name in ("postgres.log", "valkey.log", "demo.json"):
        (data / name).unlink(missing_ok=True)


def _start(server: Server, started: list[Server]) -> str:
    started.append(server)  # before: a start that is interrupted is stopped, too
    server.start()
    return server.url


def _publish(data: Path, settings: Settings) -> None:
    path = data / "servers.json"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    names = ("database_url", "migrate_url", "redis_url", "sandbox", "allow_private")
    path.write_text(json.dumps({name: getattr(settings, name) for name in names}))


def _published(data: Path) -> dict[str, Any] | None:
    """The URLs and more of a Tenor that runs on `data` right now; what a killed one left behind does not count."""
    try:
        with (data / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        pass
    except OSError:
        return None
    try:
        urls: dict[str, Any] = json.loads((data / "servers.json").read_text())
    except (OSError, ValueError):
        return None
    return urls


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Only one Tenor at a time on a data folder; the lock dies with its process, however that ends."""
    data = folder.absolute()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data / "lock").open("a+")
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Another Tenor (process {lock.read().strip()}) runs on the data folder {folder}; stop it, or set "
                "TENOR_DATA to another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield data


def _socket_folder(data: Path) -> Path:
    """A folder that only its owner enters, with a path short enough for a socket."""
    run = data / "run"
    if len(os.fsencode(run / ".s.PGSQL.5432.lock")) > _SOCKET_PATH_MAX:
        name = f"tenor-{os.geteuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
        run = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / name
    try:
        run.mkdir(mode=0o700, exist_ok=True)
        found = run.lstat()
        owners = {os.geteuid(), (data / "postgres").stat().st_uid if (data / "postgres").exists() else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise CannotStart(f"The socket folder {run} is not ours; remove it, or set TENOR_DATA to a shorter path.")
        run.chmod(0o700)
    except OSError as error:
        raise CannotStart(f"The socket folder {run} cannot be used: {error.strerror}.") from error
    return run
