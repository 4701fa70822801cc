"""A business credit report as a page to print. Pure."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from service.printed import amount_in, day_in
from service.reports.report import BusinessReport

_READS: Final = "en"  # its words are English
_NOTHING: Final = "<p>Nothing is known.</p>"


def page(one: BusinessReport, sha256: str) -> str:
    """One HTML page without scripts or outside resources."""
    title = f"Business credit report: {one.name}"
    about = f"{one.subject_id}, as of the end of {day_in(_READS, one.as_of)} (UTC)"
    parts = [
        ("Who it is", _identity(one)), ("Who owns it", _ownership(one)), ("How it pays", _trade(one)),
        ("What it owes", _exposures(one)), ("Disputes", _disputes(one)), ("Public records", _public(one)),
        ("Evaluation", _grade(one)), ("Sources", _sources(one)),
    ]  # fmt: skip
    body = "".join(f"<h2>{name}</h2>{part}" for name, part in parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1><p>{escape(about)}</p>{body}"
        f"<footer><p>SHA-256 of the report as JSON: {escape(sha256)}</p></footer></main></body></html>"
    )


def _identity(one: BusinessReport) -> str:
    if one.identity is None:
        return _NOTHING
    said = one.identity.said
    rows = [
        ("Name", said.legal_name), ("Registered", f"{said.number}, {said.country}"),
        ("Founded", day_in(_READS, said.founded_on) if said.founded_on else "not known"),
        ("Activity", said.activity or "not known"),
        ("ReportSource", f"{one.identity.source}, {day_in(_READS, one.identity.as_of)}"),
    ]  # fmt: skip
    return _table((), rows)


def _ownership(one: BusinessReport) -> str:
    if one.ownership is None:
        return _NOTHING
    rows = [(owner.name or owner.kind, _per_cent(owner.share_bps)) for owner in one.ownership.said.owners]
    return _table(("Owner", "Share"), rows) + _from(one.ownership.source, day_in(_READS, one.ownership.as_of))


def _trade(one: BusinessReport) -> str:
    rows = [
        (
            trade.currency, trade.index or "not rated", f"{trade.experiences}", f"{trade.suppliers}",
            _number(trade.amount, trade.currency), _number(trade.overdue, trade.currency),
        )
        for trade in one.trade
    ]  # fmt: skip
    return _table(("Currency", "Payment index", "Experiences", "Suppliers", "Amount", "Overdue"), rows)


def _exposures(one: BusinessReport) -> str:
    rows = [
        (
            each.currency,
            *(
                _number(amount, each.currency)
                for amount in (each.owed_to_merchants, each.overdue, each.bought, each.advanced, each.to_remit)
            ),
        )
        for each in one.exposures
    ]
    return _table(("Currency", "Owed on invoices", "Overdue", "Bought by others", "Advanced", "To hand on"), rows)


def _disputes(one: BusinessReport) -> str:
    rows = [
        (each.currency, _number(each.by_it, each.currency), _number(each.lost, each.currency), f"{each.times_lost}")
        for each in one.disputes
    ]
    return _table(("Currency", "It disputes", "It lost in a year", "Times"), rows)


def _public(one: BusinessReport) -> str:
    rows = [
        (
            record.said.kind.replace("_", " ").capitalize(), record.said.reference,
            day_in(_READS, record.said.happened_on),
            day_in(_READS, record.said.ended_on) if record.said.ended_on else "",
            f"{record.source}, {day_in(_READS, record.as_of)}",
        )
        for record in one.public_records
    ]  # fmt: skip
    return _table(("What", "Reference", "Since", "Until", "ReportSource"), rows)


def _grade(one: BusinessReport) -> str:
    grade = one.grade
    if grade.evaluation is None or grade.as_of is None:
        return "<p>It was not evaluated.</p>"
    said = f"{grade.evaluation.method}: {grade.evaluation.score} of 1,000 points"
    return _table((), [("Grade", grade.grade), ("By", said)]) + _from(grade.source or "", day_in(_READS, grade.as_of))


def _sources(one: BusinessReport) -> str:
    return _table(("ReportSource", "Newest"), [(each.name, day_in(_READS, each.as_of)) for each in one.sources])


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rows = list(rows)
    if not rows:
        return _NOTHING
    head = f"<thead><tr>{''.join(f'<th>{name}' for name in heads)}" if heads else ""
    return f"<table>{head}<tbody>{''.join(_rows(rows))}</table>"


def _rows(rows: list[tuple[str, ...]]) -> Iterator[str]:
    for first, *rest in rows:
        yield f"<tr><th scope=row>{escape(first)}{''.join(f'<td>{escape(one)}' for one in rest)}"


def _from(source: str, day: str) -> str:
    return f"<p>{escape(source)}, {day}</p>"


def _per_cent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02} %"


def _number(amount: int, currency: str) -> str:
    return amount_in(_READS, amount, currency)


_STYLE: Final = (
    "body{font:14px/1.5 system-ui,sans-serif;color:#222;margin:0}"
    "main{max-width:60rem;margin:3rem auto;padding:0 1.5rem}"
    "h1{font-size:1.5rem;margin-bottom:.25rem}h2{font-size:1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%;margin-top:1rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.35rem .75rem .35rem 0;border-top:1px solid #ccc;text-align:left;vertical-align:top}"
    "th{font-weight:normal;color:#555}td{overflow-wrap:anywhere}thead{display:table-header-group}"
    "tr{break-inside:avoid}footer{margin-top:3rem;font-size:.85rem;color:#555;overflow-wrap:anywhere}"
    "@page{size:A4;margin:15mm}@media print{main{margin:0;max-width:none;padding:0}}"
)
