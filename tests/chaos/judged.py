"""Figures that are judged: what was measured, what it must be, and the exit code that says whether it is."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

GOODPUT_LEAST: Final = 0.7  # of the peak, at ten times as many requests as can be served
ACCEPTED_P99_S: Final = 1.0
NORMAL_WITHIN_S: Final = 3  # after it
NORMAL: Final = 0.8  # of what was served before
SLOWER_MOST: Final = 2.0  # others' p99, while somebody sends slowly or too much
SLOW_ENOUGH_S: Final = 0.02  # below that a p99 says nothing: it is a turn of the machine
TROUBLES_LEAST: Final = {  # in the whole programme
    "PostgreSQL killed": 12, "service killed": 8, "Redis killed": 4, "old copy": 2,
}  # fmt: skip
MINUTES_MOST: Final = 5


class Figure(Struct, frozen=True):
    """What was measured, and whether it is as it must be; `must` is empty where it is only told."""

    name: str
    value: object
    is_right: bool = True
    must: str = ""


def told(figures: Sequence[Figure]) -> int:
    """Prints them, those that are not as they must be once more at the end; the exit code."""
    for one in figures:
        print(f"{one.name:52} {one.value!s:>12}  {one.must if one.is_right else f'<-- must be {one.must}'}")
    missed = [one for one in figures if not one.is_right]
    print(f"{len(missed)} of {sum(bool(one.must) for one in figures)} lines missed")
    for one in missed:
        print(f"missed: {one.name}: {one.value}, must be {one.must}")
    return 1 if missed else 0


def none_of(name: str, count: int) -> Figure:
    """What must not happen."""
    return Figure(name, count, not count, "0")


def at_most(name: str, value: float, most: float, unit: str = "s") -> Figure:
    """A figure that may not be larger."""
    return Figure(name, f"{value:.2f} {unit}", value <= most, f"at most {most:g} {unit}")


def at_least(name: str, value: float, least: float) -> Figure:
    """A figure that may not be smaller."""
    return Figure(name, f"{value:g}", value >= least, f"at least {least:g}")


def goodput(served: int, seconds: float, peak: float) -> Figure:
    """What is served of too much, as a share of what can be."""
    share = served / seconds / peak
    return Figure(
        "goodput of the peak, at ten times", f"{share:.0%}", share >= GOODPUT_LEAST, f">= {GOODPUT_LEAST:.0%}"
    )


def normal_again(a_second: Sequence[int], peak: float) -> Figure:
    """After how many seconds as much is served as before, by what was served in each second after it."""
    after = next((second for second, served in enumerate(a_second, 1) if served >= NORMAL * peak), None)
    is_right = after is not None and after <= NORMAL_WITHIN_S
    return Figure("normal again after", f"{after or 'more'} s", is_right, f"within {NORMAL_WITHIN_S} s")


def slower(name: str, quiet_s: float, then_s: float) -> Figure:
    """Others' p99 beside a nuisance."""
    is_right = then_s <= max(SLOWER_MOST * quiet_s, SLOW_ENOUGH_S)
    return Figure(name, f"x{then_s / quiet_s:.1f}" if quiet_s else "-", is_right, f"at most x{SLOWER_MOST:g}")


def enough_troubles(counts: dict[str, int]) -> list[Figure]:
    """How often each thing happened: killed at an answer is killed, too."""
    return [
        at_least(f"{name}, in all", sum(count for what, count in counts.items() if what.startswith(name)), least)
        for name, least in TROUBLES_LEAST.items()
    ]
