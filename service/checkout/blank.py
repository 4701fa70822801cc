"""An offer as far as policy, merchant and day tell it: the form that a purchase fills in.

Most of an offer is the same for all who buy at a merchant on a day, and each decision makes several. So the forms are
kept, by the policy, rung and merchant themselves: an edit makes others.
"""

from datetime import UTC, date, datetime
from typing import Final

from msgspec.structs import replace

from service.checkout.case import Case
from service.merchants.fee import MerchantFee, raised
from service.merchants.merchant import Merchant
from service.plans.offer import Authentication, Kind, Leeway, Offer
from service.policies.compile import CompiledPolicy
from service.policies.document import Unfunded
from service.policies.price_list import Rung
from service.terms.late_fees import bound_by_law
from service.terms.pricing import free_of_cost

KEPT_MAX: Final = 4_096  # some 500 bytes each; merchants may name as many categories as they like

_Key = tuple[int, int, int, str, str, str | None, date]
_kept: dict[_Key, tuple[CompiledPolicy, Rung, Merchant, Offer]] = {}  # with what the key names, or a number comes again


def blank_for(case: Case, rung: Rung) -> Offer:
    """The offer of a rung without what the purchase tells: its id, amounts, schedule and end are empty."""
    policy, merchant, request = case.policy, case.merchant, case.request
    grade = case.grade.name if case.grade else None
    key = (id(policy), id(rung), id(merchant), request.currency, request.category, grade, case.today)
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= KEPT_MAX:
            _kept.clear()
        kept = _kept[key] = (policy, rung, merchant, _made(case, rung))
    return kept[3]


def _made(case: Case, rung: Rung) -> Offer:
    policy, merchant, request = case.policy.policy, case.merchant, case.request
    return Offer(
        offer_id="",
        kind=rung.kind,
        currency=request.currency,
        amount=0,
        terms=rung.terms,
        schedule=(),
        total_cost=0,
        total_payable=0,
        apr=free_of_cost(policy.jurisdiction),
        merchant_fee=with_subsidy(merchant.fee_for(rung.kind, request.category, case.today), rung.subsidy),
        capture_within_days=rung.capture_within_days or policy.capture_within_days,
        leeway=leeway_of(rung, policy.leeway),
        use=rung.use,
        amount_min=rung.amount_min,
        amount_max=rung.amount_max,
        product_class=policy.product_class,
        servicing=bound_by_law(
            rung.servicing or policy.servicing,
            policy.jurisdiction,
            policy.product_class,
            case.today,
            request.currency,
        ),
        time_zone=merchant.time_zone,
        expires_at=_NEVER,
        jurisdiction=policy.jurisdiction,
        authentication=authentication_of(rung, case),
        partners_only=policy.unfunded is Unfunded.DECLINE and not merchant.is_test,
    )


def leeway_of(rung: Rung, policys: Leeway) -> Leeway:
    """The product's, or the policy's. Of a deposit no more is taken than was left, nor once it was given back."""
    leeway = policys if rung.leeway is None else rung.leeway
    if rung.kind is Kind.DEPOSIT:
        return replace(leeway, capture_tolerance_bps=0, late_capture_grace_days=0)
    return leeway


def authentication_of(rung: Rung, case: Case) -> Authentication | None:
    """What the product asks of the plans of the consumer's grade."""
    if rung.authentication is None or case.grade is None:
        return None
    return rung.authentication.of(case.grade.name)


def with_subsidy(agreed: MerchantFee, subsidy: MerchantFee) -> MerchantFee:
    """The merchant's fee, and what it pays so that the consumer pays less."""
    if not (subsidy.bps or subsidy.fixed):
        return agreed
    return raised(agreed, subsidy.bps, subsidy.fixed)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
