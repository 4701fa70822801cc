"""Disputes that were read at processors which do not tell us of them (Stripe), for operators."""

from datetime import datetime
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, read
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import Limit
from service.payments.found_disputes_flow import Q
from service.payments.processor_dispute import FoundState

NumberAfter = Annotated[int, QueryParameter(ge=0, le=2**62)]
InState = Annotated[FoundState | None, QueryParameter(description="only those; absent: all")]


class FoundDisputeRow(Struct, frozen=True):
    """A dispute as a processor tells of it, and what came of it here."""

    number: int  # in the order in which they were read first
    processor_id: str
    reference: str  # the processor's own of the dispute
    payment: str  # the processor's own of what is disputed; empty: it does not say
    charge_id: str | None  # the charge of ours; null: the processor names none
    plan_id: str | None
    currency: str
    amount: int  # minor units that are disputed
    reason: str  # the processor's word for what the consumer says
    status: str  # the processor's word for where it stands
    due_by: datetime | None  # until when the processor takes evidence; null: it takes none
    state: FoundState  # what came of it here
    note: str  # why it is stuck, or what an operator is to look into; empty: nothing
    handed_at: datetime | None  # when the processor took the merchant's answer
    settled_at: datetime | None  # when its end was booked
    read_at: datetime  # when it was read last


class FoundDisputePage(Struct, frozen=True):
    """Disputes, the first read first; `after` is what to ask with next."""

    disputes: list[FoundDisputeRow]
    after: int


@get("/processor-disputes", opt=operation("processors", FoundDisputePage, csv=True))
async def list_found_disputes(
    request: Asked, in_state: InState = None, after: NumberAfter = 0, limit: Limit = 100
) -> ASGIResponse:
    """Disputes that were read at processors: which are open, decided, stuck, or of no charge of ours.

    What is stuck is tried again. What is of no charge of ours (`unknown`) was sold elsewhere by the same account.
    """
    rows = await read(request).services.pool.fetch(Q.list_found, after, in_state, limit)
    page = [FoundDisputeRow(**{**row, "state": FoundState(row["state"])}) for row in rows]
    return Listed(FoundDisputePage(page, page[-1].number if page else after))


ROUTES: Final = [list_found_disputes]
