"""`tenor apr`, `tenor schedule`, `tenor schema`: our own arithmetic for anybody, without a database.

A document is terms as JSON, the same that policies and `POST /v1/quotes` use; or a whole quote request; or, for
`apr`, flows that are known already: `{"advances": [["2026-01-15", 100000]], "payments": [...], "unit": "month"}`.
"""

import argparse
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta, Struct

from service import clock
from service.api.body import BYTES_MAX, Body
from service.countries import require_jurisdiction
from service.errors import Code, Refused
from service.money import AMOUNT_MAX, EXPONENTS, decimal_text
from service.terms.apr import Apr, AprMethod, rates_for
from service.terms.disclosure import Line
from service.terms.frame import YEARS_MAX, are_years_apart
from service.terms.quote import Country, Quote, QuoteRequest, quote
from service.terms.terms import Terms, Unit

if TYPE_CHECKING:
    from rich.table import Table

EXAMPLE: Final = """\
  echo '{"instalments": 12, "every": 1, "unit": "month", "rate_percent": "9.9"}' \\
    | tenor schedule --amount 1000.00 --currency EUR -
"""

Flow = tuple[date, Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")]]


class FlowsRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Dated amounts, to the consumer and back; `unit` is what the payments are agreed in."""

    advances: tuple[Flow, ...]
    payments: tuple[Flow, ...]
    unit: Unit = Unit.MONTH
    jurisdiction: Country = "EU"


class Rates(Struct, frozen=True):
    """The answer of `tenor apr`: the first rate is the one the law prints."""

    rates: tuple[Apr, ...]


SCHEMAS: Final = ("terms", "quote", "flows", "policy")


def apr(argv: list[str]) -> int:
    """The annual percentage rate of terms, of a quote request or of dated flows."""
    return _calculate(argv, "apr")


def schedule(argv: list[str]) -> int:
    """The schedule of terms or of a quote request, with its rate, cost and disclosure."""
    return _calculate(argv, "schedule")


def schema(argv: list[str]) -> int:
    """The JSON Schema of a document, for editors and for other people's validators."""
    parser = argparse.ArgumentParser(prog="tenor schema", description=schema.__doc__)
    parser.add_argument("document", nargs="?", choices=SCHEMAS, default="terms", help="which one (default: terms)")
    from service.contract.schemas import document_schema

    _print(document_schema(_document(parser.parse_args(argv).document)))
    return 0


def _document(name: str) -> object:
    if name == "policy":
        from service.policies.document import Policy  # brings the words of all reasons: no calculation waits for them

        return Policy
    return {"terms": Terms, "quote": QuoteRequest, "flows": FlowsRequest}[name]


def _calculate(argv: list[str], command: str) -> int:
    given = _parser(command).parse_args(argv)
    as_table = given.table or (sys.stdout.isatty() and not given.json)
    try:
        request = _request(given, command)
        if isinstance(request, FlowsRequest):
            require_jurisdiction(request.jurisdiction, "/jurisdiction")
            _refuse_too_long(request)
            rates = rates_for(request.jurisdiction, request.advances, request.payments, request.unit)
            answer: Quote | None = None
        else:
            answer = quote(request, clock.now().date())
            rates = (answer.apr, *answer.other_rates)
    except Refused as refused:
        where = f" (at {refused.pointer})" if refused.pointer else ""
        print(f"tenor {command}: {refused.code}: {refused.detail}{where}", file=sys.stderr)
        return 2
    if as_table:
        _show(answer if command == "schedule" else None, rates)
    else:
        _print(answer if command == "schedule" else Rates(rates))
    return 0


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"tenor {command}",
        description=(apr if command == "apr" else schedule).__doc__,
        epilog=f"example:\n{EXAMPLE.replace('schedule', command)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("document", nargs="?", default="-", help="a file of JSON; - or nothing is standard input")
    parser.add_argument("--amount", help="the price in the main unit, 1000.00; for a document of terms")
    parser.add_argument("--currency", help="ISO 4217 (default: EUR); for a document of terms")
    parser.add_argument("--jurisdiction", help="whose law names the rate, ISO 3166: EU (default), GB, US, CN, ...")
    parser.add_argument("--start-on", help="the day the money is lent, 2026-01-15 (default: today)")
    look = parser.add_mutually_exclusive_group()
    look.add_argument("--json", action="store_true", help="JSON, also at a terminal")
    look.add_argument("--table", action="store_true", help="a table, also into a pipe or a file")
    return parser


def _request(given: argparse.Namespace, command: str) -> QuoteRequest | FlowsRequest:
    """The document as what it is: flows, a quote request, or terms completed by the options."""
    raw = _read(given.document)
    try:
        named = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        named = None  # the strict reading below says what is wrong
    keys = named.keys() if isinstance(named, dict) else ()
    wire = FlowsRequest if command == "apr" and "advances" in keys else QuoteRequest if "terms" in keys else Terms
    document = Body(wire).read(raw, "application/json")
    if isinstance(document, Terms):
        return _quote_request(given, raw)
    for option in ("amount", "currency", "start_on", "jurisdiction"):
        if getattr(given, option) is not None:
            flag = option.replace("_", "-")
            raise Refused(Code.INVALID_FIELD, f"--{flag} completes terms; this document names its own.")
    assert isinstance(document, QuoteRequest | FlowsRequest)
    return document


def _quote_request(given: argparse.Namespace, terms: bytes) -> QuoteRequest:
    currency = given.currency or "EUR"
    if currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"No plan is written in {currency}.", "/currency")
    if given.amount is None:
        raise Refused(Code.INVALID_FIELD, "Terms need an amount: --amount 1000.00.", "/amount")
    try:
        start_on = date.fromisoformat(given.start_on) if given.start_on else None
    except ValueError:
        raise Refused(Code.INVALID_FIELD, f"{given.start_on!r} is no date like 2026-01-15.", "/start_on") from None
    document = {
        "currency": currency,
        "amount": _minor_units(given.amount, currency),
        "jurisdiction": given.jurisdiction or "EU",
        "start_on": start_on,
        "terms": msgspec.Raw(terms),
    }
    return Body(QuoteRequest).read(msgspec.json.encode(document), "application/json")


def _refuse_too_long(request: FlowsRequest) -> None:
    """Refuse flows that span more than a plan may last: the powers of a rate grow with the years."""
    dates = sorted(on for on, _ in (*request.advances, *request.payments))
    if not dates:
        return  # the rate says so
    if are_years_apart(dates[0], dates[-1]):
        raise Refused(Code.NO_APR, f"The flows lie at most {YEARS_MAX} years apart.", "/payments")
    if dates[0].year <= date.min.year or dates[-1].year >= date.max.year:
        raise Refused(Code.NO_APR, "The flows lie at the very end of the calendar.", "/payments")


def _minor_units(text: str, currency: str) -> int:
    try:
        scaled = Decimal(text).scaleb(EXPONENTS[currency])
    except ArithmeticError:
        raise Refused(Code.INVALID_FIELD, f"{text!r} is no amount like 1000.00.", "/amount") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        decimals = EXPONENTS[currency]
        raise Refused(Code.INVALID_FIELD, f"An amount in {currency} has at most {decimals} decimals.", "/amount")
    return int(scaled)


def _read(name: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read(BYTES_MAX + 1) if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Refused(Code.MALFORMED, f"{name} cannot be read: {error.strerror}.") from None
    return raw


def _print(answer: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


METHODS: Final = {
    AprMethod.EU_EFFECTIVE: "effective annual rate (European Union, United Kingdom)",
    AprMethod.US_ACTUARIAL: "annual percentage rate, actuarial (Regulation Z)",
    AprMethod.IRR_EFFECTIVE: "internal rate of return, compounded over a year",
    AprMethod.IRR_NOMINAL: "internal rate of return, monthly times twelve",
}


def _show(answer: Quote | None, rates: tuple[Apr, ...]) -> None:
    """For people: the schedule as a table and the disclosure under it; or the rates alone."""
    from rich.console import Console

    console = Console(highlight=False)
    if answer is None:
        for rate in rates:
            console.print(f"[bold]{rate.printed} %[/]  {METHODS[rate.method]}  [dim]{rate.value}[/]")
    else:
        console.print(_table(answer))
        console.print(_lines(answer.disclosure))


def _table(answer: Quote) -> "Table":
    """One row an instalment; the balance is the principal still to come."""
    from rich import box
    from rich.table import Table

    def money(amount: int) -> str:
        text = decimal_text(amount, answer.currency)
        whole, point, cents = text.partition(".")
        return f"{int(whole):,}{point}{cents}"

    rows, balance = answer.schedule, sum(row.principal for row in answer.schedule)
    has_fees = any(row.fee for row in rows)
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, title_justify="left", title_style="bold")
    table.title = f"{money(answer.amount)} {answer.currency} from {answer.start_on.isoformat()}"
    table.add_column("", justify="right", style="dim")
    table.add_column("due", footer="total")
    sums = {"principal": balance, "interest": answer.total_interest, "fees": answer.total_fees}
    for name, total in sums.items():
        if name != "fees" or has_fees:
            table.add_column(name, money(total), justify="right")
    table.add_column("to pay", money(sum(sums.values())), justify="right", style="bold")
    table.add_column("balance", justify="right", style="dim")
    for row in rows:
        balance -= row.principal
        fees = [money(row.fee)] if has_fees else []
        number = "" if row.is_down_payment else str(row.number)
        parts = (money(row.principal), money(row.interest), *fees, money(row.total), money(balance))
        table.add_row(number, f"{row.due_on:%a} {row.due_on.isoformat()}", *parts)
    return table


def _lines(lines: tuple[Line, ...]) -> "Table":
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for line in lines:
        grid.add_row(f" [dim]{line.label}[/]", line.value)
    return grid
