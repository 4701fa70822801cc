"""Standing permissions: a consumer agrees once to all uses of a kind, through the merchant, and takes it back."""

from datetime import datetime
from typing import Any, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field, structs

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.consents import require_consumer
from service.api.operation import operation
from service.api.paging import AfterPermission, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.texts import sealed_for_consumer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.outside.consent import Evidence
from service.plans import permission_store
from service.plans.offer import Scenario
from service.plans.permission import Permission


class PermissionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the consumer permits: all uses of a scenario, of products whose `use` has `permission`."""

    scenario: Scenario
    # where the proof of it is kept
    evidence: Evidence  # what proves that the consumer agreed: a sentence, an address, a hash


class PermissionView(Struct, frozen=True):
    """A permission, and what became of it."""

    permission_id: str = field(name="id")
    consumer_id: str = field(name="consumer")
    scenario: Scenario
    evidence: str  # where the proof of it is kept
    given_at: datetime
    revoked_at: datetime | None


class PermissionPage(Struct, frozen=True):
    """A consumer's permissions, the oldest first; `after` is what to ask with next."""

    permissions: list[PermissionView]
    after: str


_permission = Body(PermissionBody)
_nothing = Body(Nothing)
_TRIALS: Final[dict[str, Any]] = {"scenario": "trial", "evidence": "checkbox 3 of the account settings"}


@post(
    "/consumers/{consumer_id:str}/permissions",
    status_code=201,
    opt=operation("consents", PermissionView, takes=PermissionBody, refuses=(Code.STATE_FORBIDS,), example=_TRIALS),
)
async def give_permission(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """The consumer agrees to all uses of a scenario, once: a plan of such a product is confirmed when it is opened.

    Plans that wait for the consumer already are confirmed one by one. Of a scenario one permission is in force.
    """
    asked = _permission.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(consumer_id))
    await require_consumer(ask, consumer_id, ask.owner_id)

    async def give(conn: Connection) -> Answer:
        kept = await sealed_for_consumer(ask.services, conn, consumer_id, asked)
        given = await permission_store.give(conn, consumer_id, ask.actor, kept.scenario, kept.evidence, ask.now)
        if given is None:
            raise Refused(Code.STATE_FORBIDS, f"The consumer permits every {asked.scenario} already.", "/scenario")
        told = {"consumer": consumer_id, "scenario": asked.scenario}
        await ask.record(conn, Verb.MADE, Thing.PERMISSION, given.permission_id, told)
        return Answer(201, encode(_view(given)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, give))


@get("/consumers/{consumer_id:str}/permissions", opt=operation("consents", PermissionPage))
async def list_permissions(
    request: Asked, consumer_id: InPath, after: AfterPermission = "", limit: Limit = 100
) -> ASGIResponse:
    """What the consumer permits, and what was revoked."""
    ask = read(request)
    await require_consumer(ask, consumer_id, ask.owner_id)
    page = [_view(one) for one in await permission_store.list_of(ask.services.pool, consumer_id, after, limit)]
    return reply(PermissionPage(page, page[-1].permission_id if page else after))


@post(
    "/permissions/{permission_id:str}/revoke", status_code=200, opt=operation("consents", PermissionView, takes=Nothing)
)
async def revoke_permission(request: Asked, body: RawBody, permission_id: InPath) -> ASGIResponse:
    """The consumer takes it back, for good: new plans are confirmed one by one. Those that are confirmed go on.

    Revoked again, it stays as it was.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask, by = write(request, body, ids.bucket_in(permission_id)), request.auth.key_id
    missing = Refused(Code.NOT_FOUND, f"There is no permission {permission_id[:100]!r}.", "/id")
    if not ids.is_id(permission_id, ids.PERMISSION):
        raise missing

    async def revoke(conn: Connection) -> Answer:
        revoked = await permission_store.revoke(conn, permission_id, ask.actor, by, ask.now)
        if revoked is None:
            raise missing
        await ask.record(conn, Verb.REVOKED, Thing.PERMISSION, permission_id)
        return Answer(200, encode(_view(revoked)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, revoke))


def _view(one: Permission) -> PermissionView:
    return PermissionView(*structs.astuple(one))


ROUTES: Final = [give_permission, list_permissions, revoke_permission]
