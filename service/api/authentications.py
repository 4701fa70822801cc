"""Strong customer authentication, through the merchant's page: consumers prove that it is they who agree to plans."""

from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.actor import Actor, ActorKind
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.passkeys import SHOP, Origin, asking_of
from service.api.reply import encode, reply, reply_answer
from service.api.verb import no_plan
from service.authentication import store
from service.authentication.asked import Authentication, State
from service.authentication.flow import ready
from service.authentication.messenger_gateway import Message, Recipient
from service.authentication.passkey import (
    Answered,
    Passkey,
    RequestOptions,
    options_to_answer,
)
from service.db import Connection
from service.engine.keys import refusal
from service.engine.work import Answer, Key
from service.errors import Code, Refused
from service.people.identifier import Identifier, IdentifierKind, known_by
from service.people.matching_flow import is_verified, marked
from service.plans.flow import read_plans
from service.plans.offer import Authenticator, Kind
from service.plans.timeline import PlanAnswer
from service.plans.use import Confirm

CodeText = Annotated[str, Meta(pattern=r"^[0-9]{6}\Z", description="six digits")]


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the consumer's identifiers, with which they were registered as `verified`. It is not kept."""

    kind: Literal["email", "phone"]  # where the code goes
    value: Annotated[str, Meta(min_length=1, max_length=254)]  # however it is written


class AskBody(Struct, frozen=True, forbid_unknown_fields=True):
    """By what the consumer is to prove that it is they who agree; of a passkey on which page."""

    by: Authenticator
    origin: Origin | None = None  # of a passkey: of those that answer there, any may
    to: Contact | None = None  # of a code: where it is sent; of a test merchant it is sent nowhere


class AuthenticationView(Struct, frozen=True):
    """An authentication, with what the consumer agrees to: show them the payee and the amount."""

    authentication_id: str = field(name="id")
    plan_id: str = field(name="plan")  # the plan's id
    by: Authenticator
    amount: int  # minor units
    currency: str
    payee: str  # the merchant's name, as the consumer is shown it
    state: State
    tries_left: int  # how often it may still be answered
    expires_at: datetime  # until when it may be answered
    options: RequestOptions | None  # of a passkey: what the page gives to `navigator.credentials.get()`


class AnswerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the consumer was sent, or what the browser gave, by its `toJSON()`."""

    code: CodeText | None = None  # six digits
    credential: Answered | None = None


_ask = Body(AskBody)
_answer = Body(AnswerBody)


@post(
    "/plans/{plan_id:str}/authentications",
    status_code=201,
    opt=operation(
        "authentications",
        AuthenticationView,
        takes=AskBody,
        example=SHOP | {"by": "passkey"},
        kind=Kind.PAY_AFTER_USE,
        refuses=(Code.STATE_FORBIDS, Code.AUTHENTICATION_ENDED, Code.NO_PASSKEY, Code.NO_CONTACT),
    ),
)
async def ask_consumer(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Ask the consumer to prove that it is they who agree to this plan, where `must_authenticate` says so.

    It is bound to the plan, its amount, its currency and the payee: what was asked before is void, and so is this when
    the amount changes. Within an hour the consumer is asked five times at most.
    """
    asked = _ask.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(plan_id))
    if not ids.is_id(plan_id, ids.PLAN):
        raise no_plan(plan_id)
    return reply_answer(await asked_of(ask, plan_id, asked))


async def asked_of(ask: Ask, plan_id: str, asked: AskBody) -> Answer:
    """Asks the consumer, whoever sends it: the shop's server, or its page."""
    if (asked.origin is None) is (asked.by is Authenticator.PASSKEY):
        raise Refused(Code.INVALID_FIELD, "A passkey answers on pages of an origin, and a code has none.", "/origin")
    if asked.to is not None and asked.by is not Authenticator.CODE:
        raise Refused(Code.INVALID_FIELD, "Nothing is sent for a passkey.", "/to")
    asking = await asking_of(ask)
    plans = await read_plans(ask.services.pool, [plan_id], ask.owner_id)
    if not plans:
        raise no_plan(plan_id)
    plan = plans[0]
    messages: list[Message] = []
    if is_sent := asked.by is Authenticator.CODE and not asking.is_test:
        await _require_verified(ask, plan.consumer_id, asked.to)

    async def do(conn: Connection) -> Answer:
        code = asking.new_code()
        one = await asking.to_agree(conn, plan, asked.by, asked.origin, code)
        if is_sent and asked.to:
            messages.append(_message(one, asked.to, code))
        return Answer(201, encode(_view(one, await _passkeys_for(conn, one))))

    answer = await ask.services.engine.once(ask.must_key, ask.now, do)
    if messages and answer.status == 201:  # of a request that is sent again the code was sent before
        await ask.services.messenger.send(messages[-1])
    return answer


@get("/authentications/{authentication_id:str}", opt=operation("authentications", AuthenticationView))
async def get_authentication(request: Asked, authentication_id: InPath) -> ASGIResponse:
    """What has become of it."""
    ask = read(request)
    one = await store.load(ask.services.pool, authentication_id, ask.owner_id)
    if one is None or one.plan_id is None:
        raise _missing(authentication_id)
    return reply(_view(one, []))


@post(
    "/authentications/{authentication_id:str}/answer",
    status_code=200,
    opt=operation(
        "authentications",
        PlanAnswer,
        takes=AnswerBody,
        example={"credential": "{passkeys_answer}"},
        refuses=(Code.AUTHENTICATION_FAILED, Code.AUTHENTICATION_ENDED, Code.STATE_FORBIDS),
    ),
)
async def answer_authentication(request: Asked, body: RawBody, authentication_id: InPath) -> ASGIResponse:
    """The consumer answers: rightly, and the plan is confirmed. The fifth wrong answer is the last one."""
    asked = _answer.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(authentication_id))
    return reply_answer(await answer_of(ask, authentication_id, asked))


async def answer_of(ask: Ask, authentication_id: str, asked: AnswerBody, plan_id: str | None = None) -> Answer:
    """Judges the answer, whoever sends it; with `plan_id` it is heard for that plan alone."""
    said = asked.code if asked.code is not None else asked.credential
    if said is None or (asked.code is not None and asked.credential is not None):
        raise Refused(Code.INVALID_FIELD, "The answer is a code or a credential.", "/code")
    asking = await asking_of(ask)
    one = await store.load(ask.services.pool, authentication_id, ask.owner_id)
    if one is None or one.plan_id is None or one.amount is None or plan_id not in (None, one.plan_id):
        raise _missing(authentication_id)
    if one.by is Authenticator.PASSKEY:
        await ready()

    async def judge(conn: Connection) -> Answer:
        held = await store.lock(conn, authentication_id, ask.owner_id)
        assert held is not None
        refused = await asking.judge(conn, held, said)
        return refusal(refused) if refused else Answer(200, b"{}")

    judged = await ask.services.engine.once(ask.must_key, ask.now, judge)
    if judged.status != 200:
        return judged
    confirm = Confirm(
        command_id=ids.new_id(ids.COMMAND, ids.bucket_of(one.plan_id), ask.now_ms),
        actor=Actor(ActorKind.CONSUMER, one.consumer_id),
        plan_id=one.plan_id,
        authentication_id=authentication_id,
        amount=one.amount,
    )
    # A right answer confirms the plan once, however often it is sent.
    key = Key.of("authentications", authentication_id, authentication_id.encode(), ids.bucket_of(one.plan_id))
    return await ask.services.engine.do(confirm, key, ask.real_now, 200)


async def _require_verified(ask: Ask, consumer_id: str, to: Contact | None) -> None:
    """A code goes to the consumer and to nobody else. Refused: NO_CONTACT, INVALID_FIELD."""
    ask.services.messenger.require()
    if to is None:
        raise Refused(
            Code.INVALID_FIELD, "A code is sent to a telephone or a mailbox of the consumer: say which.", "/to"
        )
    kind = IdentifierKind(to.kind)
    try:
        known = known_by([Identifier(kind, to.value)], [kind])
    except Refused as refused:
        raise Refused(refused.code, refused.detail, "/to/value") from None
    (one,) = marked(ask.services.secrets, "", known)
    if not await is_verified(ask.services.pool, consumer_id, one):
        sentence = f"The consumer was not registered with this {to.kind}, or it was not verified."
        raise Refused(Code.NO_CONTACT, sentence, "/to/value")


def _message(one: Authentication, to: Contact, code: str) -> Message:
    assert one.amount is not None
    assert one.currency is not None
    recipient = Recipient(to.kind, to.value)
    return Message(one.authentication_id, recipient, code, one.amount, one.currency, one.payee, one.expires_at)


async def _passkeys_for(conn: Connection, one: Authentication) -> list[Passkey]:
    """Those that may answer. Refused: NO_PASSKEY."""
    if one.by is Authenticator.CODE:
        return []
    passkeys = [each for each in await store.load_passkeys(conn, one.consumer_id) if each.origin == one.origin]
    if not passkeys:
        raise Refused(Code.NO_PASSKEY, f"The consumer has no passkey for {one.origin}; add one first.", "/origin")
    return passkeys


def _view(one: Authentication, passkeys: list[Passkey]) -> AuthenticationView:
    assert one.plan_id is not None
    assert one.amount is not None
    assert one.currency is not None
    options = options_to_answer(one.origin, one.expected, passkeys) if passkeys and one.origin else None
    return AuthenticationView(
        one.authentication_id, one.plan_id, one.by, one.amount, one.currency, one.payee, one.state, one.tries_left,
        one.expires_at, options,
    )  # fmt: skip


def _missing(authentication_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no authentication {authentication_id[:100]!r}.", "/id")


ROUTES: Final = [
    ask_consumer, get_authentication, answer_authentication,
]  # fmt: skip
