"""For the finance partner: claims on who bears losses of its money, made by itself or by the lender."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse

from service.api import loss_claims
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.claim_view import ClaimNote, ClaimPage, ClaimView, PackView, load_pack, load_view
from service.api.lists import Listed
from service.api.loss_claims import DocumentBody, LodgeBody, LossClaimBody, side_of
from service.api.operation import operation
from service.api.paging import AfterClaim, Limit
from service.api.reply import reply
from service.audit.entry import Thing
from service.claims import store
from service.claims.claim import LossClaimState
from service.errors import Code

_claim = Body(LossClaimBody)
_lodge = Body(LodgeBody)
_document = Body(DocumentBody)
_answer = Body(ClaimNote)


@post(
    "/loss-claims",
    status_code=201,
    opt=operation(
        "claims", ClaimView, takes=LossClaimBody, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"loss_id": "{claimable_loss_id}", "arrangement_id": "{its_arrangement_id}"},
    ),
)  # fmt: skip
async def make_own_claim(request: Asked, body: RawBody) -> ASGIResponse:
    """Claim what an arrangement bears of a loss that is in part yours. It is a draft, and says what it lacks."""
    asked = _claim.read(body, content_type(request))
    return await loss_claims.made(write(request, body), asked)


@get("/loss-claims", opt=operation("claims", ClaimPage, csv=True))
async def list_claims_of_own(
    request: Asked,
    in_state: Annotated[LossClaimState | None, QueryParameter()] = None,
    after: AfterClaim = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """Claims of losses that are in part yours, whoever made them, the oldest first."""
    ask = read(request)
    page = await store.claims(ask.services.pool, after, side_of(ask), in_state, None, limit)
    return Listed(ClaimPage(page, page[-1].claim_id if page else after))


@get("/loss-claims/{claim_id:str}", opt=operation("claims", ClaimView))
async def get_claim_of_own(request: Asked, claim_id: InPath) -> ASGIResponse:
    """A claim as it stands, what it lacks, its days, and what happened to it."""
    ask = read(request)
    return reply(await load_view(ask, claim_id, side_of(ask)))


@get("/loss-claims/{claim_id:str}/evidence", opt=operation("claims", PackView))
async def get_evidence_of_own(request: Asked, claim_id: InPath) -> ASGIResponse:
    """What a claim shows: as it was lodged, or as it would be lodged now. That you read it is written down."""
    ask = read(request)
    found = await load_pack(ask, claim_id, side_of(ask))
    await ask.record_reading(Thing.CLAIM, claim_id, "evidence")
    return reply(found)


@post(
    "/loss-claims/{claim_id:str}/documents",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=DocumentBody, refuses=(Code.STATE_FORBIDS,),
        example={"kind": "identity", "reference": "copy of an identity card, safe 4"},
    ),
)  # fmt: skip
async def add_own_document(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Add evidence that is kept elsewhere to a claim that you made."""
    asked = _document.read(body, content_type(request))
    return await loss_claims.added(write(request, body), claim_id, asked)


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
async def lodge_own_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Lodge a claim that you made: what it is of is reserved, and the days to decide it begin."""
    asked = _lodge.read(body, content_type(request)) if body else LodgeBody()
    return await loss_claims.lodged(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/answer",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=ClaimNote, refuses=(Code.STATE_FORBIDS, Code.CLAIM_TOO_LATE),
        example={"note": "The letter of 2 March is attached."},
    ),
)  # fmt: skip
async def answer_own_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Answer what who decides has asked about a claim that you made."""
    asked = _answer.read(body, content_type(request))
    return await loss_claims.answered(write(request, body), claim_id, asked)


@post(
    "/loss-claims/{claim_id:str}/withdraw",
    status_code=200,
    opt=operation("claims", ClaimView, takes=ClaimNote, refuses=(Code.STATE_FORBIDS,), example={"note": "A mistake."}),
)
async def withdraw_own_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Withdraw a claim that you made: nothing is reserved for it, and the next of the waterfall bear it."""
    asked = _answer.read(body, content_type(request))
    return await loss_claims.withdrawn(write(request, body), claim_id, asked)


ROUTES: Final = [
    make_own_claim, list_claims_of_own, get_claim_of_own, get_evidence_of_own, add_own_document, lodge_own_claim,
    answer_own_claim, withdraw_own_claim,
]  # fmt: skip
