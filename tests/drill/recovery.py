"""A PostgreSQL that is backed up while people shop, lost, and made again from its backup and the log it had sent.

The log (WAL) is received by `pg_receivewal --synchronous`, which is named as the synchronous standby: a commit is
acknowledged once it is on the receiver's disk, too. An archive_command would get each file when it is full, and what
was acknowledged since would be lost with the server.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from service.embedded import binaries, lifeline
from tests.engine.postgres_host import Host

RECEIVER = "tenor_drill"


class Archive:
    """Where the log is received, on a disk that survives."""

    def __init__(self, folder: Path, primary: Host) -> None:
        self.folder = folder
        self._primary = primary
        folder.mkdir(mode=0o700)
        self._own(folder)
        where = f"host={primary.run} port={primary.port} user=postgres application_name={RECEIVER}"
        argv = [str(binaries.postgres() / "pg_receivewal"), "-D", str(folder), "--synchronous", "-d", where]
        self._log = (folder.parent / "receiver.log").open("wb")
        self._process = subprocess.Popen(
            lifeline.command(argv, primary._command()[1], signal.SIGTERM),
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, cwd="/", env={"LC_ALL": "C"},
        )  # fmt: skip

    def stop(self) -> None:
        """It ends by itself when the server does not come back; asked to, at once."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _own(self, folder: Path) -> None:
        owner = self._primary.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)


def back_up(primary: Host, folder: Path) -> None:
    """A base backup, taken while the server works; the log comes from the archive."""
    owner = primary.folder.stat()
    folder.mkdir(mode=0o700)
    os.chown(folder, owner.st_uid, owner.st_gid)
    where = ("-h", str(primary.run), "-p", str(primary.port), "-U", "postgres")
    identity = primary._command()[1]
    primary._tool(identity, "pg_basebackup", *where, "-D", str(folder), "-X", "none", "-c", "fast", "--no-sync")


def restore(backup: Path, archive: Archive, data: Path, run: Path, until: str = "") -> Host:
    """A server made of the backup and the log, as it was at the instant `until`; empty: at the end of the log."""
    made = Host(data, run)
    data.mkdir(mode=0o711)
    shutil.copytree(backup, made.folder)
    owner = backup.stat()
    for path in (made.folder, *made.folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    os.chown(run, owner.st_uid, owner.st_gid)
    from_archive = f"cp '{archive.folder}/%f' '%p' || cp '{archive.folder}/%f.partial' '%p'".replace("'", "''")
    lines = [
        "synchronous_standby_names = ''",
        f"restore_command = '{from_archive}'",
        "recovery_target_action = 'promote'",
        *([f"recovery_target_time = '{until}'"] if until else []),
    ]
    with (made.folder / "postgresql.auto.conf").open("a") as conf:
        conf.write("\n".join(["", *lines, ""]))
    (made.folder / "recovery.signal").touch(mode=0o600)
    os.chown(made.folder / "recovery.signal", owner.st_uid, owner.st_gid)
    made.start()
    return made
