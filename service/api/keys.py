"""Keys to the API: made, rotated, revoked and listed by operators."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from litestar.routes import BaseRoute
from msgspec import Meta, Struct, field, structs

from service import ids
from service.access import flow as access
from service.access.flow import NewKey, Wanted
from service.access.key import Audience, Principal, covers, first_half_of, is_wide
from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.body import Body, Nothing
from service.api.breaks import Owner
from service.api.operation import operation
from service.api.reply import Made, encode, reply, reply_answer
from service.api.scopes import scopes_of, scopes_of_browsers, written_by
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.operators.name import operator_of

OVERLAP_MAX: Final = 168  # hours

# As a browser writes it: no path, no port that goes without saying; a page on one's own machine may do without TLS.
Origin = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=r"^(https://[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|http://(localhost|127\.0\.0\.1))"
        r"(:[1-9][0-9]{0,4})?\Z",
    ),
]


class KeyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A key for a merchant, a partner, an operator, a processor, or a party that bears losses.

    Of an operator's key the owner is the person who holds it: whoever drafts a policy does not sign it, with any key.
    A name is one person, however it is written: `Ada` is `ada`.
    """

    audience: Audience
    owner_id: Owner
    scopes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)] = ("*",)  # `plans`, `plans:read`, `*:read`
    origins: Annotated[tuple[Origin, ...], Meta(max_length=20)] = ()  # makes it publishable: where the pages are
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None  # null: it does not expire


class RotateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old key lives on."""

    overlap_hours: Annotated[int, Meta(ge=0, le=OVERLAP_MAX)] = 24  # both keys are valid for so many hours


class WantedRotation(Struct, frozen=True):
    """A wide key that shall be followed by another."""

    key_id: str
    wanted: RotateBody


class KeyMade(Struct, frozen=True):
    """The key itself is shown once, in the answer to the request that made it."""

    key_id: str = field(name="id")
    key: str | None  # null: this answer was given before; the key is kept nowhere. If it was lost, make another


_key = Body(KeyBody)
_rotate = Body(RotateBody)
_nothing = Body(Nothing)


@post(
    "/keys",
    status_code=201,
    opt=operation(
        "keys",
        {201: KeyMade, 202: Proposed},
        takes=KeyBody,
        refuses=(Code.NOT_FOUND,),
        example={"audience": "merchant", "owner_id": "{merchant_id}", "scopes": ["checkouts", "plans:read"]},
    ),
)
async def create_key(request: Asked, body: RawBody) -> ASGIResponse:
    """Make a key. It is shown this once, and not even to the same request sent again: what is kept is its HMAC.

    `pk_` keys, those with `origins`, are for pages of the merchant's: a browser may make quotes with them, from these
    origins. `rk_` keys are a merchant's whose scopes are not `*`.

    A wide key, which changes more than half of what there is for its audience (`*`, say), and any of an operator's
    waits for a second person: 202, and the answer to the approval shows it.
    Of an operator's key, which is `opk_` and two parts, the 202 shows the first part and the approval the second: only
    the person who holds it has both.
    """
    asked = _key.read(body, content_type(request))
    ask = write(request, body)
    wanted = wanted_of(asked, request.app.routes, ask.real_now)
    if ask.services.settings.production and any(one.startswith("http:") for one in wanted.origins):
        raise Refused(Code.INVALID_FIELD, "In production pages are served with TLS.", "/origins")
    if asked.audience == "operator" and not _has_all(request.auth, asked.scopes):
        raise Refused(Code.FORBIDDEN, "Nobody gives an operator more than their own key may do.", "/scopes")

    if _is_wide(request, wanted.audience, wanted.scopes):
        return await _proposed(ask, wanted)

    async def make(conn: Connection) -> NewKey:
        made = await access.make_key(conn, ask.services.registry.secrets, wanted, request.auth, ask.real_now)
        await ask.record(conn, Verb.MADE, Thing.KEY, made.key_id, wanted)
        return made

    return await _shown_once(ask, make)


@post(
    "/keys/{key_id:str}/rotate",
    status_code=201,
    opt=operation("keys", {201: KeyMade, 202: Proposed}, takes=RotateBody, example={"overlap_hours": 24}),
)
async def rotate_key(request: Asked, body: RawBody, key_id: InPath) -> ASGIResponse:
    """Make another key with the same rights, and let the old one live on for some hours: both are valid.

    If the old key was to expire, the new one lives as long as that was to. An operator's key is rotated by the person
    who holds it. Of anybody else's a wide one waits for a second person: 202, and the answer to the approval shows it.
    """
    asked = _rotate.read(body, content_type(request)) if body else RotateBody()
    ask = write(request, body)
    _require_key_id(key_id)

    async def make(conn: Connection) -> NewKey | Answer:
        old = await access.load_key(conn, key_id, ask.real_now)
        is_operators = old["audience"] == "operator"
        if is_operators and (old["owner_id"] != request.auth.owner_id or not _has_all(request.auth, old["scopes"])):
            raise Refused(Code.FORBIDDEN, f"{old['owner_id']} rotates this key; you may revoke it.", "/id", ("revoke",))
        if not is_operators and _is_wide(request, old["audience"], old["scopes"]):
            return await propose("rotate_key", ask, conn, Thing.KEY, key_id, WantedRotation(key_id, asked))
        return await _rotate_by(ask, conn, request.auth, key_id, asked)

    return await _shown_once(ask, make)


@post(
    "/keys/{key_id:str}/revoke",
    status_code=200,
    opt=operation("keys", Made, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def revoke_key(request: Asked, body: RawBody, key_id: InPath) -> ASGIResponse:
    """The key stops working: at once where this is answered, within 5 seconds in every process.

    The last operator's key that may make keys is not revoked.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    _require_key_id(key_id)

    async def revoke(conn: Connection) -> Answer:
        await access.revoke_key(conn, key_id, request.auth, ask.real_now)
        await ask.record(conn, Verb.REVOKED, Thing.KEY, key_id)
        return Answer(200, encode(Made(key_id)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, revoke)
    await ask.services.registry.reload()  # this process at once, the others when they hear of it
    return reply_answer(answer)


def wanted_of(asked: KeyBody, routes: Iterable[BaseRoute], now: datetime) -> Wanted:
    """The rights asked for, if there can be such a key. Refused: INVALID_FIELD."""
    routes = list(routes)
    owner_id, scopes = asked.owner_id, asked.scopes
    if asked.audience is Audience.OPERATOR:
        owner_id = operator_of(asked.owner_id) or ""
        if not owner_id:
            sentence = "A person's name: no letters that cannot be seen, and nothing that looks like an id."
            raise Refused(Code.INVALID_FIELD, sentence, "/owner_id")
    known, whose = scopes_of(routes, asked.audience), f"{asked.audience}'s"
    if asked.origins:
        if asked.audience is not Audience.MERCHANT:
            raise Refused(Code.INVALID_FIELD, "Only a merchant's key is used by pages.", "/origins")
        if beside := [one for one in asked.origins if one.endswith((":443", ":80"))]:
            sentence = "A browser leaves the port out where it goes without saying."
            raise Refused(Code.INVALID_FIELD, sentence, f"/origins/{asked.origins.index(beside[0])}")
        if len(set(asked.origins)) < len(asked.origins):
            raise Refused(Code.INVALID_FIELD, "An origin is named twice.", "/origins")
        known, whose = scopes_of_browsers(routes), "publishable"
        scopes = tuple(sorted(known)) if scopes == ("*",) else scopes
    if unknown := set(scopes) - known:
        place = scopes.index(min(unknown))
        raise Refused(Code.INVALID_FIELD, f"No {whose} key has such a scope.", f"/scopes/{place}")
    if asked.expires_at is not None and asked.expires_at <= now:
        raise Refused(Code.INVALID_FIELD, "It would have expired already.", "/expires_at")
    return Wanted(asked.audience, owner_id, scopes, asked.origins, asked.expires_at)


async def _shown_once(ask: Ask, make: Any) -> ASGIResponse:
    """Makes a key once under the request's idempotency key. The key is in the answer, and not in what is kept of it."""
    shown: dict[str, str] = {}  # by id: work is done again where it is not known whether it was committed

    async def kept(conn: Connection) -> Answer:
        made: NewKey | Answer = await make(conn)
        if isinstance(made, Answer):  # it waits for a second person
            return made
        shown[made.key_id] = made.text
        return Answer(201, encode(KeyMade(made.key_id, None)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, kept)
    if answer.status != 201:
        return reply_answer(answer)
    await ask.services.registry.reload()  # for its origins are asked after before it is used
    key_id = msgspec.json.decode(answer.body, type=KeyMade).key_id
    return reply(KeyMade(key_id, shown.get(key_id)), 201)


async def _proposed(ask: Ask, wanted: Wanted) -> ASGIResponse:
    proposed: list[str] = []

    async def keep(conn: Connection) -> Answer:
        await access.require_owner(conn, wanted)
        answer = await propose("make_key", ask, conn, Thing.KEY, wanted.owner_id, wanted)
        proposed[:] = [msgspec.json.decode(answer.body, type=Proposed).approval_id]
        return answer

    answer = await ask.services.engine.once(ask.must_key, ask.now, keep)
    if answer.status != 202 or wanted.audience != Audience.OPERATOR:
        return reply_answer(answer)
    told = msgspec.json.decode(answer.body, type=Proposed)
    half = first_half_of(ask.services.registry.secrets.present, told.approval_id)
    return reply(msgspec.structs.replace(told, first_half=half if told.approval_id in proposed else None), 202)


@needs_two("make_key", "keys")
async def _make(doing: Doing, wanted: Wanted) -> KeyMade:
    ask, under = doing.ask, doing.ask.services.registry.secrets
    half = first_half_of(under.present, doing.approval.approval_id) if wanted.audience == Audience.OPERATOR else ""
    made = await access.make_key(doing.conn, under, wanted, _who_approves(doing), ask.real_now, half)
    await ask.record(doing.conn, Verb.MADE, Thing.KEY, made.key_id, wanted)
    doing.shown = KeyMade(made.key_id, made.text.partition(half)[2] if half else made.text)
    return KeyMade(made.key_id, None)


@needs_two("rotate_key", "keys")
async def _rotate_as_proposed(doing: Doing, wanted: WantedRotation) -> KeyMade:
    made = await _rotate_by(doing.ask, doing.conn, _who_approves(doing), wanted.key_id, wanted.wanted)
    doing.shown = KeyMade(made.key_id, made.text)
    return KeyMade(made.key_id, None)


async def _rotate_by(ask: Ask, conn: Connection, by: Principal, key_id: str, asked: RotateBody) -> NewKey:
    overlap = timedelta(hours=asked.overlap_hours)
    made = await access.rotate_key(conn, ask.services.registry.secrets, key_id, overlap, by, ask.real_now)
    await ask.record(conn, Verb.ROTATED, Thing.KEY, key_id, {"by": made.key_id} | structs.asdict(asked))
    return made


def _who_approves(doing: Doing) -> Principal:
    assert doing.ask.by.key_id is not None
    return Principal(doing.ask.by.key_id, Audience.OPERATOR, doing.ask.by.owner_id, frozenset())


def _is_wide(request: Asked, audience: str, scopes: Collection[str]) -> bool:
    return is_wide(audience, scopes, written_by(request.app.routes, audience))


def _has_all(principal: Principal, scopes: Iterable[str]) -> bool:
    return all(covers(principal.scopes, scope) for scope in scopes)


def _require_key_id(key_id: str) -> None:
    if not ids.is_id(key_id, ids.KEY):
        raise Refused(Code.NOT_FOUND, f"There is no key {key_id[:100]!r}.", "/id")


OPERATOR_ROUTES: Final = [create_key, rotate_key, revoke_key]
