"""A payment order to our bank: what is paid as one pain.001.001.09 of ISO 20022, as SEPA has it. Pure.

Merchants are paid by it, and finance partners.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from msgspec import Struct

from service.merchants.settlement_terms import BankAccount

SCHEMA: Final = "pain.001.001.09"
CURRENCY: Final = "EUR"  # SEPA has no other


class OrderedPayout(Struct, frozen=True):
    """One payment of an order."""

    end_to_end_id: str  # what identifies it at both banks: at most 35 characters of those that every bank takes
    text: str  # what it is for
    amount: int  # minor units
    pays_on: date
    account: BankAccount


def payment_order(order_id: str, payer: BankAccount, payouts: Sequence[OrderedPayout], now: datetime) -> bytes:
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
                "execution_date": max(one.pays_on, now.date()),
                "endtoend_id": one.end_to_end_id,
                "description": one.text,
            }
        )
    written = order.export(validate=False)  # a test holds it against its XSD, which takes seconds
    message = ET.fromstring(written)  # noqa: S314 - our own
    name = order_id.replace("_", "-")
    _put(message, "MsgId", [name])
    _put(message, "CreDtTm", [f"{now:%Y-%m-%dT%H:%M:%SZ}"])
    _put(message, "PmtInfId", [f"{name}-{number}" for number in range(1, len(payouts) + 1)])
    content: bytes = ET.tostring(message, encoding="UTF-8", xml_declaration=True)
    return content


def _put(message: ET.Element, name: str, texts: Sequence[str]) -> None:
    """Gives the elements of this name, in their order, what the order is known by, and not what was drawn by lot."""
    for element, text in zip(message.iterfind(f".//{{*}}{name}"), texts, strict=False):
        element.text = text


def _party(account: BankAccount) -> dict[str, Any]:
    return {"name": account.holder, "IBAN": account.iban} | ({"BIC": account.bic} if account.bic else {})
