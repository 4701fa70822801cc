"""Memory on large pages: nothing is lost on the way, and only what is of no file is moved."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.server import large_pages
from service.server.large_pages import SIZE

MAPS = """\
00400000-00a00000 r-xp 00000000 08:01 123 /usr/bin/python3.11
00c00000-01000000 rw-p 00000000 00:00 0   [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0000800000-7f00009fffff rw-p 00000000 00:00 0
7f0001000000-7f0001800000 rw-p 00000000 08:01 456 /usr/lib/libc.so.6
7f0002000000-7f0002800000 ---p 00000000 00:00 0
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0   [stack]
"""

FILLED_AND_MOVED = """
import random
from pathlib import Path
from service.server import large_pages

kept = [random.randbytes(2_000) for _ in range(8_000)]
before = [bytes(bytearray(one)) for one in kept]
moved = large_pages.move()
assert kept == before
rollup = Path("/proc/self/smaps_rollup")
lines = rollup.read_text().splitlines() if rollup.exists() else []
large = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("AnonHugePages:"))
print(moved, large)
"""


def test_only_own_memory_is_moved_and_whole_large_pages_of_it() -> None:
    parts = large_pages._own(MAPS)
    assert parts == [(0x00C00000, 0x01000000), (0x7F0000200000, 0x7F0000600000)]
    assert all(start % SIZE == 0 and end % SIZE == 0 for start, end in parts)


@pytest.mark.long
def test_all_is_as_it_was_once_it_is_moved() -> None:
    moved, large = map(int, subprocess.check_output([sys.executable, "-c", FILLED_AND_MOVED], text=True).split())
    assert moved % SIZE == 0
    assert large >= moved


def test_a_system_without_them_moves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(large_pages, "_MAPS", tmp_path / "maps")
    assert large_pages.move() == 0
