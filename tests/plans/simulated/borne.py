"""Who bears a plan's interest besides the consumer, by chance: a scheme as it falls due, or whoever buys it down."""

from random import Random
from typing import Any

from msgspec.structs import replace

from service.ledger.chart import LedgerAccount as A
from service.plans.offer import Kind, Offer
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.subsidy import held_by
from service.subsidies.buy_down import bought_down, periods_a_year
from service.subsidies.interest import paid_of
from service.subsidies.offered import Subsidy
from service.subsidies.scheme import BuyDownPart, Funder, FunderKind, InterestPart
from tests.plans.simulated.seen import Seen

Sides = tuple[Any, Any]

SCHEME = "sc_1"
STATE = Funder("state", FunderKind.STATE, 9_000)
SHOP = Funder("shop", FunderKind.MERCHANT, 1_000)
LENDER = Funder("lender", FunderKind.PARTNER, 1_000)


def any_subsidy(chance: Random, offer: Offer) -> Subsidy | None:
    """Of half the instalments that could have one: what the policy and a scheme would have made of the offer."""
    if offer.kind is not Kind.INSTALMENTS or chance.random() < 0.5:
        return None
    interest = sum(one.interest for one in offer.schedule)
    return _as_it_falls_due(chance, offer, interest) if interest else _bought_down(chance, offer)


def _as_it_falls_due(chance: Random, offer: Offer, interest: int) -> Subsidy | None:
    part = InterestPart(
        rate_bps=chance.choice((100, 500, 10_000)), contract_share_bps=chance.choice((5_000, 10_000)),
        spend_max=chance.choice((0, 100_00)), current_only=chance.random() < 0.3,
    )  # fmt: skip
    subsidy = replace(_subsidy(offer, (STATE, LENDER)), interest=part)
    planned = paid_of(subsidy.share_of(offer.terms.rate_percent), interest)
    amount = min(planned, chance.choice((planned, planned, 5_00)))  # a cap, or a budget of which no more is left
    return replace(subsidy, amount=amount, consumer_cost=interest - amount) if amount else None


def _bought_down(chance: Random, offer: Offer) -> Subsidy | None:
    payments = [one.principal for one in offer.schedule if not one.is_down_payment]
    part, periods = BuyDownPart(chance.choice((900, 2_000))), periods_a_year(offer.terms.unit, offer.terms.every)
    amount = bought_down(sum(payments), payments, part.yield_bps, periods)
    subsidy = replace(_subsidy(offer, chance.choice(((STATE, SHOP), (STATE, LENDER)))), buy_down=part)
    return replace(subsidy, amount=amount) if amount else None


def _subsidy(offer: Offer, funders: tuple[Funder, ...]) -> Subsidy:
    return Subsidy(
        scheme_id=SCHEME, version=1, name="spring", funders=funders, amount=0, consumer_cost=0, spend=offer.amount,
        is_small=False, is_budgeted=False,
    )  # fmt: skip


def the_scheme_bears_what_it_paid(seen: Seen) -> Sides:
    """What fell due, less what it got back; what was paid in, less what went back and what the merchant bears of it.
    It never pays more than was agreed, and what is deferred is what is not income yet.
    """
    subsidised = seen.sums[Subsidised] - seen.sums[SubsidyReturned]
    bought = seen.those_of(BoughtDown)
    paid_in, back = sum(one.paid_in for one in bought), sum(one.returned for one in bought)
    gone = sum(one.earned + one.released for one in bought)
    by_merchant = shops_part(seen)
    told = (
        seen.balance(A.SCHEME_RECEIVABLE), -seen.balance(A.DEFERRED_SUBSIDY), -seen.balance(A.BUY_DOWN_INCOME),
        seen.plan.standing.subsidised,
    )  # fmt: skip
    earned = sum(one.earned for one in bought)
    return told, (subsidised + paid_in - back - by_merchant, paid_in - back - gone, earned, subsidised)


def the_scheme_bears_no_more_than_was_agreed(seen: Seen) -> Sides:
    """And nothing less than nothing, whatever comes back."""
    subsidy, standing = seen.plan.offer.subsidy, seen.plan.standing
    paid = standing.subsidised + standing.buy_down.paid_in - standing.buy_down.returned
    most = subsidy.amount if subsidy else 0
    held = held_by(seen.plan.offer, standing)
    return (min(0, paid, standing.buy_down.left), max(paid, held, most)), (0, most)


def shops_part(seen: Seen) -> int:
    """A tenth of what was paid in and did not go back, where the shop bears that."""
    subsidy = seen.plan.offer.subsidy
    if subsidy is None or SHOP not in subsidy.funders:
        return 0
    paid = sum(one.paid_in - one.returned for one in seen.those_of(BoughtDown))
    return paid - (2 * 9 * paid + 10) // 20  # of nine tenths, half a cent up, the state bears the rest
