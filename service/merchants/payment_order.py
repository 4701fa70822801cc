"""A payment order to our bank: what is paid as one pain.001.001.09 of ISO 20022. Pure.

Merchants are paid by it, and finance partners. In euros it is as SEPA has it; in other currencies a payment goes to an
IBAN, or to an account's number with its bank's BIC or its member of the country's clearing, charges shared.
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from msgspec import Struct

from service.merchants.settlement_terms import SEPA, BankAccount
from service.money import decimal_text

SCHEMA: Final = "pain.001.001.09"
NAMESPACE: Final = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"


class OrderedPayout(Struct, frozen=True):
    """One payment of an order."""

    end_to_end_id: str  # what identifies it at both banks: at most 35 characters of those that every bank takes
    text: str  # what it is for
    amount: int  # minor units
    pays_on: date
    account: BankAccount


def payment_order(
    order_id: str, payer: BankAccount, payouts: Sequence[OrderedPayout], now: datetime, currency: str = SEPA
) -> bytes:
    """The message; its control sum is that of the payouts.

    A payout whose day has passed is to be paid today. Names are written in the letters that every bank takes.
    """
    if currency != SEPA:
        return _order_abroad(order_id, payer, payouts, now, currency)
    from sepaxml import SepaTransfer  # only for those who order

    order = SepaTransfer(_party(payer) | {"currency": SEPA, "batch": True}, schema=SCHEMA)
    for one in payouts:
        order.add_payment(
            _party(one.account)
            | {
                "amount": one.amount,
                "execution_date": max(one.pays_on, now.date()),
                "endtoend_id": one.end_to_end_id,
                "description": _latin(one.text, 140),
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
    return {"name": _latin(account.holder, 70), "IBAN": account.iban} | ({"BIC": account.bic} if account.bic else {})


# In other currencies --------------------------------------------------------------------------------------------------


def _order_abroad(
    order_id: str, payer: BankAccount, payouts: Sequence[OrderedPayout], now: datetime, currency: str
) -> bytes:
    """The message, a group of payments for each day."""
    document = ET.Element("Document", xmlns=NAMESPACE)
    order, name = ET.SubElement(document, "CstmrCdtTrfInitn"), order_id.replace("_", "-")
    header = _add(order, "GrpHdr", MsgId=name, CreDtTm=f"{now:%Y-%m-%dT%H:%M:%SZ}", **_sums(payouts, currency))
    _add(header, "InitgPty", Nm=_latin(payer.holder, 70))
    days = sorted({max(one.pays_on, now.date()) for one in payouts})
    for number, day in enumerate(days, 1):
        of_day = [one for one in payouts if max(one.pays_on, now.date()) == day]
        group = _add(
            order, "PmtInf", PmtInfId=f"{name}-{number}", PmtMtd="TRF", BtchBookg="true", **_sums(of_day, currency)
        )
        _add(group, "ReqdExctnDt", Dt=day.isoformat())
        _add(group, "Dbtr", Nm=_latin(payer.holder, 70))
        _account(group, "DbtrAcct", payer, currency)
        _bank(group, "DbtrAgt", payer)
        _add(group, "ChrgBr").text = "SHAR"
        for one in of_day:
            _transfer(group, one, currency)
    content: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    return content


def _transfer(group: ET.Element, one: OrderedPayout, currency: str) -> None:
    transfer = ET.SubElement(group, "CdtTrfTxInf")
    _add(transfer, "PmtId", EndToEndId=one.end_to_end_id)
    amount = ET.SubElement(_add(transfer, "Amt"), "InstdAmt", Ccy=currency)
    amount.text = decimal_text(one.amount, currency)
    if one.account.bic or one.account.clearing:  # else the IBAN tells the bank
        _bank(transfer, "CdtrAgt", one.account)
    _add(transfer, "Cdtr", Nm=_latin(one.account.holder, 70))
    _account(transfer, "CdtrAcct", one.account, None)
    _add(transfer, "RmtInf", Ustrd=_latin(one.text, 140))


def _account(parent: ET.Element, name: str, account: BankAccount, currency: str | None) -> None:
    element = ET.SubElement(parent, name)
    identified = ET.SubElement(element, "Id")
    if account.iban is not None:
        ET.SubElement(identified, "IBAN").text = account.iban
    else:
        _add(identified, "Othr", Id=account.number or "")
    if currency is not None:
        ET.SubElement(element, "Ccy").text = currency


def _bank(parent: ET.Element, name: str, account: BankAccount) -> None:
    """By its BIC, by its member of the clearing, or both; NOTPROVIDED where the IBAN tells it."""
    bank = ET.SubElement(ET.SubElement(parent, name), "FinInstnId")
    if account.bic is not None:
        ET.SubElement(bank, "BICFI").text = account.bic
    if account.clearing is not None:
        member = ET.SubElement(bank, "ClrSysMmbId")
        _add(member, "ClrSysId", Cd=account.clearing.system)
        ET.SubElement(member, "MmbId").text = account.clearing.member
    if account.bic is None and account.clearing is None:
        _add(bank, "Othr", Id="NOTPROVIDED")


def _sums(payouts: Sequence[OrderedPayout], currency: str) -> dict[str, str]:
    return {"NbOfTxs": str(len(payouts)), "CtrlSum": decimal_text(sum(one.amount for one in payouts), currency)}


def _add(parent: ET.Element, name: str, **texts: str) -> ET.Element:
    """An element with others of these names and texts in it, in their order."""
    made = ET.SubElement(parent, name)
    for inner, text in texts.items():
        ET.SubElement(made, inner).text = text
    return made


# What the letters of a name are in others', before all that every bank takes is left: EPC217-08, and German usage.
BETTER: Final = str.maketrans({
    "Ä": "Ae", "ä": "ae", "Ö": "Oe", "ö": "oe", "Ü": "Ue", "ü": "ue", "ß": "ss", "&": "+", "_": "-",
})  # fmt: skip


def _latin(text: str, length: int) -> str:
    """In the characters that every bank takes (EPC217-08): Latin letters, digits, spaces and / - ? : ( ) . , ' +"""
    from text_unidecode import unidecode  # only for those who order

    letters = unidecode(unicodedata.normalize("NFC", text).translate(BETTER))
    return " ".join(re.sub(r"[^A-Za-z0-9/?:().,'+ -]", " ", letters).split())[:length].strip() or "-"
