"""Pictures: well-formed, with what is told in them, and safe against names from a file."""

from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from service.drawing import INK, Chart, ticks
from service.learning.backtest import backtest
from service.learning.plots import draw_all
from tests.learning.backtested import approves, demo_backtest, demo_replayed
from tests.learning.cases import demo_policy


def words(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_one_policy_is_four_pictures_and_two_are_six() -> None:
    replayed = demo_replayed()
    found = demo_backtest()
    one = draw_all([found], [replayed], "EUR")
    assert list(one) == ["separation", "profit", "bands", "purposes"]
    two = draw_all([found, replace(found, version=2)], [replayed, replayed], "EUR")
    assert list(two) == ["separation", "profit", "bands", "purposes", "bands-against", "purposes-against"]
    assert f"AUC {found.separation.auc:.3f}" in words(one["separation"])
    assert "version 2: AUC" in words(two["separation"])
    assert "electronics (192)" in words(one["purposes"])
    assert found.best_cut_off is not None
    assert f"at best {found.best_cut_off.profit // 100:,} from {found.best_cut_off.score_min} on" in words(
        one["profit"]
    )


def test_the_smallest_backtest_can_be_drawn() -> None:
    replayed = [approves(600, True, profit=None), approves(600, False, profit=None)]
    for svg in draw_all([backtest(demo_policy(), replayed, None)], [replayed], "JPY").values():
        assert "nan" not in svg
        ElementTree.fromstring(svg)


def test_names_are_words_and_not_markup() -> None:
    chart = Chart("<script>", "a & b", (0, 1), (0, 1))
    chart.bar((0, 1), (0, 1), INK, "<b>'\"")
    assert "<script>" in words(chart.svg())
    assert "<script>" not in chart.svg()


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((320, 760), [400, 500, 600, 700]),
        ((-58_000, 24_000), [-40_000, -20_000, 0, 20_000]),
        ((0, 3), [0, 1, 2, 3]),
    ],
)
def test_ticks_are_round(of: tuple[float, float], expected: list[float]) -> None:
    assert ticks(of) == pytest.approx(expected)
