"""The daily file: what a programme's plans did on the partner's money, and what proves it. Pure.

    plan_id,currency,drawn,principal_repaid,interest_repaid,outstanding
    pl_01JD8Q4Z7K7M8W3N5V2C9XTB00,EUR,350.00,0.00,0.00,350.00

CSV as RFC 4180 has it. A row is a plan that moved in the file's period or whose principal is still out; the first
three amounts are the period's movements, the last is the balance at its end, all of them the partner's share.
"""

import csv
import hashlib
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import astuple

from service.money import decimal_text


class Amounts(Struct, frozen=True, gc=False):
    """The components of a row or of a sum of rows, in minor units; a reversal makes a movement negative."""

    drawn: int = 0  # the partner's share of what was captured
    principal_repaid: int = 0
    interest_repaid: int = 0
    outstanding: int = 0  # the partner's participation: all ever drawn less all principal ever repaid

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.drawn + other.drawn,
            self.principal_repaid + other.principal_repaid,
            self.interest_repaid + other.interest_repaid,
            self.outstanding + other.outstanding,
        )


NOTHING: Final = Amounts()
COMPONENTS: Final = Amounts.__struct_fields__
COLUMNS: Final = ("plan_id", "currency", *COMPONENTS)


class Row(Struct, frozen=True, gc=False):
    """One plan in a file. The amounts are minor units of `currency`."""

    plan_id: str
    currency: str
    amounts: Amounts


# What proves a file ---------------------------------------------------------------------------------------------------


class Totals(Struct, frozen=True):
    """The sums of a file's columns as decimal text, and where they started: opening + drawn - repaid = outstanding."""

    opening: str  # the outstanding total of the file before
    drawn: str  # decimal text
    principal_repaid: str  # decimal text
    interest_repaid: str  # decimal text
    outstanding: str  # decimal text


class Manifest(Struct, frozen=True):
    """What goes with the file so that both sides can prove it whole: its sums, its hash, and the hash before it.

    The file holds every booking of business days up to `business_on` that no file before it held: also one that was
    booked late on a day whose file had already left.
    """

    file_id: str = field(name="id")
    partner_id: str
    programme_id: str
    number: int  # 1, 2, 3 ... per programme, without gaps
    business_on: date  # in the programme's time zone
    previous_business_on: date | None  # the period starts on the day after
    currency: str
    rows: int
    totals: Totals
    sha256: str  # of the CSV's bytes, in hexadecimal
    previous_sha256: str | None  # of the file before, number - 1
    made_at: datetime


def proving_totals(opening: int, sums: Amounts, currency: str) -> Totals:
    """The manifest's sums; `opening` is the outstanding total of the file before, in minor units."""
    assert opening + sums.drawn - sums.principal_repaid == sums.outstanding
    return Totals(*(decimal_text(amount, currency) for amount in (opening, *astuple(sums))))


# Writing --------------------------------------------------------------------------------------------------------------


class FileWriter:
    """Makes the bytes of a file batch by batch, with its hash, count and sums. Same rows, same bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._hash = hashlib.sha256()
        self.rows = 0
        self.sums = NOTHING
        self._write([COLUMNS])

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows; the caller brings them in the order of their plan ids."""
        lines = []
        for row in rows:
            amounts = (decimal_text(amount, row.currency) for amount in astuple(row.amounts))
            lines.append((row.plan_id, row.currency, *amounts))
            self.sums += row.amounts
        self.rows += len(lines)
        self._write(lines)

    def _write(self, lines: Iterable[Iterable[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(lines)
        part = text.getvalue().encode()
        self._parts.append(part)
        self._hash.update(part)

    @property
    def sha256(self) -> bytes:
        """The digest of what was written until now."""
        return self._hash.digest()

    @property
    def content(self) -> bytes:
        """The file."""
        return b"".join(self._parts)
