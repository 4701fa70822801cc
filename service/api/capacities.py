"""For the lender: what arrangements have to pay with, and whether they cover more."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, write
from service.api.ask import read as reading
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.partners.telling_flow import Teller
from service.private_text import IN_SIGHT
from service.support import capacity_flow as flow
from service.support.capacity import ArrangementState, Capacity
from service.support.documents_flow import arrangement
from service.support.pool_flow import tell_funders


class FundingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What was paid in, or taken out again."""

    amount: Annotated[
        int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX, description="minor units; below zero: taken out")
    ]  # of the arrangement's currency
    reference: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z"), IN_SIGHT
    ]  # of the payment


_funding = Body(FundingBody)
_nothing = Body(Nothing)


@get("/support-arrangements/{arrangement_id:str}/capacity", opt=operation("support", Capacity))
async def get_capacity(request: Asked, arrangement_id: InPath) -> ASGIResponse:
    """What an arrangement was paid in, what of it is reserved for losses, paid and returned, and what is available."""
    _known(arrangement_id)
    return reply(await flow.capacity_of(reading(request).services.pool, arrangement_id))


@post(
    "/support-arrangements/{arrangement_id:str}/fund",
    status_code=200,
    opt=operation(
        "support",
        Capacity,
        takes=FundingBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.CAPACITY_EXCEEDED),
        example={"amount": 100_000_00, "reference": "transfer of 2 March"},
    ),
)
async def fund_arrangement(request: Asked, body: RawBody, arrangement_id: InPath) -> ASGIResponse:
    """Money was paid in, from which it pays losses; below zero it was taken out, as far as it is available."""
    asked = _funding.read(body, content_type(request))
    _known(arrangement_id)
    if not asked.amount:
        raise Refused(Code.INVALID_FIELD, "Nothing is paid in, or taken out.", "/amount")
    ask = write(request, body)
    funding_id = ids.new_id(ids.SUPPORT_FUNDING, ids.bucket_of(arrangement_id), ask.now_ms)

    async def fund(conn: Connection) -> Answer:
        if (agreed := await arrangement(conn, arrangement_id)) and agreed.document.pool is not None:
            sentence = "Its funders pay in, each by name."
            raise Refused(Code.STATE_FORBIDS, sentence, "/id", ("contributions",))
        by = ask.by.key_id or ask.by.owner_id
        found = await flow.fund(conn, arrangement_id, funding_id, asked.amount, asked.reference, by, ask.now)
        await ask.record(conn, Verb.CHANGED, Thing.ARRANGEMENT, arrangement_id, {"funding": funding_id})
        return Answer(200, encode(found))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, fund))


async def _set_state(request: Asked, body: bytes, arrangement_id: str, state: ArrangementState) -> ASGIResponse:
    if body:
        _nothing.read(body, content_type(request))
    _known(arrangement_id)
    ask = write(request, body)

    async def change(conn: Connection) -> Answer:
        found = await flow.set_state(conn, arrangement_id, state)
        if (agreed := await arrangement(conn, arrangement_id)) is not None:
            await tell_funders(conn, arrangement_id, agreed.document, state, None, Teller.OPERATOR, ask.now)
        await ask.record(conn, Verb.CHANGED, Thing.ARRANGEMENT, arrangement_id, {"state": state})
        return Answer(200, encode(found))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, change))


_CHANGES: Final = operation("support", Capacity, takes=Nothing, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS))


@post("/support-arrangements/{arrangement_id:str}/suspend", status_code=200, opt=_CHANGES)
async def suspend_arrangement(request: Asked, body: RawBody, arrangement_id: InPath) -> ASGIResponse:
    """No plan is enrolled with it any more; those that are stay covered."""
    return await _set_state(request, body, arrangement_id, ArrangementState.SUSPENDED)


@post("/support-arrangements/{arrangement_id:str}/open", status_code=200, opt=_CHANGES)
async def open_arrangement(request: Asked, body: RawBody, arrangement_id: InPath) -> ASGIResponse:
    """A suspended arrangement covers more plans again."""
    return await _set_state(request, body, arrangement_id, ArrangementState.OPEN)


@post("/support-arrangements/{arrangement_id:str}/close", status_code=200, opt=_CHANGES)
async def close_arrangement(request: Asked, body: RawBody, arrangement_id: InPath) -> ASGIResponse:
    """It bears nothing any more, for good. What is reserved of it for losses is paid or released before."""
    return await _set_state(request, body, arrangement_id, ArrangementState.CLOSED)


def _known(arrangement_id: str) -> None:
    if not ids.is_id(arrangement_id, ids.ARRANGEMENT):
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/id")


ROUTES: Final = [get_capacity, fund_arrangement, suspend_arrangement, open_arrangement, close_arrangement]
