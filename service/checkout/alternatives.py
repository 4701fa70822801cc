"""When the whole is not possible: what is, and as binding as an offer."""

from collections.abc import Iterator

from msgspec import Struct

from service.checkout.answer import Change
from service.checkout.case import Case
from service.checkout.ladder import Fit, Obstacle, fit_deposit
from service.plans.offer import Kind
from service.policies.price_list import Rung
from service.terms.terms import DownPaymentAt

SHORTER_TERMS_MAX = 2


class Possible(Struct, frozen=True):
    """A rung that would hold if the purchase were changed so."""

    change: Change
    rung: Rung
    fit: Fit


def alternatives_of(case: Case, tried: list[tuple[Rung, Fit]]) -> Iterator[Possible]:
    """From the rungs tried in vain, the least change first: a shorter term, more paid at once, less bought or waived.

    Of each the one that leaves most: the longest terms below the one asked for, the highest amount.
    """
    yield from _shorter_terms(case, tried)
    instalments = [(rung, failed) for rung, failed in tried if rung.kind is Kind.INSTALMENTS]
    in_checkout = [one for one in instalments if one[0].terms.down_payment_at is DownPaymentAt.CHECKOUT]
    if found := _largest(case, in_checkout):
        rung, most = found
        yield Possible(Change.LARGER_DOWN_PAYMENT, rung, Fit(most, case.request.amount - most))
    after_use = [(rung, failed) for rung, failed in tried if rung.kind is Kind.PAY_AFTER_USE]
    for of_kind in (instalments, after_use):
        if found := _largest(case, of_kind):
            rung, most = found
            price = rung.price_of(most)
            down_payment = rung.down_payment_of(price)
            yield Possible(Change.SMALLER_AMOUNT, rung, Fit(price - down_payment, down_payment))
    yield from _smaller_waiver(case, tried)


def _shorter_terms(case: Case, tried: list[tuple[Rung, Fit]]) -> Iterator[Possible]:
    """The whole amount, paid back sooner."""
    shorter = [
        Possible(Change.SHORTER_TERM, rung, Fit(failed.amount, failed.down_payment))
        for rung, failed in tried
        if failed.obstacle is Obstacle.TERM and _is_short_enough(case, rung)
    ]
    yield from sorted(shorter, key=lambda one: -one.rung.terms.instalments)[:SHORTER_TERMS_MAX]


def _largest(case: Case, tried: list[tuple[Rung, Fit]]) -> tuple[Rung, int] | None:
    """The rung that would carry most, where the amount alone stands in its way; of equals the nearest to the asked."""
    reduced = [
        (most, rung.terms.instalments if case.request.instalments else 0, -place)
        for place, (rung, failed) in enumerate(tried)
        if failed.obstacle in (Obstacle.LIMIT, Obstacle.TOO_HIGH)
        and _is_short_enough(case, rung)
        and (most := min(case.available, rung.amount_max)) >= rung.amount_min
    ]
    if not reduced:
        return None
    most, _, place = max(reduced)
    return tried[-place][0], most


def _is_short_enough(case: Case, rung: Rung) -> bool:
    return rung.terms.instalments <= (case.request.instalments or rung.terms.instalments)


def _smaller_waiver(case: Case, tried: list[tuple[Rung, Fit]]) -> Iterator[Possible]:
    """Of a deposit above the rung's highest, the share of that highest is waived and all the rest held."""
    for rung, failed in tried:
        if rung.kind is Kind.DEPOSIT and failed.obstacle is Obstacle.TOO_HIGH:
            covered = fit_deposit(case, rung, rung.amount_max)
            if covered.obstacle is None:
                yield Possible(Change.SMALLER_WAIVER, rung, covered)
                return
