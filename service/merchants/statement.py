"""A settlement as a page to print: what was owed, by what, what is paid, and its lines. Pure."""

from collections.abc import Iterator
from html import escape
from typing import Final

from msgspec import Struct

from service.merchants.settlement import Line, Settlement
from service.printed import amount_in, day_in

# What a settlement adds up, in its order: each with its sign.
_SUMS: Final = (
    ("Carried on from before", "opening", 1), ("Captured", "captured", 1), ("Our fees", "fees", -1),
    ("Tax on them", "taxes", -1),
    ("Fees of this statement, billed with the month", "fees_deferred", 1), ("Fees billed", "fees_billed", -1),
    ("Refunded", "refunded", -1), ("Disputes lost or accepted", "charged_back", -1),
    ("Paid to you by consumers", "paid_to_merchant", -1), ("Payouts that came back", "payouts_returned", 1),
    ("Adjustments", "adjusted", 1), ("Vouchers", "vouchers", 1),
    ("Interest that you pay for consumers", "bought_down", -1),
    ("Losses of your plans that you bear", "recourse", -1), ("Your share of your sellers' fees", "shared", 1),
    ("Split with other sellers", "split", 1), ("Receivables that we bought", "factored", 1),
    ("Kept back", "withheld", -1), ("Kept back before, released", "released", 1),
    ("Paid out", "payout", -1), ("Carried on", "closing", 1),
)  # fmt: skip
_READS: Final = "en"  # its words are English
_ALWAYS: Final = ("opening", "captured", "fees", "payout", "closing")


class Statement(Struct, frozen=True):
    """A settlement with its first lines; `more_lines` are in its CSV."""

    merchant: str  # its name
    settlement: Settlement
    lines: list[Line]
    more_lines: int  # how many there are besides


def page(statement: Statement) -> str:
    """One HTML page without scripts or outside resources."""
    one = statement.settlement
    title = f"Settlement {one.number} in {one.currency}"
    about = f"{statement.merchant}, until {day_in(_READS, one.business_on)} ({one.settlement_id})"
    paid = f"<p>Paid out on {day_in(_READS, one.pays_on)}.</p>" if one.pays_on else ""
    more = (
        f"<p>{statement.more_lines} more lines are in the file of this settlement.</p>" if statement.more_lines else ""
    )
    types, lines = "".join(_totals(one)), "".join(_line(line, one.currency) for line in statement.lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1><p>{escape(about)}</p>{paid}"
        f"<table>{''.join(_sums(one))}</table>"
        f"<h2>By type</h2><table><thead><tr><th>Type<th>Lines<th>Gross<th>Fee<th>Tax<th>Net<tbody>{types}</table>"
        f"<h2>Lines</h2><table class=lines><thead><tr><th>Day<th>Type<th>Order<th>Reference<th>Gross<th>Fee<th>Tax"
        f"<th>Net<tbody>{lines}</table>{more}</main></body></html>"
    )


def _sums(one: Settlement) -> Iterator[str]:
    for words, name, sign in _SUMS:
        amount = sign * getattr(one, name)
        if amount or name in _ALWAYS:
            yield f"<tr><th scope=row>{words}<td>{_number(amount, one.currency)}"


def _totals(one: Settlement) -> Iterator[str]:
    for total in one.totals:
        amounts = _amounts(one.currency, total.gross, total.fee, total.tax, total.net)
        yield f"<tr><th scope=row>{_words(total.kind)}<td>{total.lines}{amounts}"


def _line(line: Line, currency: str) -> str:
    return (
        f"<tr id={line.event_id or line.number}><td>{day_in(_READS, line.booked_on)}<td>{_words(line.kind)}"
        f"<td>{escape(line.merchant_reference or '')}<td>{escape(line.reference or '')}"
        f"{_amounts(currency, line.gross, line.fee, line.tax, line.net)}"
    )


def _amounts(currency: str, *amounts: int) -> str:
    return "".join(f"<td>{_number(amount, currency)}" for amount in amounts)


def _number(amount: int, currency: str) -> str:
    """The amount alone; the currency stands in the title."""
    return amount_in(_READS, amount, currency).removesuffix(f" {currency}")


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


_STYLE: Final = (
    "body{font:14px/1.5 system-ui,sans-serif;color:#222;margin:0}"
    "main{max-width:60rem;margin:3rem auto;padding:0 1.5rem}"
    "h1{font-size:1.5rem;margin-bottom:.25rem}h2{font-size:1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%;margin-top:1rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.35rem .75rem .35rem 0;border-top:1px solid #ccc;text-align:right;vertical-align:top}"
    "th{font-weight:normal;color:#555}th:first-child,.lines :nth-child(-n+4){text-align:left}"
    ".lines td{overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}"
    "@page{size:A4;margin:15mm}@media print{main{margin:0;max-width:none;padding:0}}"
)
