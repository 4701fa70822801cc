"""The closed catalogue of reasons. A policy chooses from it; nobody hears a reason that is not in it.

The code is for programs, the sentence (`words/`) for the person who is refused: specific, without jargon, true on its
own. Adverse-action rules (12 CFR 1002.9(b)(2), Directive (EU) 2023/2225, Art. 18) want the principal reasons; so
"your score was too low" is none.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from service.plans.offer import Kind
from service.policies.words import Language, say


class ReasonCode(StrEnum):
    """Why not, or why not yet."""

    # the purchase
    MERCHANT_INACTIVE = "MERCHANT_INACTIVE"
    CURRENCY_NOT_SERVED = "CURRENCY_NOT_SERVED"
    PRODUCT_NOT_SERVED = "PRODUCT_NOT_SERVED"
    AMOUNT_TOO_LOW = "AMOUNT_TOO_LOW"
    AMOUNT_TOO_HIGH = "AMOUNT_TOO_HIGH"
    TERM_NOT_SERVED = "TERM_NOT_SERVED"
    PRICE_ABOVE_LEGAL_CAP = "PRICE_ABOVE_LEGAL_CAP"
    # what is open with us
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    PAYMENT_OVERDUE = "PAYMENT_OVERDUE"
    STOP_SUPPLY = "STOP_SUPPLY"
    TOO_MANY_OPEN_PLANS = "TOO_MANY_OPEN_PLANS"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    HISTORY_TOO_SHORT = "HISTORY_TOO_SHORT"
    DEPOSIT_CLAIMED = "DEPOSIT_CLAIMED"
    # who may
    UNDER_AGE = "UNDER_AGE"
    AREA_NOT_SERVED = "AREA_NOT_SERVED"
    IDENTITY_UNCONFIRMED = "IDENTITY_UNCONFIRMED"
    INFORMATION_MISSING = "INFORMATION_MISSING"
    REVIEW_NEEDED = "REVIEW_NEEDED"
    # circumstances
    AGE_OF_APPLICANT = "AGE_OF_APPLICANT"
    ACCOUNT_STANDING = "ACCOUNT_STANDING"
    CREDIT_HISTORY = "CREDIT_HISTORY"
    OTHER_CREDITS = "OTHER_CREDITS"
    OTHER_INSTALMENT_PLANS = "OTHER_INSTALMENT_PLANS"
    SAVINGS = "SAVINGS"
    PROPERTY = "PROPERTY"
    HOUSING = "HOUSING"
    TIME_AT_ADDRESS = "TIME_AT_ADDRESS"
    EMPLOYMENT_TIME = "EMPLOYMENT_TIME"
    OCCUPATION = "OCCUPATION"
    INCOME = "INCOME"
    INSTALMENT_TO_INCOME = "INSTALMENT_TO_INCOME"
    DEPENDANTS = "DEPENDANTS"
    GUARANTEE = "GUARANTEE"
    CONTACT_DETAILS = "CONTACT_DETAILS"
    PURPOSE = "PURPOSE"
    AMOUNT_OF_CREDIT = "AMOUNT_OF_CREDIT"
    LENGTH_OF_CREDIT = "LENGTH_OF_CREDIT"
    BUREAU_RECORD = "BUREAU_RECORD"


class Direction(StrEnum):
    """Which way the fact would have to move to help."""

    TOO_LOW = "too_low"
    TOO_HIGH = "too_high"
    UNFAVOURABLE = "unfavourable"  # not a matter of more or less
    ABSENT = "absent"  # we were not told


class Ground(Struct, frozen=True):
    """Why, before it is put into words."""

    code: ReasonCode
    feature: str | None = None  # the policy's name of the fact
    direction: Direction | None = None
    is_of_deposit: bool = False  # it stands against the deposit alone


class Reason(Struct, frozen=True):
    """A reason as it is answered: for programs the code, for the consumer the sentence."""

    code: ReasonCode
    sentence: str
    feature: str | None = None
    direction: Direction | None = None
    kind: Kind | UnsetType = UNSET  # `deposit`: it stands against that alone; absent: against the purchase


# Reasons that read otherwise where the deposit is meant.
OF_DEPOSIT: Final = (
    ReasonCode.PRODUCT_NOT_SERVED,
    ReasonCode.AMOUNT_TOO_LOW,
    ReasonCode.AMOUNT_TOO_HIGH,
    ReasonCode.LIMIT_EXCEEDED,
    ReasonCode.HISTORY_TOO_SHORT,
)


@lru_cache(2 * len(Language) * len(ReasonCode))
def sentence_of(code: ReasonCode, language: Language, *, is_of_deposit: bool) -> str:
    """A reason in the consumer's language."""
    return say(language, f"{code}-deposit" if is_of_deposit and code in OF_DEPOSIT else code)


def learn() -> None:
    """Says each reason once, in every language. Call it once a process serves: it takes 0.1 s, which the first declined
    consumer would wait for."""
    for language in Language:
        for code in ReasonCode:
            sentence_of(code, language, is_of_deposit=False)
        for code in OF_DEPOSIT:
            sentence_of(code, language, is_of_deposit=True)


def told(ground: Ground, language: Language) -> Reason:
    """A ground in the consumer's language."""
    sentence = sentence_of(ground.code, language, is_of_deposit=ground.is_of_deposit)
    kind = Kind.DEPOSIT if ground.is_of_deposit else UNSET
    return Reason(ground.code, sentence, ground.feature, ground.direction, kind)
