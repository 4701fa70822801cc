"""A server and its disk are lost under load: what was acknowledged is there again, to the end and to a moment."""

from pathlib import Path

import pytest

from service.config import Settings
from tests.drill.drill import drill


@pytest.mark.long
async def test_nothing_acknowledged_is_lost_with_the_server_and_its_disk(settings: Settings, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)  # PostgreSQL runs as another user where we are root
    done = await drill(tmp_path / "drill", settings, writes=30)
    assert done.acknowledged >= 90
    assert 60 <= done.before < done.acknowledged
    for found in (done.at_the_end, done.at_the_moment):
        assert (found.lost, found.too_much, found.odd, found.check) == (0, 0, [], 0)
    assert done.kept_pieces > 0
    assert done.kept_words > 0
