"""The answer to a checkout: what was decided, what may be accepted, and why it is not more."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from service.outside.source import SourceOutcome
from service.partners.allocation import Takers
from service.plans.offer import Offer
from service.policies.reasons import Reason


class Outcome(StrEnum):
    """Approved with offers, or declined or referred with reasons.

    The check `decisions_outcome_is_known` says the same.
    """

    APPROVED = "approved"
    DECLINED = "declined"
    REFERRED = "referred"


class Change(StrEnum):
    """What would have to change for a yes."""

    SHORTER_TERM = "shorter_term"
    LARGER_DOWN_PAYMENT = "larger_down_payment"
    SMALLER_AMOUNT = "smaller_amount"
    SMALLER_WAIVER = "smaller_waiver"  # more of the deposit is held


class Alternative(Struct, frozen=True):
    """Less than was asked, and as binding as an offer: accept `offer.id` as it stands."""

    change: Change
    offer: Offer


class Answer(Struct, frozen=True, omit_defaults=True):
    """What the merchant is told, and what is stored, byte for byte."""

    decision_id: str = field(name="id")
    outcome: Outcome
    merchant_reference: str
    consumer_id: str = field(name="consumer")
    currency: str
    amount: int
    offers: tuple[Offer, ...]  # the best first
    alternatives: tuple[Alternative, ...]
    reasons: tuple[Reason, ...]  # of a refusal or a referral, the weightiest first; why no deposit that was asked for
    policy_id: str
    policy_version: int
    decided_at: datetime
    expires_at: datetime
    outside: dict[str, SourceOutcome] = {}  # what came of asking each source; absent: the policy asks nobody
    unknown: tuple[str, ...] = ()  # words for what is bought that stand in no category of the policy
    referral_id: str | None = None  # of what a person decided: the referral


class Decision(Struct, frozen=True):
    """The answer, and what is not the merchant's business."""

    answer: Answer
    takers: Takers  # who would fund its offers
    limit: int  # the account's; without an account, what this decision grants
    score: int
    grade: str | None  # None: the score reaches none


def offer_of(answer: Answer, offer_id: str) -> Offer | None:
    """The offer with this id, among offers and alternatives."""
    offers = answer.offers + tuple(alternative.offer for alternative in answer.alternatives)
    return next((offer for offer in offers if offer.offer_id == offer_id), None)
