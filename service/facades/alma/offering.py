"""What can be paid by Alma's terms at a shop, before anybody is known."""

from typing import Any, Final

import msgspec

from service.api.body import Body
from service.api.guard import require_scope
from service.checkout.request import Checkout
from service.errors import Code, Refused
from service.facades import range as ranges
from service.facades.alma import payment as shown
from service.facades.alma.finding import KINDS, NAME, kinds_for, said
from service.facades.alma.wire import CURRENCY, EligibilityBody, terms_of, word_of
from service.facades.door import Call, Reply
from service.facades.seen import Offer
from service.plans.offer import Kind

_eligibility: Final = Body(EligibilityBody)


async def ask_eligibility(call: Call) -> Reply:
    """Which of the terms asked for an amount could be paid by, as somebody with the best grade."""
    body = _eligibility.read(call.body, call.json_type)
    require_scope(call.ours.principal, "checkouts", "write")
    amount = body.purchase_amount or (body.payment.purchase_amount if body.payment else None)
    if amount is None:
        raise Refused(Code.INVALID_FIELD, "purchase_amount is needed.", "/purchase_amount")
    policy = await call.services.registry.policy(call.now)
    merchant = await call.services.registry.merchant(call.merchant_id)
    word = word_of(body.cart)
    found: list[dict[str, Any]] = []
    for term in terms_of(body):
        kinds = kinds_for(term)
        asked = Checkout(
            NAME, ranges.NOBODY, CURRENCY, amount, kinds=kinds, category=word, instalments=term.installments_count
        )
        answer = ranges.best_answer(asked, merchant, call.services.registry.now.programmes, policy, call.now)
        offers = msgspec.convert(msgspec.to_builtins(answer.offers), tuple[Offer, ...])
        bounds = ranges.bounds_of(ranges.rungs_of(policy, CURRENCY, word, kinds, term.installments_count))
        offer = shown.offer_for(offers, term, call.now)
        found.append(shown.eligibility(amount, term, offer, (bounds.least, bounds.most) if bounds else None))
    return said(found)


async def me(call: Call) -> Reply:
    """The shop, and between which prices it can be paid later."""
    require_scope(call.ours.principal, "checkouts", "read")
    policy = await call.services.registry.policy(call.now)
    bounds = ranges.bounds_of(ranges.rungs_of(policy, CURRENCY, "", KINDS, None))
    merchant = await call.services.registry.merchant(call.merchant_id)
    least, most = (bounds.least, bounds.most) if bounds else (0, 0)
    told = {
        "id": merchant.merchant_id, "name": merchant.name, "country": merchant.country,
        "minimum_purchase_amount": least, "maximum_purchase_amount": most, "can_create_payments": bool(bounds),
    }  # fmt: skip
    return said(told)


async def fee_plans(call: Call) -> Reply:
    """The terms that the shop can offer."""
    require_scope(call.ours.principal, "checkouts", "read")
    only = call.query.get("only")
    counts = {int(one) for one in only.split(",") if one.isascii() and one.isdigit()} if only else None
    policy = await call.services.registry.policy(call.now)
    found: dict[tuple[int, int], dict[str, Any]] = {}
    if call.query.get("kind", "general") == "general":
        for rung in ranges.rungs_of(policy, CURRENCY, "", KINDS, None):
            count = rung.terms.instalments
            days = rung.terms.every if rung.kind is Kind.PAY_AFTER_USE else 0
            at_once = rung.down_payment or rung.down_payment_bps or rung.terms.asks_at_once
            if at_once or (counts is not None and count not in counts):
                continue
            found.setdefault(
                (count, days),
                {
                    "kind": "general", "installments_count": count, "deferred_days": days, "deferred_months": 0,
                    "min_purchase_amount": rung.amount_min, "max_purchase_amount": rung.amount_max, "allowed": True,
                },
            )  # fmt: skip
    return said([*found.values()])
