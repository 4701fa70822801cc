"""Facts of a disagreement between consumer and merchant: opened, answered, asked about again, closed."""

from datetime import date
from enum import StrEnum

from service.plans.running.fact import Fact, Money


class DisputeReason(StrEnum):
    """What the consumer says."""

    NOT_RECEIVED = "not_received"  # goods or service never came
    NOT_AS_DESCRIBED = "not_as_described"  # damaged, wrong, or not what was bought
    RETURNED = "returned"  # sent back, and not refunded
    NOT_AUTHORIZED = "not_authorized"  # the consumer did not buy it
    DUPLICATE = "duplicate"  # bought once, charged twice
    OTHER = "other"


class DisputeOpener(StrEnum):
    """Who brings a disagreement up."""

    CONSUMER = "consumer"
    MERCHANT = "merchant"
    PROCESSOR = "processor"  # of payments: the consumer's bank disputes a charge (a chargeback)


class DisputeState(StrEnum):
    """A disagreement between consumer and merchant."""

    NONE = "none"  # -> NEEDS_RESPONSE
    NEEDS_RESPONSE = "needs_response"  # the merchant is to answer in time -> UNDER_REVIEW, LOST, ACCEPTED, WITHDRAWN
    UNDER_REVIEW = "under_review"  # the lender decides -> NEEDS_RESPONSE once more, WON, LOST, ACCEPTED, WITHDRAWN
    WON = "won"  # the merchant was right
    LOST = "lost"  # the consumer was right, or the merchant did not answer: the amount is refunded
    ACCEPTED = "accepted"  # the merchant agrees: the amount is refunded
    WITHDRAWN = "withdrawn"  # the consumer no longer says so


OPEN = (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW)


class DisputeOpened(Fact, frozen=True, tag="dispute_opened"):
    """So much of what was captured is disputed; the merchant is to answer until a day ends."""

    on: date
    amount: Money
    reason: DisputeReason
    respond_by: date  # the last day
    opened_by: DisputeOpener = DisputeOpener.CONSUMER
    words: str = ""  # of the consumer, sealed


class DisputeAnswered(Fact, frozen=True, tag="dispute_answered"):
    """The merchant has answered, with evidence."""

    on: date
    dispute_id: str
    evidence: str


class DisputeAskedAgain(Fact, frozen=True, tag="dispute_asked_again"):
    """The answer does not do: the merchant is to answer once more."""

    on: date
    dispute_id: str
    respond_by: date  # the last day


class DisputeClosed(Fact, frozen=True, tag="dispute_closed"):
    """It is decided, accepted or withdrawn. What is refunded is a fact of its own."""

    on: date
    dispute_id: str
    outcome: DisputeState
