"""The audit log, for the operator: who did what, when, and what it was before and after."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import asyncpg
import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Asked, read
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import Limit
from service.audit.entry import Thing, Verb
from service.deadline import LONG

Given = Annotated[str | None, QueryParameter(max_length=200)]


class AuditEntry(Struct, frozen=True):
    """An act, by whom, with which key. Of personal data the fields are named, and what stands in them is not told."""

    number: int  # 1, 2, 3 ... without gaps
    entry_id: str = field(name="id")
    at: datetime  # by the clock of the machine that wrote it, whatever Tenor-Clock says
    audience: str  # of the key; `database`: somebody at the command line; `unknown`: no key of ours
    owner_id: str  # the merchant, the partner, or the person who is the operator
    key_id: str | None  # null: none of ours
    verb: Verb
    thing: Thing
    thing_id: str
    before: dict[str, Any] | None  # what was changed, as it was; null: nothing was there, or it is not told
    after: dict[str, Any] | None  # what it is now, or what is known of the act
    request_id: str | None  # the Idempotency-Key of the request; null: it had none


class AuditPage(Struct, frozen=True):
    """Entries in their order; `after` is what to ask with next."""

    entries: list[AuditEntry]
    after: int


@get("/audit", opt=operation("audit", AuditPage, csv=True, example={"thing": "key"}) | LONG)
async def list_acts(
    request: Asked,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    thing: Annotated[Thing | None, QueryParameter()] = None,
    thing_id: Given = None,
    owner_id: Given = None,
    on: Annotated[date | None, QueryParameter()] = None,
    limit: Limit = 100,
) -> ASGIResponse:
    """Every act of a person, every change of configuration, every reading of personal data and every key refused.

    Of one thing, of one who acted, or of one day (UTC), where they are given. What happened to a plan stands in the
    plan's own timeline, with who did it. `tenor audit verify` proves that nobody has changed the log.
    """
    since = datetime(on.year, on.month, on.day, tzinfo=UTC) if on else None
    until = since + timedelta(days=1) if since else None
    rows = await read(request).services.audit.entries(after, limit, thing, thing_id, owner_id, since, until)
    page = [_view(row) for row in rows]
    return Listed(AuditPage(page, page[-1].number if page else after))


def _view(row: asyncpg.Record) -> AuditEntry:
    told = {name: _decode(row[name]) if row[name] else None for name in ("before", "after")}
    return msgspec.convert(dict(row) | told | {"id": row["entry_id"]}, AuditEntry)


_decode = msgspec.json.Decoder(dict[str, Any] | None).decode
