"""A claim: what a scheme owes for a period, one line a plan, for each of its funders. Pure.

What is taken back later is a line below zero in the period in which that happens; no line is ever changed.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from service.money import decimal_text
from service.subsidies.scheme import Funder, FunderKind, shares_of

COLUMNS: Final = (
    "scheme_id", "period_from", "period_until", "funder", "about", "kind", "base", "days", "rate_bps", "currency",
    "amount",
)  # fmt: skip


class Granted(Struct, frozen=True):
    """What a scheme paid for a plan, or took back (`amount` below zero)."""

    about: str  # the plan, or the voucher
    kind: str  # interest, buy_down or voucher
    base: int  # minor units of which it was reckoned
    days: int  # of an accrual of interest; 0: not by time
    rate_bps: int  # in basis points, rounded; 0: not by a rate
    amount: int  # minor units
    granted_before: int  # minor units of the same plan or voucher: the funders' shares are of the whole


class ClaimLine(Struct, frozen=True):
    """What one funder bears of it."""

    funder: str
    granted: Granted
    amount: int  # minor units


def claim_lines(funders: Sequence[Funder], granted: Iterable[Granted]) -> list[ClaimLine]:
    """The lines of all funders, in their order. What a merchant bears of a buy-down is no claim: its settlements have
    it."""
    lines: list[ClaimLine] = []
    for one in granted:
        parts = shares_of(funders, one.granted_before, one.amount)
        lines += [
            ClaimLine(funder.name, one, part)
            for funder, part in zip(funders, parts, strict=True)
            if not (one.kind == "buy_down" and funder.kind is FunderKind.MERCHANT)
        ]
    return lines


def claim_text(
    scheme_id: str, currency: str, begin_on: date, end_on: date, lines: Iterable[ClaimLine], funder: str
) -> str:
    """One funder's file of a period, as CSV; the last row is its total."""
    written, total = io.StringIO(), 0
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(COLUMNS)
    head = (scheme_id, f"{begin_on}", f"{end_on}", _plain(funder))
    for line in lines:
        if line.funder == funder:
            one = line.granted
            rows.writerow(
                (*head, one.about, one.kind, decimal_text(one.base, currency), one.days, one.rate_bps, currency,
                 decimal_text(line.amount, currency))
            )  # fmt: skip
            total += line.amount
    rows.writerow((*head, "", "total", "", "", "", currency, decimal_text(total, currency)))
    return written.getvalue()


def _plain(text: str) -> str:
    """A text that a spreadsheet does not work out."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
