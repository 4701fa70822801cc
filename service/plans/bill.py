"""The bill of a capture: what was bought at what price, what came on top, and what is taken off. Pure.

1  Hire, 3 days   180.00    an item
2  Helmet           0.00    ... that is free
3  City tax         5.00    a charge
4  Mirror          15.00    a damage
5  A day too long   5.00    a late return
6  Voucher         -5.00    a discount
   captured       200.00    items + charges + damage + late returns - discounts

What comes back by lines is never more than was captured: of a line at most its amount, of all lines of a bill at most
the amount of the bill. A discount does not come back by itself; whoever takes back everything gives back what was
captured.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from service.errors import Code, Refused
from service.merchants.split import Splits


class LineKind(StrEnum):
    """What a line of a bill is for."""

    ITEM = "item"  # what was bought or used
    CHARGE = "charge"  # what came on top: a minibar, a toll, a tax
    DAMAGE = "damage"  # what was broken or is missing
    LATE_RETURN = "late_return"  # it came back later than agreed
    DISCOUNT = "discount"  # taken off


class BillLine(Struct, frozen=True, gc=False):
    """A line of a bill, in minor units: zero for what is free, negative for a discount."""

    number: int  # 1, 2, 3 ... within its bill
    name: str
    amount: int
    kind: LineKind = LineKind.ITEM  # an item of a negative amount is a discount

    def __post_init__(self) -> None:
        """An item that is negative is a discount, in a bill that names no kinds as well."""
        if self.amount < 0 and self.kind is LineKind.ITEM:
            force_setattr(self, "kind", LineKind.DISCOUNT)


class Bill(Struct, frozen=True):
    """What was captured at one time, of a deposit: claimed. With lines, they sum to the amount."""

    capture: int  # 1, 2, 3 ... of the plan: its instalments name it
    amount: int
    captured_at: datetime
    lines: tuple[BillLine, ...] = ()
    capture_id: str = ""  # of the fact
    reference: str | None = None  # the merchant's own
    is_reversed: bool = False  # on its own day, as if it had not happened
    fee_tier: int = 0  # of the merchant's fee
    splits: Splits = ()  # what other sellers have of it


class LoweredBill(Struct, frozen=True, gc=False):
    """A bill that was too high, as it should have been. With lines, they sum to the amount."""

    amount: int  # minor units: what it should have come to, less what had come back before
    lines: tuple[BillLine, ...]
    because: str  # in the merchant's words
    on: date  # since when


def reversed_of(bills: Iterable[Bill], capture: int) -> tuple[Bill, ...]:
    """The same, one of them reversed."""
    return tuple([replace(bill, is_reversed=True) if bill.capture == capture else bill for bill in bills])


class RefundedLine(Struct, frozen=True, gc=False):
    """What came back of one line of a bill, in minor units."""

    capture: int  # of which bill
    line: int  # its number in that bill
    amount: int


def lines_of(amount: int, named: Iterable[tuple[str, int, LineKind]]) -> tuple[BillLine, ...]:
    """The lines of a bill of `amount`, numbered in their order. Refused: AMOUNT_MISMATCH. No lines fit any amount."""
    lines = tuple([BillLine(number, *line) for number, line in enumerate(named, start=1)])
    total = sum(line.amount for line in lines)
    if lines and total != amount:
        sentence = f"The lines sum to {total}, the amount is {amount} minor units: {_sums(lines)}."
        raise Refused(Code.AMOUNT_MISMATCH, sentence, "/amount")
    return lines


def _sums(lines: Iterable[BillLine]) -> str:
    """What each kind of line comes to: `item 205, discount -5`."""
    sums: dict[LineKind, int] = {}
    for line in lines:
        sums[line.kind] = sums.get(line.kind, 0) + line.amount
    return ", ".join(f"{kind} {amount}" for kind, amount in sums.items())
