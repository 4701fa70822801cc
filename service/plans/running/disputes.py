"""A dispute stands between consumer and merchant: while it is open nothing is collected."""

from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.running import pauses
from service.plans.running.dispute_facts import (
    OPEN,
    DisputeAnswered,
    DisputeAskedAgain,
    DisputeClosed,
    DisputeOpened,
    DisputeState,
)
from service.plans.running.facts import PauseReason
from service.plans.running.standing import Dispute, Pause, Standing

ROUNDS_MAX = 2


def went_on(standing: Standing, fact: DisputeOpened | DisputeAnswered | DisputeAskedAgain | DisputeClosed) -> None:
    """One more step of it."""
    match fact:
        case DisputeOpened():
            _opened(standing, fact)
        case DisputeAnswered():
            _answered(standing, fact)
        case DisputeAskedAgain():
            _asked_again(standing, fact)
        case DisputeClosed():
            _closed(standing, fact)


def refundable(standing: Standing) -> int:
    """What was captured and has not come back."""
    return sum(standing.lent) + standing.from_held - standing.refunded


def still_disputed(standing: Standing, dispute: Dispute) -> int:
    """What of it has not come back: whatever was refunded since it was opened was of what is disputed.

    Of 600.00, 200.00 are disputed and 150.00 refunded then: 50.00.
    """
    came_back = max(standing.refunded - dispute.refunded_before, 0)
    return min(max(dispute.amount - came_back, 0), refundable(standing))


def _opened(standing: Standing, fact: DisputeOpened) -> None:
    """One at a time, and of no more than may still come back."""
    if standing.dispute is not None and standing.dispute.state in OPEN:
        raise Refused(Code.STATE_FORBIDS, f"A dispute is open since {standing.dispute.opened_on} already.")
    left = refundable(standing)
    if fact.amount > left:
        sentence = f"At most {left} minor units may be disputed: that much was captured and not refunded yet."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    standing.dispute = Dispute(
        fact.id, fact.on, fact.amount, fact.reason, DisputeState.NEEDS_RESPONSE, 1, fact.respond_by,
        opened_by=fact.opened_by, words=fact.words, refunded_before=standing.refunded,
    )  # fmt: skip
    if pauses.since_when(standing, PauseReason.DISPUTE) is None:
        standing.pauses.append(Pause(PauseReason.DISPUTE, fact.on))


def _answered(standing: Standing, fact: DisputeAnswered) -> None:
    """The lender decides now."""
    dispute = _open(standing, fact.dispute_id)
    if dispute.state is not DisputeState.NEEDS_RESPONSE:
        raise Refused(Code.STATE_FORBIDS, "The dispute was answered; the lender decides it.")
    standing.dispute = replace(dispute, state=DisputeState.UNDER_REVIEW, respond_by=None)


def _asked_again(standing: Standing, fact: DisputeAskedAgain) -> None:
    """A second round, and no third."""
    dispute = _open(standing, fact.dispute_id)
    if dispute.state is not DisputeState.UNDER_REVIEW:
        raise Refused(Code.STATE_FORBIDS, f"The merchant has not answered yet, and may until {dispute.respond_by}.")
    if dispute.round >= ROUNDS_MAX:
        raise Refused(Code.STATE_FORBIDS, f"The merchant has answered {dispute.round} times: it is to be decided.")
    standing.dispute = replace(
        dispute, state=DisputeState.NEEDS_RESPONSE, round=dispute.round + 1, respond_by=fact.respond_by
    )


def _closed(standing: Standing, fact: DisputeClosed) -> None:
    """It is collected again."""
    dispute = _open(standing, fact.dispute_id)
    standing.dispute = replace(dispute, state=fact.outcome, respond_by=None, closed_on=fact.on)
    pauses.end(standing, PauseReason.DISPUTE, fact.on)


def _open(standing: Standing, dispute_id: str) -> Dispute:
    dispute = standing.dispute
    if dispute is None or dispute.id != dispute_id:
        raise Refused(Code.NOT_FOUND, f"There is no dispute {dispute_id[:100]!r} on this plan.", "/dispute_id")
    if dispute.state not in OPEN:
        raise Refused(Code.STATE_FORBIDS, f"The dispute was closed on {dispute.closed_on}: {dispute.state}.")
    return dispute
