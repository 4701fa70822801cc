"""What a credit would cost: amount, terms and a day in; schedule, rate, cost and disclosure out. Nothing is bound."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from service.countries import require_jurisdiction
from service.errors import Code, Refused
from service.money import AMOUNT_MAX, EXPONENTS
from service.terms.apr import Apr, DatedFlows, rates_for
from service.terms.disclosure import Figures, Line, disclosure_for
from service.terms.early_settlement import method_of
from service.terms.schedule import Instalment, build_schedule, down_payment_of, paid_up_front
from service.terms.terms import DownPaymentAt, Terms, Unit

Price = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units, before any down payment")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166, or EU: whose law shows the rate")]


class QuoteRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What would this cost? `start_on` is the day the money is lent; absent, today."""

    currency: Currency
    amount: Price
    terms: Terms
    jurisdiction: Country
    start_on: date | None = None


class Quote(Struct, frozen=True, kw_only=True):
    """The answer. Amounts in minor units of `currency`; everything a consumer pays is in `total_payable`."""

    currency: str
    amount: int
    start_on: date
    jurisdiction: str
    down_payment: int  # minor units: the part of `amount` that is paid first and not lent
    financed: int  # `amount` less the down payment: what is lent
    up_front: int  # costs paid at the start: the fee of the row of number 0
    schedule: tuple[Instalment, ...]
    total_interest: int
    total_fees: int  # up-front costs included
    total_cost: int  # interest and fees
    total_payable: int  # down payment, principal and cost
    apr: Apr
    other_rates: tuple[Apr, ...]  # where the law wants more than one shown
    disclosure: tuple[Line, ...]


def quote(request: QuoteRequest, on: date) -> Quote:
    """Quote a request made on the day `on`. Refused: impossible terms, an unknown currency or country, no rate."""
    require_jurisdiction(request.jurisdiction, "/jurisdiction")
    if request.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"No plan is written in {request.currency}.", "/currency")
    terms, amount, start_on = request.terms, request.amount, request.start_on or on
    try:
        schedule = build_schedule(terms, amount, start_on)
        apr, *others = rates_of(request.jurisdiction, terms, amount, start_on, schedule)
    except Refused as refused:
        pointer = None if refused.pointer is None else f"/terms{refused.pointer}"
        raise Refused(refused.code, refused.detail, pointer) from None
    down_payment = down_payment_of(terms, amount)
    up_front = paid_up_front(terms, amount - down_payment)
    interest = sum(row.interest for row in schedule)
    fees = sum(row.fee for row in schedule)
    figures = Figures(
        currency=request.currency,
        amount=amount,
        down_payment=down_payment,
        up_front=up_front,
        rate_percent=terms.rate_percent,
        total_interest=interest,
        total_fees=fees,
        apr=apr,
        other_rates=tuple(others),
        schedule=schedule,
        start_on=start_on,
        interest_follows=terms.paid_early if terms.recalculate else None,
        rebate=method_of(request.jurisdiction, terms.rebate),
        compensation_bps=terms.compensation_bps,
    )
    return Quote(
        currency=request.currency,
        amount=amount,
        start_on=start_on,
        jurisdiction=request.jurisdiction,
        down_payment=down_payment,
        financed=amount - down_payment,
        up_front=up_front,
        schedule=schedule,
        total_interest=interest,
        total_fees=fees,
        total_cost=interest + fees,
        total_payable=amount + interest + fees,
        apr=apr,
        other_rates=tuple(others),
        disclosure=disclosure_for(request.jurisdiction, figures),
    )


def rates_of(
    jurisdiction: str, terms: Terms, amount: int, start_on: date, schedule: tuple[Instalment, ...]
) -> tuple[Apr, ...]:
    """The rates of a plan: the first is the one its law prints. Costs that the law does not count are left out."""
    if not all(cost.in_apr for cost in terms.costs):
        terms = replace(terms, costs=tuple(cost for cost in terms.costs if cost.in_apr))
        schedule = build_schedule(terms, amount, start_on)
    return rates_for(jurisdiction, *flows_of(terms, amount, start_on, schedule), interval_unit(terms))


def flows_of(
    terms: Terms, amount: int, start_on: date, schedule: tuple[Instalment, ...]
) -> tuple[DatedFlows, DatedFlows]:
    """What is lent and what is paid back, each on its day. A down payment made at the checkout is neither."""
    in_schedule = terms.down_payment_at is DownPaymentAt.SCHEDULE
    lent = amount if in_schedule else amount - down_payment_of(terms, amount)
    payments = [(row.due_on, row.principal + row.interest + row.fee) for row in schedule]
    return ((start_on, lent),), tuple(payments)


def interval_unit(terms: Terms) -> Unit:
    """What the payments are agreed in, for the European intervals: every 14 days is every two weeks."""
    return Unit.WEEK if terms.unit is Unit.DAY and terms.every % 7 == 0 else terms.unit
