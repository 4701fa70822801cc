"""Passkeys of a consumer, through the merchant's page: asked for, added, listed and removed."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.consents import require_consumer
from service.api.operation import operation
from service.api.reply import Made, encode, reply, reply_answer
from service.authentication import store
from service.authentication.flow import Asking, ready
from service.authentication.passkey import Added, Base64, CreationOptions, Passkey, options_to_add, require_origin
from service.db import Connection
from service.engine.keys import refusal
from service.engine.work import Answer
from service.errors import Code, Refused

Origin = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]*\Z")]
AuthenticationId = Annotated[str, Meta(pattern=r"^at_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class OriginBody(Struct, frozen=True, forbid_unknown_fields=True):
    """On which page the consumer makes the passkey; it answers on pages of this origin alone."""

    origin: Origin  # https:// and the host; of a test merchant http://localhost and a port as well


class AskedToAdd(Struct, frozen=True):
    """What the page gives to `navigator.credentials.create()`, and under which id what that gives is sent."""

    authentication_id: str = field(name="id")
    options: CreationOptions
    expires_at: datetime  # until when it may be answered


class AddBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser gave, by its `toJSON()`."""

    authentication_id: AuthenticationId  # under which it was asked for
    credential: Added


class PasskeyView(Struct, frozen=True):
    """A passkey of a consumer."""

    passkey_id: str = field(name="id")  # the device's own name for it, base64url
    origin: str  # of the pages on which it answers
    added_at: datetime  # when


class PasskeyList(Struct, frozen=True):
    """All that were not removed, the oldest first."""

    passkeys: list[PasskeyView]


class RemoveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which passkey."""

    passkey_id: Base64 = field(name="id")


_origin = Body(OriginBody)
_add = Body(AddBody)
_remove = Body(RemoveBody)

SHOP: Final[dict[str, Any]] = {"origin": "https://shop.example"}


@post(
    "/consumers/{consumer_id:str}/passkeys/options",
    status_code=201,
    opt=operation("authentications", AskedToAdd, takes=OriginBody, example=SHOP),
)
async def ask_for_passkey(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """Ask the consumer, who is logged in at the merchant's, to make a passkey on the device in their hands."""
    asked = _origin.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(consumer_id))
    await require_consumer(ask, consumer_id, ask.owner_id)
    asking = await asking_of(ask)
    require_origin(asked.origin, is_test=asking.is_test)

    async def do(conn: Connection) -> Answer:
        one = await asking.to_add(conn, consumer_id, asked.origin)
        known = await store.load_passkeys(conn, consumer_id)
        options = options_to_add(consumer_id, asking.payee, asked.origin, one.expected, known)
        return Answer(201, encode(AskedToAdd(one.authentication_id, options, one.expires_at)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@post(
    "/consumers/{consumer_id:str}/passkeys",
    status_code=201,
    opt=operation(
        "authentications",
        PasskeyView,
        takes=AddBody,
        example={"authentication_id": "{asked_passkey}", "credential": "{made_passkey}"},
        refuses=(Code.AUTHENTICATION_FAILED, Code.AUTHENTICATION_ENDED, Code.ERASED),
    ),
)
async def add_passkey(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """The device has made one: from now on the consumer agrees with it to plans of this merchant."""
    asked = _add.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(consumer_id))
    await require_consumer(ask, consumer_id, ask.owner_id)
    asking = await asking_of(ask)
    await ready()

    async def do(conn: Connection) -> Answer:
        one = await store.lock(conn, asked.authentication_id, ask.owner_id)
        if one is None or one.plan_id is not None or one.consumer_id != consumer_id:
            raise Refused(Code.NOT_FOUND, "There is no such authentication.", "/authentication_id")
        made = await asking.add(conn, one, asked.credential)
        return refusal(made) if isinstance(made, Refused) else Answer(201, encode(passkey_view(made)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@get("/consumers/{consumer_id:str}/passkeys", opt=operation("authentications", PasskeyList))
async def list_passkeys(request: Asked, consumer_id: InPath) -> ASGIResponse:
    """The consumer's passkeys."""
    ask = read(request)
    await require_consumer(ask, consumer_id, ask.owner_id)
    return reply(PasskeyList([passkey_view(one) for one in await store.load_passkeys(ask.services.pool, consumer_id)]))


@post(
    "/consumers/{consumer_id:str}/passkeys/remove",
    status_code=200,
    opt=operation("authentications", Made, takes=RemoveBody, example={"id": "{passkey_id}"}),
)
async def remove_passkey(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """The device is lost, or the consumer wants it so: this passkey answers no more."""
    asked = _remove.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(consumer_id))
    await require_consumer(ask, consumer_id, ask.owner_id)

    async def do(conn: Connection) -> Answer:
        if not await store.remove_passkey(conn, consumer_id, _bytes(asked.passkey_id), ask.now):
            raise Refused(Code.NOT_FOUND, "The consumer has no such passkey.", "/id")
        return Answer(200, encode(Made(asked.passkey_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


async def asking_of(ask: Ask) -> Asking:
    """On whose behalf a consumer is asked: the merchant's who calls."""
    merchant = await ask.services.registry.merchant(ask.owner_id)
    secret = ask.services.settings.key_secret
    return Asking(merchant.merchant_id, merchant.name, secret, ask.now, ask.now_ms, is_test=merchant.is_test)


def passkey_view(one: Passkey) -> PasskeyView:
    """As it is told: without its key."""
    text = urlsafe_b64encode(one.credential_id).decode().rstrip("=")
    return PasskeyView(text, one.origin, one.added_at)


def _bytes(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""


ROUTES: Final = [ask_for_passkey, add_passkey, list_passkeys, remove_passkey]
