"""All keys that there are or were, for operators: whose, with which rights, by whose hand, and when last used."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.access import flow as access
from service.access.key import Audience, kind_of, person_of
from service.api.ask import Asked, read
from service.api.lists import Listed
from service.api.operation import operation
from service.api.own_keys import OwnKey
from service.api.paging import AfterKey, Limit


class KeyView(OwnKey, frozen=True):
    """A key to the API, whose it is, and who made and revoked it; never the key itself."""

    audience: Audience
    owner_id: str  # merchant, partner, processor, support party, or the person who is the operator
    created_by: str | None  # the key; null: made on the machine, with `tenor key`
    created_by_owner: str | None  # the person who held it; null: made on the machine
    revoked_by: str | None  # the key
    revoked_by_owner: str | None  # the person who held it


class KeyPage(Struct, frozen=True):
    """Keys that there are or were, the oldest first; `after` is what to ask with next."""

    keys: list[KeyView]
    after: str
    under_secret_before: int  # how many keys in use are stored under another secret than TENOR_KEY_SECRET


@get("/keys", opt=operation("keys", KeyPage, csv=True, example={"owner_id": "{merchant_id}"}))
async def list_keys(
    request: Asked,
    audience: Annotated[Audience | None, QueryParameter(description="only its keys; absent: all")] = None,
    owner_id: Annotated[str | None, QueryParameter(max_length=200, description="only their keys; absent: all")] = None,
    used: Annotated[bool | None, QueryParameter(description="false: never used; true: ever; absent: all")] = None,
    idle_since: Annotated[
        date | None,
        QueryParameter(description="only those made before this day (UTC) and not used since; absent: all"),
    ] = None,
    after: AfterKey = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """All keys there are or ever were: whose, with which rights, made and revoked by whom, and when last used.

    Uses are kept to a minute or two. Keys that nobody uses are found by `used` and `idle_since`, to be revoked.
    """
    since = None if idle_since is None else datetime.combine(idle_since, time(), UTC)
    owner = person_of(owner_id) or owner_id if owner_id and audience in (None, Audience.OPERATOR) else owner_id
    ask = read(request)
    pool, secrets = ask.services.pool, ask.services.registry.secrets
    rows = await access.list_keys(pool, after, audience, owner, limit, used, since)
    page = [KeyView(**dict(row), kind=kind_of(row["scopes"], row["origins"])) for row in rows]
    others = await access.count_under_others(pool, secrets, ask.real_now)
    return Listed(KeyPage(page, page[-1].key_id if page else after, others))


ROUTES: Final = [list_keys]
