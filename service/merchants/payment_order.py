"""A payment order to our bank: payouts as one pain.001.001.09 of ISO 20022, as SEPA has it. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct

from service.merchants.payout import end_to_end_id
from service.merchants.settlement_terms import BankAccount

SCHEMA: Final = "pain.001.001.09"
CURRENCY: Final = "EUR"  # SEPA has no other


class OrderedPayout(Struct, frozen=True):
    """One payment of an order."""

    payout_id: str
    settlement_id: str
    amount: int  # minor units
    pays_on: date
    account: BankAccount
    tries: int  # with this one


def payment_order(order_id: str, payer: BankAccount, payouts: Sequence[OrderedPayout], today: date) -> bytes:
    """The message; its control sum is that of the payouts.

    A payout whose day has passed is to be paid today. Names are written in the letters that every bank takes.
    """
    from sepaxml import SepaTransfer  # only for those who order

    order = SepaTransfer(_party(payer) | {"currency": CURRENCY, "batch": True}, schema=SCHEMA)
    for one in payouts:
        order.add_payment(
            _party(one.account)
            | {
                "amount": one.amount,
                "execution_date": max(one.pays_on, today),
                "endtoend_id": end_to_end_id(one.payout_id, one.tries),
                "description": f"Settlement {one.settlement_id}",
            }
        )
    content: bytes = order.export(validate=False)  # it is held against its XSD by a test: that takes seconds
    return content.replace(order.msg_id.encode(), order_id.replace("_", "-").encode())


def _party(account: BankAccount) -> dict[str, Any]:
    return {"name": account.holder, "IBAN": account.iban} | ({"BIC": account.bic} if account.bic else {})
