"""Whether what is stored slows what is done: the same rounds beside very many plans and beside few, in turn."""

from statistics import median
from typing import Final

from tests.bench.figures import Grown
from tests.bench.filled import Filled, let_buy
from tests.bench.load import Outcome

ROUNDS: Final = 3
CONNECTIONS: Final = 64
A_SECOND: Final = 2_000  # plans that are opened at most
SIDES: Final = ("decide", "open")


def buyers(seconds: float) -> int:
    """How many people rounds of so many seconds take."""
    return round((ROUNDS + 1) * seconds * A_SECOND)


def measure(many: Filled, few: Filled, seconds: float) -> Grown:
    """Each side beside many and few in each round; statistics are fresh."""
    both = (many, few)
    for one in both:
        let_buy(one)
        one.stage.connections, one.stage.buyers_max = CONNECTIONS, len(one.stage.buyers) // (ROUNDS + 1)
        for side in SIDES:
            one.stage.play(side, seconds)  # nothing is measured cold
    played: dict[tuple[str, int], list[Outcome]] = {}
    for number in range(ROUNDS):
        for side in SIDES:
            for place in (0, 1) if number % 2 == 0 else (1, 0):
                outcome, _ = both[place].stage.play(side, seconds)
                played.setdefault((side, place), []).append(outcome)
    of = {key: round(median(one.per_second for one in outcomes), 1) for key, outcomes in played.items()}
    errors = sum(sum(one.errors.values()) for outcomes in played.values() for one in outcomes)
    return Grown(
        many.plans, few.plans, of["decide", 0], of["decide", 1], of["open", 0], of["open", 1], errors
    )  # fmt: skip
