"""Payouts to merchants against the bank: how the accounts that they leave from stand."""

from typing import Final

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, read
from service.api.operation import operation
from service.api.reply import reply
from service.reconciling import payouts_flow as flow
from service.reconciling.payouts_flow import PayoutAccountCash


class PayoutCashOfAll(Struct, frozen=True):
    """The accounts that merchants are paid from, by currency."""

    accounts: list[PayoutAccountCash]


@get("/payout-cash", opt=operation("breaks", PayoutCashOfAll))
async def tell_payout_cash(request: Asked) -> ASGIResponse:
    """How payouts to merchants stand against the bank: the verdict of each account that they leave from.

    `breaks`: something was moved that was not ordered, or the bank has told of later days and a payout was not shown;
    both are listed (`GET /v1/operator/breaks?leg=payout`). `warnings`: an operator's word stands where the bank has
    shown nothing. `pending`: what was ordered may still come.
    """
    ask = read(request)
    return reply(PayoutCashOfAll(await flow.cash(ask.services.pool, ask.now.date())))


OPERATOR_ROUTES: Final = [tell_payout_cash]
