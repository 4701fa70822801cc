"""A capture as it is shown: its bill, what came back of it, and how it was lowered. Pure."""

from datetime import datetime

from msgspec import Struct, field

from service.merchants.split import Splits
from service.plans.bill import Bill, BillLine, LoweredBill
from service.plans.running.facts import Captured
from service.plans.running.standing import Standing


class CaptureOfPlan(Struct, frozen=True):
    """A capture as it is shown, of a deposit: a claim. With lines, they sum to the amount."""

    capture_id: str = field(name="id")
    number: int  # 1, 2, 3 ... of the plan: its instalments name it
    amount: int
    reference: str | None  # the merchant's own: one capture of the plan has it
    lines: tuple[BillLine, ...]  # the bill
    splits: Splits  # what other sellers of the platform have of it, before anything came back
    captured_at: datetime  # when
    refunded: int  # minor units: what came back of it
    is_reversed: bool  # it was taken back on its own day, as if it had not happened
    lowered: LoweredBill | None  # the last time that its bill was lowered; null: it was not


def shown(bill: Bill, standing: Standing) -> CaptureOfPlan:
    """The capture behind a bill."""
    return CaptureOfPlan(
        bill.capture_id, bill.capture, bill.amount, bill.reference, bill.lines, bill.splits, bill.captured_at,
        standing.refunded_of.get(bill.capture, 0), bill.is_reversed, standing.lowered_of.get(bill.capture),
    )  # fmt: skip


def bill_of(capture: int, captured_at: datetime, fact: Captured, *, is_reversed: bool = False) -> Bill:
    """The bill of a capture or claim."""
    amount, reference = fact.amount + fact.from_held, fact.reference or None
    return Bill(capture, amount, captured_at, fact.lines, fact.id, reference, is_reversed, fact.fee_tier, fact.splits)
