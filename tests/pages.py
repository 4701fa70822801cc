"""Pages of Markdown whose code is run: a block at a time, what it prints held against what the page shows.

    ```sh           lines of bash; all of one page are one session, in a folder that looks like the checkout
    ```sh npm       only where npm's packages are (.venv-node)
    ```sh training  only where scikit-learn is: here, or in .venv-training
    ```python x.py  a file of that name, whatever its language

The plain block that follows lines of bash is what they print. README=write writes it anew.
"""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parent.parent
GUIDE: Final = ROOT / "service" / "guide"
TRAINING: Final = ROOT / ".venv-training"  # made by `make training`

_BLOCK: Final = re.compile(
    r"^```(?P<word>\w+)(?: (?P<mark>[\w./-]+))?\n(?P<lines>.*?)^```\n(?:```\n(?P<said>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_CUT: Final = "-- 8< --"
_END: Final = "-- the end of the file --"


class Block(Struct, frozen=True):
    """Lines that are run, or the file that they are (`path`), and what they print."""

    lines: str
    path: str
    said: str
    is_run: bool


def blocks_of(text: str) -> list[Block]:
    """The blocks of a page that have a language."""
    return [_block(match) for match in _BLOCK.finditer(text)]


def _block(match: re.Match[str]) -> Block:
    mark, is_bash = match["mark"] or "", match["word"] == "sh"
    return Block(match["lines"], "" if is_bash else mark, match["said"] or "", is_bash and (not mark or is_there(mark)))


def is_there(mark: str) -> bool:
    """Whether this machine has what blocks with such a mark need."""
    if mark == "npm":
        return (ROOT / ".venv-node/node_modules/openapi-fetch").exists()
    assert mark == "training"
    return bool(find_spec("sklearn")) or TRAINING.exists()


def prepare(folder: Path) -> None:
    """What a page finds in the checkout: the code, and the environments."""
    links = {name: ROOT / name for name in ("service", "openapi.yaml", ".venv-node")} | {".venv": Path(sys.prefix)}
    if is_there("training"):
        links[".venv-training"] = TRAINING if TRAINING.exists() else Path(sys.prefix)
    for name, target in links.items():
        if target.exists():
            (folder / name).symlink_to(target)


def run(text: str, folder: Path) -> list[str]:
    """What bash prints, block by block of those that are run. A failing line or a word on stderr is a fault."""
    script = ""
    for block in blocks_of(text):
        if block.path:
            script += f"mkdir -p $(dirname {block.path}); cat > {block.path} <<'{_END}'\n{block.lines}{_END}\n"
        elif block.is_run:
            script += f"{block.lines}echo '{_CUT}'\n"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=240
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout.split(f"{_CUT}\n")[:-1]


def said_in(text: str) -> list[str]:
    """What the page says that its blocks print."""
    return [block.said for block in blocks_of(text) if block.is_run]


def shown(text: str, printed: list[str]) -> str:
    """The page with its answers replaced."""
    answers = iter(printed)

    def with_answer(match: re.Match[str]) -> str:
        if not _block(match).is_run:
            return match[0]
        answer, head = next(answers), match[0].partition("\n")[0]
        return f"{head}\n{match['lines']}```\n" + (f"```\n{answer}```\n" if answer else "")

    return _BLOCK.sub(with_answer, text)


def steady(text: str) -> str:
    """Without what is another on another day: ids and dates."""
    text = re.sub(r"\b([a-z]{2})_[0-9A-HJKMNP-TV-Z]{26}\b", r"\1_", text)
    return re.sub(r"\b\d{4}-\d\d-\d\d(?=T|\b)", "day", text)
