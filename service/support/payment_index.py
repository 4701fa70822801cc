"""The payment index: how promptly a business pays, weighted by what it paid. Pure.

index = sum(amount x points of its days late) / sum(amount)

| days late | -30 or earlier | -10 or earlier | 0 or earlier | 14 | 21 | 30 | 60 | 90 | 120 and later |
|---|---|---|---|---|---|---|---|---|---|
| points | 100 | 90 | 80 | 70 | 60 | 50 | 40 | 30 | 20 |

Between two days after the due date the points lie on the straight line. 60,000 paid on time, 30,000 paid 30 days late
and 10,000 paid 120 days late are 65.0. Of fewer than 3 experiences, or of fewer than 2 suppliers, there is none.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from msgspec import Struct

EXPERIENCES_MIN: Final = 3
SUPPLIERS_MIN: Final = 2

_EARLY: Final = ((-30, 100), (-10, 90), (0, 80))  # until that day
_LATE: Final = ((0, 80), (14, 70), (21, 60), (30, 50), (60, 40), (90, 30), (120, 20))  # on that day


class Experience(Struct, frozen=True):
    """What one supplier has seen of a business: so much was paid so many days after it was due."""

    amount: int  # minor units
    days_late: int  # below zero: earlier
    supplier_id: str


def points(days_late: int) -> Fraction:
    """Of 100: what a payment so many days late is worth."""
    for until, worth in _EARLY:
        if days_late <= until:
            return Fraction(worth)
    for (day, worth), (next_day, next_worth) in pairwise(_LATE):
        if days_late <= next_day:
            return worth - Fraction((worth - next_worth) * (days_late - day), next_day - day)
    return Fraction(_LATE[-1][1])


def index_of(experiences: Sequence[Experience]) -> int | None:
    """In tenths, half up: 650 is 65.0. None: not rated, of too few experiences or of one supplier alone."""
    counted = [one for one in experiences if one.amount > 0]
    if len(counted) < EXPERIENCES_MIN or len({one.supplier_id for one in counted}) < SUPPLIERS_MIN:
        return None
    weighted = sum((one.amount * points(one.days_late) for one in counted), Fraction(0))
    return int(weighted * 10 / sum(one.amount for one in counted) + Fraction(1, 2))
