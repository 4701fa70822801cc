"""For the lender: cover sets of arrangements, and the plans that are enrolled in them; what all may know of it."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, services_of, write
from service.api.ask import read as reading
from service.api.body import Body, Nothing
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterCoverSet, AfterPlan, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.plans import enrolling_flow
from service.support import enrolling_store as store
from service.support.cover_set import Covering, CoverSet, require_covering
from service.support.enrolling_store import Disclosed, Enrolled

PlanId = Annotated[str, Meta(pattern=r"^pl_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class CoverSetPage(Struct, frozen=True):
    """Cover sets, the oldest first; `after` is what to ask with next."""

    cover_sets: list[CoverSet]
    after: str


class EnrolmentPage(Struct, frozen=True):
    """The plans of a cover set; `after` is what to ask with next."""

    enrolments: list[Enrolled]
    after: str


class EnrolmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Plans that a cover set is to have: all of them are enrolled, or none."""

    plans: Annotated[tuple[PlanId, ...], Meta(min_length=1, max_length=1_000)]  # their ids


class EnrolmentDone(Struct, frozen=True):
    """The set, and how many plans are new in it."""

    enrolled: int  # plans that were not in it before
    cover_set: CoverSet


_covering = Body(Covering)
_enrolment = Body(EnrolmentBody)
_nothing = Body(Nothing)


@post(
    "/cover-sets",
    status_code=201,
    opt=operation(
        "support",
        CoverSet,
        takes=Covering,
        refuses=(Code.NOT_FOUND,),
        example={
            "arrangement_id": "{arrangement_id}", "name": "Appliances 2026", "mode": "dynamic",
            "sanctioned": 1_000_000_00,
        },
    ),
)  # fmt: skip
async def make_cover_set(request: Asked, body: RawBody) -> ASGIResponse:
    """A portfolio that an arrangement covers. From its first set on, it bears losses of its sets' plans alone.

    Programmes name sets (`cover_sets`), and their plans are enrolled as they are captured. A plan that has ended
    without a loss is released; one that owes again is covered again, where there is room, and else void.
    """
    asked = _covering.read(body, content_type(request))
    require_covering(asked)
    ask = write(request, body)
    cover_set_id = ids.new_id(ids.COVER_SET, ids.bucket_of(asked.arrangement_id), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        made = await store.make_set(conn, cover_set_id, asked, ask.now)
        await ask.record(conn, Verb.MADE, Thing.COVER_SET, cover_set_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, make))


@get("/cover-sets", opt=operation("support", CoverSetPage, csv=True))
async def list_cover_sets(request: Asked, after: AfterCoverSet = "", limit: Limit = 100) -> ASGIResponse:
    """All cover sets, with how many plans each has, and how large they are."""
    page = await store.list_sets(reading(request).services.pool, after, limit)
    return Listed(CoverSetPage(page, page[-1].cover_set_id if page else after))


@get("/cover-sets/{cover_set_id:str}/enrolments", opt=operation("support", EnrolmentPage, csv=True))
async def list_enrolments(
    request: Asked, cover_set_id: InPath, after: AfterPlan = "", limit: Limit = 100
) -> ASGIResponse:
    """The plans of a cover set; one that could not be enrolled when it was captured is void, with the reason."""
    _known(cover_set_id)
    pool = reading(request).services.pool
    await store.find_set(pool, cover_set_id)
    page = await store.list_enrolled(pool, cover_set_id, after, limit)
    return Listed(EnrolmentPage(page, page[-1].plan_id if page else after))


@post(
    "/cover-sets/{cover_set_id:str}/enrolments",
    status_code=200,
    opt=operation(
        "support",
        EnrolmentDone,
        takes=EnrolmentBody,
        refuses=(
            Code.NOT_FOUND, Code.SET_FROZEN, Code.STATE_FORBIDS, Code.EXCLUSIVE_COVER, Code.LEVERAGE_EXCEEDED,
            Code.CAPACITY_EXCEEDED, Code.CURRENCY_MISMATCH,
        ),
        example={"plans": ["{plan_id}"]},
        after=("capture_plan",),
    ),
)  # fmt: skip
async def enrol_plans(request: Asked, body: RawBody, cover_set_id: InPath) -> ASGIResponse:
    """Enrol plans that are being paid back. One that is in the set already stays as it is."""
    asked = _enrolment.read(body, content_type(request))
    _known(cover_set_id)
    for number, one in enumerate(asked.plans):
        if one in asked.plans[:number]:
            raise Refused(Code.INVALID_FIELD, "A plan is named twice.", f"/plans/{number}")
    ask = write(request, body)

    async def enrol(conn: Connection) -> Answer:
        count = await enrolling_flow.enrol(conn, cover_set_id, asked.plans, ask.now)
        await ask.record(conn, Verb.CHANGED, Thing.COVER_SET, cover_set_id, {"enrolled": count})
        return Answer(200, encode(EnrolmentDone(count, await store.find_set(conn, cover_set_id))))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, enrol))


@post(
    "/cover-sets/{cover_set_id:str}/freeze",
    status_code=200,
    opt=operation("support", CoverSet, takes=Nothing, refuses=(Code.NOT_FOUND, Code.SET_FROZEN)),
)
async def freeze_cover_set(request: Asked, body: RawBody, cover_set_id: InPath) -> ASGIResponse:
    """From now on it has its plans, and takes no more. Programmes that name it take no plans any more, either."""
    if body:
        _nothing.read(body, content_type(request))
    _known(cover_set_id)
    ask = write(request, body)

    async def freeze(conn: Connection) -> Answer:
        frozen = await store.freeze(conn, cover_set_id, ask.now)
        await ask.record(conn, Verb.CHANGED, Thing.COVER_SET, cover_set_id, {"frozen": True})
        return Answer(200, encode(frozen))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, freeze))


@get("/programmes/{programme_id:str}/cover-disclosure", opt=operation(None, Disclosed))
async def get_cover_disclosure(request: Asked, programme_id: InPath) -> ASGIResponse:
    """How many portfolios of a programme others cover, and how large they are: for everybody, without a key."""
    if not ids.is_id(programme_id, ids.PROGRAMME):
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    return reply(await store.disclosed(services_of(request).pool, programme_id))


def _known(cover_set_id: str) -> None:
    if not ids.is_id(cover_set_id, ids.COVER_SET):
        raise Refused(Code.NOT_FOUND, f"There is no cover set {cover_set_id[:100]!r}.", "/id")


ROUTES: Final = [make_cover_set, list_cover_sets, list_enrolments, enrol_plans, freeze_cover_set]
