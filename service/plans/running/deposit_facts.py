"""Facts of a claim that the consumer may contest: made, contested, lowered, closed. What is taken is a capture."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from service.plans.bill import BillLine
from service.plans.running.fact import Fact, Money


class ClaimState(StrEnum):
    """A claim on a deposit, from the day it was made."""

    MADE = "made"  # the consumer may contest it -> CONTESTED, SETTLED, WITHDRAWN, LAPSED
    CONTESTED = "contested"  # the lender decides -> SETTLED, REJECTED, WITHDRAWN
    SETTLED = "settled"  # it was taken: all of it, or what was decided
    WITHDRAWN = "withdrawn"  # the merchant no longer says so: nothing was taken
    REJECTED = "rejected"  # the lender decided that nothing is taken
    LAPSED = "lapsed"  # collection was given up meanwhile: nothing can be taken any more


OPEN = (ClaimState.MADE, ClaimState.CONTESTED)


class ClaimMade(Fact, frozen=True, tag="claim_made"):
    """The merchant claims so much of the deposit; the consumer may contest it until a day ends. Nothing is taken."""

    on: date
    amount: Money
    contest_until: date  # the last day
    final: bool = False  # nothing more will be claimed
    lines: tuple[BillLine, ...] = ()  # of what is claimed
    reference: str = ""  # the merchant's own
    evidence: str = ""


class ClaimContested(Fact, frozen=True, tag="claim_contested"):
    """The consumer says that it is not so."""

    on: date
    claim_id: str
    words: str


class ClaimLowered(Fact, frozen=True, tag="claim_lowered"):
    """The merchant claims less than before."""

    on: date
    claim_id: str
    amount: Money
    lines: tuple[BillLine, ...] = ()


class ClaimClosed(Fact, frozen=True, tag="claim_closed"):
    """Nothing is taken for it."""

    on: date
    claim_id: str
    outcome: ClaimState


class Claim(Struct, frozen=True, gc=False, array_like=True):
    """What the merchant claims of a deposit, and the consumer may contest. Minor units."""

    made: ClaimMade
    amount: int  # that is claimed now
    lines: tuple[BillLine, ...]
    state: ClaimState
    words: str = ""  # of the consumer who contests it
    taken: int | None = None
    closed_on: date | None = None
