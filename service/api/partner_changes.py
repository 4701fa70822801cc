"""A finance partner gets another name, or is suspended: its programmes take no plans then, what it funds goes on."""

from typing import Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.body import Body, Nothing
from service.api.onboarding import once
from service.api.operation import operation
from service.api.reply import Made, encode, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners.programme_flow import change_partner


class PartnerChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be another."""

    name: Text


class SuspendedPartner(Struct, frozen=True):
    """A partner that shall fund plans again."""

    partner_id: str


_change = Body(PartnerChange)
_nothing = Body(Nothing)


@post(
    "/partners/{partner_id:str}/change",
    status_code=200,
    opt=operation("partners", Made, takes=PartnerChange, example={"name": "Alster Fund II"}),
)
async def rename_partner(request: Asked, body: RawBody, partner_id: InPath) -> ASGIResponse:
    """Give a partner another name. What was agreed with it stands in its programmes."""
    asked = _change.read(body, content_type(request))
    ask = _asking(request, body, partner_id)

    async def do(conn: Connection) -> Answer:
        before = await change_partner(conn, partner_id, name=asked.name)
        await ask.record(conn, Verb.CHANGED, Thing.PARTNER, partner_id, asked, before)
        return Answer(200, encode(Made(partner_id)))

    return await once(ask, do)


@post(
    "/partners/{partner_id:str}/suspend",
    status_code=200,
    opt=operation("partners", Made, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def suspend_partner(request: Asked, body: RawBody, partner_id: InPath) -> ASGIResponse:
    """From now on no programme with it takes a plan; plans that it funds go on, and so do its files and keys.

    One person does it, for it keeps money in.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = _asking(request, body, partner_id)

    async def do(conn: Connection) -> Answer:
        await _set_active(ask, conn, partner_id, active=False)
        return Answer(200, encode(Made(partner_id)))

    return await once(ask, do)


@post(
    "/partners/{partner_id:str}/resume",
    status_code=202,
    opt=operation("partners", Proposed, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def resume_partner(request: Asked, body: RawBody, partner_id: InPath) -> ASGIResponse:
    """Propose that a suspended partner funds plans again; another operator approves it."""
    if body:
        _nothing.read(body, content_type(request))
    ask = _asking(request, body, partner_id)

    async def keep(conn: Connection) -> Answer:
        before = await change_partner(conn, partner_id)
        if before.active:
            raise Refused(Code.STATE_FORBIDS, "The partner is active already.", "/id")
        return await propose("resume_partner", ask, conn, Thing.PARTNER, partner_id, SuspendedPartner(partner_id))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("resume_partner", "partners")
async def _resume_as_proposed(doing: Doing, wanted: SuspendedPartner) -> Made:
    await _set_active(doing.ask, doing.conn, wanted.partner_id, active=True)
    doing.afterwards.append(doing.ask.services.registry.reload)
    return Made(wanted.partner_id)


async def _set_active(ask: Ask, conn: Connection, partner_id: str, *, active: bool) -> None:
    before = await change_partner(conn, partner_id, active=active)
    await ask.record(conn, Verb.CHANGED, Thing.PARTNER, partner_id, {"active": active}, before)


def _asking(request: Asked, body: bytes, partner_id: str) -> Ask:
    """Who asks, about a partner that may be there."""
    ask = write(request, body)
    if not ids.is_id(partner_id, ids.PARTNER):
        raise Refused(Code.NOT_FOUND, f"There is no partner {partner_id[:100]!r}.", "/id")
    return ask


ROUTES: Final = [rename_partner, suspend_partner, resume_partner]
