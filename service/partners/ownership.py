"""A participation changes hands: who sells what to whom, at which price, and what became of it. Pure."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field

from service.event_type import EventType
from service.partners import shares


class TransferKind(StrEnum):
    """What it is."""

    SALE = "sale"  # of ours, or a partner's, to another
    BUY_BACK = "buy_back"  # by who had it before
    SUBSTITUTION = "substitution"  # another partner takes the place of one


class TransferStatus(StrEnum):
    """Where it stands."""

    PENDING = "pending"  # its settlement day has not been closed -> ACTIVE, DECLINED, CANCELLED
    ACTIVE = "active"  # it has changed hands -> BOUGHT_BACK
    BOUGHT_BACK = "bought_back"  # and came back later
    DECLINED = "declined"  # there was nothing to transfer, or nobody to have it
    CANCELLED = "cancelled"


class TransferReason(StrEnum):
    """Why it was declined or cancelled."""

    BALANCE_ZERO = "balance_zero"  # nothing is owed on the plan any more
    BALANCE_NEGATIVE = "balance_negative"  # more was paid than was owed
    NOT_HELD = "not_held"  # who sells it did not have it on that day
    BUYER_LEFT = "buyer_left"  # the buyer takes no part in that programme any more
    BUYER_SUSPENDED = "buyer_suspended"  # no plan becomes the buyer's until it is resumed
    SAME_DAY = "same_day"  # it was sold and bought back on one day: both are cancelled
    REQUESTED = "requested"


class Transfer(Struct, frozen=True):
    """A participation that changes hands at the close of `settlement_on`. Amounts are minor units."""

    transfer_id: str = field(name="id")
    plan_id: str
    kind: TransferKind  # what it is
    seller_id: str  # a partner; empty: ours
    buyer_id: str  # the same
    programme_id: str | None  # under whose contract the buyer has it; null: it is ours
    price_ratio: Decimal  # of principal
    with_interest: bool  # interest that was earned and not paid is paid for, too
    settlement_on: date  # the last day of the one who has it
    status: TransferStatus
    reason: TransferReason | None  # why it was declined or cancelled
    currency: str
    principal: int | None  # that was held at the close of that day; null: it has not changed hands
    interest: int | None  # ... earned and not paid
    price: int | None  # ratio x principal, and the interest where that is paid for
    asked_at: datetime
    ended_at: datetime | None


TYPES: Final = {
    TransferStatus.PENDING: EventType.TRANSFER_REQUESTED,
    TransferStatus.ACTIVE: EventType.TRANSFER_COMPLETED,
    TransferStatus.DECLINED: EventType.TRANSFER_DECLINED,
    TransferStatus.CANCELLED: EventType.TRANSFER_CANCELLED,
}


def data_of(transfer: Transfer) -> dict[str, Any]:
    """What its seller and its buyer are told of where it stands."""
    data: dict[str, Any] = {
        "transfer_id": transfer.transfer_id, "plan_id": transfer.plan_id, "kind": transfer.kind,
        "settlement_on": transfer.settlement_on,
    }  # fmt: skip
    match transfer.status:
        case TransferStatus.PENDING:
            return data | {"ratio": str(transfer.price_ratio)}
        case TransferStatus.ACTIVE | TransferStatus.BOUGHT_BACK:
            moved = {"principal": transfer.principal, "interest": transfer.interest, "price": transfer.price}
            return data | moved | {"currency": transfer.currency}
        case TransferStatus.DECLINED | TransferStatus.CANCELLED:
            return data | {"reason": transfer.reason}


def price_of(principal: int, interest: int, ratio: Decimal, *, with_interest: bool) -> int:
    """Principal x ratio, half a minor unit up, and the interest where that is agreed: 4,500.00 at 0.985 is 4,432.50."""
    return shares.share(principal, *ratio.as_integer_ratio()) + (interest if with_interest else 0)
