"""What must be said about an offer before it is accepted: the fields of its jurisdiction, in its order."""

from datetime import datetime

from service.plans.disclosure import Figures, Line, disclosure_for
from service.plans.offer import Kind, Offer
from service.plans.plan import business_day
from service.plans.quote import rates_of


def disclosure_of(offer: Offer, jurisdiction: str, decided_at: datetime) -> tuple[Line, ...]:
    """Made from the offer as it was sent, so that it says the same whenever it is asked for.

    A deposit that is not claimed costs nothing and is no credit to disclose: nothing is said.
    """
    if offer.kind is Kind.DEPOSIT:
        return ()
    start_on = business_day(decided_at, offer.time_zone)
    rates = rates_of(jurisdiction, offer.terms, offer.amount, start_on, offer.schedule)
    interest = sum(row.interest for row in offer.schedule)
    figures = Figures(
        currency=offer.currency,
        amount=offer.amount + offer.down_payment,
        down_payment=offer.down_payment,
        up_front=0,
        rate_percent=offer.terms.rate_percent,
        total_interest=interest,
        total_fees=offer.total_cost - interest,
        apr=offer.apr,
        other_rates=rates[1:],
        schedule=offer.schedule,
        start_on=start_on,
    )
    return disclosure_for(jurisdiction, figures)
