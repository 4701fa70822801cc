"""Which of several equal requests one is, where its client gives it no name of its own.

An equal one within ten minutes is the same, sent again; one later is another. Pure.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from service.facades.seen import Entry

SAME_FOR: Final = timedelta(minutes=10)


def number_of(entries: Iterable[Entry], fact: str, amount: int, named: Collection[str], now: datetime) -> int:
    """How many equal ones there were before that are others; `named`: the ids of those that had a name."""
    equal = [one for one in entries if one.fact == fact and one.amount == amount and one.fact_id not in named]
    return sum(one.recorded_at + SAME_FOR <= now for one in equal)
