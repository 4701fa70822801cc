"""A claim on who bears a loss, and what may happen to it. Pure: each verb makes another claim of one, or is refused.

    DRAFT -> WAITING -> LODGED <-> INFO_REQUESTED -> APPROVED, PART_APPROVED, REJECTED -> PAID -> RECOVERY -> CLOSED

Who decides has so many days. They do not run while it waits for an answer, or while a dispute about the plan is open.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from service.errors import Code, Refused
from service.support.claim_terms import ClaimTerms, EffortGate, Evidence


class LossClaimState(StrEnum):
    """Where a claim stands. The check `claims_state_is_known` says the same."""

    DRAFT = "draft"  # it was made -> WAITING, LODGED, HOLD, WITHDRAWN, LAPSED
    WAITING = "waiting"  # it is lodged as soon as it may be -> DRAFT, LODGED, HOLD, WITHDRAWN, LAPSED
    LODGED = "lodged"  # -> INFO_REQUESTED, HOLD, APPROVED, PART_APPROVED, REJECTED, WITHDRAWN
    INFO_REQUESTED = "info_requested"  # who decides has asked -> LODGED, HOLD, REJECTED, WITHDRAWN, LAPSED
    HOLD = "hold"  # a dispute about the plan is open -> LODGED, WITHDRAWN
    APPROVED = "approved"  # all of it -> PAID, CLOSED
    PART_APPROVED = "part_approved"  # a part of it -> PAID, CLOSED
    REJECTED = "rejected"  # nothing of it, for a reason -> CLOSED
    PAID = "paid"  # a part, or all that was approved -> PAID, RECOVERY, CLAWED_BACK, CLOSED
    RECOVERY = "recovery"  # money came after it was paid -> PAID, CLAWED_BACK, CLOSED
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"  # by who made it
    LAPSED = "lapsed"  # too late
    CLAWED_BACK = "clawed_back"  # who paid it took it back


class Rejection(StrEnum):
    """Why nothing, or not all, is paid. The check `claims_rejection_is_known` says the same."""

    NOT_COVERED = "not_covered"
    EXCLUDED_CAUSE = "excluded_cause"
    LATE = "late"  # filed too late
    PROOF_MISSING = "proof_missing"
    OVER_LIMIT = "over_limit"
    SUPPLIED_ON = "supplied_on"  # goods went out after they were to stop
    DISPUTED = "disputed"
    OTHER = "other"


# Where a claim is over, and nothing is reserved for it.
UNPAID_ENDS: Final = frozenset({LossClaimState.REJECTED, LossClaimState.WITHDRAWN, LossClaimState.LAPSED})
BEFORE: Final = (LossClaimState.DRAFT, LossClaimState.WAITING)  # it is not lodged yet
UNDECIDED: Final = (LossClaimState.LODGED, LossClaimState.INFO_REQUESTED)
PAYABLE: Final = (
    LossClaimState.APPROVED, LossClaimState.PART_APPROVED, LossClaimState.PAID, LossClaimState.RECOVERY
)  # fmt: skip
OPEN: Final = (*BEFORE, *UNDECIDED, LossClaimState.HOLD)  # nobody has decided about it
HELD: Final = (*UNDECIDED, LossClaimState.HOLD, *PAYABLE)  # for it the arrangement holds what it bears


class LossClaim(Struct, frozen=True):
    """A claim as it stands. Amounts are minor units."""

    claim_id: str = field(name="id")
    arrangement_id: str
    version: int  # of the arrangement's document, by whose terms it goes
    loss_id: str
    plan_id: str
    bearer_id: str  # who decides and pays
    currency: str
    state: LossClaimState
    claimed: int  # minor units: until it is decided what the arrangement bears of the loss now, by other claims nothing
    reserved: int  # that the arrangement holds for it, less what came back of the loss and is set off
    approved: int  # minor units of the loss; to be paid as far as nothing is set off
    paid: int
    clawed_back: int  # of what was paid
    rejection: Rejection | None  # null: nothing was rejected
    due_on: date  # the oldest due date that was missed
    waits_until: date  # the first day on which it may be lodged
    file_by: date  # the last
    lodged_on: date | None  # null: it is not
    decide_by: date | None  # null: it is not lodged, is decided, or its days do not run
    answer_by: date | None  # null: nothing is asked
    days_left: int | None  # to decide, while they do not run; null: they do, or it is not lodged

    @property
    def payable(self) -> int:
        """What was approved and is neither paid nor set off."""
        return min(self.approved - self.paid, self.reserved)


def lodged(
    claim: LossClaim, terms: ClaimTerms, today: date, missing: list[Evidence], faults: list[str], *, disputed: bool
) -> LossClaim:
    """It is lodged, with its evidence whole. `faults` are what the effort lacks.

    Refused: STATE_FORBIDS; CLAIM_TOO_EARLY and CLAIM_TOO_LATE, with the day that would do; EFFORT_MISSING; INCOMPLETE.
    """
    _require(claim, "lodge", *BEFORE)
    if today < claim.waits_until:
        sentence = f"It waits until {claim.waits_until}: lodge it on that day or later."
        raise Refused(Code.CLAIM_TOO_EARLY, sentence, "/waits_until", ("wait",))
    if today > claim.file_by:
        raise Refused(Code.CLAIM_TOO_LATE, f"It was to be lodged by {claim.file_by}.", "/file_by")
    if faults:
        raise Refused(Code.EFFORT_MISSING, "; ".join(faults), "/effort", ("efforts",))
    if missing:
        sentence = f"Its evidence lacks: {', '.join(missing)}."
        raise Refused(Code.INCOMPLETE, sentence, "/evidence", ("documents",))
    if disputed:
        return replace(
            claim, state=LossClaimState.HOLD, lodged_on=today, decide_by=None, days_left=terms.decide_within_days
        )
    by = today + timedelta(days=terms.decide_within_days)
    return replace(claim, state=LossClaimState.LODGED, lodged_on=today, decide_by=by, days_left=None)


def effort_faults(gate: EffortGate, days_past_due: int, notices: int, *, legal: bool, due_on: date) -> list[str]:
    """What was not tried yet, each with what would do."""
    faults = []
    if days_past_due < gate.days_past_due_min:
        on = due_on + timedelta(days=gate.days_past_due_min)
        faults.append(f"days_past_due: {days_past_due} of {gate.days_past_due_min}, on {on} it would do")
    if notices < gate.notices_min:
        faults.append(f"notices: {notices} of {gate.notices_min}")
    if gate.legal_started and not legal:
        faults.append("legal_started: no lawyer or court has it")
    return faults


def waiting(claim: LossClaim) -> LossClaim:
    """It is lodged as soon as it may be. Refused: STATE_FORBIDS."""
    _require(claim, "wait", LossClaimState.DRAFT)
    return replace(claim, state=LossClaimState.WAITING)


def back_to_draft(claim: LossClaim) -> LossClaim:
    """The day came, and it could not be lodged."""
    _require(claim, "draft", LossClaimState.WAITING)
    return replace(claim, state=LossClaimState.DRAFT)


def asked(claim: LossClaim, terms: ClaimTerms, today: date) -> LossClaim:
    """Who decides asks about it; until the answer its days do not run. Refused: STATE_FORBIDS."""
    _require(claim, "ask", LossClaimState.LODGED)
    by = today + timedelta(days=terms.answer_within_days)
    return replace(_stopped(claim, today), state=LossClaimState.INFO_REQUESTED, answer_by=by)


def answered(claim: LossClaim, today: date) -> LossClaim:
    """The answer was given. Refused: STATE_FORBIDS; CLAIM_TOO_LATE."""
    _require(claim, "answer", LossClaimState.INFO_REQUESTED)
    assert claim.answer_by is not None
    if today > claim.answer_by:
        raise Refused(Code.CLAIM_TOO_LATE, f"It was to be answered by {claim.answer_by}.", "/answer_by")
    return _running(claim, today)


def held(claim: LossClaim, today: date) -> LossClaim:
    """A dispute about the plan is open. Refused: STATE_FORBIDS."""
    _require(claim, "hold", *UNDECIDED)
    return replace(_stopped(claim, today), state=LossClaimState.HOLD, answer_by=None)


def resumed(claim: LossClaim, today: date) -> LossClaim:
    """The dispute is closed. Refused: STATE_FORBIDS."""
    _require(claim, "resume", LossClaimState.HOLD)
    return _running(claim, today)


def decided(claim: LossClaim, approved: int, rejection: Rejection | None) -> LossClaim:
    """So much of it is to be paid: all, a part, or nothing. Refused: STATE_FORBIDS; CAPACITY_EXCEEDED, for more than is
    claimed; INVALID_FIELD, where less than all has no reason, or all of it has one."""
    _require(claim, "decide", *UNDECIDED)
    if not claim.claimed:
        sentence = "The arrangement bears nothing of this loss any more."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id", ("withdraw",))
    if approved > claim.claimed:
        sentence = f"{claim.claimed} minor units are claimed: approve at most that."
        raise Refused(Code.CAPACITY_EXCEEDED, sentence, "/approved")
    if approved < claim.claimed and rejection is None:
        raise Refused(Code.INVALID_FIELD, "Say why not all of it is paid.", "/rejection")
    if approved == claim.claimed and rejection is not None:
        raise Refused(Code.INVALID_FIELD, "All of it is approved: nothing is rejected.", "/rejection")
    whole = LossClaimState.APPROVED if approved == claim.claimed else LossClaimState.PART_APPROVED
    return replace(
        claim, state=whole if approved else LossClaimState.REJECTED, approved=approved,
        reserved=min(claim.reserved, approved), rejection=rejection, decide_by=None, answer_by=None, days_left=None,
    )  # fmt: skip


def paid(claim: LossClaim, amount: int) -> LossClaim:
    """So much of what was approved came. Refused: STATE_FORBIDS; AMOUNT_EXCEEDS_OUTSTANDING."""
    _require(claim, "pay", *PAYABLE)
    if amount > claim.payable:
        sentence = f"{claim.payable} minor units are approved, and neither paid nor set off."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    state = claim.state if claim.state is LossClaimState.RECOVERY else LossClaimState.PAID
    return replace(claim, state=state, paid=claim.paid + amount, reserved=claim.reserved - amount)


def clawed_back(claim: LossClaim, recovered: int) -> LossClaim:
    """All that was paid and did not come back otherwise is taken back, and the rest is not paid any more.

    Refused: STATE_FORBIDS.
    """
    _require(claim, "claw_back", LossClaimState.PAID, LossClaimState.RECOVERY)
    back = max(claim.paid - recovered, 0)
    return replace(claim, state=LossClaimState.CLAWED_BACK, clawed_back=back, reserved=0)


def withdrawn(claim: LossClaim) -> LossClaim:
    """It is not claimed after all. Refused: STATE_FORBIDS."""
    _require(claim, "withdraw", *OPEN)
    return _ended(claim, LossClaimState.WITHDRAWN)


def lapsed(claim: LossClaim, today: date) -> LossClaim | None:
    """It lapses, where the day by which something was to be done is over; None: it does not."""
    late = claim.state in BEFORE and today > claim.file_by
    silent = claim.state is LossClaimState.INFO_REQUESTED and claim.answer_by is not None and today > claim.answer_by
    return _ended(claim, LossClaimState.LAPSED) if late or silent else None


def in_recovery(claim: LossClaim) -> LossClaim | None:
    """Money came after it was paid; None: that changes nothing."""
    return replace(claim, state=LossClaimState.RECOVERY) if claim.state is LossClaimState.PAID else None


def closed(claim: LossClaim) -> LossClaim:
    """Nothing more comes of it. Refused: STATE_FORBIDS."""
    _require(claim, "close", *PAYABLE, LossClaimState.REJECTED)
    if claim.payable:
        sentence = f"{claim.payable} minor units are approved, and neither paid nor set off."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id", ("pay",))
    return _ended(claim, LossClaimState.CLOSED)


def due_of(claim: LossClaim) -> tuple[str, date] | None:
    """What is to be done next by a day, and by which; None: nothing."""
    if claim.state in BEFORE:
        return "file", claim.file_by
    if claim.answer_by is not None:
        return "answer", claim.answer_by
    return ("decide", claim.decide_by) if claim.decide_by is not None else None


def _stopped(claim: LossClaim, today: date) -> LossClaim:
    """Its days to decide do not run."""
    if claim.decide_by is None:
        return claim
    return replace(claim, decide_by=None, days_left=(claim.decide_by - today).days)


def _running(claim: LossClaim, today: date) -> LossClaim:
    """They run on."""
    by = today + timedelta(days=claim.days_left or 0)
    return replace(claim, state=LossClaimState.LODGED, decide_by=by, days_left=None, answer_by=None)


def _ended(claim: LossClaim, state: LossClaimState) -> LossClaim:
    return replace(claim, state=state, reserved=0, decide_by=None, answer_by=None, days_left=None)


def _require(claim: LossClaim, verb: str, *states: LossClaimState) -> None:
    if claim.state not in states:
        sentence = f"The claim is {claim.state}: {verb} goes with {', '.join(states)}."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id", actions_of(claim))


def actions_of(claim: LossClaim) -> tuple[str, ...]:
    """What may be done with it."""
    return tuple(verb for verb, states in _VERBS.items() if claim.state in states)


_VERBS: Final = {
    "wait": (LossClaimState.DRAFT,),
    "lodge": BEFORE,
    "ask": (LossClaimState.LODGED,),
    "answer": (LossClaimState.INFO_REQUESTED,),
    "decide": UNDECIDED,
    "pay": PAYABLE,
    "claw_back": (LossClaimState.PAID, LossClaimState.RECOVERY),
    "withdraw": OPEN,
    "close": (*PAYABLE, LossClaimState.REJECTED),
}
