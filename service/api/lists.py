"""Lists for a back office: narrowed by what is asked for, the newest first, page by page, as JSON or as CSV.

A page looks at 10,000 rows of its owner at most and says how far it came: `after` is what to go on with, also where few
or none were found. The list has ended when a page is empty and its `after` is the one that was sent.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import asyncpg
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from msgspec import Struct, structs

from service import ids
from service.api.ask import Ask, Asked
from service.api.operation import Text
from service.api.reply import encode, prefers, reply
from service.errors import Code, Refused

LOOKED_AT_MAX: Final = 10_000  # rows, for a page
LIST_MAX: Final = 1_000  # rows of a page
CSV: Final = Text("text/csv", "The same rows; what a spreadsheet would work out begins with an apostrophe.")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
HIGHEST: Final = "~"  # above every id

_SENT: Final = "Tenor-After"  # with CSV: the cursor

Cursor = Annotated[str, QueryParameter(max_length=30)]
Many = Annotated[int, QueryParameter(ge=1, le=LIST_MAX)]
Day = Annotated[date | None, QueryParameter()]
Amount = Annotated[int | None, QueryParameter(ge=0, le=2**62)]


class Days(Struct, frozen=True):
    """From one instant until before another; None: without an end."""

    since: datetime | None
    until: datetime | None


def require_days(first: date | None, last: date | None) -> None:
    """Refused: INVALID_FIELD, where the last day comes before the first."""
    if first is not None and last is not None and last < first:
        raise Refused(Code.INVALID_FIELD, f"The last day comes before the first, {first}.", "/last_on")


def days_between(first: date | None, last: date | None, time_zone: str) -> Days:
    """The days from the first to the last, both included, as a time zone counts them. Refused: INVALID_FIELD."""
    require_days(first, last)
    zone = ZoneInfo(time_zone)
    since = None if first is None else datetime.combine(first, time(), zone)
    until = None if last is None else datetime.combine(last + timedelta(days=1), time(), zone)
    return Days(since, until)


def begins_below(after: str, prefix: str) -> str:
    """Where a page begins, in SQL: below this id. Refused: INVALID_FIELD, for a cursor of another list."""
    if after and not ids.is_id(after, prefix):
        raise Refused(Code.INVALID_FIELD, f"This is no cursor of this list: they begin with {prefix}_.", "/after")
    return after or HIGHEST


def whose(ask: Ask, merchant_id: str) -> str:
    """The merchant whose rows an operator asks for. Refused: INVALID_FIELD."""
    if merchant_id not in ask.services.registry.now.merchants:
        raise Refused(Code.INVALID_FIELD, "There is no such merchant.", "/merchant_id")
    return merchant_id


def found_in(rows: Sequence[asyncpg.Record], name: str, after: str, limit: int) -> tuple[list[Any], str]:
    """What a query has found, and where to go on. It answers `looked_until` with each row, or in a row of nothing."""
    found = [row for row in rows if row[name] is not None]
    if len(found) == limit:
        return found, str(found[-1][name])
    until = rows[0]["looked_until"] if rows else None
    return found, str(until or after)


def reply_list(
    request: Asked, page: Struct, rows: Sequence[Struct], row: type[Struct], after: str | int
) -> ASGIResponse:
    """The page; or where Accept likes CSV better, its rows, with the cursor in the header Tenor-After.

    What is more than a word or a number stands in its cell as JSON.
    """
    return _sheet(rows, row, after) if prefers(request, CSV.media) else reply(page)


class Listed(ASGIResponse):
    """A page of a list, as `reply_list` answers it: its rows and their type are those of its one list."""

    def __init__(self, page: Struct) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As JSON, or as CSV where Accept likes that better."""
        page, (name, row) = self._page, _listed(type(self._page))
        answer = reply_list(Asked(scope), page, getattr(page, name), row, page.after)  # type: ignore[attr-defined]
        await answer(scope, receive, send)


@lru_cache(maxsize=128)
def _listed(page: type[Struct]) -> tuple[str, type[Struct]]:
    """Of a page, the name of its list and the type of the rows."""
    [found] = [(name, get_args(type_)[0]) for name, type_ in get_type_hints(page).items() if get_origin(type_) is list]
    return found


def _sheet(rows: Sequence[Struct], row: type[Struct], after: str | int) -> ASGIResponse:
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow([one.encode_name for one in structs.fields(row)])
    for one in rows:
        lines.writerow(map(_cell, structs.astuple(one)))
    return ASGIResponse(body=written.getvalue().encode(), media_type=CSV.media, headers={_SENT: str(after)})


def fields_in(row: asyncpg.Record, struct: type[Struct]) -> dict[str, Any]:
    """A row's columns that a struct has."""
    return {name: row[name] for name in struct.__struct_fields__}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    text = encode(value).decode() if isinstance(value, Struct | list | tuple | dict) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
