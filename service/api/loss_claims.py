"""For the lender: claims on who bears a loss, made, lodged, answered about, withdrawn and closed."""

from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.claim_view import (
    ClaimNote,
    ClaimPage,
    ClaimView,
    PackView,
    load_pack,
    load_view,
    view_of,
)
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterClaim, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.claims import flow, steps_flow, store
from service.claims.claim import LossClaimState
from service.claims.steps_flow import Doer
from service.claims.store import ALL, Side
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.partners.telling_flow import Teller
from service.support.claim_terms import Evidence
from service.support.documents_flow import ArrangementId

LossId = Annotated[str, Meta(pattern=r"^lo_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
ClaimId = Annotated[str, Meta(pattern=r"^cl_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class LossClaimBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What an arrangement bears of a loss."""

    loss_id: LossId
    arrangement_id: ArrangementId


class LodgeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When a claim is lodged."""

    when_due: bool = False  # where it is too early it waits, and is lodged by itself


class DocumentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Evidence that is kept elsewhere."""

    kind: Evidence
    reference: Reference  # where it is kept
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None  # of its bytes; null: not told


ROLES: Final = {"support": Teller.SUPPORT, "partner": Teller.PARTNER}

_claim = Body(LossClaimBody)
_lodge = Body(LodgeBody)
_document = Body(DocumentBody)
_answer = Body(ClaimNote)
_nothing = Body(Nothing)


@post(
    "/loss-claims",
    status_code=201,
    opt=operation(
        "claims", ClaimView, takes=LossClaimBody, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"loss_id": "{claimable_loss_id}", "arrangement_id": "{its_arrangement_id}"},
    ),
)  # fmt: skip
async def make_loss_claim(request: Asked, body: RawBody) -> ASGIResponse:
    """Claim what an arrangement bears of a loss. It is a draft, and says what it lacks; nothing is reserved yet."""
    asked = _claim.read(body, content_type(request))
    return await made(write(request, body), asked)


@get("/loss-claims", opt=operation("claims", ClaimPage, csv=True))
async def list_loss_claims(
    request: Asked,
    in_state: Annotated[LossClaimState | None, QueryParameter()] = None,
    arrangement_id: Annotated[str | None, QueryParameter(pattern=r"^sa_[0-9A-HJKMNP-TV-Z]{26}\Z")] = None,
    after: AfterClaim = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """Claims, the oldest first."""
    page = await store.claims(read(request).services.pool, after, ALL, in_state, arrangement_id, limit)
    return Listed(ClaimPage(page, page[-1].claim_id if page else after))


@get("/loss-claims/{claim_id:str}", opt=operation("claims", ClaimView))
async def get_loss_claim(request: Asked, claim_id: InPath) -> ASGIResponse:
    """A claim as it stands, what it lacks, its days, and what happened to it."""
    return reply(await load_view(read(request), claim_id, ALL))


@get("/loss-claims/{claim_id:str}/evidence", opt=operation("claims", PackView))
async def get_evidence(request: Asked, claim_id: InPath) -> ASGIResponse:
    """What a claim shows: as it was lodged, or answered about; of a draft, as it would be lodged now."""
    return reply(await load_pack(read(request), claim_id, ALL))


@post(
    "/loss-claims/{claim_id:str}/documents",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=DocumentBody, refuses=(Code.STATE_FORBIDS,),
        example={"kind": "identity", "reference": "copy of an identity card, safe 4"},
    ),
)  # fmt: skip
async def add_document(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Add evidence that is kept elsewhere: a claim that lacks its kind no longer does."""
    asked = _document.read(body, content_type(request))
    return await added(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/lodge",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=LodgeBody, example={"when_due": True},
        refuses=(
            Code.STATE_FORBIDS, Code.CLAIM_TOO_EARLY, Code.CLAIM_TOO_LATE, Code.EFFORT_MISSING, Code.INCOMPLETE,
            Code.CAPACITY_EXCEEDED,
        ),
    ),
)  # fmt: skip
async def lodge_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Lodge a claim: what it is of is reserved, what it shows is kept, and the days to decide it begin.

    Refused with the day that would do, or with what is missing, nothing is reserved.
    """
    asked = _lodge.read(body, content_type(request)) if body else LodgeBody()
    return await lodged(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/answer",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=ClaimNote, refuses=(Code.STATE_FORBIDS, Code.CLAIM_TOO_LATE),
        example={"note": "The letter of 2 March is attached."},
    ),
)  # fmt: skip
async def answer_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Answer what who decides has asked; what the claim shows by now goes with it, and the days to decide run on."""
    asked = _answer.read(body, content_type(request))
    return await answered(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/withdraw",
    status_code=200,
    opt=operation("claims", ClaimView, takes=ClaimNote, refuses=(Code.STATE_FORBIDS,), example={"note": "A mistake."}),
)
async def withdraw_loss_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Claim it no longer: nothing is reserved for it, and the next of the waterfall bear it."""
    asked = _answer.read(body, content_type(request))
    return await withdrawn(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/close",
    status_code=200,
    opt=operation("claims", ClaimView, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def close_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Nothing more comes of it: it was rejected, or all that was approved is paid."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)

    async def close(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.close(conn, held, doer_of(ask), ask.now)

    return await changed(ask, claim_id, None, close)


async def made(ask: Ask, asked: LossClaimBody) -> ASGIResponse:
    """A claim is made, by the lender or by a partner whose money the loss is."""

    async def make(conn: Connection) -> Answer:
        time_at = ask.services.registry.time_at
        holder_id = side_of(ask).partner_id
        claim = await flow.make(conn, asked.loss_id, asked.arrangement_id, doer_of(ask), ask.now, time_at, holder_id)
        await ask.record(conn, Verb.MADE, Thing.CLAIM, claim.claim_id, asked)
        return Answer(201, encode(await view_of(ask, conn, claim.claim_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, make))


async def added(ask: Ask, claim_id: str, asked: DocumentBody) -> ASGIResponse:
    """Evidence is added to a claim."""

    async def add(conn: Connection, held: steps_flow.Held) -> object:
        await flow.add_document(conn, held, asked.kind, asked.reference, asked.sha256, ask.by.owner_id, ask.now)
        return held

    return await changed(ask, claim_id, asked, add, side_of(ask))


async def lodged(ask: Ask, claim_id: str, asked: LodgeBody) -> ASGIResponse:
    """A claim is lodged."""

    async def lodge(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.lodge(conn, held, doer_of(ask), ask.now, when_due=asked.when_due)

    return await changed(ask, claim_id, asked, lodge, side_of(ask))


async def answered(ask: Ask, claim_id: str, asked: ClaimNote) -> ASGIResponse:
    """What was asked about a claim is answered."""

    async def answer(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.answer(conn, held, asked.note, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, answer, side_of(ask))


async def withdrawn(ask: Ask, claim_id: str, asked: ClaimNote) -> ASGIResponse:
    """A claim is withdrawn."""

    async def withdraw(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.withdraw(conn, held, asked.note, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, withdraw, side_of(ask))


def side_of(ask: Ask) -> Side:
    """Whose claims those are that who asks may see."""
    return Side(partner_id=ask.by.owner_id) if ask.by.audience == "partner" else ALL


def doer_of(ask: Ask) -> Doer:
    """Who asks, as a claim keeps it."""
    return Doer(ROLES.get(ask.by.audience, Teller.OPERATOR), ask.by.owner_id)


async def changed(ask: Ask, claim_id: str, asked: object, do: Any, side: Side = ALL) -> ASGIResponse:
    """Does something with a claim that they see, once; the claim after it."""
    require_claim_id(claim_id)

    async def change(conn: Connection) -> Answer:
        held = await steps_flow.hold(conn, claim_id, ask.now, ask.services.registry.time_at, side)
        await do(conn, held)
        await ask.record(conn, Verb.CHANGED, Thing.CLAIM, claim_id, asked)
        return Answer(200, encode(await view_of(ask, conn, claim_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, change))


def require_claim_id(claim_id: str) -> None:
    """Refused: NOT_FOUND, for what is no claim's id."""
    if not ids.is_id(claim_id, ids.CLAIM):
        raise steps_flow.not_there(claim_id)


ROUTES: Final = [
    make_loss_claim, list_loss_claims, get_loss_claim, get_evidence, add_document,
    lodge_claim, answer_claim, withdraw_loss_claim, close_claim,
]  # fmt: skip
