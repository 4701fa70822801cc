"""When the whole is not possible: what is, and as binding as an offer."""

from collections.abc import Iterator

from msgspec import Struct

from service.checkout.answer import Change
from service.checkout.case import Case
from service.checkout.ladder import Fit, Obstacle, fit_deposit, obstacle_of
from service.plans.offer import Kind
from service.plans.terms import DownPaymentAt
from service.policies.price_list import Rung

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
    reduced = [(rung, most) for rung, failed in tried if (most := _most(case, rung, failed))]
    instalments = [one for one in reduced if one[0].kind is Kind.INSTALMENTS]
    in_checkout = [one for one in instalments if one[0].terms.down_payment_at is DownPaymentAt.CHECKOUT]
    if in_checkout:
        rung, most = max(in_checkout, key=_amount)
        yield Possible(Change.LARGER_DOWN_PAYMENT, rung, Fit(most, case.request.amount - most))
    for kind in (Kind.INSTALMENTS, Kind.PAY_AFTER_USE):
        of_kind = [one for one in reduced if one[0].kind is kind]
        if of_kind:
            rung, most = max(of_kind, key=_amount)
            price = rung.price_of(most)
            down_payment = rung.down_payment_of(price)
            yield Possible(Change.SMALLER_AMOUNT, rung, Fit(price - down_payment, down_payment))
    yield from _smaller_waiver(case, tried)


def _amount(one: tuple[Rung, int]) -> int:
    return one[1]


def _shorter_terms(case: Case, tried: list[tuple[Rung, Fit]]) -> Iterator[Possible]:
    shorter = [
        Possible(Change.SHORTER_TERM, rung, Fit(failed.amount, failed.down_payment))
        for rung, failed in tried
        if failed.obstacle is Obstacle.TERM
        and rung.is_shown
        and rung.terms.instalments < (case.request.instalments or 0)
        and obstacle_of(case, rung, failed.amount, failed.amount) is None
    ]
    yield from sorted(shorter, key=lambda one: -one.rung.terms.instalments)[:SHORTER_TERMS_MAX]


def _most(case: Case, rung: Rung, failed: Fit) -> int:
    """The highest amount the rung would carry where the amount alone stands in its way; 0 for none."""
    if rung.kind is Kind.DEPOSIT or failed.obstacle not in (Obstacle.LIMIT, Obstacle.TOO_HIGH):
        return 0
    most = min(case.available, rung.amount_max)
    return most if most >= rung.amount_min else 0


def _smaller_waiver(case: Case, tried: list[tuple[Rung, Fit]]) -> Iterator[Possible]:
    """Of a deposit above the rung's highest, the share of that highest is waived and all the rest held."""
    for rung, failed in tried:
        if rung.kind is Kind.DEPOSIT and failed.obstacle is Obstacle.TOO_HIGH:
            covered = fit_deposit(case, rung, rung.amount_max)
            if covered.obstacle is None:
                yield Possible(Change.SMALLER_WAIVER, rung, covered)
                return
