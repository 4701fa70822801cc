"""One of each trouble while people shop at two instances: nothing that was acknowledged is lost, doubled or changed.

How long it takes is `make chaos`'s business; a machine that many tests share says nothing of that.
"""

import asyncio
import random
from pathlib import Path

import pytest

from service import embedded
from tests.chaos.__main__ import GAP, chaos, settings_in

pytestmark = pytest.mark.long

TROUBLES = 11


def test_nothing_is_lost_when_all_under_it_is_struck_once(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    with embedded.running(settings_in(tmp_path)) as servers:
        figures = asyncio.run(chaos(servers, tmp_path, seed, scale=1))
    assert [figure for figure in figures if not figure.is_right and figure.name != GAP] == [], f"seed {seed}"
    struck = [figure.name for figure in figures[:TROUBLES] if figure.value == 1]
    assert len(struck) == TROUBLES, figures[:TROUBLES]
