"""What a standing comes to, in minor units: the columns of a plan. Pure."""

from msgspec import Struct

from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component

PRINCIPAL, INTEREST, FEE, PENALTY = Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY


class Amounts(Struct, frozen=True, gc=False):
    """Sums over a plan. Exposure is `reserved` and `used`; all else is beside it."""

    amount: int  # authorized: the most that may be captured or claimed
    captured: int  # of a deposit: claimed
    voided: int  # given back uncaptured; of a deposit: released
    held: int  # of a deposit: still held on the consumer's card
    reserved: int  # of the limit, promised
    used: int  # of the limit: principal owed
    outstanding: int  # all that is owed
    principal_paid: int
    interest_paid: int
    fee_paid: int
    penalty_paid: int
    refunded: int  # by the merchant
    overpaid: int  # to be returned to the consumer

    @property
    def paid(self) -> int:
        """What was settled, by whomever."""
        return self.principal_paid + self.interest_paid + self.fee_paid + self.penalty_paid


def amounts_of(standing: Standing) -> Amounts:
    """The sums."""
    used = outstanding = principal_paid = interest_paid = fee_paid = penalty_paid = 0
    for row in standing.rows:
        owed, paid = row.owed, row.paid
        outstanding += sum(owed.values()) - sum(paid.values()) - row.forgiven
        if not row.forgiven:
            used += owed[PRINCIPAL] - paid[PRINCIPAL]
        principal_paid += paid[PRINCIPAL]
        interest_paid += paid[INTEREST]
        fee_paid += paid[FEE]
        penalty_paid += paid[PENALTY]
    return Amounts(
        amount=standing.amount,
        captured=sum(standing.lent) + standing.from_held,
        voided=standing.given_back + standing.held_back,
        held=standing.held,
        reserved=standing.reserved,
        used=used,
        outstanding=outstanding,
        principal_paid=principal_paid,
        interest_paid=interest_paid,
        fee_paid=fee_paid,
        penalty_paid=penalty_paid,
        refunded=standing.refunded,
        overpaid=standing.overpaid,
    )
