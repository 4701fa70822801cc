"""What may be asked outside, of whom, what for, and what came of it. The lists are closed: nothing else leaves us."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}\Z", description="lower case, digits, _ and -")]
Fact = str | int | bool
Facts = dict[str, Fact]


class DataType(StrEnum):
    """What a consumer consents to, and a gateway serves. The check `enquiries_data_type_is_known` says the same."""

    CREDIT_HISTORY = "credit_history"  # a credit bureau
    INCOME = "income"  # an employer's, tax or account platform
    PUBLIC_CREDIT = "public_credit"  # registers of courts and authorities


class Purpose(StrEnum):
    """What the data may be used for. The check `enquiries_purpose_is_known` says the same."""

    CREDIT_DECISION = "credit_decision"  # whether to lend
    AFFORDABILITY = "affordability"  # whether it can be paid back without hardship
    FRAUD_PREVENTION = "fraud_prevention"  # whether it is really this person


# The facts of each type; a gateway translates its platform's own words into these. Amounts are minor units of the
# report's own `currency`, which need not be the purchase's.
FACTS: Final[dict[DataType, dict[str, type]]] = {
    DataType.CREDIT_HISTORY: {
        "score": int,  # on the bureau's scale: more is better
        "open_credits": int,
        "monthly_instalments": int,
        "currency": str,
        "months_since_first_credit": int,
        "months_since_default": int,  # absent: there was none
        "defaults": int,
        "enquiries": int,  # by anybody
    },
    DataType.INCOME: {
        "monthly_net": int,
        "currency": str,
        "is_employed": bool,
        "months_employed": int,
    },
    DataType.PUBLIC_CREDIT: {
        "insolvency": bool,
        "judgments": int,  # enforceable and not satisfied
        "tax_arrears": bool,
        "listed": bool,  # on a register of debtors
    },
}


class OutsideSource(Struct, frozen=True, forbid_unknown_fields=True):
    """A source that a policy asks before it decides; a feature reads it as `{"source": "outside", "of": "name.fact"}`.

    Of an answer only the facts that features read are asked for, and only those are kept.
    """

    name: Name  # what features call it: `of` is `name.fact`
    gateway: Name  # as an operator registered it
    data_type: DataType
    purpose: Purpose
    days_back: Annotated[int, Meta(ge=0, le=3660)]  # of the period the data cover, which ends today
    cached_for_minutes: Annotated[int, Meta(ge=0, le=44_640)]  # an answer is read again so long; 0: never


class SourceOutcome(StrEnum):
    """What came of asking a source. All but the first two leave its facts absent."""

    ANSWERED = "answered"
    CACHED = "cached"  # answered before, and not expired
    NO_RECORD = "no_record"  # the source does not know this person
    UNAVAILABLE = "unavailable"  # it failed, spoke nonsense, is not registered, or is left alone after failures
    TIMED_OUT = "timed_out"  # not within the time there was
    NO_CONSENT = "no_consent"  # none covers this; nothing was sent, here and below
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_REVOKED = "consent_revoked"
    USED_UP = "used_up"


class SourceRead(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a decision read of a source."""

    outcome: SourceOutcome
    facts: Facts = {}
    enquiry_id: str | None = None  # the call it comes from


class Wanted(Struct, frozen=True):
    """A source with the facts that are wanted of it, sorted."""

    source: OutsideSource
    facts: tuple[str, ...]
