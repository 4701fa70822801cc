"""An arrangement: who bears a part of losses, of which, how much, and up to what. Pure.

It is one document in versions, whatever its kind. A loss is borne by the version in force when it is allocated.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, BPS, EXPONENTS
from service.support.claim_terms import ClaimTerms, require_claim_terms
from service.support.pool_terms import PoolTerms, require_pool_terms

Share = Annotated[int, Meta(ge=0, le=BPS)]
Sum = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Region = Annotated[str, Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")]  # ISO 3166: a country, or a part of one
Days = Annotated[int, Meta(ge=0, le=3_650)]
ProviderId = Annotated[str, Meta(pattern=r"^(me|pa|sp)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
BeneficiaryId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class ArrangementKind(StrEnum):
    """What it is called, by which the books tell who owes what."""

    MERCHANT_RECOURSE = "merchant_recourse"  # the merchant takes a loss back
    DEPOSIT = "deposit"  # held of whoever bears it
    RESERVE = "reserve"  # kept back of what a merchant is owed
    LOAN_GUARANTEE = "loan_guarantee"  # of each plan a share
    PORTFOLIO_GUARANTEE = "portfolio_guarantee"  # the first losses of a portfolio
    DOMESTIC_TRADE_INSURANCE = "domestic_trade_insurance"
    EXPORT_TRADE_INSURANCE = "export_trade_insurance"
    CONSUMER_INSURANCE = "consumer_insurance"
    COMPENSATION_POOL = "compensation_pool"


class Cause(StrEnum):
    """Why the money is lost."""

    CREDIT = "credit"  # the consumer does not pay
    FRAUD = "fraud"  # who bought was somebody else, or never meant to pay
    DISPUTE = "dispute"  # decided against the merchant
    DECEASED = "deceased"
    MERCHANT_FAILURE = "merchant_failure"  # the merchant does not deliver, and does not pay back
    POLITICAL = "political"  # of export: a war, a ban on transfers, and the like


class CoveredParts(StrEnum):
    """Which components of a loss it bears."""

    PRINCIPAL = "principal"
    PRINCIPAL_INTEREST = "principal_interest"
    PRINCIPAL_INTEREST_FEES = "principal_interest_fees"


class AttachmentKind(StrEnum):
    """From where on it pays. In the formulas I is what is insured of the loss, c the cover rate, A the amount."""

    THRESHOLD = "threshold"  # nothing unless I is above A, then c x I
    MINIMUM_RETENTION = "minimum_retention"  # I less the greater of A and (1 - c) x I
    EACH_AND_EVERY = "each_and_every"  # c x (I - A)
    AGGREGATE_BY_LOSS = "aggregate_by_loss"  # c x (I - what is left of A), which I uses up
    AGGREGATE_BY_INDEMNITY = "aggregate_by_indemnity"  # c x I less what is left of A, which c x I uses up


class Attachment(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is covered bears the first part."""

    kind: AttachmentKind
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]


class Form(StrEnum):
    """What stands behind it."""

    CASH = "cash"  # paid in: it pays no more than that
    LIEN_DEPOSIT = "lien_deposit"  # a deposit that only we may draw on, the same
    BANK_GUARANTEE = "bank_guarantee"
    POLICY = "policy"  # of insurance
    PROMISE = "promise"  # nothing: not enough for a guarantee of a portfolio


class CapOf(StrEnum):
    """What the cap of a portfolio is of."""

    PAYMENTS = "payments"  # all it pays is at most the cap
    GROSS_DEFAULTS = "gross_defaults"  # of all defaults, only so much counts; of that it pays its share


class Cap(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a portfolio: a share of all principal that was ever covered."""

    rate_bps: Annotated[int, Meta(ge=1, le=BPS)]  # of that principal
    base: CapOf


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """A cover rate of some plans; what is null says nothing. The first that fits counts."""

    cover_bps: Share  # of what is insured
    segment: Name | None = None  # of the borrower, as the lender names it
    category: Name | None = None  # of the goods
    region: Region | None = None  # of the sale; a country's counts for all its parts
    is_first_time: bool | None = None  # whether it is the person's first plan
    cause: Cause | None = None  # of the loss
    lent_max: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] | None = (
        None  # minor units: plans of which at most so much was lent
    )


class Arrangement(Struct, frozen=True, forbid_unknown_fields=True):
    """What was agreed. Limits of 0 are none."""

    name: Name
    kind: ArrangementKind
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    cover_bps: Share  # of what is insured
    causes: Annotated[tuple[Cause, ...], Meta(min_length=1, max_length=6)]  # of which it bears losses
    begins_on: date  # the first day of a default that it bears
    ends_on: date  # the last
    provider_id: ProviderId | None = None  # who bears it; null: the merchant of the plan
    beneficiary_id: BeneficiaryId | None = None  # the partner whose part of losses it bears, and who is paid; null: we
    base: CoveredParts = CoveredParts.PRINCIPAL
    rates: Annotated[tuple[Rate, ...], Meta(max_length=200)] = ()  # instead of `cover_bps`, where one fits
    categories: Annotated[tuple[Name, ...], Meta(max_length=200)] = ()  # of goods; none named: any
    regions: Annotated[tuple[Region, ...], Meta(max_length=200)] = ()  # of sales; none named: any
    of_whole: bool = (
        False  # whether its rate is of the whole loss, as of several who insure together, not of what is left
    )
    attachment: Attachment | None = None  # null: from the first cent
    aggregate: Attachment | None = None  # of all losses together, besides that of each; null: none
    small_loss_max: Sum = 0  # a smaller loss never counts
    loss_max: Sum = 0  # that it pays of one loss
    debtor_max: Sum = 0  # of one debtor's losses together, what is insured
    debtor_paid_max: Sum = 0  # that it pays for one debtor
    annual_max: Sum = 0  # that it pays of the losses of one calendar year
    aggregate_max: Sum = 0  # that it ever pays
    cap: Cap | None = None  # null: no share of what is covered
    form: Form | None = None  # what stands behind it; null: it is not said
    exclusive_classes: Annotated[
        tuple[Name, ...], Meta(max_length=10)
    ] = ()  # of cover: a plan is enrolled with one arrangement of each at most
    invoke_after_days: Days = 0  # past due at least, on the day of the loss
    invoke_by_days: Days = 0  # past due at most; 0: at any time
    reinstatable: bool = False  # whether what comes back of what it paid can be paid out again
    claims: ClaimTerms | None = None  # how a loss is claimed; null: it is paid without a claim
    pool: PoolTerms | None = None  # of a compensation pool: whose money it is; null: it is not kept here
    funded: bool = False  # whether it pays from money that was paid in, and no more than that


def require_arrangement(one: Arrangement) -> None:
    """Refused: INVALID_FIELD, with terms that contradict themselves."""
    if one.currency not in EXPONENTS:
        raise _no("/currency", f"There is no currency {one.currency} here.")
    if one.ends_on < one.begins_on:
        raise _no("/ends_on", "It ends before it begins.")
    if len(set(one.causes)) < len(one.causes):
        raise _no("/causes", "A cause is named twice.")
    if Cause.POLITICAL in one.causes and one.kind is not ArrangementKind.EXPORT_TRADE_INSURANCE:
        raise _no("/causes", f"A {one.kind} bears no losses of political causes.")
    if one.provider_id is None and one.kind not in OF_MERCHANTS:
        raise _no("/provider_id", f"A {one.kind} names who bears it.")
    if one.beneficiary_id is not None:
        _require_beneficiary(one, one.beneficiary_id)
    if not one.cover_bps and not one.rates:
        raise _no("/cover_bps", "It covers nothing: name a cover rate, or rates.")
    if one.attachment is not None:
        _require_reachable(one, one.attachment)
    if one.aggregate is not None:
        _require_aggregate(one, one.aggregate)
    if one.annual_max and one.aggregate_max and one.annual_max > one.aggregate_max:
        raise _no("/annual_max", "It pays more in a year than ever.")
    if one.cap is not None and one.kind not in OF_PORTFOLIOS:
        raise _no("/cap", f"A {one.kind} is of no portfolio, of which a cap could be a share.")
    if len(set(one.exclusive_classes)) < len(one.exclusive_classes):
        raise _no("/exclusive_classes", "A class is named twice.")
    if one.invoke_by_days and one.invoke_by_days < one.invoke_after_days:
        raise _no("/invoke_by_days", f"It can be invoked only from {one.invoke_after_days} days past due on.")
    _require_form(one)
    if one.claims is not None:
        require_claim_terms(one.claims, "/document/claims")
    if one.pool is not None:
        _require_pool(one, one.pool)
    if len(set(one.regions)) < len(one.regions):
        raise _no("/regions", "A region is named twice.")
    fits = [
        (rate.segment, rate.category, rate.region, rate.is_first_time, rate.cause, rate.lent_max) for rate in one.rates
    ]
    for number, rate in enumerate(one.rates):
        if fits[number] in fits[:number]:
            raise _no(f"/rates/{number}", "An earlier rate is of the same plans: this one never counts.")
        if rate.category is not None and one.categories and rate.category not in one.categories:
            raise _no(f"/rates/{number}/category", f"Goods of {rate.category!r} are not covered: see categories.")
        if rate.region is not None and one.regions and not is_among(rate.region, one.regions):
            raise _no(f"/rates/{number}/region", f"Sales in {rate.region} are not covered: see regions.")
        if rate.cause is not None and rate.cause not in one.causes:
            raise _no(f"/rates/{number}/cause", f"Losses of the cause {rate.cause} are not borne: see causes.")


def is_among(region: str | None, regions: Sequence[str]) -> bool:
    """Whether a region is one of these, or a part of one: CN-33 is in CN."""
    return region is not None and any(one in (region, region[:2]) for one in regions)


def _require_pool(one: Arrangement, pool: PoolTerms) -> None:
    if one.kind is not ArrangementKind.COMPENSATION_POOL:
        raise _no("/pool", f"A {one.kind} has no funders.")
    if not one.funded:
        raise _no("/funded", "A pool pays from what was paid in.")
    if one.claims is None:
        raise _no("/claims", "A pool pays what was claimed: say how.")
    require_pool_terms(pool, "/document/pool")


def _require_beneficiary(one: Arrangement, beneficiary_id: str) -> None:
    if one.kind in OF_MERCHANTS:
        raise _no("/beneficiary_id", f"A {one.kind} is taken out of what we owe the merchant: it pays us.")
    if one.kind is ArrangementKind.COMPENSATION_POOL:
        raise _no("/beneficiary_id", "We hold a pool's money: it pays us.")
    if one.provider_id == beneficiary_id:
        raise _no("/beneficiary_id", "Nobody bears a loss for themselves.")
    if one.base is not CoveredParts.PRINCIPAL:
        raise _no("/base", "Of a partner's money principal is lost: interest and fees are ours.")


def _require_form(one: Arrangement) -> None:
    if one.form in PAID_IN and not one.funded:
        raise _no("/funded", f"What is given as {one.form} pays from what was paid in.")
    if one.form is Form.PROMISE and one.funded:
        raise _no("/funded", "Behind a promise nothing is paid in.")
    if one.form is Form.PROMISE and one.kind is ArrangementKind.PORTFOLIO_GUARANTEE:
        raise _no("/form", "A guarantee of a portfolio is money, a deposit or a bank's guarantee, not a promise.")
    if one.form is Form.POLICY and one.kind not in INSURANCES:
        raise _no("/form", f"A {one.kind} is no policy of insurance.")


def _require_reachable(one: Arrangement, attachment: Attachment) -> None:
    limit = one.debtor_max
    beyond = (AttachmentKind.THRESHOLD, AttachmentKind.MINIMUM_RETENTION, AttachmentKind.EACH_AND_EVERY)
    if limit and attachment.kind in beyond and attachment.amount >= limit:
        raise _no("/attachment/amount", f"At most {limit} of a debtor is insured: it would never pay.")


def _require_aggregate(one: Arrangement, aggregate: Attachment) -> None:
    if aggregate.kind not in AGGREGATES:
        raise _no("/aggregate/kind", "It is of all losses together: by loss, or by indemnity.")
    if one.attachment is not None and one.attachment.kind in AGGREGATES:
        raise _no("/aggregate", "The attachment is of all losses together already.")
    by_loss = aggregate.kind is AttachmentKind.AGGREGATE_BY_LOSS
    if by_loss and one.attachment is not None and one.attachment.kind is AttachmentKind.MINIMUM_RETENTION:
        raise _no("/aggregate/kind", "Beside a minimum retention what is paid is added up: by indemnity.")


AGGREGATES: Final = frozenset({AttachmentKind.AGGREGATE_BY_LOSS, AttachmentKind.AGGREGATE_BY_INDEMNITY})
PAID_IN: Final = frozenset({Form.CASH, Form.LIEN_DEPOSIT})
INSURANCES: Final = frozenset({
    ArrangementKind.DOMESTIC_TRADE_INSURANCE, ArrangementKind.EXPORT_TRADE_INSURANCE,
    ArrangementKind.CONSUMER_INSURANCE,
})  # fmt: skip
OF_MERCHANTS: Final = frozenset({ArrangementKind.MERCHANT_RECOURSE, ArrangementKind.RESERVE})
OF_PORTFOLIOS: Final = frozenset({
    ArrangementKind.LOAN_GUARANTEE, ArrangementKind.PORTFOLIO_GUARANTEE, ArrangementKind.COMPENSATION_POOL,
})  # fmt: skip


def _no(pointer: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, f"/document{pointer}")
