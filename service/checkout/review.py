"""A person looks at a referral and says yes or no: a decision of its own, as binding as any.

A yes sets the policy's referrals aside and nothing else: prices, limits and every rule that declines still hold, on
what is open with us now. What the consumer said about themselves is what the person has read, whatever was
registered since.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.checkout.answer import Decision, Outcome
from service.checkout.decide import decide
from service.checkout.evidence import Evidence
from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.partners.allocation import Takers
from service.policies.compile import CompiledPolicy
from service.policies.reasons import Ground, ReasonCode, told

# 12 CFR 1002.9(a)(1)(i): who applied hears what was decided within 30 days.
REFERRAL_LIVES: Final = timedelta(days=30)


class ReviewOutcome(StrEnum):
    """A yes or a no. The check `reviews_outcome_is_known` says the same."""

    APPROVE = "approve"
    DECLINE = "decline"


class Review(Struct, frozen=True):
    """What a person said of a referral; `reasons` are those of a decline, the weightiest first."""

    referral_id: str
    outcome: ReviewOutcome
    reasons: tuple[ReasonCode, ...] = ()


def weight_asked(request: Checkout) -> int:
    """What an approval grants at most, minor units: the purchase, or the deposit that may be waived."""
    return max(request.amount, request.deposit_amount or 0)


def reviewed_snapshot(read: Snapshot, fresh: Snapshot) -> Snapshot:
    """What the review is decided on: the facts and attempts the person read, and all that is open with us now."""
    return replace(fresh, attributes=read.attributes, counters=read.counters, outside=read.outside)


def decide_reviewed(
    decision_id: str, review: Review, request: Checkout, evidence: Evidence, policy: CompiledPolicy, now: datetime
) -> Decision:
    """The decision that a review makes. A yes may still be declined, by what has changed since the referral."""
    decision = decide(
        decision_id, request, evidence.snapshot, evidence.merchant, evidence.programmes, policy, now,
        review.referral_id,
    )  # fmt: skip
    if review.outcome is ReviewOutcome.APPROVE:
        return decision
    answer = replace(
        decision.answer,
        outcome=Outcome.DECLINED,
        offers=(),
        alternatives=(),
        reasons=tuple([told(Ground(code), request.language) for code in review.reasons]),
    )
    return replace(decision, answer=answer, takers=Takers())
