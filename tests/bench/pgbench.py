"""pgbench on the yardstick's functions: eight clients, each with one plan after the other."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from service.config import CannotStart
from service.embedded import binaries
from tests.bench.load import Outcome

CLIENTS = 8


def program() -> str:
    """pgbench: from the package that carries PostgreSQL, else on the system."""
    beside = binaries.postgres() / "pgbench"
    if os.access(beside, os.X_OK):
        return str(beside)
    if found := shutil.which("pgbench"):
        return found
    raise CannotStart("There is no pgbench: install the embedded group (`make venv`) or PostgreSQL's client programs.")


def pgbench(url: str, function: str, people: int, seconds: float) -> Outcome:
    """One call of `function` a transaction, for a random person. Latencies are those of one call in ten."""
    script = f"\\set person random(1, {people})\nselect {function}(:person);\n"
    command = [
        program(), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2",
        f"--time={max(1, round(seconds))}", "--file=-", "--log", "--log-prefix=calls", "--sampling-rate=0.1", url,
    ]  # fmt: skip
    environ = os.environ | {"PGOPTIONS": "-c search_path=yardstick,public -c jit=off"}
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        done = subprocess.run(
            command, input=script, text=True, capture_output=True, cwd=folder, env=environ, check=False
        )
        after = os.times()
        waits = sorted(
            int(line.split()[2]) / 1e3 for log in Path(folder).iterdir() for line in log.read_text().splitlines()
        )
    said = done.stdout
    if done.returncode != 0:
        raise CannotStart(f"pgbench failed: {done.stderr.strip()}")
    count, failed = (int(_find(rf"{what}: (\d+)", said)) for what in ("actually processed", "failed transactions"))
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Outcome(
        done=count,
        seconds=count / float(_find(r"tps = ([\d.]+)", said)),
        p50_ms=waits[len(waits) // 2],
        p99_ms=waits[len(waits) * 99 // 100],
        cpu_us=cpu * 1e6 / max(count, 1),
        errors={"failed transactions": failed} if failed else {},
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
