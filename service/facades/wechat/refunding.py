"""Refunds of WeChat Pay's: by `transaction_id`, which is our plan's; each number of the shop's is one refund."""

from typing import Final

import msgspec

from service import ids
from service.api.body import Body
from service.api.texts import key_of
from service.errors import Code, Refused
from service.facades.door import Call, Reply
from service.facades.notifying_flow import note
from service.facades.seen import Plan, PlanAfter
from service.facades.store import Order, Orders, agree, digest_of, set_plan
from service.facades.wechat.access import signer_of
from service.facades.wechat.order import refund as shown
from service.facades.wechat.wire import RefundBody, ToldRefund

NAME: Final = "wechat_refund"
REFUNDS: Final = Orders(NAME, ToldRefund)

_refund: Final = Body(RefundBody)


async def refund(call: Call) -> Reply:
    """Money goes back; the same number is the same refund."""
    body = _refund.read(call.body, call.json_type)
    if not ids.is_id(body.transaction_id, ids.PLAN):
        raise _none(body.transaction_id)
    plan = await call.ours.get(f"/plans/{body.transaction_id}", Plan)
    if body.amount.total != plan.billed:
        raise Refused(Code.INVALID_FIELD, f"amount.total is {plan.billed}.", "/amount/total")
    before = await _find(call, body.out_refund_no)
    if before is not None:
        return _same(body, before, plan)
    path, given = f"/plans/{plan.plan_id}/refunds", {"amount": body.amount.refund}
    done = await call.ours.post(path, given, digest_of("refund", body.out_refund_no), PlanAfter)
    told = ToldRefund(body, done.recorded.fact_id, plan.merchant_reference, call.now, signer_of(call))
    order = Order(
        _bucket(call, body.out_refund_no), call.merchant_id, NAME, body.out_refund_no, done.consumer_id,
        call.ours.principal.key_id, call.now, call.now,
    )  # fmt: skip
    key = await key_of(call.services, call.services.pool, done.consumer_id)
    await REFUNDS.put(call.services.pool, key, order, digest_of(call.body), told)
    await agree(call.services.pool, order, plan.offer_id, call.now)
    await set_plan(call.services.pool, order, plan.plan_id)
    await note(call.services.pool, order.place, told.fact_id, "REFUND.SUCCESS")
    kept = await _find(call, body.out_refund_no)
    assert kept is not None
    return _same(body, kept, done)


async def query(call: Call, out_refund_no: str) -> Reply:
    """A refund by the shop's number."""
    services = call.services
    bucket = _bucket(call, out_refund_no)
    found = await REFUNDS.find(services.pool, services.secrets, bucket, call.merchant_id, out_refund_no)
    if found is None or found[0].plan_id is None:
        raise _none(out_refund_no)
    plan = await call.ours.get(f"/plans/{found[0].plan_id}", Plan)
    return Reply(msgspec.json.encode(shown(found[1], plan)))


def _same(body: RefundBody, told: ToldRefund, plan: Plan) -> Reply:
    if told.asked != body:
        sentence = "This out_refund_no was used with other parameters."
        raise Refused(Code.IDEMPOTENCY_KEY_REUSED, sentence, "/out_refund_no")
    return Reply(msgspec.json.encode(shown(told, plan)))


async def _find(call: Call, number: str) -> ToldRefund | None:
    services = call.services
    found = await REFUNDS.find(services.pool, services.secrets, _bucket(call, number), call.merchant_id, number)
    return found[1] if found else None


def _bucket(call: Call, number: str) -> int:
    return ids.bucket_for(call.merchant_id, NAME, number)


def _none(number: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is nothing of the number {number[:100]!r}.", "/transaction_id")
