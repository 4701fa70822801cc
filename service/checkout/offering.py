"""From a rung and an amount to an offer: schedule, APR, cost and fees, as they bind until it expires."""

from datetime import date, datetime
from typing import Final

from msgspec import Struct

from service import ids
from service.checkout.case import Case
from service.checkout.ladder import Fit
from service.merchants.merchant import MerchantFee
from service.partners.programme import Funding, Programme, funding_for
from service.plans.apr import Apr, AprMethod, as_apr, effective_apr
from service.plans.offer import Offer
from service.plans.plan import business_day
from service.plans.schedule import Instalment, build_schedule
from service.policies.price_list import Rung

NO_COST: Final = as_apr(AprMethod.EU_EFFECTIVE, 0)


class Offering(Struct, frozen=True):
    """What all offers of one decision share."""

    decision_id: str
    case: Case
    programmes: tuple[Programme, ...]
    now: datetime
    expires_at: datetime

    def funding(self, rung: Rung) -> Funding:
        """Whose money a plan of this kind would be."""
        return funding_for(self.programmes, rung.kind, self.case.request.currency)

    def offer(self, number: int, rung: Rung, how: Fit) -> Offer:
        """The `number`-th offer of the decision, counted from 1. Refused: IMPOSSIBLE_TERMS (too small to divide)."""
        case, owed = self.case, how.amount - how.held
        time_zone = self._time_zone(rung)
        policy = case.policy.policy
        start_on = case.today if time_zone == policy.time_zone else business_day(self.now, time_zone)
        schedule = build_schedule(rung.terms, owed, start_on)
        cost = sum([row.interest + row.fee for row in schedule])
        return Offer(
            offer_id=ids.derive(ids.OFFER, self.decision_id, number),
            kind=rung.kind,
            currency=case.request.currency,
            amount=how.amount,
            terms=rung.terms,
            schedule=schedule,
            total_cost=cost,
            total_payable=how.down_payment + how.amount + cost,
            apr=_apr(rung, owed, schedule, start_on) if cost else NO_COST,
            merchant_fee=_merchant_fee(case.merchant.fee_for(rung.kind), rung.subsidy),
            capture_within_days=policy.capture_within_days,
            time_zone=time_zone,
            expires_at=self.expires_at,
            down_payment=how.down_payment,
            waived=owed if rung.waivers else 0,
            held=how.held,
        )

    def _time_zone(self, rung: Rung) -> str:
        """The programme's, whose files count by its days; else the policy's."""
        programme_id = self.funding(rung).programme_id
        if programme_id is None:
            return self.case.policy.policy.time_zone
        return next(one.time_zone for one in self.programmes if one.programme_id == programme_id)


def _apr(rung: Rung, lent: int, schedule: tuple[Instalment, ...], start_on: date) -> Apr:
    if rung.terms_in_apr is not rung.terms:  # some costs the law does not count
        schedule = build_schedule(rung.terms_in_apr, lent, start_on)
    return effective_apr(((start_on, lent),), tuple([(row.due_on, row.total) for row in schedule]), rung.terms.unit)


def _merchant_fee(agreed: MerchantFee, subsidy: MerchantFee) -> MerchantFee:
    if not (subsidy.bps or subsidy.fixed):
        return agreed
    return MerchantFee(agreed.bps + subsidy.bps, agreed.fixed + subsidy.fixed)
