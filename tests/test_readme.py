"""The README and the guide, kept true: their lines are run on a live service, and their tables name what exists.

README=write writes what the lines print now into the blocks that show it.
"""

import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from service import config, db
from service.checkout.persona import Persona
from service.config import Settings
from service.contract.schemas import schemas_of
from service.demo.seed import save, seed
from service.server import companion, supervisor
from tests.pages import GUIDE, ROOT, blocks_of, prepare, run, said_in, shown, steady
from tests.test_cli import serving

README = ROOT / "README.md"

PAGES = {"README": README} | {path.stem: path for path in sorted(GUIDE.glob("*.md"))}


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the pages' lines are bash and curl")
async def test_the_pages_print_what_they_show(settings: Settings, pool: db.Pool, tmp_path: Path) -> None:
    """The README and the guide, one after the other, against one service."""
    settings = msgspec.structs.replace(settings, data=tmp_path / ".local", workers=1, metrics_port=0)
    prepare(tmp_path)
    printed: dict[str, list[str]] = {}
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
                for name, path in PAGES.items():
                    printed[name] = run(path.read_text(), tmp_path)
                    if os.environ.get("README") == "write":
                        path.write_text(shown(path.read_text(), printed[name]))
    for name, path in PAGES.items():
        said = said_in(path.read_text())
        assert [steady(one) for one in printed[name]] == [steady(one) for one in said], name
    assert len(printed["README"]) >= 6


def test_every_page_is_run() -> None:
    """Each has lines that are run on any machine, and is named in the README."""
    readme = README.read_text()
    for path in GUIDE.glob("*.md"):
        assert any(block.is_run for block in blocks_of(path.read_text())), path.name
        assert f"(service/guide/{path.name})" in readme


def test_every_setting_stands_in_the_guide() -> None:
    table = PAGES["production"].read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z_]{4,})`", table)) == set(config.VARIABLES)


def test_the_personas_are_those_of_the_contract() -> None:
    table = PAGES["test_mode"].read_text()
    told = re.findall(r"^\* `(\w+)`: (.*)$", schemas_of([Persona])["Persona"]["description"], re.MULTILINE)
    assert re.findall(r"^\| `\+(\w+)` \| (.*) \|$", table, re.MULTILINE) == told
    assert [name for name, _ in told] == list(Persona)


def test_the_map_names_every_place() -> None:
    table = README.read_text().partition("## The code")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(.*?)`", row)}
    there = {path.name + "/" for path in (ROOT / "service").iterdir() if any(path.glob("*.py"))}
    there |= {path.name for path in (ROOT / "service").glob("*.py") if not path.name.startswith("__")}
    assert named - {"service/"} == there


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_points_to_is_there(name: str) -> None:
    text = PAGES[name].read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (PAGES[name].parent / target).exists(), target
    targets = (ROOT / "Makefile").read_text()
    for made in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{made}:", targets, re.MULTILINE), made
