"""PostgreSQL and Valkey as children of this process: started, watched, stopped."""

import hmac
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from service.clock import monotonic
from service.config import CannotStart
from service.embedded import binaries, lifeline

_RETRY_SECONDS: Final = 15.0  # after a crash, orphans hold the cluster's memory for a while
_START_SECONDS: Final = 180.0  # a server that is alive may be replaying a long log
_HELD: Final = ("already exists", "already in use", "shared memory block", "another postmaster")
_LOG_BYTES_MAX: Final = 10_000_000

# Durability stays at its defaults; the rest suits a laptop.
_POSTGRES_SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "512MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
if sys.platform == "linux":  # after a crash: one call for all of its files, instead of one for each
    _POSTGRES_SETTINGS["recovery_init_sync_method"] = "syncfs"


class Server:
    """One child process that answers on a socket in `run`; what it says goes to `<name>.log` in `data`."""

    name: str
    death_signal: signal.Signals  # what the kernel sends it when we are gone
    stop_signals: tuple[signal.Signals, ...]  # what we send it, politely first

    def __init__(self, data: Path, run: Path) -> None:
        self.data = data
        self.run = run
        self.log = data / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients reach it."""
        raise AssertionError("each server knows its own")

    def start(self) -> None:
        """Start and wait until it answers; retried while a dying predecessor still holds the place.

        Raises `CannotStart` with the server's own last words.
        """
        began = monotonic()
        while True:
            said_before = self._launch()
            while self._lives():
                if self._answers():
                    return
                if monotonic() - began > _START_SECONDS:
                    self.stop()
                time.sleep(0.02)
            words = _last_words(self.log, said_before)
            if not any(sign in words for sign in _HELD) or monotonic() - began > _RETRY_SECONDS:
                raise CannotStart(f"{self.name} does not start: {words} Its log is {self.log}.")
            time.sleep(0.25)

    def stop(self) -> None:
        """Ask politely, then insist; returns when it is gone."""
        for by in self.stop_signals:
            if self.process is None or self.process.poll() is not None:
                break
            self.process.send_signal(by)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def died(self) -> bool:
        """True when it was started and is gone though nobody stopped it."""
        return self.process is not None and self.process.poll() is not None

    def _lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _command(self) -> tuple[list[str], str]:
        """The command line, and as whom to run it (see `lifeline`)."""
        raise AssertionError("each server knows its own")

    def _answers(self) -> bool:
        raise AssertionError("each server knows its own")

    def _launch(self) -> int:
        """Start the process; where its words begin in the log."""
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        argv, identity = self._command()
        with open(self.log, "ab", opener=_private) as log:
            said_before = log.tell()
            # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the servers in order.
            self.process = subprocess.Popen(  # noqa: S603
                lifeline.command(argv, identity, self.death_signal),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=_environment(), start_new_session=True,
            )  # fmt: skip
        return said_before


class Postgres(Server):
    """The cluster in `postgres/`, made when it is missing. Our role `tenor` owns the database `tenor`, and another,
    `tenor_service`, serves: so a statement that needs more than it may fails here, and not in production.

    Only unix sockets in a folder closed to others, and a password even there.
    """

    name = "postgres"
    death_signal = signal.SIGINT
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # fast, immediate, gone

    @property
    def folder(self) -> Path:
        """The cluster."""
        return self.data / "postgres"

    @property
    def url(self) -> str:
        return self.url_of("tenor_service")

    def url_of(self, role: str) -> str:
        """Where one of our roles connects."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{role}:{password}@/tenor?host={quote(str(self.run), safe='')}"

    def start(self) -> None:
        if not self.folder.exists():
            self._make_cluster()
        super().start()

    def _command(self) -> tuple[list[str], str]:
        settings = _POSTGRES_SETTINGS | {"unix_socket_directories": '"' + str(self.run).replace('"', '""') + '"'}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        identity = lifeline.SELF
        if os.geteuid() == 0:
            owner = self.folder.stat().st_uid
            identity = lifeline.NAMESPACE if owner == 0 else str(owner)
        return [str(binaries.postgres() / "postgres"), "-D", str(self.folder), *options], identity

    def _answers(self) -> bool:
        """What pg_ctl looks at: the status line of the pid file, once the file is the new server's."""
        assert self.process is not None
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _make_cluster(self) -> None:
        """Made beside its place and moved there when it is whole: a run killed half-way leaves no half a cluster."""
        draft = self.data / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        identity = self._allowed_identity()
        if identity.isdigit():
            self.data.chmod(0o711)  # another user passes through to what is theirs, and sees nothing else
            for folder in (draft, self.run):
                os.chown(folder, int(identity), int(identity))
        self._tool(
            identity, "initdb", "-D", str(draft), "--username=postgres", "--auth=reject",
            "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions",
        )  # fmt: skip
        (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        password = secrets.token_hex(24)
        (draft / "password").touch(mode=0o600)
        (draft / "password").write_text(password)
        # Not a superuser, so what is revoked from it is revoked; it may make databases, for the tests.
        self._tool(
            identity, "postgres", "--single", "-D", str(draft), "-c", "exit_on_error=on", "postgres",
            said=f"create role tenor login createdb password '{_verifier(password)}'\n"
            f"create role tenor_service login password '{_verifier(password)}'\n"
            "create database tenor owner tenor\n",
        )  # fmt: skip
        draft.rename(self.folder)

    def _allowed_identity(self) -> str:
        """As whom PostgreSQL may run here; it refuses to be root, and some containers refuse user namespaces."""
        if os.geteuid() != 0:
            return lifeline.SELF
        program = str(binaries.postgres() / "postgres")
        for identity in (lifeline.NAMESPACE, str(lifeline.ordinary_user())):
            probe = lifeline.command([program, "--version"], identity, signal.SIGKILL)
            if subprocess.run(probe, capture_output=True, check=False, cwd="/").returncode == 0:  # noqa: S603
                return identity
        raise CannotStart(
            "PostgreSQL refuses to run as root, and here root may neither make a user namespace nor find another user "
            "who can read the server's files; run Tenor as an ordinary user, or set DATABASE_URL."
        )

    def _tool(self, identity: str, name: str, *arguments: str, said: str = "") -> None:
        argv = lifeline.command([str(binaries.postgres() / name), *arguments], identity, signal.SIGKILL)
        done = subprocess.run(  # noqa: S603
            argv, input=said, text=True, capture_output=True, check=False, cwd="/", env=_environment()
        )
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}").splitlines()
            raise CannotStart(f"{name} cannot make a cluster in {self.data}: {' '.join(words[-2:])}")


class Valkey(Server):
    """A cache that keeps nothing on disk and, when full, forgets the least used."""

    name = "valkey"
    death_signal = signal.SIGKILL  # nothing to save, and no late clean-up under the feet of a successor
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    @property
    def _socket(self) -> Path:
        return self.run / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db=0"

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        super().start()

    def _command(self) -> tuple[list[str], str]:
        settings = {
            "port": "0", "unixsocket": str(self._socket), "unixsocketperm": "700", "databases": "256",
            "save": "", "appendonly": "no", "maxmemory": "256mb", "maxmemory-policy": "allkeys-lru",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(binaries.valkey()), *options], lifeline.SELF

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
            except OSError:
                return False


def _verifier(password: str) -> str:
    """What PostgreSQL keeps of the password (SCRAM, RFC 5803), hashed once instead of 4,096 times.

    So many rounds make a poor password costly to guess, and every connection costly to open, for both sides. Ours is
    192 bits by chance.
    """
    salt = secrets.token_bytes(16)
    salted = pbkdf2_hmac("sha256", password.encode(), salt, 1)
    client_key, server_key = (hmac.digest(salted, words, "sha256") for words in (b"Client Key", b"Server Key"))
    salt_, stored, server = (b64encode(one).decode() for one in (salt, sha256(client_key).digest(), server_key))
    return f"SCRAM-SHA-256$1:{salt_}${stored}:{server}"


def _environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL past its command line."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _last_words(log: Path, since: int) -> str:
    """What a server said when it died: its errors if it named any, else its last line."""
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").strip().splitlines()
    plain = [re.sub(r"^\S+ \S+ \S+ \[\d+\] ", "", line) for line in lines]
    errors = [line for line in plain if re.match(r"(FATAL|PANIC|DETAIL|HINT):", line)]
    return re.sub(r"\s+", " ", " ".join(errors or plain[-1:])) or "it said nothing."
