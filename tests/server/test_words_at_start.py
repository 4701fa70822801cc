"""A process without all that is said to consumers does not serve, or stops as soon as it has seen that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.policies import words

FOLDER = Path(words.__file__).parent / words.FOLDER

# A process that serves and reads its texts elsewhere; nobody asks it for anything, and it ends by itself.
SERVES = """
import logging, os, socket, sys
from pathlib import Path
from litestar import Litestar
from service.config import CannotStart, Settings
from service.policies import words
from service.server import tally
from service.server.worker import Server

logging.basicConfig()
words.FOLDER = os.path.relpath(sys.argv[1], Path(words.__file__).parent)
listener = socket.create_server(("127.0.0.1", 0))
listener.setblocking(False)
app = Litestar(route_handlers=[], openapi_config=None, logging_config=None)
counts = tally.Tally(tally.create(1), 0)
server = Server(app, Settings(drain_s=0), listener, counts, os.fdopen(os.dup(1), "w"))
try:
    server.run()
except* CannotStart as refusals:
    print(refusals.exceptions[0])
print(" broken" if server.is_broken else " whole")
"""


def serves(folder: Path) -> tuple[str, str]:
    """What such a process says, on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES, str(folder)], capture_output=True, text=True, timeout=60, env=os.environ
    )
    return done.stdout, done.stderr


@pytest.mark.long
def test_no_language_may_be_missing(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "words")
    (folder / "de.ftl").unlink()
    said, _ = serves(folder)
    assert "ready" not in said
    assert "de.ftl is missing: what is said to consumers in de." in said


@pytest.mark.long
@pytest.mark.parametrize("name", ["REVIEW_NEEDED", "LIMIT_EXCEEDED-deposit"])
def test_no_reason_may_be_missing(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "words")
    there = (folder / "de.ftl").read_text("utf-8")
    assert f"\n{name} =" in there
    (folder / "de.ftl").write_text(there.replace(f"\n{name} =", f"\nX{name} ="), "utf-8")
    said, logged = serves(folder)
    assert said.split() == ["ready", "broken"]
    assert "What is said to consumers cannot be read." in logged
    assert name in logged
