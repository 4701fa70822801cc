"""The README, kept true: its purchase is made on a live service, and its tables name what exists.

README=write writes what the lines print now into the blocks that show it.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from service import config, db
from service.checkout.persona import Persona
from service.config import Settings
from service.contract.schemas import schemas_of
from service.demo.seed import save, seed
from service.server import companion, supervisor
from tests.test_cli import serving

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
CUT = "-- 8< --"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the README's lines are bash and curl")
async def test_the_purchase_prints_what_the_readme_shows(settings: Settings, pool: db.Pool, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings, data=tmp_path / ".local", workers=1, metrics_port=0)
    text = README.read_text()
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 6
    with supervisor.bind("127.0.0.1", 0) as desk:
        demo = await seed(pool, settings, f"{supervisor.base_url(desk)}/")
        with serving(settings) as (_, place):
            demo.base_url = f"http://{place}"
            save(settings, demo)
            command, environ = (
                ["demo-processor", f"--notify={demo.base_url}"],
                os.environ | config.environment(settings),
            )
            with companion.beside(command, environ, desk.fileno()):
                printed = run("".join(f"{lines}echo '{CUT}'\n" for lines, _ in blocks), tmp_path)
    if os.environ.get("README") == "write":
        README.write_text(shown(text, printed))
    assert [steady(one) for one in printed] == [steady(said) for _, said in blocks]


def run(lines: str, folder: Path) -> list[str]:
    """What bash prints, block by block. A failing line or a word on stderr is a fault."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", lines], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout.split(f"{CUT}\n")[:-1]


def shown(text: str, printed: list[str]) -> str:
    """The README with its answers replaced."""
    answers = iter(printed)

    def with_answer(match: re.Match[str]) -> str:
        answer = next(answers)
        return f"```sh\n{match[1]}```\n" + (f"```\n{answer}```\n" if answer else "")

    return BLOCK.sub(with_answer, text)


def steady(text: str) -> str:
    """Without what is another on another day: ids and dates."""
    text = re.sub(r"\b([a-z]{2})_[0-9A-HJKMNP-TV-Z]{26}\b", r"\1_", text)
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", "day", text)


def test_every_setting_stands_in_the_readme() -> None:
    table = README.read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z_]{4,})`", table)) == set(config.VARIABLES)


def test_the_personas_are_those_of_the_contract() -> None:
    table = README.read_text().partition("## Test mode")[2].partition("\n## ")[0]
    told = re.findall(r"^\* `(\w+)`: (.*)$", schemas_of([Persona])["Persona"]["description"], re.MULTILINE)
    assert re.findall(r"^\| `\+(\w+)` \| (.*) \|$", table, re.MULTILINE) == told
    assert [name for name, _ in told] == list(Persona)


def test_the_map_names_every_place() -> None:
    table = README.read_text().partition("## The code")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(.*?)`", row)}
    there = {path.name + "/" for path in (ROOT / "service").iterdir() if any(path.glob("*.py"))}
    there |= {path.name for path in (ROOT / "service").glob("*.py") if not path.name.startswith("__")}
    assert named - {"service/"} == there


def test_what_the_readme_points_to_is_there() -> None:
    text = README.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    targets = (ROOT / "Makefile").read_text()
    for name in re.findall(r"\bmake ([a-z-]+)", text):
        assert re.search(rf"^{name}:", targets, re.MULTILINE), name
