"""Rows of the four daily files: any, and good ones to change."""

from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import strategies as st

from service.partners.layout_texts import columns_of_rows, csv_of
from service.partners.layouts import ROWS, Chg, FileType, Pos, Row, Side, Stl, Txn, TxnType, side_of

PLAN = "pl_01JD8Q4Z7K7M8W3N5V2C9XTA00"
TUESDAY = date(2026, 3, 3)

GOOD: dict[FileType, Row] = {
    FileType.TXN: Txn(
        "ev-1", PLAN, "DE-7", TxnType.REPAYMENT, TUESDAY, TUESDAY, Side.CREDIT, 335_80, 31_50, 0, 0, 0, "EUR"
    ),
    FileType.POS: Pos(
        PLAN, "pa_1", 7_000, 700_00, 0, 335_80, 0, 0, 0, 364_20, 2_10, TUESDAY, 0, "current", "active", "EUR"
    ),
    FileType.STL: Stl("s-20260303", "sN20260303", "repayment", 367_30, Side.CREDIT, 1, "ev-1", "ev-1", "EUR"),
    FileType.CHG: Chg(PLAN, "status", "active", "charged_off", "charged_off", TUESDAY),
}

days = st.dates(date(2020, 1, 1), date(2099, 12, 31))
currencies = st.sampled_from(["EUR", "JPY", "KWD"])
_printable = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Co", "Cn")), min_size=1)
_formulas = st.builds(lambda mark, text: mark + text, st.sampled_from(list("=+-@'")), _printable)
words = st.one_of(_printable, _formulas, st.just('a "quoted", part')).map(lambda text: text[:40])
maybe = st.none() | words
plan_ids = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=25, max_size=25).map(lambda text: f"pl_0{text}")
amounts = st.integers(-(10**12), 10**12)
counts = st.integers(0, 10**6)


def _sided(row: Callable[..., Row], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    """The amounts as they come, and the side that follows."""
    return st.fixed_dictionaries(fields).map(lambda found: _with_side(row, found))


def _with_side(row: Callable[..., Row], found: dict[str, Any]) -> Row:
    total = sum(
        found[name] for name in ("amount", "principal", "interest", "fee", "penalty", "subsidy") if name in found
    )
    return row(**found, side=side_of(total))


ANY: dict[FileType, st.SearchStrategy[Row]] = {
    FileType.TXN: _sided(
        Txn, event_id=words, plan_id=plan_ids, partner_reference=maybe, type=st.sampled_from(TxnType), business_on=days,
        value_on=days, principal=amounts, interest=amounts, fee=amounts, penalty=amounts, subsidy=amounts,
        currency=currencies, reverses_event_id=maybe, settlement_id=maybe,
    ),
    FileType.POS: st.builds(
        Pos, plan_ids, words, st.integers(0, 10_000), *[amounts] * 8, st.none() | days, counts, words, words, currencies
    ),
    FileType.STL: _sided(
        Stl, settlement_id=words, end_to_end_id=words, leg=words, amount=amounts, count=counts, first_event_id=maybe,
        last_event_id=maybe, currency=currencies,
    ),
    FileType.CHG: st.builds(Chg, plan_ids, words, maybe, maybe, words, days),
}  # fmt: skip


def csv_text(rows: list[Row]) -> str:
    """Rows of one kind as our CSV, without the line of names."""
    kinds = [kind for kind, row in ROWS.items() if rows and isinstance(rows[0], row)]
    return csv_of(kinds[0], columns_of_rows(kinds[0], rows)) if kinds else ""
