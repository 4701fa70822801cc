"""What a merchant was owed day by day, what of it is paid out, and by which lines."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, read
from service.api.lists import Day, Listed, require_days
from service.api.operation import Text, operation
from service.api.paging import PAGE_MAX, AfterSettlement, Limit
from service.api.reply import reply, reply_printable
from service.api.seen import OfSeller, seen_by
from service.db import Pool
from service.deadline import LONG
from service.errors import Code, Refused
from service.merchants import settling_flow as flow
from service.merchants.settlement import Line, Settlement
from service.merchants.statement import Statement, page
from service.money import decimal_text

PRINTED_MAX: Final = 1_000  # lines on a page

Number = Annotated[int, QueryParameter(ge=0, le=2**31 - 1)]
InCurrency = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="only in it; absent: all")]

_COLUMNS: Final = (
    "settlement_id", "business_on", "number", "kind", "plan_id", "merchant_reference", "fact", "capture_id",
    "refund_id", "dispute_id", "event_id", "reference", "booked_on", "currency", "gross", "fee", "tax", "net",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out


class SettlementPage(Struct, frozen=True):
    """Settlements, the oldest first; `after` is what to ask with next."""

    settlements: list[Settlement]
    after: str


class LinePage(Struct, frozen=True):
    """Lines in their order; `after` is what to ask with next."""

    lines: list[Line]
    after: int  # the number of the last line of this page


@get("/settlements", opt=operation("settlements", SettlementPage, csv=True))
async def list_settlements(
    request: Asked, currency: InCurrency = None, first_on: Day = None, last_on: Day = None,
    merchant_id: OfSeller = None, after: AfterSettlement = "", limit: Limit = 100,
) -> ASGIResponse:  # fmt: skip
    """What you were owed at the end of each day, of each currency, and what of it is paid out.

    A day on which nothing moved has no settlement. Each begins with what the one before left: below zero, you owe it,
    and it is set off against what comes.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers. Settlements of several merchants
    are made side by side, so one may appear before your cursor until a few minutes after another.
    """
    ask = read(request)
    return await _page(ask, await seen_by(request, ask, merchant_id), after, limit, currency, first_on, last_on)


@get("/settlements/{settlement_id:str}", opt=operation("settlements", Settlement))
async def get_settlement(request: Asked, settlement_id: InPath) -> ASGIResponse:
    """One settlement: from what was carried on to what is carried on."""
    ask = read(request)
    return reply(await _settlement(ask, settlement_id))


@get("/settlements/{settlement_id:str}/lines", opt=operation("settlements", LinePage))
async def list_settlement_lines(
    request: Asked, settlement_id: InPath, after: Number = 0, limit: Limit = 100
) -> ASGIResponse:
    """Its lines: captures, refunds and whatever else moved the balance, each with your references."""
    ask = read(request)
    await _settlement(ask, settlement_id)
    page = await flow.lines(ask.services.pool, ask.owner_id, settlement_id, after, limit)
    return reply(LinePage(page, page[-1].number if page else after))


@get("/settlements/{settlement_id:str}/statement", opt=operation("settlements", Statement, page=True))
async def get_statement(request: Asked, settlement_id: InPath) -> ASGIResponse:
    """A settlement with its first 1,000 lines, by types and one by one.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask = read(request)
    one = await _settlement(ask, settlement_id)
    first = await flow.lines(ask.services.pool, ask.owner_id, settlement_id, 0, PRINTED_MAX)
    name = ask.services.registry.now.merchants[ask.owner_id].name
    statement = Statement(name, one, first, one.lines - len(first))
    return reply_printable(request, statement, lambda: page(statement))


@get(
    "/settlements/{settlement_id:str}/content",
    opt=operation("settlements", Text("text/csv", f"The lines: {', '.join(_COLUMNS)}; amounts as decimal text."))
    | LONG,
)
async def get_settlement_file(request: Asked, settlement_id: InPath) -> ASGIResponse:
    """All its lines as CSV, for a spreadsheet: what would be a formula there begins with an apostrophe."""
    ask = read(request)
    one = await _settlement(ask, settlement_id)
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    async for line in _all_lines(ask.services.pool, ask.owner_id, one):
        rows.writerow(_row(one, line))
    headers = {"Content-Disposition": f'attachment; filename="settlement-{one.business_on}-{one.currency}.csv"'}
    return ASGIResponse(body=written.getvalue().encode(), media_type="text/csv", headers=headers)


@get("/merchants/{merchant_id:str}/settlements", opt=operation("settlements", SettlementPage, csv=True))
async def list_settlements_of(
    request: Asked, merchant_id: InPath, currency: InCurrency = None, first_on: Day = None, last_on: Day = None,
    after: AfterSettlement = "", limit: Limit = 100,
) -> ASGIResponse:  # fmt: skip
    """A merchant's settlements."""
    ask = read(request)
    return await _page(ask, [merchant_there(ask, merchant_id)], after, limit, currency, first_on, last_on)


def known_merchant(merchant_id: str) -> str:
    """Refused: NOT_FOUND, what is no merchant's id."""
    if not ids.is_id(merchant_id, ids.MERCHANT):
        raise Refused(Code.NOT_FOUND, f"There is no merchant {merchant_id[:100]!r}.", "/id")
    return merchant_id


def merchant_there(ask: Ask, merchant_id: str) -> str:
    """Refused: NOT_FOUND, of whom there is none."""
    if known_merchant(merchant_id) not in ask.services.registry.now.merchants:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {merchant_id!r}.", "/id")
    return merchant_id


async def _page(
    ask: Ask, merchant_ids: list[str], after: str, limit: int, currency: InCurrency, first_on: Day, last_on: Day
) -> ASGIResponse:
    require_days(first_on, last_on)
    page = await flow.settlements(ask.services.pool, merchant_ids, after, limit, currency, first_on, last_on)
    return Listed(SettlementPage(page, page[-1].settlement_id if page else after))


async def _settlement(ask: Ask, settlement_id: str) -> Settlement:
    if not ids.is_id(settlement_id, ids.SETTLEMENT):
        raise Refused(Code.NOT_FOUND, f"There is no settlement {settlement_id[:100]!r}.", "/id")
    return await flow.settlement(ask.services.pool, ask.owner_id, settlement_id)


async def _all_lines(pool: Pool, merchant_id: str, one: Settlement) -> AsyncIterator[Line]:
    after = 0
    while page := await flow.lines(pool, merchant_id, one.settlement_id, after, PAGE_MAX):
        for line in page:
            yield line
        after = page[-1].number


def _row(one: Settlement, line: Line) -> tuple[str, ...]:
    amounts = (decimal_text(amount, one.currency) for amount in (line.gross, line.fee, line.tax, line.net))
    words = (
        line.plan_id, line.merchant_reference, line.fact, line.capture_id, line.refund_id, line.dispute_id,
        line.event_id, line.reference,
    )  # fmt: skip
    return (
        one.settlement_id, f"{one.business_on}", f"{line.number}", line.kind, *map(_text, words),
        f"{line.booked_on}", one.currency, *amounts,
    )  # fmt: skip


def _text(word: object) -> str:
    text = "" if word is None else str(word)
    return f"'{text}" if text.startswith(_FORMULA) else text
