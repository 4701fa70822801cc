"""A figure that is not as it must be is named, and the exit code says so; both sides of each edge."""

import pytest

from tests.chaos.judged import (
    Figure,
    at_most,
    enough_troubles,
    goodput,
    none_of,
    normal_again,
    slower,
    told,
)


@pytest.mark.parametrize(("right", "wrong"), [
    (goodput(1400, 20, 100), goodput(1399, 20, 100)),
    (at_most("p99", 1.0, 1.0), at_most("p99", 1.01, 1.0)),
    (normal_again([0, 50, 80, 0], 100), normal_again([0, 50, 79, 80], 100)),
    (normal_again([80], 100), normal_again([79, 79, 79, 79, 79], 100)),
    (slower("slow", 0.1, 0.2), slower("slow", 0.1, 0.201)),
    (slower("slow", 0.001, 0.02), slower("slow", 0.001, 0.021)),
    (none_of("status 500", 0), none_of("status 500", 1)),
])  # fmt: skip
def test_both_sides(right: Figure, wrong: Figure, capsys: pytest.CaptureFixture[str]) -> None:
    assert (right.is_right, wrong.is_right) == (True, False)
    assert told([right, Figure("told", 3)]) == 0
    assert "0 of 1 lines missed" in capsys.readouterr().out
    assert told([right, wrong]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 lines missed" in out
    assert f"missed: {wrong.name}" in out


def test_too_few_troubles_prove_nothing() -> None:
    enough = {
        "PostgreSQL killed": 6, "PostgreSQL killed at an answer": 6, "service killed": 4,
        "service killed at an answer": 4, "Redis killed, its data wiped": 4, "old copy of Redis' data restored": 2,
    }  # fmt: skip
    assert all(one.is_right for one in enough_troubles(enough))
    for name in enough:
        wrong = [one for one in enough_troubles(enough | {name: enough[name] - 1}) if not one.is_right]
        assert len(wrong) == 1, name
