"""The operator's programmes: which partner funds which plans. It takes two people, for they say whose money is lent."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.access.flow import introduce
from service.api.addresses import refuse_no_address
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterProgramme, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners import programme_flow as flow
from service.partners.business_date import business_date
from service.partners.programme_faults import require_possible
from service.partners.programme_flow import ProgrammeVersion
from service.partners.programme_terms import ProgrammeTerms
from service.partners.taking_part_flow import FormerPartner, former_partners
from service.support.documents_flow import require_waterfall_there
from service.support.enrolling_store import require_sets

OfPartner = Annotated[
    str | None, QueryParameter(max_length=30, description="only those in which it takes part; absent: all")
]
Active = Annotated[bool | None, QueryParameter(description="only those that take plans, or do not; absent: all")]


class ProgrammePage(Struct, frozen=True):
    """Programmes as they are now, the oldest first; `after` is what to ask with next."""

    programmes: list[ProgrammeVersion]
    after: str


class ProgrammeView(Struct, frozen=True):
    """A programme with all its versions, the first first; the last is the one that is agreed now."""

    programme_id: str = field(name="id")
    is_active: bool  # false: it is suspended, and takes no plans
    business_on: date  # what is booked now is of this business day
    settles_on: date  # and its money is due on this one
    versions: list[ProgrammeVersion]
    former_partners: list[FormerPartner]  # who took part in an earlier version, and has files as long as it has plans


class WantedProgramme(Struct, frozen=True):
    """A version that was proposed."""

    programme_id: str
    before: int  # the version that it follows on; 0: it is the first
    terms: ProgrammeTerms


class AgreedProgramme(Struct, frozen=True):
    """The version that was agreed; the secret is shown once, to who approved it."""

    programme_id: str = field(name="id")
    version: int
    secret: str | None  # our questions to the partner carry it as `Authorization: Bearer`; null: as before, or none


class WantedResumption(Struct, frozen=True):
    """A programme that shall take plans again."""

    programme_id: str


_terms = Body(ProgrammeTerms)
_nothing = Body(Nothing)

_EXAMPLE: Final = {
    "name": "Alster cars",
    "kind": "joint",
    "currency": "CHF",
    "participants": [{"partner_id": "{partner_id}", "principal_bps": 8_000, "interest_bps": 8_000}],
    "time_zone": "Europe/Zurich",
    "cut_off": "23:00",
    "calendar": "CH",
    "eligibility": {"kinds": ["instalments"], "amount_min": 100_00, "instalments_max": 36},
    "capacity_per_month": 1_000_000_00,
}


@post(
    "/programmes",
    status_code=202,
    opt=operation(
        "partners",
        Proposed,
        takes=ProgrammeTerms,
        refuses=(Code.NOT_FOUND, Code.CURRENCY_MISMATCH),
        example=_EXAMPLE,
    ),
)
async def create_programme(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a partner's contract; another operator approves it, and it takes plans that are decided from then on."""
    ask, asked = await _read(request, body)
    programme_id = ids.new_id(ids.PROGRAMME, ids.bucket_for(asked.participants[0].partner_id), ask.now_ms)

    async def keep(conn: Connection) -> Answer:
        wanted = WantedProgramme(programme_id, 0, asked)
        return await propose("agree_programme", ask, conn, Thing.PROGRAMME, programme_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@post(
    "/programmes/{programme_id:str}/versions",
    status_code=202,
    opt=operation(
        "partners",
        Proposed,
        takes=ProgrammeTerms,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.CURRENCY_MISMATCH),
        example=_EXAMPLE | {"currency": "EUR", "time_zone": "Europe/Berlin", "calendar": "DE"},
    ),
)
async def change_programme(request: Asked, body: RawBody, programme_id: InPath) -> ASGIResponse:
    """Propose the next version of a programme's document; it is agreed when another operator approves it.

    Plans keep the version they were booked under, and offers the one they were made under. The first participant, the
    currency and the time zone stay the same.
    """
    known_programme(programme_id)
    ask, asked = await _read(request, body)

    async def keep(conn: Connection) -> Answer:
        last = (await flow.versions(conn, programme_id))[-1]
        flow.require_successor(last, last.version, asked)
        wanted = WantedProgramme(programme_id, last.version, asked)
        return await propose("agree_programme", ask, conn, Thing.PROGRAMME, programme_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("agree_programme", "partners")
async def _agree_as_proposed(doing: Doing, wanted: WantedProgramme) -> AgreedProgramme:
    ask, conn = doing.ask, doing.conn
    await flow.agree(conn, wanted.programme_id, wanted.before, wanted.terms, ask.now)
    version = wanted.before + 1
    verb = Verb.CHANGED if wanted.before else Verb.MADE
    await ask.record(conn, verb, Thing.PROGRAMME, wanted.programme_id, {"version": version})
    if wanted.terms.approval and wanted.programme_id not in ask.services.registry.now.known_by:
        secret = await introduce(conn, ask.services.registry.secrets, wanted.programme_id)
        doing.shown = AgreedProgramme(wanted.programme_id, version, secret)
    return AgreedProgramme(wanted.programme_id, version, None)


@get("/programmes", opt=operation("partners", ProgrammePage, csv=True))
async def list_programmes(
    request: Asked, partner_id: OfPartner = None, active: Active = None, after: AfterProgramme = "", limit: Limit = 100
) -> ASGIResponse:
    """All programmes, each in its newest version; those of one partner, or those that take plans, or do not."""
    page = await flow.programmes(read(request).services.pool, after, limit, partner_id, active)
    return Listed(ProgrammePage(page, page[-1].programme_id if page else after))


@get("/programmes/{programme_id:str}", opt=operation("partners", ProgrammeView))
async def get_programme(request: Asked, programme_id: InPath) -> ASGIResponse:
    """A programme, with all versions it ever had."""
    known_programme(programme_id)
    ask = read(request)
    found = await flow.versions(ask.services.pool, programme_id)
    terms = found[-1].terms
    business_on = business_date(ask.now, terms.time_zone, terms.cut_off)
    settles_on, former = terms.settles_on(business_on), await former_partners(ask.services.pool, programme_id)
    return reply(ProgrammeView(programme_id, found[-1].is_active, business_on, settles_on, found, former))


@post(
    "/programmes/{programme_id:str}/suspend",
    status_code=200,
    opt=operation("partners", ProgrammeVersion, takes=Nothing, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS)),
)
async def suspend_programme(request: Asked, body: RawBody, programme_id: InPath) -> ASGIResponse:
    """From now on it takes no plans; those that it has taken go on. One person does it, for it keeps money in."""
    _read_nothing(request, body)
    known_programme(programme_id)
    ask = write(request, body)

    async def suspend(conn: Connection) -> Answer:
        suspended = await flow.set_active(conn, programme_id, active=False)
        await ask.record(conn, Verb.CHANGED, Thing.PROGRAMME, programme_id, {"active": False}, {"active": True})
        return Answer(200, encode(suspended))

    answer = await ask.services.engine.once(ask.must_key, ask.now, suspend)
    await ask.services.registry.reload()
    return reply_answer(answer)


@post(
    "/programmes/{programme_id:str}/resume",
    status_code=202,
    opt=operation(
        "partners",
        Proposed,
        takes=Nothing,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
    ),
)
async def resume_programme(request: Asked, body: RawBody, programme_id: InPath) -> ASGIResponse:
    """Propose that a suspended programme takes plans again; another operator approves it."""
    _read_nothing(request, body)
    known_programme(programme_id)
    ask = write(request, body)

    async def keep(conn: Connection) -> Answer:
        if (await flow.versions(conn, programme_id))[-1].is_active:
            raise Refused(Code.STATE_FORBIDS, "The programme is active already.", "/id")
        wanted = WantedResumption(programme_id)
        return await propose("resume_programme", ask, conn, Thing.PROGRAMME, programme_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("resume_programme", "partners")
async def _resume_as_proposed(doing: Doing, wanted: WantedResumption) -> ProgrammeVersion:
    resumed = await flow.set_active(doing.conn, wanted.programme_id, active=True)
    change = {"active": True}, {"active": False}
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.PROGRAMME, wanted.programme_id, *change)
    return resumed


def known_programme(programme_id: str) -> None:
    """Refused: NOT_FOUND, for what is no programme's id."""
    if not ids.is_id(programme_id, ids.PROGRAMME):
        raise flow.no_programme(programme_id)


async def _read(request: Asked, body: bytes) -> tuple[Ask, ProgrammeTerms]:
    """The document, once nothing is wrong with it. Refused: INVALID_FIELD, NOT_FOUND."""
    asked = _terms.read(body, content_type(request))
    ask = write(request, body)
    require_possible(asked, ask.now.date())
    if asked.approval is not None:
        refuse_no_address(asked.approval.url, ask.services.settings, "/approval/url")
    for at, merchant_id in enumerate(asked.eligibility.merchants):
        if merchant_id not in ask.services.registry.now.merchants:
            sentence = f"There is no merchant {merchant_id!r}."
            raise Refused(Code.NOT_FOUND, sentence, f"/eligibility/merchants/{at}")
    await flow.require_partners(ask.services.pool, asked)
    await require_sets(ask.services.pool, asked.cover_sets, asked.currency)
    if asked.waterfall_id is not None:
        await require_waterfall_there(ask.services.pool, asked.waterfall_id, "/waterfall_id")
    return ask, asked


def _read_nothing(request: Asked, body: bytes) -> None:
    if body:
        _nothing.read(body, content_type(request))


ROUTES: Final = [
    create_programme, change_programme, list_programmes, get_programme, suspend_programme, resume_programme,
]  # fmt: skip
