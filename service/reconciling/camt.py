"""Reads what a bank sends: camt.053 and camt.054 of ISO 20022, in their versions 2 to 12. Pure.

The message is first walked through without keeping anything: what has a document type (and so may have entities), is
nested deeper than any statement, or has an amount or a day in other digits than the schema's, is refused. Then it is
read by the classes of its version, which refuse an element that is missing, unknown or holds what it may not. Of its
texts only ids of ours are kept.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Final
from xml.parsers import expat

from service.errors import Code, Refused
from service.money import EXPONENTS
from service.reconciling.statement import (
    ENTRIES_MAX,
    Balance,
    BankMessage,
    BankStatement,
    Entry,
    StatementKind,
    invalid,
)

DEPTH_MAX: Final = 30  # of elements; the deepest place of a camt.053 is some 15 deep
NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05([34])\.001\.(0[2-9]|1[0-2])")
KINDS: Final = {"3": StatementKind.STATEMENT, "4": StatementKind.NOTIFICATION}
OUR_IDS: Final = re.compile(r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{26}[-0-9A-Z][0-9]{8}(?![0-9A-Z])")  # of settlements
OUR_GROUPS: Final = re.compile(r"or-([0-9A-HJKMNP-TV-Z]{26})-[0-9]{1,5}")  # of payments of an order
NOT_GIVEN: Final = {"NOTPROVIDED", "NONREF", "NOTAVAILABLE"}  # what banks write where they have no reference
BOOKED: Final = "BOOK"
NOT_YET: Final = {"PDNG", "INFO", "FUTR"}  # pending, for information, future
AMOUNT_MAX: Final = 10**17  # minor units
AMOUNT: Final = re.compile(
    r"[ \t\r\n]*([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?[ \t\r\n]*"
)  # a decimal of XML Schema, or nothing
DAYS: Final = {"Dt", "DtTm"}
TEXT_MAX: Final = 35  # characters of an id of the bank's, as the schema has it
NAME_MAX: Final = 2_000  # bytes of what stands for a reference that the bank does not give
SEQUENCE_MAX: Final = 10**18

OPENING: Final = ("OPBD", "PRCD")  # opening booked, or the closing of the statement before
CLOSING: Final = ("CLBD",)


def read_message(content: bytes) -> BankMessage:
    """The message, by its schema. Refused: INVALID_FILE; WRONG_SUM, a batch that is not its payments."""
    digit, version = _walk(content)
    document = _document(content, f"camt_05{digit}_001_{version}")
    kind = KINDS[digit]
    if kind is StatementKind.STATEMENT:
        message = document.bk_to_cstmr_stmt
        statements = message.stmt
    else:
        message = document.bk_to_cstmr_dbt_cdt_ntfctn
        statements = message.ntfctn
    if not statements:
        raise invalid("The message tells of no account.")
    message_id = _short(message.grp_hdr.msg_id, "MsgId")
    read = BankMessage(kind, message_id, tuple(_statement(one) for one in statements))
    told = Counter((one.iban, one.statement_id) for one in read.statements)
    if twice := [statement_id for (_, statement_id), times in told.items() if times > 1]:
        raise invalid(f"Statement {twice[0][:40]} of one account is there twice.")
    return read


def _walk(content: bytes) -> tuple[str, str]:
    """Which message it is, by its last digit, and its version."""
    walk = _Walk()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    parser.StartDoctypeDeclHandler, parser.CharacterDataHandler = walk.doctype, walk.text
    try:
        parser.Parse(content, True)
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # the others: of an encoding that is not known, or read
        raise invalid(f"The message is no XML: {error}.") from None
    found = NAMESPACE.fullmatch(walk.root.removesuffix(" Document"))
    if found is None:
        raise invalid("The message is neither a camt.053 nor a camt.054, version 2 to 12.")
    return found[1], found[2]


class _Walk:
    """What is seen of a message on the way through it. Python reads `1_0`, `1E1` and digits of other scripts as
    numbers, which the schema does not: so amounts and days are looked at here, as they are written."""

    def __init__(self) -> None:
        self.root = ""
        self._depth = 0
        self._written: list[str] | None = None  # the text of an amount or a day; None: this is none
        self._is_amount = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise invalid(f"The message is nested deeper than {DEPTH_MAX} elements.")
        self.root = self.root or name
        self._is_amount = "Ccy" in attributes
        self._written = [] if self._is_amount or name.rpartition(" ")[2] in DAYS else None

    def text(self, text: str) -> None:
        if self._written is not None:
            self._written.append(text)

    def end(self, _: str) -> None:
        self._depth -= 1
        if self._written is not None:
            written = "".join(self._written)
            if self._is_amount and not AMOUNT.fullmatch(written):
                raise invalid(f"{written[:40]!r} is no amount: digits, and a point before the decimals.")
            if not written.isascii():
                raise invalid(f"{written[:40]!r} is no day: 2026-03-31.")
        self._written = None

    def doctype(self, *_: object) -> None:
        raise invalid("The message has a document type, and none is allowed.")


def _document(content: bytes, model: str) -> Any:
    from xsdata.exceptions import ParserError  # only for those who read statements: it takes half a second
    from xsdata.formats.dataclass.parsers import XmlParser, config, handlers

    strict = config.ParserConfig(fail_on_converter_warnings=True)
    parser = XmlParser(context=_classes(), config=strict, handler=handlers.XmlEventHandler)
    try:
        return parser.from_bytes(content, import_module(f"pyiso20022.camt.{model}").Document)
    except (ParserError, TypeError, ValueError) as error:  # TypeError: an element is missing
        raise invalid(f"The message is not by its schema: {' '.join(str(error).split())[:300]}") from None


@cache
def _classes() -> Any:
    """What is known of the classes of messages: to find it out takes three times as long as to read one."""
    from xsdata.formats.dataclass.context import XmlContext

    return XmlContext()


def _short(text: str, element: str) -> str:
    """An id of the bank's, as long as the schema lets it be."""
    if not 0 < len(text) <= TEXT_MAX:
        raise invalid(f"{element} {text[:40]!r} has {len(text)} characters, and has 1 to {TEXT_MAX}.")
    return text


def _statement(one: Any) -> BankStatement:
    statement_id = _short(one.id, "Id")
    pages = getattr(one, "stmt_pgntn", None) or getattr(one, "ntfctn_pgntn", None)
    if pages is not None and not (pages.last_pg_ind and int(pages.pg_nb) == 1):
        raise invalid(f"Statement {one.id} is one page of several: send it whole.")
    if len(one.ntry) > ENTRIES_MAX:
        raise invalid(f"Statement {one.id} has more than {ENTRIES_MAX} entries.")
    sequence = one.elctrnc_seq_nb if one.elctrnc_seq_nb is not None else one.lgl_seq_nb
    iban = _account(one)
    return BankStatement(
        statement_id,
        _sequence(one, sequence) if sequence is not None else None,
        iban,
        _balance(one, OPENING),
        _balance(one, CLOSING),
        tuple(_entries(one)),
        one.acct.ccy,
    )


def _account(statement: Any) -> str:
    account = statement.acct and statement.acct.id
    number = account and (account.iban or (account.othr and account.othr.id))
    if not number:
        raise invalid(f"Statement {statement.id} names no account.")
    return str(number)


def _sequence(statement: Any, text: Any) -> int:
    if not re.fullmatch("[0-9]{1,18}", str(text)):
        raise invalid(f"{str(text)[:30]!r} is no number of a statement.")
    return int(text)


def _balance(statement: Any, words: tuple[str, ...]) -> Balance | None:
    """The one that is so called. What a bank tells twice, and not alike, is refused."""
    told = {
        Balance(one.amt.ccy, _signed(one.amt, one.cdt_dbt_ind))
        for one in getattr(statement, "bal", ())
        if _word(one.tp.cd_or_prtry) in words
    }
    if len(told) > 1:
        amounts = ", ".join(sorted(str(one.amount) for one in told))
        raise invalid(f"Statement {statement.id} has several balances {' or '.join(words)}: {amounts} (minor units).")
    return told.pop() if told else None


def _entries(statement: Any) -> Iterator[Entry]:
    """Those that are booked. A batch whose payments have their amounts is opened, and is their sum."""
    seen: Counter[str] = Counter()
    for entry in statement.ntry:
        if not _is_booked(entry):
            continue
        payments = [payment for details in entry.ntry_dtls for payment in details.tx_dtls]
        parts = [(payment, _amount_of(payment, entry)) for payment in payments]
        whole = _signed(entry.amt, entry.cdt_dbt_ind)
        if len(parts) > 1 and all(amount is not None for _, amount in parts):
            if sum(amount or 0 for _, amount in parts) != whole:
                sentence = f"An entry of {whole} in statement {statement.id} is not the sum of its payments."
                raise Refused(Code.WRONG_SUM, sentence)
            for payment, amount in parts:
                yield _entry(entry, [payment], amount or 0, seen)
        else:
            yield _entry(entry, payments, whole, seen, _groups_in(entry))


def _is_booked(entry: Any) -> bool:
    status = _word(entry.sts)
    if status != BOOKED and status not in NOT_YET:
        raise invalid(f"An entry is {status or 'of a status of the bank'!r:.40}, and not {BOOKED} or one of: {_NAMED}.")
    return status == BOOKED


_NAMED: Final = ", ".join(sorted(NOT_YET))


def _groups_in(entry: Any) -> list[str]:
    """Of a batch that is not opened: the groups of payments of our orders that it is of."""
    named = [details.btch.pmt_inf_id or "" for details in entry.ntry_dtls if details.btch]
    return [name for name in named if OUR_GROUPS.fullmatch(name)]


def _entry(entry: Any, payments: list[Any], amount: int, seen: Counter[str], groups: Sequence[str] = ()) -> Entry:
    booked_on = _day(entry.bookg_dt) or _day(entry.val_dt)
    if booked_on is None:
        raise invalid("An entry that is booked has no day.")
    references = tuple(sorted({*groups, *(name for payment in payments for name in _references(payment))}))
    given = entry.acct_svcr_ref if entry.acct_svcr_ref not in NOT_GIVEN else None
    named = _short(given, "AcctSvcrRef") if given else _name_of((*references, str(amount), booked_on.isoformat()))
    seen[named] += 1
    return Entry(
        f"{named}#{seen[named]}",
        entry.amt.ccy,
        amount,
        booked_on,
        _day(entry.val_dt) or booked_on,
        bool(entry.rvsl_ind),
        references,
        next((reason for payment in payments if (reason := _reason(payment))), None),
        given is None,
    )


def _name_of(said: Sequence[str]) -> str:
    """What a payment is called by what it says; of a batch of thousands that is too long to be looked up."""
    name = "|".join(said)
    return name if len(name.encode()) <= NAME_MAX else hashlib.sha256(name.encode()).hexdigest()


def _references(payment: Any) -> Iterator[str]:
    end_to_end = payment.refs.end_to_end_id if payment.refs else None
    if end_to_end and end_to_end not in NOT_GIVEN:
        yield _short(end_to_end, "EndToEndId")
    if payment.rmt_inf:
        yield from OUR_IDS.findall(" ".join(payment.rmt_inf.ustrd))


def _reason(payment: Any) -> str | None:
    returned = payment.rtr_inf
    return _word(returned.rsn) if returned and returned.rsn else None


def _amount_of(payment: Any, entry: Any) -> int | None:
    """What a payment of an entry moved; None: the bank does not say, in the currency of the account."""
    told = [getattr(payment, "amt", None), payment.amt_dtls and payment.amt_dtls.tx_amt and payment.amt_dtls.tx_amt.amt]
    for amount in told:
        if amount is not None and amount.ccy == entry.amt.ccy:
            return _signed(amount, getattr(payment, "cdt_dbt_ind", None) or entry.cdt_dbt_ind)
    return None


def _signed(amount: Any, direction: Any) -> int:
    """Minor units: + is what we got."""
    exponent = EXPONENTS.get(amount.ccy)
    if exponent is None:
        raise invalid(f"There is no currency {amount.ccy[:10]!r}.")
    minor = Decimal(amount.value).scaleb(exponent)
    if not minor.is_finite() or not 0 <= minor < AMOUNT_MAX or minor != minor.to_integral_value():
        raise invalid(f"{amount.value!s:.40} {amount.ccy} is no amount.")
    match _word(direction):
        case "CRDT":
            return int(minor)
        case "DBIT":
            return -int(minor)
    raise invalid(f"{amount.value} {amount.ccy} is neither a credit nor a debit.")


def _word(choice: Any) -> str | None:
    """A code, however a version writes it: as an element of a choice, as a word of a list, or as text."""
    code = getattr(choice, "cd", choice)
    word = getattr(code, "value", code)
    return word if isinstance(word, str) else None


def _day(choice: Any) -> date | None:
    if choice is None:
        return None
    if choice.dt and choice.dt_tm:
        raise invalid(f"A day is told twice, as {choice.dt} and as {choice.dt_tm}: one of them.")
    at = choice.dt or choice.dt_tm
    try:
        return date(at.year, at.month, at.day) if at else None
    except ValueError:
        raise invalid(f"{at!s:.40} is no day.") from None
