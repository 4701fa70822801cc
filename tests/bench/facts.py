"""What one more fact costs, as a multiple of building the plan's schedule once: all in one run, on one processor."""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from service.plans.running.facts import AnyFact, Captured, Paid
from service.plans.running.versions import next_version, replay
from service.terms.schedule import build_schedule
from service.terms.terms import Terms, Unit

AMOUNT = 1_000_00
START = date(2026, 1, 15)
PASSES = 15  # the best of them
PASSES_OF_ONE = 120  # of one more fact, which takes so little that others on the machine are mostly in its way
LIVES = {4: 3, 12: 6, 36: 30}  # instalments, and how many of them are paid


def in_schedules() -> dict[str, float]:
    """How many schedules each could have been built in the time it took."""
    found: dict[str, float] = {}
    for instalments, paid in LIVES.items():
        agreed = Terms(instalments=instalments, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"))
        schedule = _cost(lambda agreed=agreed: build_schedule(agreed, AMOUNT, START), 40)  # type: ignore[misc]
        for name, terms in (("as_agreed", agreed), ("recalculated", replace(agreed, recalculate=True))):
            events = _life(terms, paid + 1)
            for known in sorted({3, paid}):
                found[f"{name}_{instalments}_after_{known}"] = _next(terms, events[: known + 2]) / schedule
            found[f"{name}_{instalments}_from_the_start"] = (
                _cost(lambda terms=terms, events=events: replay(terms, events[:-1], events[-2].on)) / schedule  # type: ignore[misc]
            )
    return {name: round(cost, 1) for name, cost in found.items()}


def _life(terms: Terms, paid: int) -> list[AnyFact]:
    """Captured, and so many instalments paid on their days."""
    rows = build_schedule(terms, AMOUNT, START)
    payments = [Paid(id=f"p{row.number}", recorded_on=row.due_on, on=row.due_on, amount=row.total) for row in rows]
    return [Captured(id="c", recorded_on=START, on=START, amount=AMOUNT), *payments[:paid]]


def _next(terms: Terms, events: list[AnyFact]) -> float:
    *before, last = events
    version = replay(terms, before, before[-1].on)
    return _cost(lambda: next_version(version, last, last.on), passes=PASSES_OF_ONE)


def _cost(call: Callable[[], object], calls: int = 1, passes: int = PASSES) -> float:
    best = float("inf")
    for _ in range(passes):
        began = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time() - began) / calls)
    return best
