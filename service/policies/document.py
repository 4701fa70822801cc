"""The policy: one JSON document that says who may buy now, up to what, and at which price.

Read it from top to bottom, as a decision does: facts, rules that stop, points, grades, limits, and three price lists.
Once published a version never changes; a decision names the version it was made under.

Amounts are minor units, shares basis points. Lists are in order of precedence, the best offer first.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from service.outside.source import OutsideSource
from service.people.identifier import IdentifierKind
from service.plans.offer import Kind, Leeway
from service.policies.bounded import Country, Currency, Days, Few, GradeName, Many, Most, Name, Value, Word
from service.policies.prices import Category, Deposit, PayAfterUse, Price
from service.policies.reasons import ReasonCode
from service.terms.servicing import Servicing
from service.terms.terms import Amount, BasisPoints, Label

Points = Annotated[int, Meta(ge=-100_000, le=100_000)]
Identifiers = Annotated[tuple[IdentifierKind, ...], Meta(max_length=4)]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]


# Facts ---------------------------------------------------------------------------------------------------------------


class FeatureType(StrEnum):
    """A fact is whole, true or false, or a word: never a fraction, so that every machine reads the same."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"


class Source(StrEnum):
    """Where a fact comes from. The names each source knows stand in `features.py`."""

    ATTRIBUTE = "attribute"  # registered with the consumer by the merchant: any name
    CHECKOUT = "checkout"  # the purchase
    MERCHANT = "merchant"
    ACCOUNT = "account"  # limit, reserved, used, available
    HISTORY = "history"  # the consumer's plans with us
    VELOCITY = "velocity"  # a counter of this policy
    OUTSIDE = "outside"  # a source of this policy: `of` is "source.fact"
    RATIO = "ratio"  # one feature in basis points of another


class Absent(StrEnum):
    """What becomes of a checkout without this fact, or with one of the wrong type."""

    NEUTRAL = "neutral"  # rules on it do not apply; the scorecard has a bin for it
    DECLINE = "decline"
    REFER = "refer"


class Feature(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fact under the name that rules, bins and reasons know it by."""

    name: Name  # what rules, bins and reasons call it
    type: FeatureType
    source: Source
    of: Word = ""  # its name at the source; empty: the same
    over: Word = ""  # a ratio's divisor: the name of a feature above
    values: Most[Word] = ()  # the words a text may be; another word counts as absent. Empty: any
    absent: Absent = Absent.NEUTRAL


class Per(StrEnum):
    """Whose attempts a counter counts."""

    CONSUMER = "consumer"  # the person behind it, at all merchants
    DEVICE = "device"  # that the checkout names, at this merchant
    MERCHANT = "merchant"


class Counter(Struct, frozen=True, forbid_unknown_fields=True):
    """Checkouts in a sliding window that ends now; the present one is not among them.

    Counted up to 10,000. A feature that reads it says by `absent` what becomes of a checkout that could not be counted:
    Redis was gone, or no device was named.
    """

    name: Name  # what features call it
    per: Per
    window_minutes: Annotated[int, Meta(ge=1, le=43_200)]


# Rules ---------------------------------------------------------------------------------------------------------------


class Comparison(StrEnum):
    """How a fact is held against a value. On an absent fact only `absent` holds."""

    EQUALS = "equals"
    DIFFERS = "differs"
    BELOW = "below"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    ABOVE = "above"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    ABSENT = "absent"


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`{"feature": "age", "is": "below", "value": 18}`."""

    feature: Name  # the policy's name of the fact
    comparison: Comparison = field(name="is")
    value: Value | None = None  # what the fact is held against
    values: Most[Value] = ()  # of `one_of` and `none_of`


class Verdict(StrEnum):
    """What a rule or a grade says."""

    APPROVE = "approve"  # grades only
    REFER = "refer"  # a person shall look
    DECLINE = "decline"


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When all of its conditions hold, it speaks. With `kinds` it stops those alone."""

    name: Name  # for people
    when: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=20)]
    reason: ReasonCode
    verdict: Verdict = Verdict.DECLINE
    kinds: Few[Kind] = ()  # empty: all


# Points --------------------------------------------------------------------------------------------------------------


class Bin(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stretch of a fact and its points. Whole numbers: `at_least <= fact < below`. Words: one of `values`.

    `otherwise` takes every word not listed; `absent` an absent fact.
    """

    points: Points
    at_least: Whole | None = None
    below: Whole | None = None
    values: Most[Word | bool] = ()  # the words it takes
    otherwise: bool = False  # true: it takes every word that no bin lists
    absent: bool = False  # true: it takes an absent fact


class Monotone(StrEnum):
    """A promise about the points of a whole number, kept by validation."""

    RISING = "rising"  # more is never worse
    FALLING = "falling"  # more is never better


class Characteristic(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One feature's part of the score, and the reason given for the points it loses."""

    feature: Name  # the policy's name of the fact
    reason: ReasonCode
    bins: Annotated[tuple[Bin, ...], Meta(min_length=1, max_length=200)]
    monotone: Monotone | None = None


class Scorecard(Struct, frozen=True, forbid_unknown_fields=True):
    """score = base_points + the points of one bin per characteristic.

    The scale says what a score means: at `score_at_odds` there are `odds` good for one bad, and each
    `points_to_double_odds` more doubles that.
    """

    base_points: Points
    score_at_odds: Points
    odds: Annotated[int, Meta(ge=1, le=100_000)]
    points_to_double_odds: Annotated[int, Meta(ge=1, le=10_000)]
    characteristics: Many[Characteristic]


class Grade(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Scores from `score_min` up to the next better grade. Below the last grade: declined."""

    name: GradeName  # what limits and price lists call it
    score_min: Points
    verdict: Verdict = Verdict.APPROVE


# Limits --------------------------------------------------------------------------------------------------------------


class Segment(Struct, frozen=True, forbid_unknown_fields=True):
    """Consumers with a limit table of their own; the first segment that fits."""

    name: Name  # what limits call it
    when: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=20)]


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """A higher limit after so many plans paid off."""

    paid_off_plans: Annotated[int, Meta(ge=1)]
    limit: Amount


class LimitRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The limit of a grade in one currency; `segment` empty: of all who are in none."""

    grade: GradeName
    currency: Currency
    limit: Amount
    segment: Name | None = None
    steps: Few[Step] = ()


class Decrease(Struct, frozen=True, forbid_unknown_fields=True):
    """When all of its conditions hold, no more than `kept_bps` of the table's limit is left."""

    name: Name  # what a change of a limit calls it
    when: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=20)]
    kept_bps: BasisPoints


# Money ---------------------------------------------------------------------------------------------------------------


class Unfunded(StrEnum):
    """What becomes of a plan that no partner's programme takes."""

    OWN_BOOK = "own_book"  # we lend the money ourselves
    DECLINE = "decline"  # it is not offered; and refused, where room was left when it was offered and is not any more


# The whole -----------------------------------------------------------------------------------------------------------


class Policy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A versioned rule set."""

    schema: str | UnsetType = field(
        name="$schema", default=UNSET
    )  # an editor's: where its JSON Schema is; not read here
    policy_id: Annotated[str, Meta(pattern=r"^po_[0-9A-Z]{26}\Z")] = field(name="id")  # its versions share it
    version: Annotated[int, Meta(ge=1, le=1_000_000)]  # whatever it says, a draft gets the next one
    name: Label
    jurisdiction: Country
    product_class: Name = "consumer_credit"  # of `law.json`: which caps bind the prices, besides those of any credit
    time_zone: Word  # IANA: whose days begin its versions and date limit reviews, notices and outside data
    offers_expire_after_minutes: Annotated[int, Meta(ge=1, le=10_080)]
    capture_within_days: Days
    identifiers: Identifiers = tuple(IdentifierKind)  # whose registration makes one person of two
    leeway: Leeway = Leeway()  # of every product that says none of its own
    servicing: Servicing = Servicing()  # of every product that says none of its own
    unfunded: Unfunded = Unfunded.OWN_BOOK
    offers_max: Annotated[int, Meta(ge=1, le=12)] = 6  # for the price, and as many for a deposit

    features: Most[Feature]
    counters: Many[Counter] = ()
    outside: Annotated[tuple[OutsideSource, ...], Meta(max_length=8)] = ()  # whom it asks outside, before it decides
    rules: Most[Rule] = ()
    scorecard: Scorecard
    grades: Annotated[tuple[Grade, ...], Meta(min_length=1, max_length=20)]  # best first
    segments: Many[Segment] = ()
    limits: Most[LimitRow]
    decreases: Many[Decrease] = ()
    categories: Many[Category] = ()
    other_category: Name = "other"  # of every word that is in none
    instalments: Most[Price] = ()  # the price list of instalment plans, the best offer first
    pay_after_use: Most[PayAfterUse] = ()  # the price list of plans paid after use
    deposits: Most[Deposit] = ()  # the price list of deposits
