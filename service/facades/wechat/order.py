"""An order as WeChat Pay Score's client reads it, from our plan. Pure.

our plan                                           state     state_description   collection.state
waits for its consumer to confirm                  CREATED
authorized, in use                                 DOING     USER_CONFIRM
captured, and owed                                 DOING     MCH_COMPLETE        USER_PAYING
captured, and nothing owed                         DONE                          USER_PAID
given back before any capture                      REVOKED
not confirmed or not captured in time              EXPIRED
"""

from typing import Any, Final

import msgspec

from service.facades.seen import Plan
from service.facades.wechat.wire import Told, ToldRefund

_OVER: Final = {"voided": "REVOKED", "expired": "EXPIRED"}


def state_of(plan: Plan) -> tuple[str, str, str]:
    """State, its description, and that of the collection; empty: there is none."""
    if over := _OVER.get(plan.state):
        return over, "", ""
    if plan.remaining:
        return ("CREATED", "", "") if "confirm" in plan.next_actions else ("DOING", "USER_CONFIRM", "")
    return ("DOING", "MCH_COMPLETE", "USER_PAYING") if plan.outstanding else ("DONE", "", "USER_PAID")


def order(mchid: str, told: Told, plan: Plan, package: str) -> dict[str, Any]:
    """The order; `package` is where its consumer confirms it."""
    asked = told.asked
    state, description, collection = state_of(plan)
    said: dict[str, Any] = {
        "out_order_no": asked.out_order_no, "appid": asked.appid, "mchid": mchid, "service_id": asked.service_id,
        "service_introduction": asked.service_introduction, "state": state, "order_id": plan.plan_id,
        "need_collection": bool(plan.captured),
        "time_range": msgspec.to_builtins(told.time_range or asked.time_range),
        "risk_fund": msgspec.to_builtins(asked.risk_fund),
        "post_payments": msgspec.to_builtins(told.post_payments or asked.post_payments),
        "post_discounts": msgspec.to_builtins(told.post_discounts or asked.post_discounts),
    }  # fmt: skip
    if description:
        said["state_description"] = description
    if asked.attach:
        said["attach"] = asked.attach
    if asked.openid:
        said["openid"] = asked.openid
    if state == "CREATED":
        said["package"] = package
    if told.total_amount is not None:
        said["total_amount"] = told.total_amount
    if collection:
        said["collection"] = _collection(plan, told, collection)
    return said


def refund(told: ToldRefund, plan: Plan) -> dict[str, Any]:
    """A refund: it is done when we have said so."""
    asked, when = told.asked, told.made_at.isoformat(timespec="seconds")
    return {
        "refund_id": told.fact_id, "out_refund_no": asked.out_refund_no, "transaction_id": plan.plan_id,
        "out_trade_no": told.out_order_no, "channel": "ORIGINAL", "user_received_account": "", "success_time": when,
        "create_time": when, "status": "SUCCESS",
        "amount": {
            "total": plan.billed, "refund": asked.amount.refund, "payer_total": plan.billed,
            "payer_refund": asked.amount.refund, "currency": asked.amount.currency,
        },
    }  # fmt: skip


def _collection(plan: Plan, told: Told, state: str) -> dict[str, Any]:
    paid = plan.captured - plan.refunded - plan.outstanding
    details = [{
        "seq": 1, "amount": paid, "paid_type": told.paid_type or "NEWTON", "transaction_id": plan.plan_id,
        **({"paid_time": told.paid_time} if told.paid_time else {}),
    }] if paid > 0 else []  # fmt: skip
    return {
        "state": state, "total_amount": plan.captured - plan.refunded, "paying_amount": plan.outstanding,
        "paid_amount": max(paid, 0), "details": details,
    }  # fmt: skip
