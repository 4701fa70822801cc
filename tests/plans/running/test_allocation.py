"""Which instalments and which of their parts an amount settles."""

from datetime import date

import pytest

from service.plans.running.allocation import allocate
from service.plans.running.rows import Row, RowKind
from service.terms.allocation_rule import AllocationRule, Component, Direction, Future, Step, order

PENALTY, FEE, INTEREST, PRINCIPAL = Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL
DATES = [date(2025, month, 1) for month in (2, 3, 4, 5)]
TODAY = date(2025, 3, 1)  # the first is past due, the second due, two are ahead
CHARGES_FIRST = order(PENALTY, FEE, INTEREST, PRINCIPAL)
PRINCIPAL_FIRST = order(PRINCIPAL, INTEREST, FEE, PENALTY)


def rows() -> list[Row]:
    """Four instalments of 10.00 and 1.00 interest; the first bears a fee and a penalty of 2.00 each."""
    made = [Row(RowKind.INSTALMENT, begin, day) for begin, day in zip([date(2025, 1, 1), *DATES], DATES, strict=False)]
    for row in made:
        row.owed |= {PRINCIPAL: 10_00, INTEREST: 1_00}
    made[0].owed |= {FEE: 2_00, PENALTY: 2_00}
    return made


def settled(amount: int, rule: AllocationRule, direction: Direction = Direction.HORIZONTAL) -> tuple[list[int], int]:
    """What each of the four instalments got, and what is left."""
    made = rows()

    def pay(row: Row, step: Step, at_most: int) -> int:
        return row.pay(step[1], at_most, TODAY)

    left = allocate(made, rule, direction, amount, TODAY, pay, lambda _: False)
    return [row.total_paid for row in made], left


@pytest.mark.parametrize(
    ("amount", "future", "paid", "left"),
    [
        (5_00, Future.NEXT, [5_00, 0, 0, 0], 0),
        (15_00, Future.NEXT, [15_00, 0, 0, 0], 0),
        (20_00, Future.NEXT, [15_00, 5_00, 0, 0], 0),
        (30_00, Future.NEXT, [15_00, 11_00, 4_00, 0], 0),
        (30_00, Future.LAST, [15_00, 11_00, 0, 4_00], 0),
        (40_00, Future.LAST, [15_00, 11_00, 3_00, 11_00], 0),
        (30_01, Future.REAMORTIZE, [15_00, 11_00, 2_00, 2_01], 0),
        (30_00, Future.CURRENT_OR_LAST, [15_00, 11_00, 4_00, 0], 0),
        (48_00, Future.NEXT, [15_00, 11_00, 11_00, 11_00], 0),
        (50_00, Future.NEXT, [15_00, 11_00, 11_00, 11_00], 2_00),
    ],
)
def test_past_due_then_due_then_in_advance(amount: int, future: Future, paid: list[int], left: int) -> None:
    assert settled(amount, AllocationRule(CHARGES_FIRST, future)) == (paid, left)


def test_within_an_instalment_components_go_in_order() -> None:
    made = rows()
    for amount, expected in [(3_00, {PENALTY: 2_00, FEE: 1_00}), (4_50, {FEE: 1_00, INTEREST: 1_00, PRINCIPAL: 2_50})]:
        before = dict(made[0].paid)
        allocate(made, AllocationRule(CHARGES_FIRST), Direction.HORIZONTAL, amount, TODAY,
                 lambda row, step, most: row.pay(step[1], most, TODAY), lambda _: False)  # fmt: skip
        assert {part: paid - before[part] for part, paid in made[0].paid.items() if paid != before[part]} == expected


def test_vertically_one_component_of_every_instalment_first() -> None:
    """25.00: the principal past due and due, and then of those ahead, before any interest."""
    by_principal = tuple(sorted(PRINCIPAL_FIRST, key=lambda step: PRINCIPAL_FIRST.index(step) % 4))
    assert settled(25_00, AllocationRule(by_principal), Direction.VERTICAL) == ([10_00, 10_00, 5_00, 0], 0)
    assert settled(41_50, AllocationRule(by_principal), Direction.VERTICAL) == ([11_00, 10_50, 10_00, 10_00], 0)


def test_early_and_late_are_told_apart() -> None:
    made = rows()
    allocate(made, AllocationRule(CHARGES_FIRST), Direction.HORIZONTAL, 30_00, TODAY,
             lambda row, step, most: row.pay(step[1], most, TODAY), lambda _: False)  # fmt: skip
    assert [(row.paid_late, row.paid_early) for row in made] == [(15_00, 0), (0, 0), (0, 4_00), (0, 0)]
    assert [row.settled_on for row in made] == [TODAY, TODAY, None, None]
