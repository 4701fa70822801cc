"""For who bears losses: claims on it, what they show, decided and paid with its own key. Others' are not found."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse

from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.claim_view import ClaimNote, ClaimPage, ClaimView, DecideBody, PackView, PayBody, load_pack, load_view
from service.api.lists import Listed
from service.api.loss_claims import changed, doer_of
from service.api.operation import operation
from service.api.paging import AfterClaim, Limit
from service.api.reply import reply
from service.audit.entry import Thing
from service.claims import flow, steps_flow, store
from service.claims.claim import LossClaimState
from service.claims.store import Side
from service.db import Connection
from service.errors import Code

_answer = Body(ClaimNote)
_decide = Body(DecideBody)
_pay = Body(PayBody)


@get("/claims", opt=operation("claims", ClaimPage, csv=True))
async def list_own_claims(
    request: Asked,
    in_state: Annotated[LossClaimState | None, QueryParameter()] = None,
    after: AfterClaim = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """Claims on you, the oldest first."""
    ask = read(request)
    page = await store.claims(ask.services.pool, after, Side(ask.owner_id), in_state, None, limit)
    return Listed(ClaimPage(page, page[-1].claim_id if page else after))


@get("/claims/{claim_id:str}", opt=operation("claims", ClaimView))
async def get_own_claim(request: Asked, claim_id: InPath) -> ASGIResponse:
    """A claim on you as it stands, its days, and what happened to it."""
    ask = read(request)
    return reply(await load_view(ask, claim_id, Side(ask.owner_id)))


@get("/claims/{claim_id:str}/evidence", opt=operation("claims", PackView))
async def get_own_evidence(request: Asked, claim_id: InPath) -> ASGIResponse:
    """What a claim on you shows: as it was lodged, or answered about. That you read it is written down."""
    ask = read(request)
    found = await load_pack(ask, claim_id, Side(ask.owner_id))
    await ask.record_reading(Thing.CLAIM, claim_id, "evidence")
    return reply(found)


@post(
    "/claims/{claim_id:str}/ask",
    status_code=200,
    opt=operation(
        "claims",
        ClaimView,
        takes=ClaimNote,
        refuses=(Code.STATE_FORBIDS,),
        example={"note": "Which letter?"},
    ),
)
async def ask_about_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Ask for something before you decide: until it is answered, your days to decide do not run."""
    asked = _answer.read(body, content_type(request))
    ask = write(request, body)

    async def inquire(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.ask(conn, held, asked.note, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, inquire, Side(ask.owner_id))


@post(
    "/claims/{claim_id:str}/decide",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=DecideBody,
        refuses=(Code.STATE_FORBIDS, Code.CAPACITY_EXCEEDED), example={"approved": 0, "rejection": "not_covered"},
    ),
)  # fmt: skip
async def decide_own_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Decide a claim on you: all of it, a part, or nothing, and then say why. Of 0, 0 is paid."""
    asked = _decide.read(body, content_type(request))
    ask = write(request, body)

    async def decide(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.decide(conn, held, asked.approved, asked.rejection, asked.note, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, decide, Side(ask.owner_id))


@post(
    "/claims/{claim_id:str}/pay",
    status_code=200,
    opt=operation(
        "claims", ClaimView, takes=PayBody,
        refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.CAPACITY_EXCEEDED),
        example={"amount": 100_00, "reference": "transfer 4711"},
    ),
)  # fmt: skip
async def pay_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """You have paid so much of what you approved, in parts if you like."""
    asked = _pay.read(body, content_type(request))
    ask = write(request, body)

    async def pay(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.pay(conn, held, asked.amount, asked.reference, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, pay, Side(ask.owner_id))


@post(
    "/claims/{claim_id:str}/claw-back",
    status_code=200,
    opt=operation(
        "claims",
        ClaimView,
        takes=ClaimNote,
        refuses=(Code.STATE_FORBIDS,),
        example={"note": "It was forged."},
    ),
)
async def claw_back_claim(request: Asked, body: RawBody, claim_id: InPath) -> ASGIResponse:
    """Take back what you paid, less what came back to you: you bear nothing of it, and others do."""
    asked = _answer.read(body, content_type(request))
    ask = write(request, body)

    async def take_back(conn: Connection, held: steps_flow.Held) -> object:
        return await flow.claw_back(conn, held, asked.note, doer_of(ask), ask.now)

    return await changed(ask, claim_id, asked, take_back, Side(ask.owner_id))


ROUTES: Final = [
    list_own_claims, get_own_claim, get_own_evidence, ask_about_claim, decide_own_claim, pay_claim, claw_back_claim,
]  # fmt: skip
