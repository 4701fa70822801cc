"""An assignment: who has bought a receivable, or holds a part of it as a pledge. Pure.

At most one purchase of a receivable is live; pledges are in parts, up to what is open of it. One that is bought is not
pledged, and one that is pledged is not bought.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from service.errors import Code, Refused
from service.factoring.purchase import Bought, PurchaseTerms, Recourse
from service.factoring.receivable import Amount, Receivable

ReceivableId = Annotated[str, Meta(pattern=r"^rv_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
PartnerId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class Mode(StrEnum):
    """What an assignee has; the check `assignments_mode_is_known` says the same."""

    PURCHASE = "purchase"  # the receivable is its own
    PLEDGE = "pledge"  # it secures what the merchant owes the assignee, up to an amount


class AssignmentState(StrEnum):
    """Where it is; the check `assignments_state_is_known` says the same."""

    PLEDGED = "pledged"  # -> RELEASED
    PURCHASED = "purchased"  # -> PART_COLLECTED, COLLECTED, REPURCHASED, WRITTEN_OFF
    PART_COLLECTED = "part_collected"  # a part was paid -> COLLECTED, REPURCHASED, WRITTEN_OFF
    RELEASED = "released"  # a pledge that secures nothing any more
    COLLECTED = "collected"  # all was paid or credited
    REPURCHASED = "repurchased"  # the merchant has bought it back
    WRITTEN_OFF = "written_off"  # nothing more is expected; what comes all the same is ours first


LIVE: Final = frozenset({AssignmentState.PLEDGED, AssignmentState.PURCHASED, AssignmentState.PART_COLLECTED})


class AssignmentStepKind(StrEnum):
    """What happened to it; the check `assignment_steps_what_is_known` says the same."""

    PLEDGED = "pledged"
    BOUGHT = "bought"
    NOTIFIED = "notified"  # who owes it was told to pay the assignee
    COLLECTED = "collected"
    REPURCHASED = "repurchased"
    WRITTEN_OFF = "written_off"
    RECOVERED = "recovered"  # something came after that
    RELEASED = "released"


class AssignmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets a receivable, or a part of it as a pledge.

    What we buy ourselves has `terms`; what a partner buys it pays for itself, and we register it.
    """

    receivable_id: ReceivableId
    mode: Mode
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]  # that of the receivable
    assignee_id: PartnerId | None = None  # a partner; null: we ourselves
    amount: Amount | None = None  # of a pledge; a purchase is of all that is open
    recourse: Recourse = Recourse.NONE
    terms: PurchaseTerms | None = None  # of what we buy
    notified_on: date | None = None  # when who owes it was told (disclosed); null: it is not told (undisclosed)


class Assignment(Struct, frozen=True, kw_only=True):
    """An assignment as it is now."""

    assignment_id: str = field(name="id")
    receivable_id: str
    merchant_id: str  # who assigned it
    currency: str
    mode: Mode
    assignee_id: str | None  # a partner; null: we ourselves
    amount: int  # minor units that were bought or pledged
    recourse: Recourse
    terms: PurchaseTerms | None  # at what price; null: no money of it goes through us
    position: Bought | None  # what it paid, earned and brought; null: no money of it goes through us
    state: AssignmentState
    assigned_on: date  # in the merchant's time zone
    notified_on: date | None  # since this day only the assignee may be paid; null: the merchant collects for it
    batch_id: str | None  # with which it was bought
    made_at: datetime
    ended_on: date | None  # null: it is live

    @property
    def is_disclosed(self) -> bool:
        """Whether who owes it was told."""
        return self.notified_on is not None


def require_assignment(body: AssignmentBody) -> None:
    """Refused: INVALID_FIELD, what does not go together."""
    is_pledge = body.mode is Mode.PLEDGE
    if (body.amount is not None) != is_pledge:
        sentence = "A pledge has an amount." if is_pledge else "A purchase is of all that is open: it has no amount."
        raise Refused(Code.INVALID_FIELD, sentence, "/amount")
    is_ours = not is_pledge and body.assignee_id is None
    if (body.terms is not None) != is_ours:
        sentence = "What we buy has terms." if is_ours else "What no money of ours goes into has no terms."
        raise Refused(Code.INVALID_FIELD, sentence, "/terms")
    if is_pledge and body.recourse is not Recourse.NONE:
        raise Refused(Code.INVALID_FIELD, "Recourse goes with a purchase.", "/recourse")


def require_live(one: Assignment, mode: Mode) -> None:
    """Refused: STATE_FORBIDS, what is over, or of the other mode."""
    if one.mode is not mode:
        raise Refused(Code.STATE_FORBIDS, f"It is a {one.mode}.")
    if one.state not in LIVE:
        raise Refused(Code.STATE_FORBIDS, f"It is {one.state.replace('_', ' ')} since {one.ended_on}.")


def require_recourse(one: Assignment, receivable: Receivable, on: date) -> None:
    """Refused: STATE_FORBIDS, a purchase that the seller need not buy back, or not yet: with the day."""
    assert one.terms is not None
    if one.recourse is Recourse.NONE:
        raise Refused(Code.STATE_FORBIDS, "It was bought without recourse.")
    if receivable.disputed:
        return
    if one.recourse is Recourse.DISPUTE_ONLY:
        raise Refused(Code.STATE_FORBIDS, "It was bought with recourse for disputes alone, and is not disputed.")
    from_on = receivable.due_on + timedelta(days=one.terms.recourse_after_days)
    if on < from_on:
        raise Refused(Code.STATE_FORBIDS, f"It was due on {receivable.due_on}: from {from_on} on it may be given back.")


def require_noticed(one: Assignment, on: date) -> None:
    """Refused: STATE_FORBIDS, where who owes it was told already; INVALID_FIELD, a day before it was assigned."""
    if one.state not in LIVE:
        raise Refused(Code.STATE_FORBIDS, f"It is {one.state.replace('_', ' ')} since {one.ended_on}.")
    if one.notified_on is not None:
        raise Refused(Code.STATE_FORBIDS, f"Who owes it was told on {one.notified_on}.")
    if on < one.assigned_on:
        raise Refused(Code.INVALID_FIELD, f"It was assigned on {one.assigned_on}.", "/notified_on")
