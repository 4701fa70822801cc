"""How the operator settles a merchant: how often, where to, and what is kept back. It takes two people to change it."""

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import reply, reply_answer
from service.api.settlements import merchant_there
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.merchants import settling_flow as flow
from service.merchants.settlement_terms import SettlementTerms, require_possible


class AgreedTerms(Struct, frozen=True):
    """How a merchant is settled from its next settlement on."""

    version: int  # 1, 2, 3 ... of the merchant's terms; 0: none were agreed, and nothing is paid out
    terms: SettlementTerms


class WantedTerms(Struct, frozen=True):
    """Terms that were proposed, and for whom."""

    merchant_id: str
    terms: SettlementTerms


_terms = Body(SettlementTerms)


@post(
    "/merchants/{merchant_id:str}/settlement-terms",
    status_code=202,
    opt=operation(
        "settlements",
        Proposed,
        takes=SettlementTerms,
        refuses=(Code.NOT_FOUND, Code.IMPOSSIBLE_TERMS),
        example={
            "accounts": {"EUR": {"holder": "Bahnhof Books GmbH", "iban": "DE89370400440532013000"}},
            "lag_days": 2,
            "calendar": "XECB",
            "reserve_bps": 500,
            "reserve_days": 90,
        },
    ),
)
async def agree_settlement_terms(request: Asked, body: RawBody, merchant_id: InPath) -> ASGIResponse:
    """Propose how a merchant is settled; another operator approves it, for it says where money goes.

    They hold from the next settlement on, in place of those before.
    """
    asked = _terms.read(body, content_type(request))
    ask = write(request, body)
    require_possible(asked, ask.now.date())
    merchant_there(ask, merchant_id)

    async def agree(conn: Connection) -> Answer:
        wanted = WantedTerms(merchant_id, asked)
        return await propose("agree_settlement_terms", ask, conn, Thing.MERCHANT, merchant_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, agree))


@get("/merchants/{merchant_id:str}/settlement-terms", opt=operation("settlements", AgreedTerms))
async def get_settlement_terms(request: Asked, merchant_id: InPath) -> ASGIResponse:
    """How a merchant is settled now."""
    ask = read(request)
    return reply(AgreedTerms(*await flow.load_terms(ask.services.pool, merchant_there(ask, merchant_id))))


@needs_two("agree_settlement_terms", "settlements")
async def _agree_as_proposed(doing: Doing, wanted: WantedTerms) -> AgreedTerms:
    version = await flow.agree(doing.conn, wanted.merchant_id, wanted.terms, doing.ask.now)
    await doing.ask.record(
        doing.conn, Verb.CHANGED, Thing.MERCHANT, wanted.merchant_id, {"settlement_terms_version": version}
    )
    return AgreedTerms(version, wanted.terms)
