"""A PostgreSQL of a test's own that is reached over the network, copied, promoted and killed."""

import os
import signal
import socket
from pathlib import Path

from service.embedded.servers import Postgres
from tests.engine.processes import children_of


class Host(Postgres):
    """A server that is reached over the network, and may be copied."""

    def __init__(self, data: Path, run: Path) -> None:
        super().__init__(data, run)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text()

    def make(self) -> None:
        """A cluster that its superuser may copy."""
        self._make_cluster()
        rules = "host all all 127.0.0.1/32 scram-sha-256\nlocal replication postgres trust\n"
        (self.folder / "pg_hba.conf").write_text(rules)

    def copy(self, primary: "Host") -> None:
        """Becomes a standby of the primary."""
        self.folder.parent.mkdir(mode=0o700, exist_ok=True)
        where = ("-h", str(primary.run), "-p", str(primary.port), "-U", "postgres")
        identity = primary._command()[1]
        self._tool(identity, "pg_basebackup", *where, "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast")

    def wait_for_standbys(self) -> None:
        """From now on no commit is acknowledged before a standby has it."""
        with (self.folder / "postgresql.conf").open("a") as conf:
            conf.write("\nsynchronous_standby_names = '*'\n")
        self.reload()

    def reload(self) -> None:
        """Reads its settings anew."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def strike(self) -> None:
        """SIGKILL to all of it."""
        assert self.process is not None
        for pid in (self.process.pid, *children_of(self.process.pid)):
            os.kill(pid, signal.SIGKILL)

    def promote(self) -> None:
        (self.folder / "promote").touch()
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)

    def _command(self) -> tuple[list[str], str]:
        argv, identity = super()._command()
        given = ("listen_addresses=127.0.0.1", f"port={self.port}", "shared_buffers=64MB")
        return [*argv, *(word for one in given for word in ("-c", one))], identity

    def _answers(self) -> bool:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()[7].strip() in ("ready", "standby")
        except (OSError, IndexError):
            return False
