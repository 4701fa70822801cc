"""The bill of a capture: what was bought at what price, and what is taken off. Pure.

1  Hire, 3 days   205.00
2  Helmet           0.00    free
3  Voucher         -5.00    a discount
   captured       200.00
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

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
    captured_at: datetime
    lines: tuple[BillLine, ...] = ()
    capture_id: str = ""  # of the fact
    reference: str | None = None  # the merchant's own
    is_reversed: bool = False  # on its own day, as if it had not happened


class CaptureOfPlan(Struct, frozen=True):
    """A capture as it is shown, of a deposit: a claim. With lines, they sum to the amount."""

    capture_id: str = field(name="id")
    number: int  # 1, 2, 3 ... of the plan: its instalments name it
    amount: int
    reference: str | None  # the merchant's own: one capture of the plan has it
    lines: tuple[BillLine, ...]  # the bill
    captured_at: datetime  # when
    refunded: int  # minor units: what came back of it
    is_reversed: bool  # it was taken back on its own day, as if it had not happened


def shown(bill: Bill, refunded: int) -> CaptureOfPlan:
    """The capture behind a bill, and what came back of it."""
    return CaptureOfPlan(
        bill.capture_id, bill.capture, bill.amount, bill.reference, bill.lines, bill.captured_at, refunded,
        bill.is_reversed,
    )  # fmt: skip


def reversed_of(bills: Iterable[Bill], capture: int) -> tuple[Bill, ...]:
    """The same, one of them reversed."""
    return tuple([replace(bill, is_reversed=True) if bill.capture == capture else bill for bill in bills])


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
