"""What the operator gives a merchant, or takes from it, besides what its plans bring."""

from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import encode, reply_answer
from service.api.settlements import known_merchant
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Currency
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants.adjusting_flow import adjust
from service.merchants.adjustment import Adjustment, AdjustmentReason
from service.money import AMOUNT_MAX, EXPONENTS
from service.private_text import IN_SIGHT


class AdjustmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is given, or taken, and why."""

    currency: Currency
    amount: Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]  # minor units; negative: it is taken
    reason: AdjustmentReason
    reference: Annotated[
        str, Meta(min_length=1, max_length=140, pattern=r"^[^\x00-\x1f\x7f]*\Z"), IN_SIGHT
    ]  # what it is about


class WantedAdjustment(Struct, frozen=True):
    """An adjustment that was proposed, and of whom."""

    merchant_id: str
    wanted: AdjustmentBody


_adjustment = Body(AdjustmentBody)


@post(
    "/merchants/{merchant_id:str}/adjustments",
    status_code=201,
    opt=operation(
        "settlements",
        {201: Adjustment, 202: Proposed},
        takes=AdjustmentBody,
        refuses=(Code.NOT_FOUND,),
        example={"currency": "EUR", "amount": 12_50, "reason": "fee_correction", "reference": "fees of 2 March"},
    ),
)
async def adjust_merchant(request: Asked, body: RawBody, merchant_id: InPath) -> ASGIResponse:
    """Give a merchant something besides, or take it: a line of its next settlement.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _adjustment.read(body, content_type(request))
    if not asked.amount:
        raise Refused(Code.INVALID_FIELD, "An amount of nothing adjusts nothing.", "/amount")
    if asked.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {asked.currency} here.", "/currency")
    known_merchant(merchant_id)
    ask = write(request, body)
    if merchant_id not in ask.services.registry.now.merchants:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {merchant_id!r}.", "/id")

    async def make(conn: Connection) -> Answer:
        wanted = WantedAdjustment(merchant_id, asked)
        if abs(asked.amount) > ask.services.settings.alone_max.of(asked.currency):
            return await propose("adjust_merchant", ask, conn, Thing.MERCHANT, merchant_id, wanted)
        return Answer(201, encode(await _adjust(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, make))


@needs_two("adjust_merchant", "settlements")
async def _adjust_as_proposed(doing: Doing, wanted: WantedAdjustment) -> Adjustment:
    return await _adjust(doing.ask, doing.conn, wanted)


async def _adjust(ask: Ask, conn: Connection, wanted: WantedAdjustment) -> Adjustment:
    merchant_id, asked, now = wanted.merchant_id, wanted.wanted, ask.time_at(wanted.merchant_id)
    one = Adjustment(
        ids.new_id(ids.ADJUSTMENT, ids.bucket_for(merchant_id), ask.now_ms), merchant_id, asked.currency, asked.amount,
        asked.reason, asked.reference, now,
    )  # fmt: skip
    zone = ZoneInfo(ask.services.registry.now.merchants[merchant_id].time_zone)
    await adjust(conn, one, now.astimezone(zone).date(), ask.by.key_id or "")
    await ask.record(conn, Verb.CHANGED, Thing.MERCHANT, merchant_id, {"adjustment": one.adjustment_id})
    return one
