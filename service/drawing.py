"""A chart as SVG text: axes with round ticks, lines, bars, dots, a legend; all in the chart's own values."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

WIDTH: Final = 760
HEIGHT: Final = 440
LEFT: Final = 74
RIGHT: Final = 24
TOP: Final = 78
BOTTOM: Final = 56

INK: Final = "#1f2933"
FAINT: Final = "#7b8794"
GRID: Final = "#e4e7eb"
GOOD: Final = "#0072b2"  # the palette of Okabe and Ito, which the colour-blind tell apart
BAD: Final = "#d55e00"
OTHER: Final = "#009e73"
FONT: Final = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"

Number = float
Label = Callable[[Number], str]


class Chart:
    """Values from `x` and `y` (lowest, highest) laid on paper; whatever is drawn last lies on top."""

    def __init__(self, title: str, subtitle: str, x: tuple[Number, Number], y: tuple[Number, Number]) -> None:
        self._x, self._y = _widened(x), _widened(y)
        self._parts: list[str] = []
        self._legend = LEFT
        self._text(LEFT, 24, title, INK, size=16, weight=600)
        self._text(LEFT, 42, subtitle, FAINT)

    def ticks_x(self, label: Label, name: str, at: Sequence[Number] | None = None) -> None:
        """Ticks below, at round values or as given, and what they measure."""
        for value in ticks(self._x) if at is None else at:
            self._text(self._right(value), HEIGHT - BOTTOM + 18, label(value), FAINT, anchor="middle")
        self._text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, name, FAINT, anchor="middle")

    def ticks_y(self, label: Label, at: Sequence[Number] | None = None) -> None:
        """Ticks on the left, at round values or as given, each with a faint line across."""
        for value in ticks(self._y) if at is None else at:
            y = self._down(value)
            self._part(f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='{GRID}'/>")
            self._text(LEFT - 8, y + 4, label(value), FAINT, anchor="end")

    def line(self, points: Iterable[tuple[Number, Number]], colour: str, *, dashed: bool = False) -> None:
        """A line through points."""
        at = " ".join(f"{self._right(x):.1f},{self._down(y):.1f}" for x, y in points)
        dash = " stroke-dasharray='5 5'" if dashed else ""
        self._part(f"<polyline points='{at}' fill='none' stroke='{colour}' stroke-width='2'{dash}/>")

    def bar(
        self, x: tuple[Number, Number], y: tuple[Number, Number], colour: str, what: str, faint: bool = False
    ) -> None:
        """A bar between two values on either axis; `what` is told when it is pointed at."""
        left, right = sorted(map(self._right, x))
        top, bottom = sorted(map(self._down, y))
        opacity = " fill-opacity='0.35'" if faint else ""
        self._part(
            f"<rect x='{left:.1f}' y='{top:.1f}' width='{right - left:.1f}' height='{bottom - top:.1f}' "
            f"fill='{colour}'{opacity}><title>{escape(what)}</title></rect>"
        )

    def dot(self, x: Number, y: Number, colour: str) -> None:
        """A dot."""
        right, down = self._right(x), self._down(y)
        self._part(f"<circle cx='{right:.1f}' cy='{down:.1f}' r='4' fill='white' stroke='{colour}' stroke-width='2'/>")

    def under(self, x: Number, words: str) -> None:
        """Words under the ticks below."""
        self._text(self._right(x), HEIGHT - BOTTOM + 34, words, INK, size=11, anchor="middle")

    def words(self, x: Number, y: Number, words: str, colour: str = FAINT, anchor: str = "start") -> None:
        """Words beside a value."""
        self._text(self._right(x) + (6 if anchor == "start" else -6), self._down(y) + 4, words, colour, anchor=anchor)

    def legend(self, words: str, colour: str, *, faint: bool = False) -> None:
        """One more entry of the legend, under the title."""
        opacity = " fill-opacity='0.35'" if faint else ""
        self._part(f"<rect x='{self._legend}' y='51' width='10' height='10' rx='2' fill='{colour}'{opacity}/>")
        self._text(self._legend + 15, 60, words, INK)
        self._legend += 36 + round(6.4 * len(words))

    def svg(self) -> str:
        """The picture."""
        body = "\n".join(self._parts)
        return (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' "
            f"height='{HEIGHT}' {FONT}>\n<rect width='100%' height='100%' fill='white'/>\n{body}\n</svg>\n"
        )

    def _part(self, part: str) -> None:
        self._parts.append(part)

    def _right(self, value: Number) -> float:
        return LEFT + (value - self._x[0]) / (self._x[1] - self._x[0]) * (WIDTH - LEFT - RIGHT)

    def _down(self, value: Number) -> float:
        return HEIGHT - BOTTOM - (value - self._y[0]) / (self._y[1] - self._y[0]) * (HEIGHT - TOP - BOTTOM)

    def _text(
        self, x: float, y: float, words: str, colour: str, *, size: int = 12, weight: int = 400, anchor: str = "start"
    ) -> None:
        self._part(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' "
            f"fill='{colour}'>{escape(words)}</text>"
        )


def ticks(of: tuple[Number, Number]) -> list[Number]:
    """Some five round values between two."""
    low, high = of
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * part for part in (1, 2, 5, 10) if unit * part >= rough)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _widened(of: tuple[Number, Number]) -> tuple[Number, Number]:
    return of if of[0] != of[1] else (of[0] - 1, of[1] + 1)
