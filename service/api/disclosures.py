"""What must be said of an offer, as JSON or as a page to print: made when it is asked for, never in a checkout."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.response.base import ASGIResponse
from msgspec.structs import replace

from service import ids
from service.api.ask import Ask, Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply_printable
from service.checkout.answer import Answer, offer_of
from service.checkout.disclosure import Disclosure, disclosure_of, page
from service.checkout.flow import Q as CHECKOUT
from service.checkout.request import Checkout
from service.checkout.sealing import unseal_part
from service.errors import Code, Refused
from service.packed import unpack
from service.plans.reading_store import Q as PLANS
from service.plans.reading_store import read_offer
from service.plans.running.facts import Amended
from service.policies.words import Language


@get("/offers/{offer_id:str}/disclosure", opt=operation("checkouts", Disclosure, page=True))
async def disclose_offer(request: Asked, offer_id: InPath) -> ASGIResponse:
    """What the law wants said about an offer before it is accepted, in its order; an alternative's offer is one, too.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask = read(request)
    if not ids.is_id(offer_id, ids.OFFER):
        raise _no_offer(offer_id)
    return _reply(request, ask, await _disclosure(ask, ids.origin(ids.DECISION, offer_id), offer_id))


@get("/plans/{plan_id:str}/disclosure", opt=operation("plans", Disclosure, page=True))
async def disclose_plan(request: Asked, plan_id: InPath) -> ASGIResponse:
    """What was said about the offer that became this plan; after it was amended, about what it is now.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask, row = read(request), None
    if ids.is_id(plan_id, ids.PLAN):
        row = await ask.services.pool.fetchrow(PLANS.load_plan_offer, ids.bucket_of(plan_id), plan_id, ask.owner_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")
    amended = _amended(row["amended"]) if row["amended"] else None
    return _reply(
        request,
        ask,
        await _disclosure(ask, row["decision_id"], read_offer(row["offer"]).offer_id, amended, row["amended_at"]),
    )


async def _disclosure(
    ask: Ask, decision_id: str, offer_id: str, amended: Amended | None = None, amended_at: datetime | None = None
) -> Disclosure:
    bucket = ids.bucket_of(decision_id)
    row = await ask.services.pool.fetchrow(CHECKOUT.load_offered, bucket, decision_id, ask.owner_id)
    found = offer_of(_answer(unpack(row["answer"])), offer_id) if row else None
    if row is None or found is None:
        raise _no_offer(offer_id)
    policy = (await ask.services.registry.version(row["policy_id"], row["policy_version"])).policy
    request = unseal_part(ask.services.secrets, row, "request")
    language = _checkout(request).language if request else Language.ENGLISH  # which one, was erased
    said_at = amended_at or row["decided_at"]
    if amended is not None:
        found = replace(
            found, amount=amended.amount + amended.held, waived=amended.amount if found.waived else 0,
            held=amended.held, schedule=amended.schedule, total_cost=amended.total_cost,
            total_payable=amended.total_payable, apr=amended.apr,
        )  # fmt: skip
    return disclosure_of(found, policy.jurisdiction, policy.product_class, language, said_at)


def _reply(request: Asked, ask: Ask, disclosure: Disclosure) -> ASGIResponse:
    merchant = ask.services.registry.now.merchants[ask.owner_id]
    return reply_printable(request, disclosure, lambda: page(disclosure, merchant.name))


def _no_offer(offer_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no offer {offer_id[:100]!r}.", "/id")


_amended = msgspec.json.Decoder(Amended).decode
_answer = msgspec.json.Decoder(Answer).decode
_checkout = msgspec.json.Decoder(Checkout).decode
