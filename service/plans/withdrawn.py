"""The consumer's withdrawal from a credit as it is shown. Pure."""

from datetime import date

from msgspec import Struct

from service.plans.running.standing import Standing


class WithdrawalOfPlan(Struct, frozen=True):
    """The consumer has withdrawn from the credit: what was lent is owed in one sum."""

    on: date  # the day of the notice, or of a capture after it
    repay_by: date  # the last day for the sum
    interest: int  # minor units, of the days until then; 0 where the law has none


def withdrawal_of(standing: Standing) -> WithdrawalOfPlan | None:
    """The withdrawal; None where there is none."""
    fact = standing.withdrawal
    return None if fact is None else WithdrawalOfPlan(fact.on, fact.repay_by, fact.interest)
