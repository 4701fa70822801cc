"""The ladder: every rung the policy has for a case, tried against its amounts and the consumer's limit.

A rung that holds becomes an offer. Of one that does not, it is known what stands in the way.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from service.checkout.case import Case
from service.money import take_bps
from service.plans.offer import Kind
from service.policies.price_list import Rung
from service.policies.reasons import ReasonCode


class Obstacle(IntEnum):
    """What keeps a rung from being offered, the nearest to a yes first."""

    NO_FUNDING = 1  # no partner takes it, and we lend none of our own; or nobody buys its interest down
    LIMIT = 2  # the consumer's limit is spent
    TERM = 3  # another number of instalments was asked for
    LEGAL_CAP = 4  # the law of the day forbids its price
    NO_SCHEDULE = 5  # from this day its terms make no schedule, or one without a rate
    TOO_HIGH = 6  # above the rung's highest amount
    TOO_LOW = 7  # below its lowest, or too little to waive
    HISTORY = 8  # too few clean deposits for any waiver
    NO_RUNG = 9  # the policy has nothing here at all


REASON_FOR: Final = {
    Obstacle.NO_FUNDING: ReasonCode.PRODUCT_NOT_SERVED,
    Obstacle.LIMIT: ReasonCode.LIMIT_EXCEEDED,
    Obstacle.TERM: ReasonCode.TERM_NOT_SERVED,
    Obstacle.LEGAL_CAP: ReasonCode.PRICE_ABOVE_LEGAL_CAP,
    Obstacle.NO_SCHEDULE: ReasonCode.TERM_NOT_SERVED,
    Obstacle.TOO_HIGH: ReasonCode.AMOUNT_TOO_HIGH,
    Obstacle.TOO_LOW: ReasonCode.AMOUNT_TOO_LOW,
    Obstacle.HISTORY: ReasonCode.HISTORY_TOO_SHORT,
    Obstacle.NO_RUNG: ReasonCode.PRODUCT_NOT_SERVED,
}


class Fit(Struct, frozen=True, gc=False):
    """How a rung would carry the purchase, in minor units, and what stands in the way, if anything does."""

    amount: int  # of the plan; of a deposit all of it
    down_payment: int = 0
    held: int = 0
    obstacle: Obstacle | None = None


def rungs_for(case: Case, barred: frozenset[Kind]) -> list[Rung]:
    """The policy's rungs for the kinds asked for and not barred, the best first."""
    if case.grade is None:
        return []
    request = case.request
    kinds = set(request.kinds_asked) - barred
    rungs = case.policy.rungs(request.currency, case.category, case.grade.name, request.instalments)
    return [rung for rung in rungs if rung.kind in kinds]


def fit(case: Case, rung: Rung) -> Fit:
    """How `rung` would carry all that was asked."""
    if rung.kind is Kind.DEPOSIT:
        return fit_deposit(case, rung, case.request.deposit_amount)
    down_payment = rung.down_payment_of(case.request.amount)
    amount = case.request.amount - down_payment
    obstacle = obstacle_of(case, rung, amount, amount)
    if obstacle is None and not is_asked_for(case, rung):
        obstacle = Obstacle.TERM
    return Fit(amount, down_payment, 0, obstacle)


def fit_deposit(case: Case, rung: Rung, covered: int) -> Fit:
    """How `rung` would waive its share of `covered`, and hold the rest of the deposit.

    waived = min(deposit, deposit x share, limit left); less than the rung's smallest waiver is none.
    """
    deposit = case.request.deposit_amount
    share = rung.waived_bps(case.snapshot.clean_deposits)
    by_policy = take_bps(covered, share)
    waived = min(by_policy, case.available)
    obstacle = obstacle_of(case, rung, covered, 0)
    if obstacle is None and waived < rung.waived_min:
        if take_bps(covered, rung.waived_bps_max) < rung.waived_min:
            obstacle = Obstacle.TOO_LOW
        else:
            obstacle = Obstacle.HISTORY if by_policy < rung.waived_min else Obstacle.LIMIT
    return Fit(deposit, 0, deposit - waived, obstacle)


def obstacle_of(case: Case, rung: Rung, amount: int, exposure: int) -> Obstacle | None:
    """What stands between the rung and an amount that would take `exposure` of the limit."""
    if amount < rung.amount_min:
        return Obstacle.TOO_LOW
    if amount > rung.amount_max:
        return Obstacle.TOO_HIGH
    return Obstacle.LIMIT if exposure > case.available else None


def is_asked_for(case: Case, rung: Rung) -> bool:
    """Whether the rung has the number of instalments that was asked for, if one was."""
    asked = case.request.instalments
    return asked is None or rung.kind is not Kind.INSTALMENTS or rung.terms.instalments == asked
