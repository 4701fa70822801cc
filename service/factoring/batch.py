"""Several receivables bought at once: what may not be bought drops out, and both counts are told. Pure."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from service.errors import Code
from service.factoring.assignment import ReceivableId
from service.factoring.purchase import PurchaseTerms, Recourse
from service.factoring.receivable import Named, Receivable, obstacles

MerchantId = Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class BatchState(StrEnum):
    """Where a batch is; the check `assignment_batches_state_is_known` says the same."""

    OPEN = "open"  # made: nothing is bought -> AWAITING_APPROVAL, SETTLED, CANCELLED
    AWAITING_APPROVAL = "awaiting_approval"  # it is more than one operator moves alone -> SETTLED, CANCELLED
    SETTLED = "settled"  # what was kept is bought
    CANCELLED = "cancelled"  # nothing of it is bought


class BatchBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Receivables of one merchant that we buy at once, at the same price."""

    external_id: Named  # your own name for it: there is one of that name
    merchant_id: MerchantId
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    receivable_ids: Annotated[tuple[ReceivableId, ...], Meta(min_length=1, max_length=1_000)]  # each once
    terms: PurchaseTerms
    recourse: Recourse = Recourse.NONE
    notified_on: date | None = None  # when who owes them was told (disclosed); null: they are not told


class BatchItem(Struct, frozen=True, kw_only=True):
    """What became of one receivable of a batch."""

    number: int  # 1, 2, 3 ... of the batch
    receivable_id: str  # as it was asked for
    reason: Code | None  # why it dropped out; null: it did not
    assignment_id: str | None  # by which it was bought; null: it was not
    price: int | None  # minor units that are advanced; null: it was not bought


class Batch(Struct, frozen=True, kw_only=True):
    """A batch as it is now. `price` is the sum of the prices of what was kept."""

    batch_id: str = field(name="id")
    external_id: str  # the operator's own name for it
    merchant_id: str
    currency: str
    state: BatchState
    items_total: int  # how many were asked for
    items_kept: int | None  # how many of them were bought; null: it is not settled
    price: int | None  # minor units that are advanced for all of them; null: it is not settled
    made_at: datetime
    ended_at: datetime | None  # when it was settled or cancelled; null: it is not


def reason_to_drop(one: Receivable | None, wanted: BatchBody, on: date) -> Code | None:
    """Why a receivable drops out: the first of its obstacles; NOT_FOUND, one that there is not, or of another
    merchant."""
    if one is None or one.merchant_id != wanted.merchant_id:
        return Code.NOT_FOUND
    found = obstacles(one, wanted.currency, on)
    return found[0].code if found else None
