"""Is every price within the law of the day on which the policy becomes active, and what it says of settling early?"""

from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from typing import Final

from msgspec.structs import replace

from service.errors import Refused
from service.law.book import GENERAL, LawRow, LegalRule, number_on
from service.money import spelled
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.price_list import rungs_of
from service.policies.validate_life import NO_INTEREST
from service.policies.validate_prices import Wanted, always, too_many_prices
from service.terms.early_settlement import LEFT_OPEN, is_too_long_for_78, method_of_law
from service.terms.frame import frame_of
from service.terms.pricing import price_of
from service.terms.terms import Payer, RebateMethod, Terms

AS_PAID: Final = "Interest follows what is paid, and nothing is left of it to give up; leave this out."


def prices_are_legal(policy: Policy, on: date, wanted: Wanted = always) -> Iterator[Fault]:
    """No row is above a cap at its lowest or its highest amount, at any length; each row is told once."""
    if too_many_prices(policy):
        return
    places = {id(price): place for place, price in enumerate(policy.instalments)}
    told: set[tuple[int, LawRow]] = set()
    for row, rung in takewhile(lambda _: wanted(), rungs_of(policy)):
        for amount in dict.fromkeys((rung.amount_min, rung.amount_max)):
            try:
                cap = price_of(policy.jurisdiction, policy.product_class, rung.terms, amount, on).above
            except Refused:  # impossible, and told so by another check
                continue
            if cap is None or (id(row), cap) in told:
                continue
            told.add((id(row), cap))
            sentence = (
                f"At {rung.terms.instalments} instalments the price is above the cap of {_cap(cap)}; the amount "
                f"{spelled(amount, row.currency)}."
            )
            yield Fault(f"/instalments/{places[id(row)]}/terms", sentence)


def settling_is_legal(policy: Policy, on: date) -> Iterator[Fault]:
    """What is agreed of settling early is left open by the law of a day, and there is something to give up."""
    for place, price in enumerate(policy.instalments):
        at, length = (
            f"/instalments/{place}/terms",
            max((*price.lengths, price.length_max or 1, price.terms.instalments)),
        )
        yield from _rebate(f"{at}/rebate", replace(price.terms, instalments=length), policy.jurisdiction, on)
        yield from _compensation(f"{at}/compensation_bps", price.terms, policy.jurisdiction, on)


def _rebate(at: str, terms: Terms, jurisdiction: str, on: date) -> Iterator[Fault]:
    law = method_of_law(jurisdiction)
    if terms.rebate is None:
        return
    if terms.rebate not in LEFT_OPEN.get(law, ()):
        yield Fault(at, f"The law of {jurisdiction} says how it is found, {law.value}; leave this out.")
    elif not _has_interest_to_give_up(terms) and (
        terms.rebate is not RebateMethod.PROPORTIONAL or all(one.payer is Payer.MERCHANT for one in terms.costs)
    ):
        yield Fault(at, AS_PAID if terms.recalculate else NO_INTEREST)
    elif terms.rebate is RebateMethod.RULE_OF_78 and is_too_long_for_78(
        jurisdiction, on, frame_of(terms, on).due_on[-1]
    ):
        yield Fault(at, f"The law of {jurisdiction} has no rule of 78 for so long a credit.")


def _compensation(at: str, terms: Terms, jurisdiction: str, on: date) -> Iterator[Fault]:
    if not terms.compensation_bps:
        return
    most = number_on(LegalRule.COMPENSATION_LONG_MAX, jurisdiction, GENERAL, on)
    if most is None:
        yield Fault(at, f"The law of {jurisdiction} knows no compensation for being repaid early; leave this out.")
    elif terms.compensation_bps > most:
        yield Fault(at, f"The law of {jurisdiction} has at most {most} basis points.")
    elif not _has_interest_to_give_up(terms):
        yield Fault(at, AS_PAID if terms.recalculate else NO_INTEREST)


def _has_interest_to_give_up(terms: Terms) -> bool:
    return bool(terms.rate_percent) and not terms.recalculate


def _cap(cap: LawRow) -> str:
    return f"{cap.value} bps, {cap.source} (certainty {cap.certainty})"
