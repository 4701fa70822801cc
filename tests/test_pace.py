"""Long work rests, short work does not."""

import asyncio

import pytest

from service import clock
from service.pace import REST, REST_MAX_S, SHORT_S, Pace, rest_after


@pytest.mark.parametrize(
    ("work_s", "stretch_s", "rests_s"),
    [
        (0.3, 0.3, 0),
        (SHORT_S - 0.001, 0.3, 0),
        (SHORT_S, 0.3, 0.3 * REST),
        (60, 0.03, 0.03 * REST),
        (60, REST_MAX_S / REST, REST_MAX_S),
        (60, 5, REST_MAX_S),
    ],
)
def test_how_long_it_rests(work_s: float, stretch_s: float, rests_s: float) -> None:
    assert rest_after(work_s, stretch_s) == pytest.approx(rests_s)


async def test_a_rest_is_no_stretch_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two seconds of work come rests of a third of each stretch; a rest itself is not rested from."""
    rests: list[float] = []
    now_s = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        rests.append(seconds)
        now_s += seconds

    monkeypatch.setattr(clock, "monotonic", lambda: now_s)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    pace = Pace()
    for stretch_s in (0.6, 0.3, 0.3, 0.3):
        now_s += stretch_s
        await pace.rest()
    assert rests == pytest.approx([0, 0, 0.1, 0.1])
