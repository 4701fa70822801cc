"""The people who are operators: enrolled by two others, listed, and ended."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service.access.key import covers
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterName, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.scopes import scopes_of
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.operators import flow
from service.operators.flow import Enrolled
from service.operators.name import operator_of

Said = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+\Z")]
Issuer = Annotated[str, Meta(max_length=200, pattern=r"^https?://[^\s\x00-\x1f\x7f]+\Z")]


class OperatorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A person who is to act for the lender. One name is one person for ever, however it is written."""

    name: Text
    email: Said | None = None  # for people: no message goes there
    issuer: Issuer | None = None  # the OpenID Connect provider that knows the person; null: they come with keys
    subject: Said | None = None  # as whom the provider knows them: its `sub`
    scopes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)] = ("*",)  # of who comes by the provider


class OperatorView(Struct, frozen=True):
    """A person who acts for the lender, or did."""

    person: str  # the one spelling of the name: whose keys and acts are this person's
    email: str | None  # for people: no message goes there
    issuer: str | None  # the OpenID Connect provider; null: the person comes with keys
    subject: str | None  # as whom the provider knows the person
    scopes: list[str]  # of who comes by the provider; a key has its own
    enrolled_by: str | None  # who proposed it; null: it was done at the database
    confirmed_by: str | None  # who approved it; null: it was done at the database
    enrolled_at: datetime  # when
    ended_by: str | None  # null: the person still acts
    ended_at: datetime | None  # when; null: the person still acts


class OperatorPage(Struct, frozen=True):
    """Operators by name; `after` is what to ask with next."""

    operators: list[OperatorView]
    after: str


class Ended(Struct, frozen=True):
    """Who acts no more."""

    person: str  # the one spelling of the name


_operator = Body(OperatorBody)
_nothing = Body(Nothing)


@post(
    "/operators",
    status_code=202,
    opt=operation(
        "operators", Proposed, takes=OperatorBody, refuses=(Code.STATE_FORBIDS,),
        example={"name": "Linus", "email": "linus@lender.example"},
    ),
)  # fmt: skip
async def propose_operator(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a person as an operator; another operator approves it.

    `Ada`, `ada` and full-width `ada` are one name. A letter of another script among Latin ones is refused, and so is
    what cannot be seen: a name that only looks like another's would be a second person.
    """
    asked = _operator.read(body, content_type(request))
    person = operator_of(asked.name)
    if person is None:
        raise Refused(Code.INVALID_FIELD, "A name has letters of one script, and nothing that is not seen.", "/name")
    if (asked.issuer is None) != (asked.subject is None):
        missing = "subject" if asked.subject is None else "issuer"
        raise Refused(Code.INVALID_FIELD, "A provider knows a person by issuer and subject.", f"/{missing}")
    if unknown := set(asked.scopes) - scopes_of(request.app.routes, "operator"):
        place = asked.scopes.index(min(unknown))
        raise Refused(Code.INVALID_FIELD, "No operator has such a scope.", f"/scopes/{place}")
    if not all(covers(request.auth.scopes, scope) for scope in asked.scopes):
        raise Refused(Code.FORBIDDEN, "Nobody gives an operator more than their own key may do.", "/scopes")
    ask = write(request, body)
    wanted = Enrolled(person, asked.email, asked.issuer, asked.subject, asked.scopes)

    async def keep(conn: Connection) -> Answer:
        await flow.refuse_known(conn, wanted)
        return await propose("enrol", ask, conn, Thing.OPERATOR, person, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("enrol", "operators")
async def _enrol(doing: Doing, wanted: Enrolled) -> OperatorBody:
    approval, ask = doing.approval, doing.ask
    await flow.enrol(doing.conn, wanted, approval.proposed_by, ask.by.owner_id, ask.now)
    await ask.record(doing.conn, Verb.MADE, Thing.OPERATOR, wanted.person, {"scopes": wanted.scopes})
    return OperatorBody(wanted.person, wanted.email, wanted.issuer, wanted.subject, wanted.scopes)


@get("/operators", opt=operation("operators", OperatorPage))
async def list_operators(request: Asked, after: AfterName = "", limit: Limit = 100) -> ASGIResponse:
    """Everybody who acts for the lender, or did, and by whom they were enrolled."""
    rows = await flow.people(read(request).services.pool, after, limit)
    page = [OperatorView(**dict(row)) for row in rows]
    return reply(OperatorPage(page, page[-1].person if page else after))


@post(
    "/operators/{person:str}/end",
    status_code=200,
    opt=operation("operators", Ended, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def end_operator(request: Asked, body: RawBody, person: InPath) -> ASGIResponse:
    """The person acts no more: no key of theirs works, and no provider lets them in. Two operators are always left."""
    if body:
        _nothing.read(body, content_type(request))
    ask, named = write(request, body), operator_of(person)
    if named is None:
        raise Refused(Code.NOT_FOUND, f"There is no operator {person[:100]!r}.", "/person")

    async def end(conn: Connection) -> Answer:
        await flow.end(conn, named, request.auth, ask.now)
        await ask.record(conn, Verb.ENDED, Thing.OPERATOR, named)
        return Answer(200, encode(Ended(named)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, end)
    await ask.services.registry.reload()
    return reply_answer(answer)


ROUTES = [propose_operator, list_operators, end_operator]
