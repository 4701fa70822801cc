"""An act that waits for a second person: by whom it was proposed, until when, and who may decide it. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from service.audit.entry import By, Thing
from service.errors import Code, Refused

WAITS: Final = timedelta(days=7)


class ApprovalState(StrEnum):
    """Where it stands. What nobody has decided by `expires_at` has lapsed, and nothing says so but the time."""

    PENDING = "pending"  # -> APPROVED, REJECTED
    APPROVED = "approved"  # and done, in the same transaction
    REJECTED = "rejected"


class Approval(Struct, frozen=True):
    """An act as it was proposed, and what became of it."""

    approval_id: str
    act: str  # which; the edge knows what does it
    thing: Thing
    thing_id: str
    payload: dict[str, Any]
    proposed_by: str  # the person
    proposed_key: str
    proposed_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_key: str | None
    decided_at: datetime | None


def require_decidable(approval: Approval, by: By | None, now: datetime) -> None:
    """To be approved `by` somebody; None: to be rejected, which anybody may.

    Refused: STATE_FORBIDS (it is decided, or has lapsed), FOUR_EYES (by whom it was proposed).
    """
    if approval.state is not ApprovalState.PENDING:
        raise Refused(Code.STATE_FORBIDS, f"This was {approval.state} by {approval.decided_by}.", "/id")
    if now >= approval.expires_at:
        sentence = f"This has waited for more than {WAITS.days} days, and has lapsed; it may be proposed again."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id")
    if by is not None and approval.proposed_by == by.owner_id:
        sentence = f"{by.owner_id} proposed this; another operator approves it, with a key of their own."
        raise Refused(Code.FOUR_EYES, sentence, "/id", ("reject",))
