"""A consumer agrees to a plan on the merchant's page, which asks us itself: the shop's server gives it a session."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct
from msgspec.json import decode

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, services_of, write
from service.api.authentications import (
    AnswerBody,
    AskBody,
    AuthenticationView,
    CodeText,
    Contact,
    answer_of,
    asked_of,
)
from service.api.body import Body
from service.api.operation import operation
from service.api.pages import page_of
from service.api.passkeys import SHOP, AuthenticationId, Origin
from service.api.reply import encode, reply_answer
from service.api.verb import no_plan
from service.authentication.passkey import Answered
from service.authentication.session import LASTS, Session, read_token, token_of
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.plans.flow import read_plans
from service.plans.offer import Authenticator, Kind

Token = Annotated[str, Meta(pattern=r"^cst_[A-Za-z0-9_-]{40,600}\Z")]


class SessionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the page is on which the consumer agrees."""

    origin: Origin  # one that a publishable key of the merchant's names


class SessionMade(Struct, frozen=True):
    """What the page is given."""

    session: str  # give it to the page of this consumer alone
    origin: str  # of the pages that may use it
    expires_at: datetime  # afterwards it does nothing


class SessionAsk(Struct, frozen=True, forbid_unknown_fields=True):
    """By what the consumer is to prove that it is they who agree."""

    session: Token  # as the shop's server was given it
    by: Authenticator
    to: Contact | None = None  # of a code: where it is sent; of a test merchant it is sent nowhere


class SessionAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the consumer was sent, or what the browser gave, by its `toJSON()`."""

    session: Token  # as the shop's server was given it
    authentication_id: AuthenticationId  # under which it was asked
    code: CodeText | None = None  # six digits
    credential: Answered | None = None


class Agreed(Struct, frozen=True):
    """The consumer has agreed: the shop's server may go on with the plan."""

    plan_id: str
    is_confirmed: bool  # always true


_made, _ask, _answer = Body(SessionBody), Body(SessionAsk), Body(SessionAnswer)
_OVER: Final = (Code.NOT_FOUND, Code.AUTHENTICATION_ENDED, Code.STATE_FORBIDS)


@post(
    "/plans/{plan_id:str}/sessions",
    status_code=201,
    opt=operation(
        "sessions", SessionMade, takes=SessionBody, example=SHOP, kind=Kind.PAY_AFTER_USE, refuses=(Code.WRONG_ORIGIN,)
    ),
)
async def make_session(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """A session for the page on which the consumer agrees to this plan: from there on the page asks us itself.

    It is good for half an hour, on pages of one origin, beside a publishable key that names it.
    """
    asked = _made.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(plan_id))
    if not ids.is_id(plan_id, ids.PLAN) or not await read_plans(ask.services.pool, [plan_id], ask.owner_id):
        raise no_plan(plan_id)
    if asked.origin not in ask.services.registry.now.pages:
        raise Refused(Code.WRONG_ORIGIN, "No publishable key names this origin: pages there cannot ask.", "/origin")
    session = Session(plan_id, asked.origin, ask.now + LASTS)
    token = token_of(session, ask.services.settings.key_secret)

    async def keep(conn: Connection) -> Answer:
        return Answer(201, encode(SessionMade(token, session.origin, session.expires_at)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@post(
    "/sessions/ask",
    status_code=201,
    opt=operation(
        "sessions", AuthenticationView, takes=SessionAsk, browser=True,
        example={"session": "{session}", "by": "passkey"},
        refuses=(*_OVER, Code.WRONG_ORIGIN, Code.NO_PASSKEY, Code.NO_CONTACT),
    ),
)  # fmt: skip
async def ask_in_session(request: Asked, body: RawBody) -> ASGIResponse:
    """Ask the consumer to prove that it is they who agree to the session's plan: with a passkey, or with a code.

    As `POST /v1/plans/{plan_id}/authentications`, for the page: show the payee and the amount, and give `options` to
    `navigator.credentials.get()`.
    """
    asked = _ask.read(body, content_type(request))
    session = _session(request, asked.session)
    ask = write(request, body, ids.bucket_of(session.plan_id))
    _require_open(session, ask)
    origin = session.origin if asked.by is Authenticator.PASSKEY else None
    return reply_answer(await asked_of(ask, session.plan_id, AskBody(asked.by, origin, asked.to)))


@post(
    "/sessions/answer",
    status_code=200,
    opt=operation(
        "sessions", Agreed, takes=SessionAnswer, browser=True,
        example={
            "session": "{answering_session}", "authentication_id": "{asked_in_session}",
            "credential": "{passkeys_answer}",
        },
        refuses=(*_OVER, Code.WRONG_ORIGIN, Code.AUTHENTICATION_FAILED),
    ),
)  # fmt: skip
async def answer_in_session(request: Asked, body: RawBody) -> ASGIResponse:
    """The consumer answers: rightly, and the plan is confirmed. The fifth wrong answer is the last one."""
    asked = _answer.read(body, content_type(request))
    session = _session(request, asked.session)
    ask = write(request, body, ids.bucket_of(session.plan_id))
    _require_open(session, ask)
    said = AnswerBody(asked.code, asked.credential)
    answer = await answer_of(ask, asked.authentication_id, said, session.plan_id)
    if answer.status != 200:
        return reply_answer(answer)
    confirmed: dict[str, Any] = decode(answer.body)
    return reply_answer(Answer(200, encode(Agreed(confirmed["id"], not confirmed["must_authenticate"]))))


def _session(request: Asked, token: str) -> Session:
    """Refused: NOT_FOUND (none of ours), WRONG_ORIGIN (another page's)."""
    settings = services_of(request).settings
    session = read_token(token, (settings.key_secret, settings.key_secret_before))
    if session is None:
        raise Refused(Code.NOT_FOUND, "There is no such session.", "/session")
    if page_of(request.scope) not in (None, session.origin):
        raise Refused(Code.WRONG_ORIGIN, "This session is for pages of another origin.", "/session")
    return session


def _require_open(session: Session, ask: Ask) -> None:
    """Refused: AUTHENTICATION_ENDED."""
    if ask.now >= session.expires_at:
        sentence = f"The session was good until {session.expires_at:%Y-%m-%dT%H:%M:%SZ}; the shop asks for another."
        raise Refused(Code.AUTHENTICATION_ENDED, sentence, "/session")


ROUTES: Final = [make_session, ask_in_session, answer_in_session]
