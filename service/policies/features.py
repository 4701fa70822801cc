"""The facts each source knows, and their types; those of attributes, counters and outside are the policy's to name."""

from typing import Final

from service.countries import COUNTRIES
from service.money import EXPONENTS
from service.policies.document import Feature, FeatureType, Source

Fact = str | int | bool | None  # None: absent

PYTHON_TYPE: Final[dict[FeatureType, type]] = {
    FeatureType.INTEGER: int,
    FeatureType.BOOLEAN: bool,
    FeatureType.TEXT: str,
}

KNOWN: Final[dict[Source, dict[str, FeatureType]]] = {
    Source.CHECKOUT: {
        "amount": FeatureType.INTEGER,
        "deposit_amount": FeatureType.INTEGER,
        "instalments": FeatureType.INTEGER,  # asked for; absent if none were
        "items": FeatureType.INTEGER,  # how many lines the cart has
        "category": FeatureType.TEXT,  # the policy's, not the merchant's word
        "currency": FeatureType.TEXT,
    },
    Source.MERCHANT: {
        "merchant_id": FeatureType.TEXT,
        "country": FeatureType.TEXT,
    },
    Source.ACCOUNT: {  # absent without an account in the currency
        "limit": FeatureType.INTEGER,
        "reserved": FeatureType.INTEGER,
        "used": FeatureType.INTEGER,
        "available": FeatureType.INTEGER,
    },
    Source.HISTORY: {
        "open_plans": FeatureType.INTEGER,
        "paid_off_plans": FeatureType.INTEGER,
        "clean_deposits": FeatureType.INTEGER,
        "overdue": FeatureType.BOOLEAN,
        "days_overdue": FeatureType.INTEGER,
        "days_since_first_plan": FeatureType.INTEGER,  # absent before the first
    },
}

# The words there are, where they are not the policy's to name.
WORDS: Final[dict[tuple[Source, str], frozenset[str]]] = {
    (Source.CHECKOUT, "currency"): frozenset(EXPONENTS),
    (Source.MERCHANT, "country"): COUNTRIES,
}

SOMETIMES: Final = frozenset(
    {(Source.CHECKOUT, "instalments"), (Source.HISTORY, "days_since_first_plan")}
    | {(Source.ACCOUNT, name) for name in KNOWN[Source.ACCOUNT]}
)


def split_outside(of: str) -> tuple[str, str]:
    """The source and its fact that an outside feature reads: `bureau.score`."""
    source, _, fact = of.partition(".")
    return source, fact


def can_be(feature: Feature, word: object) -> bool:
    """Whether a feature's fact is ever this word: one that the policy lists for it, and that there is."""
    known = WORDS.get((feature.source, feature.of or feature.name))
    return (not feature.values or word in feature.values) and (known is None or word in known)


def may_be_absent(feature: Feature) -> bool:
    """Whether a checkout may come without it: not so for most of what we know ourselves."""
    if feature.source in KNOWN:
        return bool(feature.values) or (feature.source, feature.of or feature.name) in SOMETIMES
    return True
