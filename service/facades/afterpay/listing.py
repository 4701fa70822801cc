"""A shop's orders at Afterpay, listed: those that are named, or of its newest purchases those it asks for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from service.errors import Code, Refused
from service.facades.afterpay.finding import ORDERS, find_plan, made_of, said
from service.facades.afterpay.wire import Told
from service.facades.door import Call, Reply
from service.facades.finding import plan_of
from service.facades.seen import Checkout, Plan
from service.facades.store import Order

LIMIT_MAX: Final = 250
SCANNED_MAX: Final = 2_000  # of a shop's purchases the newest
SCANNED_AT_ONCE: Final = 200
NAMED_MAX: Final = 100
APPROVED: Final = "APPROVED"  # what was declined has become no order


class Found(Struct, frozen=True):
    """An order of the shop."""

    order: Order
    told: Told
    plan: Plan


_KEYS: Final[dict[str, Callable[[Found], Any]]] = {
    "createdAt": lambda one: one.plan.authorized_at,
    "id": lambda one: one.plan.plan_id,
    "totalAmount": lambda one: one.plan.amount,
    "merchantReference": lambda one: one.told.merchant_reference,
    "email": lambda one: one.told.consumer.email,
}


class Wanted(Struct, frozen=True):
    """What is asked for."""

    limit: int
    offset: int
    ids: frozenset[str]
    tokens: frozenset[str]
    references: frozenset[str]
    statuses: frozenset[str]
    first_at: datetime
    last_at: datetime
    order_by: str
    is_ascending: bool

    def may_be(self, order: Order, told: Told) -> bool:
        """Whether the plan of an order is worth a look. It was opened between its checkout and the offer's end."""
        return (
            order.agreed_at is not None
            and order.made_at <= self.last_at
            and order.ends_at >= self.first_at
            and (not self.references or told.merchant_reference in self.references)
        )

    def is_one(self, found: Found) -> bool:
        """Whether an order is asked for."""
        return (
            self.first_at <= found.plan.authorized_at <= self.last_at
            and (not self.ids or found.plan.plan_id in self.ids)
            and (not self.tokens or found.order.reference in self.tokens)
            and (not self.references or found.told.merchant_reference in self.references)
            and (not self.statuses or APPROVED in self.statuses)
        )


async def list_all(call: Call) -> Reply:
    """Orders, the newest first where nothing else is said."""
    wanted = _wanted(call.query)
    names = [*wanted.ids, *(f"token:{one}" for one in wanted.tokens)]
    found = await _named(call, names) if names else await _newest(call, wanted)
    ones = [one for one in found if wanted.is_one(one)]
    ones.sort(key=_KEYS[wanted.order_by], reverse=not wanted.is_ascending)
    page = ones[wanted.offset :][: wanted.limit]
    results = [await made_of(call, one.order, one.plan) for one in page]
    return said(
        {"totalResults": len(ones), "offset": wanted.offset, "limit": wanted.limit, "results": results},
    )


async def _named(call: Call, names: list[str]) -> list[Found]:
    if len(names) > NAMED_MAX:
        raise Refused(Code.INVALID_FIELD, f"At most {NAMED_MAX} orders are named at once.", "/ids")
    found: dict[str, Found] = {}
    for name in names:
        try:
            order, told, plan = await find_plan(call, name)
        except Refused as refused:
            if refused.code not in (Code.NOT_FOUND, Code.ERASED):
                raise
        else:
            found[plan.plan_id] = Found(order, told, plan)
    return [*found.values()]


async def _newest(call: Call, wanted: Wanted) -> list[Found]:
    found: list[Found] = []
    services, before = call.services, None
    for _ in range(SCANNED_MAX // SCANNED_AT_ONCE):
        page = await ORDERS.page(services.pool, services.secrets, call.merchant_id, before, SCANNED_AT_ONCE)
        for order, told in page:
            if wanted.may_be(order, told) and (plan := await _plan_of(call, order)):
                found.append(Found(order, told, plan))
        if len(page) < SCANNED_AT_ONCE:
            break
        before = page[-1][0].reference
    return found


async def _plan_of(call: Call, order: Order) -> Plan | None:
    if order.plan_id is not None:
        return await call.ours.get(f"/plans/{order.plan_id}", Plan)
    return await plan_of(call.ours, order, await call.ours.get(f"/checkouts/{order.reference}", Checkout))


def _wanted(query: Mapping[str, str]) -> Wanted:
    """What a query asks for. Refused: INVALID_FIELD, for a parameter that there is not."""
    for name in query:
        if name not in _LISTED:
            raise Refused(Code.INVALID_FIELD, f"There is no parameter {name[:100]!r} here.", f"/{name[:100]}")
    order_by, ascending = query.get("orderBy", "createdAt"), query.get("ascending", "false")
    if order_by not in _KEYS:
        raise Refused(Code.INVALID_FIELD, f"orderBy is one of {', '.join(_KEYS)}.", "/orderBy")
    if ascending not in ("true", "false"):
        raise Refused(Code.INVALID_FIELD, "ascending is true or false.", "/ascending")
    return Wanted(
        _number(query, "limit", 20, (1, LIMIT_MAX)), _number(query, "offset", 0, (0, SCANNED_MAX)),
        _words(query, "ids"), _words(query, "tokens"), _words(query, "merchantReferences"), _words(query, "statuses"),
        _instant(query, "fromCreatedDate", datetime.min.replace(tzinfo=UTC)),
        _instant(query, "toCreatedDate", datetime.max.replace(tzinfo=UTC)), order_by, ascending == "true",
    )  # fmt: skip


_LISTED: Final = frozenset({
    "limit", "offset", "tokens", "ids", "merchantReferences", "statuses", "fromCreatedDate", "toCreatedDate", "orderBy",
    "ascending",
})  # fmt: skip


def _words(query: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(query.get(name, "").split(",")) - {""}


def _instant(query: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    """`2026-03-02T12:00:00Z`; the client writes a plus as it is, which a query reads as a space."""
    text = query.get(name)
    if text is None:
        return otherwise
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(Code.INVALID_FIELD, f"{name} is a day or an instant, ISO 8601.", f"/{name}") from None


def _number(query: Mapping[str, str], name: str, otherwise: int, bounds: tuple[int, int]) -> int:
    text, (least, most) = query.get(name), bounds
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise Refused(Code.INVALID_FIELD, f"{name} is a number from {least} to {most}.", f"/{name}")
    return int(text)
