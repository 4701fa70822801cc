"""Which instalments and which of their parts an amount settles, by the rule for its kind.

The rules walk the open rows and hand each part to `pay`, which says how much it took; what nobody takes is an
overpayment. Equal portions are rounded half to even, and the last instalment takes the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice

from service.money import Rounding, quotient
from service.plans.running.rows import Row
from service.terms.allocation_rule import AllocationRule, Component, Direction, Future, Step, Timing

Pay = Callable[[Row, Step, int], int]  # row, step, amount at most: what was taken
IsCandidate = Callable[[Row], bool]


def allocate(
    rows: Sequence[Row], rule: AllocationRule, direction: Direction, amount: int, on: date, pay: Pay,
    may_take: IsCandidate,
) -> int:  # fmt: skip
    """Hand `amount` out over `rows`, in order of due date; returns what is left.

    `may_take` says of a row without anything open whether it may still turn out to owe something on this day. Paying
    may make another row owe, so the rule is gone through until nobody takes any more.
    """
    before = amount + 1
    while 0 < amount < before and _is_any_open(rows):
        before = amount
        if direction is Direction.VERTICAL:
            amount = _vertically(rows, rule, amount, on, pay)
        else:
            for timing, steps in _by_timing(rule.order):
                amount = _horizontally(rows, timing, steps, rule.future, amount, on, pay, may_take)
    return amount


@lru_cache(maxsize=256)
def _by_timing(order: tuple[Step, ...]) -> list[tuple[Timing, tuple[Step, ...]]]:
    """Steps of one timing together, timings in order of first appearance."""
    timings = dict.fromkeys(timing for timing, _ in order)
    return [(timing, tuple(step for step in order if step[0] is timing)) for timing in timings]


def _horizontally(
    rows: Sequence[Row], timing: Timing, steps: tuple[Step, ...], future: Future, amount: int, on: date, pay: Pay,
    may_take: IsCandidate,
) -> int:  # fmt: skip
    tried: list[Row] = []
    is_candidate = _candidates(future, tried, may_take)
    while amount > 0:
        targets = targets_of(rows, timing, future, on, is_candidate)
        if not targets or not _is_any_open(rows):
            break
        before = amount
        for step in steps:
            amount = _in_equal_portions(targets, step, amount, pay)
        if amount == before:
            tried += targets
    return amount


def _is_any_open(rows: Sequence[Row]) -> bool:
    """Most that were paid are settled, and need no sums; what is open is mostly among the last."""
    return any(row.settled_on is None and row.is_open for row in reversed(rows))


def _candidates(future: Future, tried: list[Row], may_take: IsCandidate) -> IsCandidate:
    """Open rows that have not refused to take more; from the end also those that may yet owe something."""
    if future in (Future.LAST, Future.CURRENT_OR_LAST):
        return lambda row: (row.is_open or may_take(row)) and row not in tried
    return lambda row: row.is_open and row not in tried


def _vertically(rows: Sequence[Row], rule: AllocationRule, amount: int, on: date, pay: Pay) -> int:
    for step in rule.order:
        while amount > 0:
            targets = targets_of(rows, step[0], rule.future, on, _owes(step[1]))
            before = amount
            amount = _in_equal_portions(targets, step, amount, pay)
            if amount == before:
                break
    return amount


def _owes(component: Component) -> IsCandidate:
    return lambda row: row.left(component) > 0


def _in_equal_portions(targets: Sequence[Row], step: Step, amount: int, pay: Pay) -> int:
    if len(targets) <= 1:
        for row in targets:
            amount -= pay(row, step, amount)
        return amount
    portion = quotient(amount, len(targets), Rounding.HALF_EVEN)
    if portion * (len(targets) - 1) > amount:
        portion = amount // len(targets)
    last = amount - portion * (len(targets) - 1)
    for index, row in enumerate(targets):
        amount -= pay(row, step, portion if index < len(targets) - 1 else last)
    return amount


def targets_of(
    rows: Sequence[Row], timing: Timing, future: Future, on: date, is_candidate: IsCandidate
) -> list[Row]:  # fmt: skip
    """The rows of one timing that come next: one, or several where a future rule takes several."""
    if timing is Timing.PAST_DUE:
        return _first(row for row in rows if row.due_on < on and is_candidate(row))
    if timing is Timing.DUE:
        return _first(row for row in rows if row.due_on == on and is_candidate(row))
    ahead = (row for row in rows if row.due_on > on and is_candidate(row))
    if future is Future.REAMORTIZE:
        return list(ahead)
    if future is Future.LAST:
        return list(ahead)[-1:]
    if future is Future.CURRENT_OR_LAST:
        candidates = list(ahead)
        return [row for row in candidates if row.begin <= on] or candidates[-1:]
    return _first(ahead)


def _first(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, 1))
