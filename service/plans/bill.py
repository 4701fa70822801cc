"""The bill of a capture: what was bought at what price, and what is taken off. Pure.

1  Hire, 3 days   205.00
2  Helmet           0.00    free
3  Voucher         -5.00    a discount
   captured       200.00
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from service.errors import Code, Refused


class BillLine(Struct, frozen=True, gc=False):
    """A line of a bill, in minor units: zero for what is free, negative for a discount."""

    number: int  # 1, 2, 3 ... within its bill
    name: str
    amount: int


class Bill(Struct, frozen=True):
    """What was captured at one time, of a deposit: claimed. With lines, they sum to the amount."""

    capture: int  # 1, 2, 3 ... of the plan: its instalments name it
    amount: int
    captured_at: datetime  # when
    lines: tuple[BillLine, ...] = ()


class RefundedLine(Struct, frozen=True, gc=False):
    """What came back of one line of a bill, in minor units."""

    capture: int  # of which bill
    line: int  # its number in that bill
    amount: int


def lines_of(amount: int, named: Iterable[tuple[str, int]]) -> tuple[BillLine, ...]:
    """The lines of a bill of `amount`, numbered in their order. Refused: AMOUNT_MISMATCH. No lines fit any amount."""
    lines = tuple([BillLine(number, *line) for number, line in enumerate(named, start=1)])
    total = sum(line.amount for line in lines)
    if lines and total != amount:
        raise Refused(Code.AMOUNT_MISMATCH, f"The lines sum to {total}, the amount is {amount} minor units.", "/amount")
    return lines
