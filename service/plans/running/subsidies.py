"""What a scheme bears of a plan's interest: it lowers what the consumer owes, and what it gets back is owed again.

Where it has bought the interest down, the consumer owes none, and what was paid in becomes income by itself.
"""

from service.errors import Code, Refused
from service.plans.running.paying import pay
from service.plans.running.standing import Allocated, Standing
from service.plans.running.subsidy_facts import BoughtDown, BuyDown, Subsidised, SubsidyReturned
from service.terms.allocation_rule import Component, PaymentKind


def subsidised(standing: Standing, fact: Subsidised) -> None:
    """It settles interest first, as money of the kind `interest_subsidy`."""
    standing.subsidised += fact.amount
    pay(standing, fact.id, PaymentKind.INTEREST_SUBSIDY, fact.on, fact.amount)


def returned(standing: Standing, fact: SubsidyReturned) -> None:
    """What was overpaid bears it first; the rest is interest that the consumer owes from that day."""
    if fact.amount > standing.subsidised:
        sentence = f"The scheme has paid {standing.subsidised} minor units, and gets no more back."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    standing.subsidised -= fact.amount
    standing.subsidy_ended = standing.subsidy_ended or fact.ends
    absorbed = min(standing.overpaid, fact.amount)
    owed = fact.amount - absorbed
    standing.overpaid -= absorbed
    standing.allocations[fact.id] = Allocated(
        fact.id, PaymentKind.INTEREST_SUBSIDY, fact.on, interest=-owed, overpaid=-absorbed
    )
    if owed:
        standing.row_on(fact.on).owe(Component.INTEREST, owed, fact.on)


def bought_down(standing: Standing, fact: BoughtDown) -> None:
    """It moves nothing that the consumer owes."""
    so_far = standing.buy_down
    standing.buy_down = BuyDown(
        so_far.paid_in + fact.paid_in,
        so_far.earned + fact.earned,
        so_far.returned + fact.returned,
        so_far.released + fact.released,
    )
    assert standing.buy_down.left >= 0
