"""The closed catalogue of reasons. A policy chooses from it; nobody hears a reason that is not in it.

The code is for programs, the sentence for the person who is refused: second person, specific, no jargon, and true on
its own. Adverse-action rules (12 CFR 1002.9(b)(2), Directive (EU) 2023/2225 art. 18) want the principal reasons, so
"your score was too low" is none.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


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


class Reason(Struct, frozen=True):
    """A reason as it is answered: for programs the code, for the consumer the sentence."""

    code: ReasonCode
    sentence: str
    feature: str | None = None  # the policy's name of the fact
    direction: Direction | None = None


def reason(code: ReasonCode, feature: str | None = None, direction: Direction | None = None) -> Reason:
    """A reason with its sentence."""
    return Reason(code, SENTENCES[code], feature, direction)


SENTENCES: Final[dict[ReasonCode, str]] = {
    ReasonCode.MERCHANT_INACTIVE: "This shop does not offer paying later at the moment.",
    ReasonCode.CURRENCY_NOT_SERVED: "Paying later is not available in this currency.",
    ReasonCode.PRODUCT_NOT_SERVED: "Paying later is not available for this kind of purchase.",
    ReasonCode.AMOUNT_TOO_LOW: "The purchase is below the smallest amount we can offer this for.",
    ReasonCode.AMOUNT_TOO_HIGH: "The purchase is above the largest amount we can offer this for.",
    ReasonCode.TERM_NOT_SERVED: "We cannot offer this number of instalments for this purchase.",
    ReasonCode.PRICE_ABOVE_LEGAL_CAP: "We have no offer for this purchase within the legal limit on its cost.",
    ReasonCode.LIMIT_EXCEEDED: "The purchase is above what is left of your limit with us.",
    ReasonCode.PAYMENT_OVERDUE: "A payment to us is overdue.",
    ReasonCode.TOO_MANY_OPEN_PLANS: "You have too many plans with us that are not paid off yet.",
    ReasonCode.TOO_MANY_ATTEMPTS: "There were too many requests in a short time.",
    ReasonCode.HISTORY_TOO_SHORT: "You have not been a customer long enough for this.",
    ReasonCode.DEPOSIT_CLAIMED: "A deposit of yours had to be claimed before.",
    ReasonCode.UNDER_AGE: "You are below the age at which we may offer this.",
    ReasonCode.AREA_NOT_SERVED: "We do not offer this where you live.",
    ReasonCode.IDENTITY_UNCONFIRMED: "We could not confirm your identity.",
    ReasonCode.INFORMATION_MISSING: "Information that we need to decide is missing.",
    ReasonCode.REVIEW_NEEDED: "A member of our staff needs to look at your request.",
    ReasonCode.AGE_OF_APPLICANT: "Your age counts against this request.",
    ReasonCode.ACCOUNT_STANDING: "The standing of your current account counts against this request.",
    ReasonCode.CREDIT_HISTORY: "How earlier credits were repaid counts against this request.",
    ReasonCode.OTHER_CREDITS: "The credits you have elsewhere count against this request.",
    ReasonCode.OTHER_INSTALMENT_PLANS: "The instalment plans you have elsewhere count against this request.",
    ReasonCode.SAVINGS: "Your savings are low or not known to us.",
    ReasonCode.PROPERTY: "Your property is little or not known to us.",
    ReasonCode.HOUSING: "Your housing situation counts against this request.",
    ReasonCode.TIME_AT_ADDRESS: "The time you have lived at your address counts against this request.",
    ReasonCode.EMPLOYMENT_TIME: "The time in your present employment counts against this request.",
    ReasonCode.OCCUPATION: "Your occupation counts against this request.",
    ReasonCode.INCOME: "Your income is low for this request, or not known to us.",
    ReasonCode.INSTALMENT_TO_INCOME: "The instalments would take a large share of your income.",
    ReasonCode.DEPENDANTS: "The number of people you provide for counts against this request.",
    ReasonCode.GUARANTEE: "No one else stands in for the repayment.",
    ReasonCode.CONTACT_DETAILS: "Your contact details are incomplete.",
    ReasonCode.PURPOSE: "What you are buying counts against this request.",
    ReasonCode.AMOUNT_OF_CREDIT: "The amount of the credit counts against this request.",
    ReasonCode.LENGTH_OF_CREDIT: "The length of the credit counts against this request.",
    ReasonCode.BUREAU_RECORD: "A record at a credit bureau counts against this request.",
}
