"""How promptly somebody pays, as one number: the average of points, weighted by amount. Pure.

    30 days early or more 100, 10 days early 90, on time 80; late by 14 days 70, by 21 days 60, by 30 days 50,
    by 60 days 40, by 90 days 30, by 120 days and more 20; in between a straight line

These are the points of PAYDEX. The insured's own experience counts, so one merchant is enough.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from msgspec import Struct

_POINTS: Final = ((0, 80), (14, 70), (21, 60), (30, 50), (60, 40), (90, 30), (120, 20))  # days late, points


class Paid(Struct, frozen=True):
    """What was paid under one due date."""

    amount: int  # minor units
    days_late: int  # less than nothing: early


def index_of(paid: Sequence[Paid]) -> int | None:
    """The index in tenths, half up: 800 is prompt. None: nothing was paid yet."""
    total = sum(one.amount for one in paid)
    if not total:
        return None
    weighted = sum(one.amount * points(one.days_late) for one in paid)
    return int(weighted * 10 / total + Fraction(1, 2))


def points(days_late: int) -> Fraction:
    """What so many days are worth."""
    if days_late <= 0:
        return Fraction(100 if days_late <= -30 else 90 if days_late <= -10 else 80)
    for (first, high), (last, low) in pairwise(_POINTS):
        if days_late <= last:
            return Fraction(high) - Fraction((high - low) * (days_late - first), last - first)
    return Fraction(_POINTS[-1][1])
