"""A merchant's, a partner's and a support party's own keys, listed."""

from datetime import datetime

import asyncpg
from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.access import flow as access
from service.access.key import KeyKind, kind_of
from service.api.ask import Asked, read
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterKey, Limit


class OwnKey(Struct, frozen=True):
    """A key to the API, by its rights; never the key itself."""

    key_id: str = field(name="id")
    prefix: str  # what the key begins with: its kind, and whether it is of a test merchant
    kind: KeyKind
    scopes: list[str]  # `plans`, `plans:read`, `*:read`, `*`
    origins: list[str]  # of a publishable key: where the pages are that may use it
    replaces: str | None  # the key that was rotated when this one was made
    created_at: datetime
    expires_at: datetime | None  # null: it does not expire
    last_used_at: datetime | None  # to a minute or two; null: never
    revoked_at: datetime | None


class OwnKeyPage(Struct, frozen=True):
    """Keys that there are or were, the oldest first; `after` is what to ask with next."""

    keys: list[OwnKey]
    after: str


@get("/keys", opt=operation("keys", OwnKeyPage, csv=True))
async def list_own_keys(request: Asked, after: AfterKey = "", limit: Limit = 100) -> ASGIResponse:
    """Your keys, with those that are out of use: their rights, and when each was last used."""
    return await _page(request, after, limit)


@get("/keys", opt=operation("keys", OwnKeyPage, csv=True))
async def list_partner_keys(request: Asked, after: AfterKey = "", limit: Limit = 100) -> ASGIResponse:
    """Your keys, with those that are out of use: their rights, and when each was last used."""
    return await _page(request, after, limit)


@get("/keys", opt=operation("keys", OwnKeyPage, csv=True))
async def list_party_keys(request: Asked, after: AfterKey = "", limit: Limit = 100) -> ASGIResponse:
    """Your keys, with those that are out of use: their rights, and when each was last used."""
    return await _page(request, after, limit)


def _own(row: asyncpg.Record) -> OwnKey:
    shown = {name: row[name] for name in OwnKey.__struct_fields__ if name != "kind"}
    return OwnKey(**shown, kind=kind_of(row["scopes"], row["origins"]))


async def _page(request: Asked, after: str, limit: int) -> ASGIResponse:
    ask = read(request)
    rows = await access.list_keys(ask.services.pool, after, request.auth.audience, ask.owner_id, limit)
    page = [_own(row) for row in rows]
    return Listed(OwnKeyPage(page, page[-1].key_id if page else after))
