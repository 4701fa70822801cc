"""A bank statement as we keep it: what the bank says of one account of ours. Pure.

opening + entries = closing, or nothing of the message is loaded. A notification (camt.054) has no balances.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused

ENTRIES_MAX: Final = 50_000  # of one message
AHEAD_MAX: Final = timedelta(days=14)  # a bank books before a day begins, over its holidays; not longer


class StatementKind(StrEnum):
    """Which message it came in; the check `bank_messages_kind_is_known` says the same."""

    STATEMENT = "statement"  # camt.053: of a whole day, with balances
    NOTIFICATION = "notification"  # camt.054: during the day


def invalid(sentence: str) -> Refused:
    """A message that cannot be read, or not as what it says it is."""
    return Refused(Code.INVALID_FILE, sentence)


class Entry(Struct, frozen=True, gc=False):
    """One payment; a batch of which the bank tells the payments is as many entries."""

    reference: str  # the bank's own, and which of its entries of that reference it is: the same in both messages
    currency: str
    amount: int  # minor units: + is what we got
    booked_on: date
    value_on: date
    is_reversal: bool
    references: tuple[str, ...]  # end-to-end ids, and ids of ours in its text
    reason: str | None  # why it came back, in the bank's code
    is_unnamed: bool = False  # by the bank: `reference` is what it says, and another payment may say so, too


class Balance(Struct, frozen=True, gc=False):
    """What is on the account."""

    currency: str
    amount: int  # minor units


class BankStatement(Struct, frozen=True):
    """What one message says of one account."""

    statement_id: str  # the bank's
    sequence: int | None  # counts up by one; None: the bank does not count
    iban: str
    opening: Balance | None
    closing: Balance | None
    entries: tuple[Entry, ...]
    currency: str | None = None  # of the account, where the bank says it

    @property
    def last_day(self) -> date | None:
        """The last day that it has something of."""
        return max((one.booked_on for one in self.entries), default=None)


class BankMessage(Struct, frozen=True):
    """A message as the bank sent it."""

    kind: StatementKind
    message_id: str  # the bank's; one that comes again is ignored
    statements: tuple[BankStatement, ...]


def require_sums(message: BankMessage) -> None:
    """Refused: WRONG_SUM, a statement that does not follow from its opening."""
    for one in message.statements:
        if message.kind is StatementKind.STATEMENT:
            if one.opening is None or one.closing is None:
                lacks = "opening balance (OPBD or PRCD)" if one.opening is None else "closing balance (CLBD)"
                raise Refused(Code.WRONG_SUM, f"Statement {one.statement_id} lacks its {lacks}.")
            moved = sum(entry.amount for entry in one.entries)
            if one.opening.amount + moved != one.closing.amount:
                sentence = (
                    f"Statement {one.statement_id} opens with {one.opening.amount}, moves {moved} and closes with "
                    f"{one.closing.amount} (minor units): the sum is not right."
                )
                raise Refused(Code.WRONG_SUM, sentence)


def require_days(message: BankMessage, today: date) -> None:
    """Refused: INVALID_FILE, what is booked on a day that is too far ahead to be one."""
    for one in message.statements:
        if one.last_day is not None and one.last_day > today + AHEAD_MAX:
            sentence = (
                f"Statement {one.statement_id} has an entry that is booked on {one.last_day}, and today is {today}."
            )
            raise invalid(sentence)


def require_currency(message: BankMessage, currencies: dict[str, str]) -> None:
    """Refused: FOREIGN_ACCOUNT, what is of an account that is not ours; CURRENCY_MISMATCH.

    `currencies` are those of our accounts, by IBAN.
    """
    for one in message.statements:
        currency = currencies.get(one.iban)
        if currency is None:
            sentence = f"Statement {one.statement_id} is of account ...{one.iban[-4:]}, which is none of ours."
            raise Refused(Code.FOREIGN_ACCOUNT, sentence)
        balances = [balance.currency for balance in (one.opening, one.closing) if balance]
        others = {*balances, one.currency or currency, *(entry.currency for entry in one.entries)} - {currency}
        if others:
            sentence = f"Statement {one.statement_id} is of an account in {currency}, and has {min(others)}."
            raise Refused(Code.CURRENCY_MISMATCH, sentence)
