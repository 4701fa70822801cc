"""A payment as Alma's client reads it, from our decision and our plan. Pure. Amounts in cents, instants in Unix time.

ours                                              Alma's state
declined, or no offer of the terms asked for      scored_no
referred to a person                              scored_maybe
approved; authorized, or captured in part         scored_yes
owed, and nothing late                            in_progress
late for up to 7, up to 15, more days             late_dunning, late_contact_customer, default
charged off                                       default
recovered, forgiven                               collection_done
paid off, refunded, overpaid, closed              paid
voided, expired                                   stopped
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from service.facades.alma.wire import CURRENCY, OrderBody, Term, Told
from service.facades.seen import Checkout, Entry, Instalment, Offer, Plan
from service.plans.plan import business_day
from service.terms.calendar import add_months

DUNNED_DAYS: Final = 7
CONTACTED_DAYS: Final = 15

_STATES: Final = {
    "authorized": "scored_yes", "part_captured": "scored_yes", "in_use": "scored_yes", "active": "in_progress",
    "payment_due": "in_progress", "paid_off": "paid", "closed": "paid", "refunded": "paid", "overpaid": "paid",
    "charged_off": "default", "recovered": "collection_done", "forgiven": "collection_done", "voided": "stopped",
    "expired": "stopped",
}  # fmt: skip


_LATE: Final = ("late_dunning", "late_contact_customer", "default")


def state_of(checkout: Checkout, offer: Offer | None, plan: Plan | None) -> str:
    """One of Alma's words."""
    if plan is None:
        if checkout.outcome == "referred":
            return "scored_maybe"
        return "scored_no" if offer is None else "scored_yes"
    state = _STATES[plan.state]
    if state != "in_progress" or not plan.overdue:
        return state
    if plan.days_past_due <= DUNNED_DAYS:
        return "late_dunning"
    return "late_contact_customer" if plan.days_past_due <= CONTACTED_DAYS else "default"


def may_be(plan_state: str | None) -> frozenset[str]:
    """Alma's words for a payment whose plan is in this state of ours; None: it has no plan that we know of."""
    if plan_state is None:
        return frozenset({"scored_yes", "scored_no", "scored_maybe", *_STATES.values(), *_LATE})
    state = _STATES[plan_state]
    return frozenset({state, *_LATE} if state == "in_progress" else {state})


def offer_for(offers: Iterable[Offer], term: Term, decided_at: datetime) -> Offer | None:
    """The first offer of exactly these terms, all of it on credit; None: there is none."""
    return next((one for one in offers if _is_of(one, term, decided_at)), None)


def _is_of(offer: Offer, term: Term, decided_at: datetime) -> bool:
    if offer.down_payment or len(offer.schedule) != term.installments_count:
        return False
    if term.installments_count > 1:
        return not (term.deferred_days or term.deferred_months)
    on = business_day(decided_at, offer.time_zone)
    if term.deferred_months:
        return offer.schedule[0].due_on == add_months(on, term.deferred_months, on.day)
    return (offer.schedule[0].due_on - on).days == term.deferred_days


def payment(
    payment_id: str,
    told: Told,
    checkout: Checkout,
    offer: Offer | None,
    plan: Plan | None,
    timeline: Iterable[Entry],
    now: datetime,
    url: str,
) -> dict[str, Any]:
    """The payment, with its plan, its orders and its refunds."""
    fields, state = told.fields, state_of(checkout, offer, plan)
    rows: tuple[Instalment, ...] = plan.schedule if plan else offer.schedule if offer else ()
    zone = plan.time_zone if plan else offer.time_zone if offer else "UTC"
    refunds = [_refund(one, told) for one in timeline if one.fact == "refunded"]
    agreed = plan or offer
    is_over = plan is None and checkout.expires_at <= now
    return {
        "id": payment_id,
        "state": state,
        "created": seconds(checkout.decided_at),
        "expired_at": seconds(checkout.expires_at) if is_over else None,
        "currency": CURRENCY,
        "purchase_amount": fields.purchase_amount,
        "installments_count": fields.installments_count,
        "deferred_days": fields.deferred_days,
        "deferred_months": fields.deferred_months,
        "customer_fee": sum(one.fee + one.penalty for one in rows),
        "customer_interest": sum(one.interest for one in rows),
        "annual_interest_rate": None if agreed is None else _bps(agreed.apr.printed),
        "payment_plan": [_instalment(one, zone, business_day(now, zone), state) for one in rows],
        "orders": orders_of(payment_id, told.orders),
        "refunds": refunds,
        "amount_already_refunded": plan.refunded if plan else 0,
        "is_completely_refunded": bool(plan and plan.captured and plan.refunded >= plan.captured),
        "customer": _plain(told.customer, customer_id="id") if told.customer else {},
        "url": url,
        "return_url": fields.return_url,
        "ipn_callback_url": fields.ipn_callback_url,
        "customer_cancel_url": fields.customer_cancel_url,
        "failure_return_url": fields.failure_return_url,
        "custom_data": fields.custom_data,
        "locale": fields.locale,
        "origin": fields.origin or "online",
    }


def orders_of(payment_id: str, orders: Iterable[OrderBody]) -> list[dict[str, Any]]:
    """Orders, each with an id that names its payment."""
    return [_order(payment_id, place, one) for place, one in enumerate(orders, 1)]


def eligibility(amount: int, term: Term, offer: Offer | None, bounds: tuple[int, int] | None) -> dict[str, Any]:
    """Whether an amount could be paid so, and what it would cost somebody with the best grade."""
    named: dict[str, Any] = msgspec.to_builtins(term)
    if offer is None:
        reasons = {"purchase_amount": "invalid_value"} if bounds else {"installments_count": "invalid_value"}
        limits = {"purchase_amount": {"minimum": bounds[0], "maximum": bounds[1]}} if bounds else {}
        return {"eligible": False, "purchase_amount": amount, "reasons": reasons, "constraints": limits} | named
    plan = [_agreed(one, offer.time_zone) for one in offer.schedule]
    return named | {
        "eligible": True,
        "purchase_amount": amount,
        "customer_fee": sum(one.fee for one in offer.schedule),
        "customer_interest": sum(one.interest for one in offer.schedule),
        "customer_total_cost_amount": offer.total_cost,
        "annual_interest_rate": _bps(offer.apr.printed),
        "payment_plan": plan,
    }


def seconds(at: datetime) -> int:
    """Unix time."""
    return int(at.timestamp())


def _instalment(one: Instalment, zone: str, today: date, state: str) -> dict[str, Any]:
    return _agreed(one, zone) | {
        "state": _state_of_instalment(one, today, state),
        "date_paid": None if one.paid_on is None else _midnight(one.paid_on, zone),
    }


def _state_of_instalment(one: Instalment, today: date, state: str) -> str:
    if not one.outstanding:
        return "paid"
    if state == "default":
        return "claimed"
    return "incident" if one.due_on < today else "pending"


def _agreed(one: Instalment, zone: str) -> dict[str, Any]:
    return {
        "due_date": _midnight(one.due_on, zone),
        "purchase_amount": one.principal,
        "customer_fee": one.fee + one.penalty,
        "customer_interest": one.interest,
        "total_amount": one.total,
    }


def _refund(one: Entry, told: Told) -> dict[str, Any]:
    said = told.refunds.get(one.fact_id)
    return {
        "id": one.fact_id,
        "created": seconds(one.recorded_at),
        "amount": one.amount,
        "merchant_reference": said.merchant_reference if said else None,
        "comment": said.comment if said else None,
    }


def _order(payment_id: str, place: int, one: OrderBody) -> dict[str, Any]:
    return {"id": f"{payment_id}-{place}", "payment": payment_id} | _plain(one)


def _plain(struct: msgspec.Struct, **renamed: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(struct)
    return {renamed.get(name, name): value for name, value in found.items()}


def _midnight(on: date, zone: str) -> int:
    return seconds(datetime.combine(on, time(), ZoneInfo(zone)))


def _bps(printed: str) -> int:
    """9.3 per cent is 930 basis points."""
    whole, _, rest = printed.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0")[:2])
