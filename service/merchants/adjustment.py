"""An adjustment: what the operator gives a merchant, or takes from it, besides what its plans bring. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class AdjustmentReason(StrEnum):
    """Why; the check `settlement_adjustments_reason_is_known` says the same."""

    FEE_CORRECTION = "fee_correction"  # a fee was wrong
    GOODWILL = "goodwill"  # without having to
    PENALTY = "penalty"  # by the contract
    CORRECTION = "correction"  # something else was wrong


class Adjustment(Struct, frozen=True):
    """A line of the next settlement."""

    adjustment_id: str = field(name="id")
    merchant_id: str
    currency: str
    amount: int  # minor units; negative: taken from the merchant
    reason: AdjustmentReason
    reference: str  # what it is about, in the operator's words
    made_at: datetime


def data_of(one: Adjustment) -> dict[str, Any]:
    """What the merchant is told."""
    return {
        "adjustment_id": one.adjustment_id, "amount": one.amount, "currency": one.currency, "reason": one.reason,
        "reference": one.reference,
    }  # fmt: skip
