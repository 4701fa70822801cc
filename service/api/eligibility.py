"""What a page shows before anybody is known: which ways to pay there are for an amount."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, read
from service.api.operation import operation
from service.api.reply import reply
from service.checkout.eligibility import Purchase, Way, ways_to_pay
from service.money import AMOUNT_MAX
from service.plans.plan import business_day

Currency = Annotated[str, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="of the purchase")]
Amount = Annotated[int, QueryParameter(ge=1, le=AMOUNT_MAX, description="minor units: the price")]
Deposit = Annotated[int, QueryParameter(ge=0, le=AMOUNT_MAX, description="minor units: the security asked; 0: none")]
Category = Annotated[
    str,
    QueryParameter(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z", description="the merchant's word; absent: any"),
]


class WaysToPay(Struct, frozen=True):
    """Which ways to pay some consumers get. Who this consumer is, a checkout asks, and it alone decides."""

    currency: str
    amount: int  # minor units
    is_eligible: bool  # whether there is any
    ways: tuple[Way, ...]  # as the policy ranks them


@get(
    "/eligibility",
    opt=operation(
        "eligibility", WaysToPay, browser=True,
        example={"currency": "EUR", "amount": 600_00, "category": "domestic appliances"},
    ),
)  # fmt: skip
async def get_eligibility(
    request: Asked, currency: Currency, amount: Amount, category: Category = "", deposit_amount: Deposit = 0
) -> ASGIResponse:
    """Which ways to pay does this merchant offer for an amount? Of nobody, and nothing is kept.

    A page shows it beside a price: "or 4 times 150.00". It is what the policy in force shows to somebody; a consumer
    may be offered less, or nothing.
    """
    ask = read(request)
    merchant = await ask.services.registry.merchant(ask.owner_id)
    policy = await ask.services.registry.policy(ask.now)
    ways: tuple[Way, ...] = ()
    if merchant.active:
        today = business_day(ask.now, merchant.time_zone)
        ways = ways_to_pay(policy, Purchase(currency, amount, category, deposit_amount), today)
    return reply(WaysToPay(currency, amount, bool(ways), ways))


ROUTES = [get_eligibility]
