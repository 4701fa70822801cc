"""One HTTP process instead of two, and what a process takes to start: all on the stage's database."""

from statistics import median
from typing import Final

from msgspec.structs import replace

from tests.bench.figures import Scaled
from tests.bench.processes import serving
from tests.bench.stage import Stage

ROUNDS: Final = 2
STARTS: Final = 3
PROGRAM: Final = ["service", "http-process"]


def measure(stage: Stage, seconds: float) -> Scaled:
    """Decisions of two processes and of one, in turn."""
    by_two, by_one = [], []
    with serving(PROGRAM, 1, stage.settings) as service:
        alone = replace(stage, service=service, memory=[])
        alone.play("decide", 1)  # nothing is measured cold
        for _ in range(ROUNDS):
            by_two.append(stage.play("decide", seconds)[0].per_second)
            by_one.append(alone.play("decide", seconds)[0].per_second)
    return Scaled(one=round(median(by_one), 1), two=round(median(by_two), 1))


def cold_start(stage: Stage) -> float:
    """Seconds from the start of a process until it can answer: the median of some."""
    ready_s = []
    for _ in range(STARTS):
        with serving(PROGRAM, 1, stage.settings) as service:
            ready_s += service.ready_s
    return round(median(ready_s), 2)
