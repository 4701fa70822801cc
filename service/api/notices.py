"""The notice of a refusal or a referral, as JSON or as a page to print: made of the log when it is asked for."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse

from service import ids
from service.api.ask import Ask, Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply_printable
from service.audit.entry import Thing
from service.checkout.answer import Answer, Outcome
from service.checkout.evidence import Evidence
from service.checkout.flow import Q
from service.checkout.notice import Notice, notice_of, page
from service.checkout.request import Checkout
from service.checkout.sealing import unseal_part
from service.errors import Code, Refused
from service.packed import unpack
from service.policies.words import Language

In = Annotated[Language | None, QueryParameter()]


@get("/checkouts/{decision_id:str}/notice", opt=operation("checkouts", Notice, page=True))
async def get_notice(request: Asked, decision_id: InPath, language: In = None) -> ASGIResponse:
    """What the consumer is told of a refusal or a referral: why, what would be approved instead, and which rights.

    Of a referral that a person reviewed, it is the notice of the decision that followed. What was approved has none.
    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask = read(request)
    notice = await _notice(ask, decision_id, ask.owner_id, language)
    return reply_printable(request, notice, lambda: page(notice))


@get("/decisions/{decision_id:str}/notice", opt=operation("decisions", Notice, page=True))
async def get_any_notice(request: Asked, decision_id: InPath, language: In = None) -> ASGIResponse:
    """What the consumer is told of a refusal or a referral at any merchant, as that merchant gets it.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask = read(request)
    notice = await _notice(ask, decision_id, None, language)
    await ask.record_reading(Thing.DECISION, decision_id, "notice")
    return reply_printable(request, notice, lambda: page(notice))


async def _notice(ask: Ask, decision_id: str, merchant_id: str | None, language: Language | None) -> Notice:
    row = None
    if ids.is_id(decision_id, ids.DECISION):
        row = await ask.services.pool.fetchrow(Q.load_notice, ids.bucket_of(decision_id), decision_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no decision {decision_id[:100]!r}.", "/id")
    answer = _answer(unpack(row["answer"]))
    if answer.outcome is Outcome.APPROVED:
        raise Refused(Code.NOT_FOUND, f"There is no notice of {decision_id!r}: it was approved.", "/id")
    policy = (await ask.services.registry.version(answer.policy_id, answer.policy_version)).policy
    parts = [unseal_part(ask.services.secrets, row, part) for part in ("request", "snapshot")]
    said_in = language or (_checkout(parts[0]).language if parts[0] else Language.ENGLISH)  # which one, was erased
    merchant_name = _evidence(parts[1]).merchant.name if parts[1] else row["merchant_name"]
    return notice_of(answer, merchant_name, policy.jurisdiction, policy.time_zone, said_in)


_answer = msgspec.json.Decoder(Answer).decode
_checkout = msgspec.json.Decoder(Checkout).decode
_evidence = msgspec.json.Decoder(Evidence).decode
