"""For the lender: who bears losses before the partners do, by which terms, and in which order."""

from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Asked, InPath, content_type, write
from service.api.ask import read as reading
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import AfterArrangement, AfterSupportParty, AfterWaterfall, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Currency
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.event_type import EventType
from service.merchants.paying_flow import require_orderable
from service.merchants.settlement_terms import BankAccount, require_account
from service.partners.telling_flow import Teller
from service.support import documents_flow as flow
from service.support.arrangement import Arrangement, Name, require_arrangement
from service.support.documents_flow import (
    Agreed,
    AgreedWaterfall,
    ArrangementId,
    Party,
    Waterfall,
    WaterfallId,
    require_provider,
)
from service.support.telling_flow import tell_party


class PartyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An insurer, a guarantor, or whoever else bears losses and is neither merchant nor partner."""

    name: Name


class MadeParty(Struct, frozen=True):
    """Who was taken on."""

    party_id: str = field(name="id")


class PartyAccountBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a party is paid in a currency."""

    currency: Currency
    account: BankAccount


class WantedAccount(Struct, frozen=True):
    """An account that was proposed."""

    party_id: str
    currency: str
    account: BankAccount


class PartyPage(Struct, frozen=True):
    """Parties, the oldest first; `after` is what to ask with next."""

    parties: list[Party]
    after: str


class ArrangementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A new arrangement, or the next version of one."""

    document: Arrangement  # what is agreed
    arrangement_id: ArrangementId | None = None  # null: a new one


class WantedArrangement(Struct, frozen=True):
    """An arrangement that was proposed."""

    arrangement_id: str
    document: Arrangement


class AgreedVersion(Struct, frozen=True):
    """A document, and which version of it was agreed."""

    document_id: str = field(name="id")
    version: int  # 1, 2, 3 ...


class ArrangementPage(Struct, frozen=True):
    """Arrangements, the oldest first; `after` is what to ask with next."""

    arrangements: list[Agreed]
    after: str


class WaterfallBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A new waterfall, or the next version of one."""

    document: Waterfall  # what is agreed
    waterfall_id: WaterfallId | None = None  # null: a new one


class WantedWaterfall(Struct, frozen=True):
    """A waterfall that was proposed."""

    waterfall_id: str
    document: Waterfall


class WaterfallPage(Struct, frozen=True):
    """Waterfalls, the oldest first; `after` is what to ask with next."""

    waterfalls: list[AgreedWaterfall]
    after: str


_party = Body(PartyBody)
_account = Body(PartyAccountBody)
_arrangement = Body(ArrangementBody)
_waterfall = Body(WaterfallBody)

_INSURANCE: Final = {
    "name": "Insurance of consumer plans 2026", "kind": "consumer_insurance", "currency": "EUR", "cover_bps": 8_000,
    "causes": ["credit"], "begins_on": "2026-01-01", "ends_on": "2026-12-31", "provider_id": "{party_id}",
    "attachment": {"kind": "each_and_every", "amount": 250_00}, "debtor_max": 5_000_00,
}  # fmt: skip


@post(
    "/support-parties",
    status_code=201,
    opt=operation("support", MadeParty, takes=PartyBody, example={"name": "Elbe Insurance"}),
)
async def register_party(request: Asked, body: RawBody) -> ASGIResponse:
    """Take on an insurer, a guarantor, or whoever else bears losses."""
    asked = _party.read(body, content_type(request))
    ask = write(request, body)
    party_id = ids.new_id(ids.SUPPORT_PARTY, ids.bucket_for(asked.name), ask.now_ms)

    async def register(conn: Connection) -> Answer:
        await flow.register(conn, party_id, asked.name, ask.now)
        await ask.record(conn, Verb.MADE, Thing.PARTY, party_id, asked)
        return Answer(201, encode(MadeParty(party_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, register))


@post(
    "/support-parties/{party_id:str}/account",
    status_code=202,
    opt=operation(
        "support",
        Proposed,
        takes=PartyAccountBody,
        refuses=(Code.NOT_FOUND,),
        example={"currency": "EUR", "account": {"holder": "Elbe Insurance", "iban": "FR1420041010050500013M02606"}},
    ),
)
async def name_party_account(request: Asked, body: RawBody, party_id: InPath) -> ASGIResponse:
    """Propose where a party is paid in a currency what settlements owe it; another operator approves it."""
    asked = _account.read(body, content_type(request))
    require_orderable(asked.currency)
    require_account(asked.account, "/account", asked.currency)
    if not ids.is_id(party_id, ids.SUPPORT_PARTY):
        raise Refused(Code.NOT_FOUND, f"There is no party {party_id[:100]!r}.", "/id")
    ask = write(request, body)

    async def name(conn: Connection) -> Answer:
        await flow.require_party(conn, party_id)
        wanted = WantedAccount(party_id, asked.currency, asked.account)
        return await propose("name_party_account", ask, conn, Thing.PARTY, party_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, name))


@needs_two("name_party_account", "support")
async def _account_as_proposed(doing: Doing, wanted: WantedAccount) -> MadeParty:
    await flow.set_account(doing.conn, wanted.party_id, wanted.currency, wanted.account)
    told = {"currency": wanted.currency, "account": (wanted.account.iban or wanted.account.number or "")[-4:]}
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.PARTY, wanted.party_id, told)
    return MadeParty(wanted.party_id)


@get("/support-parties", opt=operation("support", PartyPage))
async def list_parties(request: Asked, after: AfterSupportParty = "", limit: Limit = 100) -> ASGIResponse:
    """Who bears losses, and is neither merchant nor partner."""
    page = await flow.parties(reading(request).services.pool, after, limit)
    return reply(PartyPage(page, page[-1].party_id if page else after))


@post(
    "/support-arrangements",
    status_code=202,
    opt=operation(
        "support",
        Proposed,
        takes=ArrangementBody,
        refuses=(Code.NOT_FOUND, Code.CAPACITY_EXCEEDED),
        example={"document": _INSURANCE},
    ),
)
async def agree_arrangement(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose who bears a part of losses, or the next version of it; another operator approves it."""
    asked = _arrangement.read(body, content_type(request))
    require_arrangement(asked.document)
    ask = write(request, body)

    async def agree(conn: Connection) -> Answer:
        document = asked.document
        if document.provider_id is not None:
            await require_provider(conn, document.provider_id)
        if document.beneficiary_id is not None:
            await flow.require_beneficiary(conn, document.beneficiary_id)
        if asked.arrangement_id is not None:
            await flow.require_arrangement_there(conn, asked.arrangement_id, document)
        wanted_id = asked.arrangement_id or ids.new_id(ids.ARRANGEMENT, ids.bucket_for(document.name), ask.now_ms)
        wanted = WantedArrangement(wanted_id, document)
        return await propose("agree_arrangement", ask, conn, Thing.ARRANGEMENT, wanted_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, agree))


@needs_two("agree_arrangement", "support")
async def _agree_arrangement(doing: Doing, wanted: WantedArrangement) -> AgreedVersion:
    version = await flow.agree(doing.conn, wanted.arrangement_id, wanted.document, doing.ask.now)
    told = {"version": version}
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.ARRANGEMENT, wanted.arrangement_id, told)
    if (bearer_id := wanted.document.provider_id) is not None:
        told_them = told | {"arrangement_id": wanted.arrangement_id}
        type_ = EventType.ARRANGEMENT_AGREED
        await tell_party(doing.conn, bearer_id, type_, Teller.OPERATOR, told_them, doing.ask.now)
    return AgreedVersion(wanted.arrangement_id, version)


@get("/support-arrangements", opt=operation("support", ArrangementPage))
async def list_arrangements(request: Asked, after: AfterArrangement = "", limit: Limit = 100) -> ASGIResponse:
    """All arrangements as they are now."""
    page = await flow.arrangements(reading(request).services.pool, after, limit)
    return reply(ArrangementPage(page, page[-1].arrangement_id if page else after))


@post(
    "/waterfalls",
    status_code=202,
    opt=operation(
        "support",
        Proposed,
        takes=WaterfallBody,
        refuses=(Code.NOT_FOUND,),
        example={
            "document": {"name": "Appliances", "tiers": ["{arrangement_id}"], "recovery_order": "pari_passu"}
        },
    ),
)  # fmt: skip
async def agree_waterfall(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose in which order losses are borne, or the next version of it; another operator approves it."""
    asked = _waterfall.read(body, content_type(request))
    ask = write(request, body)

    async def agree(conn: Connection) -> Answer:
        await flow.tiers_of(conn, asked.document, "/document/tiers")
        if asked.waterfall_id is not None:
            await flow.require_waterfall_there(conn, asked.waterfall_id, "/waterfall_id")
        wanted_id = asked.waterfall_id or ids.new_id(ids.WATERFALL, ids.bucket_for(asked.document.name), ask.now_ms)
        wanted = WantedWaterfall(wanted_id, asked.document)
        return await propose("agree_waterfall", ask, conn, Thing.WATERFALL, wanted_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, agree))


@needs_two("agree_waterfall", "support")
async def _agree_waterfall(doing: Doing, wanted: WantedWaterfall) -> AgreedVersion:
    version = await flow.agree_waterfall(doing.conn, wanted.waterfall_id, wanted.document, doing.ask.now)
    told = {"version": version}
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.WATERFALL, wanted.waterfall_id, told)
    return AgreedVersion(wanted.waterfall_id, version)


@get("/waterfalls", opt=operation("support", WaterfallPage))
async def list_waterfalls(request: Asked, after: AfterWaterfall = "", limit: Limit = 100) -> ASGIResponse:
    """All waterfalls as they are now."""
    page = await flow.waterfalls(reading(request).services.pool, after, limit)
    return reply(WaterfallPage(page, page[-1].waterfall_id if page else after))


ROUTES: Final = [
    register_party, name_party_account, list_parties, agree_arrangement, list_arrangements, agree_waterfall,
    list_waterfalls,
]  # fmt: skip
