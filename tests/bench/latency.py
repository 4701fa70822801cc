"""What a caller waits for where there is room: each side at a twentieth of what it can do, open loop.

Requests come by chance, so many a second, and none waits until another is answered. The bare echo says what HTTP and
the load generator themselves take of the wait.
"""

from typing import TYPE_CHECKING, Final

from tests.bench.figures import Wait

if TYPE_CHECKING:
    from tests.bench.stage import Stage

SIDES: Final = ("bare", "decide", "open")
PART: Final = 20  # of the capacity, a twentieth


def measure(stage: "Stage", capacities: dict[str, float], seconds: float) -> dict[str, Wait]:
    """Those sides of which it is known how many requests they answer a second."""
    waits: dict[str, Wait] = {}
    for side in SIDES:
        if rate := capacities.get(side, 0) / PART:
            stage.buyers_max = min(len(stage.buyers), round(2 * rate * seconds))
            outcome, _ = stage.play(side, seconds, rate=rate)
            errors = sum(outcome.errors.values())
            waits[side] = Wait(round(outcome.per_second, 1), round(outcome.p50_ms, 2), round(outcome.p99_ms, 2), errors)
    return waits


def show(waits: dict[str, Wait]) -> None:
    """A line a side."""
    for side, one in waits.items():
        print(
            f"A twentieth of what it can do, {side}: {one.per_second:,.0f} a second, p50 {one.p50_ms:.2f} ms, p99 "
            f"{one.p99_ms:.2f} ms" + (f", {one.errors} errors" if one.errors else "")
        )
