"""What a consumer tells or pays the lender, and not the merchant: the lender records it, as the merchant would."""

from typing import Final

from service.api.plan_money import PaymentBody, RefundBody, WithdrawalBody, payment_of, refund_of
from service.api.uses import ConvertBody
from service.api.verb import Names, verb
from service.errors import Code
from service.plans.book import Command
from service.plans.convert import Convert
from service.plans.offer import Kind
from service.plans.withdrawal import Withdraw


@verb(
    "payments",
    201,
    refuses=(Code.DUPLICATE_PAYMENT,),
    example={"amount": 140_00, "received_on": "2026-03-02", "reference": "bank-70001"},
    after=("capture_plan",),
)
def record_any_payment(body: PaymentBody, names: Names) -> Command:
    """Money came from the consumer to the lender's own account, or to its processor.

    It settles what is owed as the terms say; what is too much is kept for the consumer.
    """
    return payment_of(body, names)


@verb(
    "refunds",
    201,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.AMOUNT_MISMATCH),
    example={"amount": 190_00},
    after=("capture_plan",),
)
def refund_any_plan(body: RefundBody, names: Names) -> Command:
    """Goods came back, and the merchant does not say so itself: it is charged to the merchant like its own refund."""
    return refund_of(body, names)


@verb("withdrawal", 201, refuses=(Code.STATE_FORBIDS,), after=("capture_plan",))
def withdraw_from_any_plan(body: WithdrawalBody, names: Names) -> Command:
    """The consumer's notice of withdrawal from the credit reached the lender: what it does is the same."""
    return Withdraw(**names, on=body.on)


@verb(
    "convert", 200, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS), example={"instalments": 3},
    kind=Kind.PAY_AFTER_USE, after=("confirm_order", "start_use", "end_use", "capture_plan"),
)  # fmt: skip
def convert_any_plan(body: ConvertBody, names: Names) -> Command:
    """A bill that is overdue falls due in monthly instalments instead, as the consumer has agreed with the lender."""
    return Convert(**names, instalments=body.instalments)


ROUTES: Final = [record_any_payment, refund_any_plan, withdraw_from_any_plan, convert_any_plan]
