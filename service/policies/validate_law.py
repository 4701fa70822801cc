"""Is every price within the law of the day on which the policy becomes active?"""

from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from service.errors import Refused
from service.law.book import LawRow
from service.money import spelled
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.price_list import rungs_of
from service.policies.validate_prices import Wanted, always, too_many_prices
from service.terms.pricing import price_of


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


def _cap(cap: LawRow) -> str:
    return f"{cap.value} bps, {cap.source} (certainty {cap.certainty})"
