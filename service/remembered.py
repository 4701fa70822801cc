"""A cache bounded by weight: a function's answers are kept, the newest, as long as they weigh little enough together.

Bounded by number alone, a cache grows with what callers send: 8,192 schedules of 4 instalments are 8 MB, of 360 a GB.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast

Work = TypeVar("Work", bound=Callable[..., Any])


def remembered(weight_max: int, weigh: Callable[..., int]) -> Callable[[Work], Work]:
    """Keep a function's answers by its arguments, which must be hashable; `weigh` says what keeping one weighs.

    What is refused is not kept. When there is no room the oldest answers go, whoever asks for them.
    """

    def around(work: Work) -> Work:
        kept: dict[tuple[Hashable, ...], Any] = {}
        weights: dict[tuple[Hashable, ...], int] = {}
        lock = Lock()  # quotes are worked out in threads
        total = 0

        @wraps(work)
        def remembering(*asked: Hashable) -> Any:
            nonlocal total
            try:
                return kept[asked]
            except KeyError:
                made = work(*asked)
            weight = weigh(*asked)
            with lock:
                if asked not in kept and weight <= weight_max:
                    kept[asked], weights[asked] = made, weight
                    total += weight
                while total > weight_max:
                    oldest = next(iter(kept))
                    total -= weights.pop(oldest)
                    del kept[oldest]
            return made

        return cast("Work", remembering)

    return around
