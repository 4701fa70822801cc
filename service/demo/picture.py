"""The first day as a picture: what was decided, purpose by purpose, as SVG. Pure.

It is drawn from what `GET /v1/operator/summary` tells after the first day, and written beside the demo's keys.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from service.demo.made_up import CATEGORIES
from service.drawing import BAD, FAINT, GOOD, INK, OTHER, Chart
from service.money import decimal_text

COLOURS: Final = {"approved": GOOD, "referred": OTHER, "declined": BAD}


def first_day_svg(decisions: Sequence[dict[str, Any]], currency: str) -> str:
    """A bar for each purpose, the most asked for first, and those that are made up below; amounts in `currency`."""
    counts: dict[str, Counter[str]] = {}
    for row in decisions:
        counts.setdefault(row["category"], Counter())[row["outcome"]] += row["decisions"]
        counts[row["category"]]["amount"] += row["amount"]
    names = sorted(counts, key=lambda name: (name in CATEGORIES, -_decided(counts[name])))
    longest = max(map(_decided, counts.values()))
    total = sum(map(_decided, counts.values()))
    chart = Chart(
        "The first day of the demo",
        f"{total} checkouts by what is bought; below, in grey, those that are made up",
        (-0.36 * longest, 1.36 * longest),
        (len(names), 0),
    )
    chart.ticks_x(lambda value: f"{value:.0f}", "checkouts", [50 * n for n in range(longest // 50 + 1)])
    for place, name in enumerate(names):
        _bar(chart, place, name, counts[name], currency)
    for outcome, colour in COLOURS.items():
        chart.legend(outcome, colour)
    return chart.svg()


def _bar(chart: Chart, place: int, name: str, counts: Counter[str], currency: str) -> None:
    left = 0
    for outcome, colour in COLOURS.items():
        right = left + counts[outcome]
        if right > left:
            chart.bar((left, right), (place + 0.14, place + 0.86), colour, f"{name}: {counts[outcome]} {outcome}")
        left = right
    whole = int(decimal_text(counts["amount"], currency).partition(".")[0])
    chart.words(0, place + 0.5, name.capitalize(), FAINT if name in CATEGORIES else INK, anchor="end")
    chart.words(left, place + 0.5, f"{100 * counts['approved'] // left} %, {whole:,} {currency} asked")


def _decided(counts: Counter[str]) -> int:
    return sum(counts[outcome] for outcome in COLOURS)
