"""From a rung and an amount to an offer: schedule, APR, cost and fees, as they bind until it expires."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.checkout.blank import blank_for
from service.checkout.case import Case
from service.checkout.ladder import Fit, Obstacle
from service.errors import Refused
from service.partners.allocation import Sought, Takers, candidates
from service.partners.allocation import takers as takers_of
from service.partners.funding import Funding
from service.partners.programme import Programme
from service.plans.offer import Kind, Offer
from service.policies.price_list import Rung
from service.subsidies.buy_down import periods_a_year
from service.subsidies.offered import Subsidy, Wanted, best_of
from service.terms.pricing import Pricing, price_of

AMOUNTS: Final = ("/down_payment", "/balloon")  # fixed amounts of the terms, above which a purchase must be


class Offering(Struct, frozen=True, dict=True):
    """What all offers of one decision share; `programmes` are in the order that they are asked in."""

    decision_id: str
    case: Case
    programmes: tuple[Programme, ...]
    now: datetime
    expires_at: datetime
    taken_by: dict[str, tuple[Programme, ...]] = {}  # by offer: who would fund it, the first first

    @cached_property
    def candidates(self) -> tuple[Programme, ...]:
        """The programmes that would fund some plan of the purchase."""
        return candidates(self.programmes, sought_by(self.case)) if self.programmes else ()

    @property
    def takers(self) -> Takers:
        """Who would fund which, as it is kept with the decision."""
        places: dict[str, int] = {}
        fundings: list[Funding] = []
        offers: dict[str, tuple[int, ...]] = {}
        for offer_id, takers in self.taken_by.items():
            for one in takers:
                if one.programme_id not in places:
                    places[one.programme_id] = len(fundings)
                    fundings.append(one.funding)
            if takers:
                offers[offer_id] = tuple([places[one.programme_id] for one in takers])
        return Takers(tuple(fundings), offers, self.case.grade.name if offers and self.case.grade else "")

    def offer(self, number: int, rung: Rung, how: Fit) -> Offer | Obstacle:
        """The `number`-th offer of the decision, counted from 1; or why there can be none after all."""
        case, owed = self.case, how.amount - how.held
        policy = case.policy.policy
        try:
            price = price_of(policy.jurisdiction, policy.product_class, rung.terms, owed, case.today)
        except Refused as refused:
            return Obstacle.TOO_LOW if refused.pointer in AMOUNTS else Obstacle.NO_SCHEDULE
        if not price.is_legal:
            return Obstacle.LEGAL_CAP
        offer_id = ids.derive(ids.OFFER, self.decision_id, number)
        takers = (
            takers_of(self.candidates, sought_by(case, rung.kind, owed, rung.terms.instalments))
            if self.candidates
            else ()
        )
        blank = blank_for(case, rung)
        if blank.partners_only and not takers:
            return Obstacle.NO_FUNDING
        subsidy = subsidy_of(case, rung, price, takers)
        if rung.bought_down and subsidy is None:
            return Obstacle.NO_FUNDING
        self.taken_by[offer_id] = takers
        return replace(
            blank,
            offer_id=offer_id,
            amount=how.amount,
            schedule=price.schedule,
            total_cost=price.cost,
            total_payable=how.down_payment + how.amount + price.cost,
            apr=price.apr,
            expires_at=self.expires_at,
            down_payment=how.down_payment,
            waived=owed if rung.waivers else 0,
            waived_bps=rung.waived_bps(case.snapshot.clean_deposits) if rung.waivers else 0,
            held=how.held,
            subsidy=subsidy,
        )


def subsidy_of(case: Case, rung: Rung, price: Pricing, takers: Sequence[Programme]) -> Subsidy | None:
    """What a scheme bears of the interest of these instalments; None where there is nothing to bear."""
    schemes = case.snapshot.schemes
    if not schemes or rung.kind is not Kind.INSTALMENTS:
        return None
    interest = sum([one.interest for one in price.schedule])
    if not (interest or rung.bought_down):
        return None
    terms, lender = rung.terms, takers[0].funding.lender if takers else ""
    wanted = Wanted(
        product=rung.name, merchant_id=case.merchant.merchant_id, category=case.category, on=case.today,
        spend=case.request.amount, rate_percent=terms.rate_percent,
        payments=[one.principal for one in price.schedule if not one.is_down_payment],
        periods=periods_a_year(terms.unit, terms.every), is_bought_down=rung.bought_down, interest=interest,
        cost=price.cost, lender=lender,
    )  # fmt: skip
    return best_of(schemes, wanted)


def sought_by(case: Case, kind: str = "", owed: int = 0, instalments: int = 0) -> Sought:
    """What a programme looks at in an offer; without the offer's own facts, in the purchase."""
    merchant = case.merchant
    return Sought(
        kind, case.request.currency, owed, instalments, case.grade.name if case.grade else "",
        merchant.merchant_id, case.policy.policy.jurisdiction, case.today, case.category, merchant.country,
    )  # fmt: skip
