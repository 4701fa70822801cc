"""Checks of the price lists: is every row possible, can anybody reach it, and is it said once?

Terms are judged by the schedule itself: what it refuses, a policy cannot offer.
"""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise, takewhile
from typing import Final

from service.errors import Refused
from service.money import BPS
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.price_list import Rung, lengths_of, rungs_of
from service.policies.prices import Price, Row
from service.policies.validate_life import life_is_followed
from service.terms.schedule import build_schedule, paid_up_front
from service.terms.terms import FeeDue, Payer, Terms

PRICES_MAX: Final = 2_000  # rows at their lengths: each takes some milliseconds to work out
PLACES_MAX: Final = 200_000  # ... for each grade and category that has them: where a checkout looks them up
START_DAYS: Final = (date(2027, 1, 31), date(2028, 2, 29))  # month ends are where dates go wrong

Wanted = Callable[[], bool]  # whether anybody still waits for the faults


def always() -> bool:
    """Somebody does."""
    return True


def prices_are_few(policy: Policy) -> Iterator[Fault]:
    """The rows at all of their lengths are no more than can be worked out and looked up."""
    if too_many := too_many_prices(policy):
        yield Fault("/instalments", too_many)


def too_many_prices(policy: Policy) -> str:
    """What is too much of the price lists; empty where nothing is."""
    prices = places = 0
    for row, _ in pointers_of(policy):
        lengths = len(lengths_of(row)) if isinstance(row, Price) else 1
        grades = len(row.grades or policy.grades)
        categories = len(row.categories) or len(policy.categories) + 1
        prices, places = prices + lengths, places + lengths * grades * categories
    if prices > PRICES_MAX:
        return f"The rows at their lengths are {prices} prices, more than {PRICES_MAX}."
    if places > PLACES_MAX:
        return f"The prices for each grade and category are {places}, more than {PLACES_MAX}."
    return ""


def prices_are_possible(policy: Policy, wanted: Wanted = always) -> Iterator[Fault]:
    """Every row names what there is, and has a schedule at its lowest and highest amount, at every length."""
    pointers = pointers_of(policy)
    for row, at in pointers:
        yield from _row(policy, at, row)
        if isinstance(row, Price):
            yield from _price(at, row)
    if too_many_prices(policy):
        return
    at_of = {id(row): at for row, at in pointers}
    refused: set[tuple[str, str]] = set()
    for row, rung in takewhile(lambda _: wanted(), rungs_of(policy)):
        for place, sentence in _refusals(rung):
            pointer = at_of[id(row)] + place
            if (pointer, sentence) not in refused:
                refused.add((pointer, sentence))
                yield Fault(pointer, f"At {rung.terms.instalments} instalments: {sentence}")


def rows_are_reachable(policy: Policy) -> Iterator[Fault]:
    """Some limit allows the row's lowest amount, and no row above it offers the same to all of its consumers."""
    limits: dict[tuple[str, str], int] = {}
    for limit in policy.limits:
        highest = max([limit.limit, *(step.limit for step in limit.steps)])
        place = limit.currency, limit.grade
        limits[place] = max(highest, limits.get(place, 0))
    every_grade = tuple(grade.name for grade in policy.grades)
    pointers = pointers_of(policy)
    deposits = {id(deposit) for deposit in policy.deposits}
    for row, at in pointers:
        within = [limits.get((row.currency, grade), 0) for grade in row.grades or every_grade]
        if id(row) not in deposits and row.amount_min > max(within, default=0):
            yield Fault(f"{at}/amount_min", "It is above every limit of its grades: nobody can have it.")
    seen: dict[Row, str] = {}
    for row, at in pointers:
        first = seen.setdefault(row, at)
        if first != at:
            yield Fault(at, f"It says what {first} says already.")


def deposit_ladders_rise(policy: Policy) -> Iterator[Fault]:
    """More clean deposits never waive less."""
    for place, deposit in enumerate(policy.deposits):
        for number, (low, high) in enumerate(pairwise(deposit.ladder), 1):
            if high.clean_deposits <= low.clean_deposits or high.waived_bps <= low.waived_bps:
                yield Fault(
                    f"/deposits/{place}/ladder/{number}",
                    "A step asks for more clean deposits, and waives a larger share.",
                )


def pointers_of(policy: Policy) -> list[tuple[Row, str]]:
    """Every row of the price lists, and where it stands."""
    lists: tuple[tuple[str, tuple[Row, ...]], ...] = (
        ("instalments", policy.instalments),
        ("pay_after_use", policy.pay_after_use),
        ("deposits", policy.deposits),
    )
    return [(row, f"/{name}/{place}") for name, rows in lists for place, row in enumerate(rows)]


def _row(policy: Policy, at: str, row: Row) -> Iterator[Fault]:
    grades = {grade.name for grade in policy.grades}
    categories = {category.name for category in policy.categories} | {policy.other_category}
    for grade in row.grades:
        if grade not in grades:
            yield Fault(f"{at}/grades", f"There is no grade {grade}.")
    for category in row.categories:
        if category not in categories:
            yield Fault(f"{at}/categories", f"There is no category {category!r}.")
    if row.currency not in {limit.currency for limit in policy.limits}:
        yield Fault(f"{at}/currency", f"There are no limits in {row.currency}.")
    if row.amount_min > row.amount_max:
        yield Fault(f"{at}/amount_min", "The lowest amount is above the highest.")


def _price(at: str, price: Price) -> Iterator[Fault]:
    low, high = price.length_min or 1, price.length_max or max(price.lengths, default=price.terms.instalments)
    if low > high:
        yield Fault(f"{at}/length_min", "The shortest length is above the longest.")
    for place, length in enumerate(price.lengths):
        if not low <= length <= high:
            yield Fault(f"{at}/lengths/{place}", f"{length} instalments are not from {low} to {high}.")
        if length in price.lengths[:place]:
            yield Fault(f"{at}/lengths/{place}", f"{length} is there already.")
    if price.terms.first_due_on is not None:
        yield Fault(f"{at}/terms/first_due_on", "A price list outlives a date; say first_due_days.")
    if price.terms.down_payment_bps >= BPS:
        yield Fault(f"{at}/terms/down_payment_bps", "Nothing is left to pay in instalments.")
    if price.bought_down and price.terms.rate_percent:
        yield Fault(f"{at}/terms/rate_percent", "Interest that somebody buys down is none of the consumer's.")
    yield from _costs(f"{at}/terms", price.terms, price.amount_min)
    yield from life_is_followed(f"{at}/terms", price.terms)


def _costs(at: str, terms: Terms, amount_min: int) -> Iterator[Fault]:
    """Costs that nobody would pay, that could be said in fewer words, or that are due with others by two names."""
    for place, cost in enumerate(terms.costs):
        if cost.payer is Payer.CONSUMER:
            if cost.due is FeeDue.UP_FRONT and terms.first_due_days == 0:
                yield Fault(f"{at}/costs/{place}/due", "The first instalment falls due at the start, too; say first.")
        elif cost.due is not FeeDue.UP_FRONT:
            yield Fault(f"{at}/costs/{place}/due", "A merchant pays when what was captured is settled; say up_front.")
        elif not cost.in_apr:
            yield Fault(f"{at}/costs/{place}/in_apr", "What a merchant pays is in no consumer's rate; leave it out.")
    charged = paid_up_front(terms, amount_min, Payer.MERCHANT)
    if charged > amount_min:
        sentence = f"Of {amount_min} minor units the merchant would pay {charged}: more than is captured."
        yield Fault(f"{at}/costs", sentence)


def _refusals(rung: Rung) -> Iterator[tuple[str, str]]:
    """What the schedule refuses, once each: a place below the row, and the sentence."""
    for amount in dict.fromkeys((rung.amount_min, rung.amount_max)):
        for start_on in START_DAYS:
            try:
                build_schedule(rung.terms, amount, start_on)
            except Refused as refused:
                yield f"/terms{refused.pointer or ''}", refused.detail
