"""For the lender: how somebody tried to have the money of a plan paid. Claims show it."""

from datetime import date
from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import Made, encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.claims import store
from service.claims.evidence import Effort
from service.claims.store import Q
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.support.claim_terms import EffortKind


class EffortBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody tried to have the money paid."""

    kind: EffortKind
    on: date  # when
    reference: Reference  # of the letter, the call or the court


class EffortPage(Struct, frozen=True):
    """Efforts, the oldest first."""

    efforts: list[Effort]


_effort = Body(EffortBody)

_NOTICE: Final = {"kind": "notice", "on": "2026-03-02", "reference": "letter 7 of March"}


@post(
    "/plans/{plan_id:str}/efforts",
    status_code=201,
    opt=operation("claims", Made, takes=EffortBody, example=_NOTICE),
)
async def record_effort(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Write down how somebody tried to have the money of a plan paid. Claims show it, and may not be lodged without."""
    asked = _effort.read(body, content_type(request))
    _require_plan_id(plan_id)
    ask = write(request, body)
    if asked.on > ask.now.date():
        raise Refused(Code.INVALID_FIELD, "It is still to come.", "/on")

    async def record(conn: Connection) -> Answer:
        bucket = ids.bucket_of(plan_id)
        if not await conn.fetchval(Q.plan_is_there, bucket, plan_id):
            raise _no_plan(plan_id)
        effort_id = ids.new_id(ids.EFFORT, bucket, ask.now_ms)
        await conn.execute(
            Q.insert_effort, bucket, effort_id, plan_id, asked.kind, asked.on, asked.reference, ask.by.owner_id, ask.now
        )
        await ask.record(conn, Verb.COMMENTED, Thing.PLAN, plan_id, {"effort": effort_id, "kind": asked.kind})
        return Answer(201, encode(Made(effort_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, record))


@get("/plans/{plan_id:str}/efforts", opt=operation("claims", EffortPage))
async def list_efforts(request: Asked, plan_id: InPath) -> ASGIResponse:
    """How somebody tried to have the money of a plan paid."""
    _require_plan_id(plan_id)
    pool = read(request).services.pool
    if not await pool.fetchval(Q.plan_is_there, ids.bucket_of(plan_id), plan_id):
        raise _no_plan(plan_id)
    async with pool.acquire() as conn:
        return reply(EffortPage(await store.efforts_of(conn, plan_id)))


def _require_plan_id(plan_id: str) -> None:
    if not ids.is_id(plan_id, ids.PLAN):
        raise _no_plan(plan_id)


def _no_plan(plan_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")


ROUTES: Final = [record_effort, list_efforts]
