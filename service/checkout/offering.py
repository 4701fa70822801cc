"""From a rung and an amount to an offer: schedule, APR, cost and fees, as they bind until it expires."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.checkout.case import Case
from service.checkout.ladder import Fit, Obstacle
from service.errors import Refused
from service.merchants.merchant import MerchantFee
from service.money import AMOUNT_MAX, BPS
from service.partners.funding import Funding
from service.partners.programme import Programme, funding_for
from service.plans.offer import Authentication, Kind, Leeway, Offer
from service.policies.late_fees import bound_by_law
from service.policies.price_list import Rung
from service.terms.pricing import price_of

AMOUNTS: Final = ("/down_payment", "/balloon")  # fixed amounts of the terms, above which a purchase must be


class Footing(Struct, frozen=True):
    """What all offers of one kind share within a decision."""

    funding: Funding
    merchant_fee: MerchantFee


def footing_of(case: Case, kind: Kind, programmes: tuple[Programme, ...]) -> Footing:
    """Whose money it is, and what the merchant pays."""
    return Footing(funding_for(programmes, kind, case.request.currency), case.merchant.fee_for(kind))


class Offering(Struct, frozen=True):
    """What all offers of one decision share."""

    decision_id: str
    case: Case
    programmes: tuple[Programme, ...]
    now: datetime
    expires_at: datetime
    footings: dict[Kind, Footing] = {}  # of the kinds that were needed so far

    def footing(self, kind: Kind) -> Footing:
        """What all offers of a kind share."""
        footing = self.footings.get(kind)
        if footing is None:
            footing = self.footings[kind] = footing_of(self.case, kind, self.programmes)
        return footing

    def offer(self, number: int, rung: Rung, how: Fit) -> Offer | Obstacle:
        """The `number`-th offer of the decision, counted from 1; or why there can be none after all."""
        case, owed, footing = self.case, how.amount - how.held, self.footing(rung.kind)
        policy = case.policy.policy
        try:
            price = price_of(policy.jurisdiction, policy.product_class, rung.terms, owed, case.today)
        except Refused as refused:
            return Obstacle.TOO_LOW if refused.pointer in AMOUNTS else Obstacle.NO_SCHEDULE
        if not price.is_legal:
            return Obstacle.LEGAL_CAP
        return Offer(
            offer_id=ids.derive(ids.OFFER, self.decision_id, number),
            kind=rung.kind,
            currency=case.request.currency,
            amount=how.amount,
            terms=rung.terms,
            schedule=price.schedule,
            total_cost=price.cost,
            total_payable=how.down_payment + how.amount + price.cost,
            apr=price.apr,
            merchant_fee=with_subsidy(footing.merchant_fee, rung.subsidy),
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
                case.request.currency,
            ),
            time_zone=case.merchant.time_zone,
            expires_at=self.expires_at,
            down_payment=how.down_payment,
            waived=owed if rung.waivers else 0,
            waived_bps=rung.waived_bps(case.snapshot.clean_deposits),
            held=how.held,
            jurisdiction=policy.jurisdiction,
            authentication=authentication_of(rung, case),
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
    return MerchantFee(min(agreed.bps + subsidy.bps, BPS), min(agreed.fixed + subsidy.fixed, AMOUNT_MAX))
