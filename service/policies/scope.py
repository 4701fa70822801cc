"""Which law a credit falls under: decided by who lends, what it costs, how long it runs, and how much it is.

The classes are those of `law.json`; a class says which caps, windows and notices apply. Where a row's number decides,
it is read from there on the day of the contract.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

from msgspec import Struct

from service.law.book import ANY, GENERAL, LAW, LegalRule, number_on, places_of

CCD1_FROM, CCD2_FROM = date(2010, 6, 11), date(2026, 11, 20)  # the two Consumer Credit Directives apply
LEAP_YEAR: Final = 366  # days; what twelve months may last


class Credit(Struct, frozen=True):
    """What a law asks about a credit. `amount` in minor units of the jurisdiction's currency."""

    jurisdiction: str
    signed_on: date
    amount: int
    instalments: int
    days_to_full_payment: int
    has_cost: bool  # interest or any fee while payments are made when due
    third_party_lends: bool  # a lender who is not the seller gives or buys the credit
    large_online_seller: bool = False  # not a small or medium enterprise, selling at a distance


class Scope(Struct, frozen=True):
    """The class of product, whether it is regulated as consumer credit, and why."""

    product: str
    is_regulated: bool
    why: str


def scope_of(credit: Credit) -> Scope:
    """The class of a credit under the law of its jurisdiction on the day it is signed."""
    return CLASSIFIERS.get(places_of(credit.jurisdiction)[-1], _unknown)(credit)


def classes_of(jurisdiction: str) -> frozenset[str]:
    """The classes a credit can be of there: those that `law.json` has numbers of, and those that it leaves alone."""
    places = places_of(jurisdiction)
    bound = {row.product for row in LAW if row.jurisdiction in places and row.product != ANY}
    return frozenset({GENERAL, *bound, *(name for place in places for name in LEFT_ALONE.get(place, ()))})


def _european(credit: Credit) -> Scope:
    if credit.signed_on < CCD1_FROM:
        return _unknown(credit)
    if credit.signed_on < CCD2_FROM:
        return _european_until_2026(credit)
    product = "large_online_merchant_deferral" if credit.large_online_seller else "merchant_deferral"
    deferral = _number(credit, product, LegalRule.DEFERRAL_DAYS_MAX)
    if not credit.third_party_lends and not credit.has_cost and credit.days_to_full_payment <= deferral:
        return Scope(product, False, f"The seller itself waits, free of charge, no more than {deferral} days.")
    if credit.amount > _number(credit, "consumer_credit", LegalRule.AMOUNT_MAX):
        return Scope("large_credit", False, "The amount is above the scope of the directive.")
    return Scope("consumer_credit", True, "Credit to a consumer, with or without interest.")


def _european_until_2026(credit: Credit) -> Scope:
    low = _number(credit, "consumer_credit", LegalRule.AMOUNT_MIN)
    high = _number(credit, "consumer_credit", LegalRule.AMOUNT_MAX)
    if not credit.has_cost:
        return Scope("free_credit", False, "Free of interest and without any other charges.")
    if not low <= credit.amount <= high:
        return Scope("small_or_large_credit", False, "The amount is outside the scope of the directive.")
    return Scope("consumer_credit", True, "Credit to a consumer at a cost.")


def _british(credit: Credit) -> Scope:
    for product in ("deferred_payment_credit", "exempt_instalments"):
        instalments = number_on(LegalRule.INSTALMENTS_MAX, "GB", product, credit.signed_on)
        months = number_on(LegalRule.TERM_MONTHS_MAX, "GB", product, credit.signed_on)
        if instalments is None or months is None or credit.has_cost:
            continue
        if credit.instalments > instalments or credit.days_to_full_payment * 12 > months * LEAP_YEAR:
            continue
        if not credit.third_party_lends:
            return Scope("merchant_credit", False, "The seller's own credit, free of interest, in few instalments.")
        is_regulated = product == "deferred_payment_credit"
        return Scope(
            product, is_regulated, f"A third party lends, free of interest, in up to {instalments} instalments."
        )
    return Scope("consumer_credit", True, "Interest or charges, or many instalments, or a long time.")


def _american(credit: Credit) -> Scope:
    free = number_on(LegalRule.INSTALMENTS_FREE_MAX, "US", "closed_end_credit", credit.signed_on)
    if not credit.has_cost and credit.instalments <= (free or 0):
        return Scope("pay_in_four", False, "No finance charge, and no more than four instalments.")
    threshold = number_on(LegalRule.AMOUNT_MAX, "US", "closed_end_credit", credit.signed_on)
    if threshold is not None and credit.amount > threshold:
        return Scope("exempt_credit", False, "The amount is above the threshold of the year.")
    return Scope("closed_end_credit", True, "A finance charge, or more than four instalments.")


def _australian(credit: Credit) -> Scope:
    if credit.third_party_lends and _in_force(credit, "low_cost_credit", LegalRule.FEES_FIRST_YEAR_MAX):
        return Scope("low_cost_credit", True, "A low cost credit contract, as long as its fees keep within the caps.")
    return Scope("consumer_credit", credit.has_cost, "The National Credit Code, where a charge is made.")


def _chinese(credit: Credit) -> Scope:
    if not credit.third_party_lends:
        return Scope("merchant_credit", False, "The seller's own terms of payment.")
    return Scope("personal_loan", True, "A loan to a person, its whole cost shown as an annual rate.")


def _singaporean(credit: Credit) -> Scope:
    if not credit.has_cost and _in_force(credit, "bnpl", LegalRule.OUTSTANDING_MAX):
        return Scope("bnpl", True, "Free of interest: the industry's code of conduct.")
    return Scope("consumer_credit", credit.has_cost, "Credit at a cost.")


def _indian(credit: Credit) -> Scope:
    if not credit.third_party_lends:
        return Scope("merchant_credit", False, "The seller's own terms of payment.")
    return Scope("digital_loan", True, "A loan given through a digital platform.")


def _unknown(credit: Credit) -> Scope:
    return Scope(
        "consumer_credit", True, f"We know no rule of scope for {credit.jurisdiction} on that day: taken as regulated."
    )


CLASSIFIERS: Final[dict[str, Callable[[Credit], Scope]]] = {
    "EU": _european,
    "GB": _british,
    "US": _american,
    "AU": _australian,
    "CN": _chinese,
    "SG": _singaporean,
    "IN": _indian,
}


# The classes that a law tells apart, and then leaves alone.
LEFT_ALONE: Final[dict[str, tuple[str, ...]]] = {
    "EU": ("free_credit", "small_or_large_credit", "large_credit"),
    "GB": ("merchant_credit",),
    "US": ("pay_in_four", "exempt_credit"),
    "CN": ("merchant_credit",),
    "IN": ("merchant_credit",),
}


def _number(credit: Credit, product: str, rule: LegalRule) -> int:
    value = number_on(rule, credit.jurisdiction, product, credit.signed_on)
    assert value is not None, f"law.json has no {rule} of {product} on {credit.signed_on}"
    return value


def _in_force(credit: Credit, product: str, rule: LegalRule) -> bool:
    return number_on(rule, credit.jurisdiction, product, credit.signed_on) is not None
