"""What does not match: operators look after it, and the partner answers."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterBreak, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer
from service.errors import Code, Refused
from service.reconciling import breaks_flow
from service.reconciling.breaks_flow import BreakStep, OpenedBreak, Which
from service.reconciling.found import BreakClass, Leg

# Written in one way only, for two spellings would be two people.
Owner = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+( [^\s\x00-\x1f\x7f]+)*\Z")]


class AssignBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who must act: `operator`, `partner`, or a person's name."""

    owner: Owner


class ResolveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is left to do."""

    note: Text


class CommentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be remembered."""

    note: Text  # in words


class Noted(Struct, frozen=True):
    """What was said about a break."""

    break_id: str
    note: str  # in words


class BreakPage(Struct, frozen=True):
    """Breaks by their ids; `after` is what to ask with next."""

    breaks: list[OpenedBreak]
    after: str


class BreakStepPage(Struct, frozen=True):
    """The history of a break in its order; `after` is what to ask with next."""

    steps: list[BreakStep]
    after: int


class BreakFilter(StrEnum):
    """Which breaks are listed."""

    OPEN = "open"  # new, persisting or reopened
    NEW = "new"
    PERSISTING = "persisting"
    REOPENED = "reopened"
    RESOLVED = "resolved"


StepAfter = Annotated[int, QueryParameter(ge=0, le=2**62)]
InState = Annotated[BreakFilter | None, QueryParameter()]
OfProgramme = Annotated[str | None, QueryParameter(max_length=30, description="only of it; absent: all")]
OfClass = Annotated[BreakClass | None, QueryParameter(description="only those; absent: all")]
OfLeg = Annotated[Leg | None, QueryParameter(description="only what was found between these two sides; absent: all")]
OfOwner = Annotated[str | None, QueryParameter(max_length=200, description="only who must act; absent: all")]
DueUntil = Annotated[date | None, QueryParameter(description="only what was to come right until then; absent: all")]

_comment = Body(CommentBody)
_assign = Body(AssignBody)
_resolve = Body(ResolveBody)


@get("/breaks", opt=operation("breaks", BreakPage, csv=True) | LONG)
async def list_all_breaks(
    request: Asked, in_state: InState = None, programme_id: OfProgramme = None, kind: OfClass = None,
    owner: OfOwner = None, due_until: DueUntil = None, leg: OfLeg = None, after: AfterBreak = "", limit: Limit = 100,
) -> ASGIResponse:  # fmt: skip
    """What does not match with any partner, or between payouts and the bank: who must act, and since when."""
    which = Which(in_state, programme_id, kind, owner, due_until, leg)
    return await _page(read(request), None, which, after, limit)


@get("/breaks", opt=operation("files", BreakPage, csv=True) | LONG)
async def list_breaks(
    request: Asked, in_state: InState = None, programme_id: OfProgramme = None, kind: OfClass = None,
    owner: OfOwner = None, due_until: DueUntil = None, leg: OfLeg = None, after: AfterBreak = "", limit: Limit = 100,
) -> ASGIResponse:  # fmt: skip
    """What does not match: who must act, and since when."""
    ask = read(request)
    which = Which(in_state, programme_id, kind, owner, due_until, leg)
    return await _page(ask, ask.owner_id, which, after, limit)


@post(
    "/breaks/{break_id:str}/assign",
    status_code=200,
    opt=operation("breaks", OpenedBreak, takes=AssignBody, refuses=(Code.STATE_FORBIDS,), example={"owner": "Ada"}),
)
async def assign_any_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Say who must act on an open break."""
    return await _assign_break(request, body, break_id, None)


@post(
    "/breaks/{break_id:str}/assign",
    status_code=200,
    opt=operation("files", OpenedBreak, takes=AssignBody, refuses=(Code.STATE_FORBIDS,), example={"owner": "Mia"}),
)
async def assign_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Say who must act on an open break of yours: one of your people, `partner`, or `operator` to hand it back."""
    return await _assign_break(request, body, break_id, request.auth.owner_id)


@post(
    "/breaks/{break_id:str}/resolve",
    status_code=200,
    opt=operation(
        "breaks",
        OpenedBreak,
        takes=ResolveBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"note": "They corrected it by telephone."},
    ),
)
async def resolve_any_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Close a break with the reason why: what it is about is not looked for again. A position that still differs on a
    later day opens it again, and the reason stays in its history. A payment of our bank that was not ordered is closed
    with what it was; nothing is booked by it."""
    return await _resolve_break(request, body, break_id, None)


@post(
    "/breaks/{break_id:str}/resolve",
    status_code=200,
    opt=operation(
        "files",
        OpenedBreak,
        takes=ResolveBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"note": "Your figure is right; ours is put right tomorrow."},
    ),
)
async def resolve_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Close a break between your files and our books, with the reason why: you accept what our books say.

    A position that still differs on a later day opens it again. What the bank shows is the operator's to close.
    """
    return await _resolve_break(request, body, break_id, request.auth.owner_id)


@post(
    "/breaks/{break_id:str}/notes",
    status_code=201,
    opt=operation("breaks", Noted, takes=CommentBody, example={"note": "They look into it; call again on Friday."}),
)
async def comment_any_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Say something about a break, open or resolved. It is kept for ever, whatever the partner sends."""
    return await _comment_break(request, body, break_id, None)


@post(
    "/breaks/{break_id:str}/notes",
    status_code=201,
    opt=operation("files", Noted, takes=CommentBody, example={"note": "We take it back with tomorrow's file."}),
)
async def comment_break(request: Asked, body: RawBody, break_id: InPath) -> ASGIResponse:
    """Answer to a break of yours, open or resolved. It is kept for ever, and those who look after it read it."""
    return await _comment_break(request, body, break_id, request.auth.owner_id)


@get("/breaks/{break_id:str}/history", opt=operation("breaks", BreakStepPage))
async def get_any_history(request: Asked, break_id: InPath, after: StepAfter = 0, limit: Limit = 100) -> ASGIResponse:
    """The history of a break: when it was found, who said what, whom it was assigned to, and what ended it."""
    return await _history(read(request), break_id, None, after, limit)


@get("/breaks/{break_id:str}/history", opt=operation("files", BreakStepPage))
async def get_history(request: Asked, break_id: InPath, after: StepAfter = 0, limit: Limit = 100) -> ASGIResponse:
    """The history of a break of yours: when it was found, who said what, and what ended it."""
    ask = read(request)
    return await _history(ask, break_id, ask.owner_id, after, limit)


OPERATOR_ROUTES: Final = [
    list_all_breaks, assign_any_break, resolve_any_break, comment_any_break, get_any_history,
]  # fmt: skip
PARTNER_ROUTES: Final = [list_breaks, assign_break, resolve_break, comment_break, get_history]


async def _page(ask: Ask, partner_id: str | None, which: Which, after: str, limit: int) -> ASGIResponse:
    page = await breaks_flow.breaks(ask.services.pool, ask.now, partner_id, which, after, limit)
    return Listed(BreakPage(page, page[-1].break_id if page else after))


async def _assign_break(request: Asked, body: bytes, break_id: str, partner_id: str | None) -> ASGIResponse:
    asked = _assign.read(body, request.headers.get("content-type", ""))
    known_id = _break_id(break_id)
    ask = write(request, body)

    async def assign(connection: Connection) -> Answer:
        assigned = await breaks_flow.assign(connection, known_id, partner_id, asked.owner, ask.by.owner_id, ask.now)
        await ask.record(connection, Verb.ASSIGNED, Thing.BREAK, known_id, {"owner": asked.owner})
        return Answer(200, encode(assigned))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, assign))


async def _resolve_break(request: Asked, body: bytes, break_id: str, partner_id: str | None) -> ASGIResponse:
    asked = _resolve.read(body, request.headers.get("content-type", ""))
    known_id = _break_id(break_id)
    ask = write(request, body)

    async def resolve(connection: Connection) -> Answer:
        resolved = await breaks_flow.resolve(connection, known_id, partner_id, asked.note, ask.by.owner_id, ask.now)
        await ask.record(connection, Verb.RESOLVED, Thing.BREAK, known_id)
        return Answer(200, encode(resolved))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, resolve))


async def _comment_break(request: Asked, body: bytes, break_id: str, partner_id: str | None) -> ASGIResponse:
    asked = _comment.read(body, request.headers.get("content-type", ""))
    known_id = _break_id(break_id)
    ask = write(request, body)

    async def comment(connection: Connection) -> Answer:
        await breaks_flow.comment(connection, known_id, partner_id, asked.note, ask.by.owner_id, ask.now)
        await ask.record(connection, Verb.COMMENTED, Thing.BREAK, known_id)
        return Answer(201, encode(Noted(known_id, asked.note)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, comment))


async def _history(ask: Ask, break_id: str, partner_id: str | None, after: int, limit: int) -> ASGIResponse:
    page = await breaks_flow.steps(ask.services.pool, _break_id(break_id), partner_id, after, limit)
    return reply(BreakStepPage(page, page[-1].number if page else after))


def _break_id(text: str) -> str:
    if not ids.is_id(text, ids.BREAK):
        raise Refused(Code.NOT_FOUND, f"There is no break {text[:100]!r}.", "/id")
    return text
