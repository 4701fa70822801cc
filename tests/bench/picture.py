"""Throughput against latency as a picture: each side at 1, 8 and 128 connections, p50 and p99, as SVG."""

from math import ceil, floor, log10
from typing import Final

from service.drawing import BAD, GOOD, INK, OTHER, Chart
from tests.bench.figures import Point

COLOURS: Final = {"decide": GOOD, "open": BAD, "pay": OTHER, "bare": INK}
ROUND: Final = (1, 2, 5)  # times a power of ten: where ticks are, for both axes grow by factors


def draw(curves: dict[str, list[Point]]) -> str:
    """The picture; a line is a side, and its dots are numbers of connections."""
    points = [point for side in curves.values() for point in side if point.p50_ms and point.per_second]
    x = _around([point.per_second for point in points] or [1.0])
    y = _around([one for point in points for one in (point.p50_ms, point.p99_ms)] or [1.0])
    chart = Chart(
        "Throughput against latency",
        "milliseconds, p50 and (dashed) p99, of one request at a time on each of 1, 8 and 128 connections",
        x,
        y,
    )
    chart.ticks_x(_label, "requests a second", _ticks(x))
    chart.ticks_y(_label, _ticks(y))
    for side, line in curves.items():
        if all(point.p50_ms and point.per_second for point in line):
            _draw_side(chart, side, line)
    return chart.svg()


def _draw_side(chart: Chart, side: str, line: list[Point]) -> None:
    colour = COLOURS[side]
    chart.line([(log10(one.per_second), log10(one.p99_ms)) for one in line], colour, dashed=True)
    chart.line([(log10(one.per_second), log10(one.p50_ms)) for one in line], colour)
    for one in line:
        x, y = log10(one.per_second), log10(one.p50_ms)
        chart.dot(x, y, colour)
        chart.words(x, y, str(one.connections), colour)
    chart.legend(side, colour)


def _around(values: list[float]) -> tuple[float, float]:
    """Where an axis begins and ends that holds them and words beside the last, as powers of ten."""
    return log10(min(values)) - 0.05, log10(max(values)) + 0.1


def _ticks(of: tuple[float, float]) -> list[float]:
    every = [log10(part) + power for power in range(floor(of[0]), ceil(of[1]) + 1) for part in ROUND]
    return [one for one in every if of[0] <= one <= of[1]]


def _label(value: float) -> str:
    return f"{10**value:,.3g}" if value < 3 else f"{10**value:,.0f}"
