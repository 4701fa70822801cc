"""A quote that settles a plan early, as it is shown. Pure."""

from datetime import date

from msgspec import Struct, field

from service.plans.running.standing import Standing
from service.terms.terms import RebateMethod


class SettlementQuote(Struct, frozen=True):
    """What settles a plan early by its law: paid in one sum in time, it leaves nothing owed; or a part less."""

    quote_id: str = field(name="id")
    amount: int  # minor units, the sum of what follows
    principal: int
    interest: int
    fee: int
    penalty: int
    interest_rebate: int  # minor units given up; where interest follows what is paid it falls by itself
    fee_rebate: int  # minor units given up
    fee_returned: int  # minor units of costs that were paid before: they go towards what is owed
    compensation: int  # minor units of the interest that are kept for being repaid early, as terms and law have it
    method: RebateMethod  # how what is given up was found
    jurisdiction: str
    good_until: date  # the last day, until it ends in the plan's time zone
    part: (
        int  # minor units of the amount that pay early a part of what is not due yet; 0: the amount settles everything
    )


def quoted(standing: Standing, outstanding: int, today: date) -> SettlementQuote | None:
    """The last quote, while it binds and something is owed."""
    quote = standing.quote
    if quote is None or today > quote.good_until or not outstanding:
        return None
    return SettlementQuote(
        quote.id, quote.amount, quote.principal, quote.interest, quote.fee, quote.penalty, quote.interest_rebate,
        quote.fee_rebate, quote.fee_returned, quote.compensation, quote.method, quote.jurisdiction, quote.good_until,
        quote.part,
    )  # fmt: skip
