"""The register of live assignments as a file: the lender's of all, a partner's of its own."""

import csv
import io
from typing import Final

from litestar import get
from litestar.response.base import ASGIResponse

from service.api.ask import Ask, Asked, read
from service.api.operation import Text, operation
from service.deadline import LONG
from service.factoring import assigning_flow as flow
from service.money import decimal_text

_COLUMNS: Final = (
    "assignment_id", "receivable_id", "merchant_id", "kind", "buyer_country", "buyer_number", "channel", "acquirer",
    "reference", "due_on", "currency", "face", "mode", "assignee_id", "amount", "recourse", "assigned_on",
    "notified_on", "state",
)  # fmt: skip
_REGISTER: Final = Text("text/csv", f"Live assignments: {', '.join(_COLUMNS)}; amounts as decimal text.")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out


@get("/assignments/content", opt=operation("receivables", _REGISTER) | LONG)
async def export_register(request: Asked) -> ASGIResponse:
    """The register of live assignments as CSV, each once."""
    return await _export(read(request), None)


@get("/assignments/content", opt=operation("assignments", _REGISTER) | LONG)
async def export_partner_register(request: Asked) -> ASGIResponse:
    """Your live assignments as CSV, each once."""
    ask = read(request)
    return await _export(ask, ask.owner_id)


async def _export(ask: Ask, assignee_id: str | None) -> ASGIResponse:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    async for row in flow.register(ask.services.pool, assignee_id):
        amounts = {name: decimal_text(row[name], row["currency"]) for name in ("face", "amount")}
        rows.writerow([_text(amounts.get(name, row[name])) for name in _COLUMNS])
    headers = {"Content-Disposition": 'attachment; filename="assignments.csv"'}
    return ASGIResponse(body=written.getvalue().encode(), media_type="text/csv", headers=headers)


def _text(word: object) -> str:
    text = "" if word is None else str(word)
    return f"'{text}" if text.startswith(_FORMULA) else text


OPERATOR_ROUTES: Final = [export_register]
PARTNER_ROUTES: Final = [export_partner_register]
