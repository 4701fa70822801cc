"""One HTTP process instead of two: how many checkouts each decide, in turn."""

from statistics import median
from typing import Final

from msgspec.structs import replace

from tests.bench.figures import Scaled
from tests.bench.stage import Stage

ROUNDS: Final = 2


def measure(stage: Stage, seconds: float) -> Scaled:
    """Both on the stage's database, with as many connections."""
    by_two, by_one = [], []
    with stage.one_more() as service:
        alone = replace(stage, service=service, memory=[])
        alone.play("decide", seconds)  # nothing is measured cold
        for _ in range(ROUNDS):
            by_two.append(stage.play("decide", seconds)[0].per_second)
            by_one.append(alone.play("decide", seconds)[0].per_second)
    return Scaled(one=round(median(by_one), 1), two=round(median(by_two), 1))
