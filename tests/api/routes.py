"""Every route of the app, and what each POST takes: a body it would do at once."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Struct
from msgspec.json import decode

from service.demo.seed import POLICY
from tests.flows.outside import CONSENT, give
from tests.flows.world import Client, World

# Well formed, and nothing there.
NO_BREAK = "br_00000000000000000000000000"
NO_POLICY = "po_00000000000000000000000000"
NO_TRIAL = "tr_00000000000000000000000000"
NO_DECISION = "de_00000000000000000000000000"
NOBODY = {NO_BREAK, NO_POLICY, NO_TRIAL, NO_DECISION}


Case = tuple[str, dict[str, str], dict[str, Any]]  # a template, the ids in its path, a body


class Post(Struct):
    """A POST: its template, its path with ids that exist, and a body that it would do."""

    template: str
    path: str
    body: dict[str, Any]
    works: bool = True  # false: what it names is not there


def paths(app: Litestar, method: str) -> set[str]:
    """The templates that take `method`."""
    return {route.path_format for route in app.routes if isinstance(route, HTTPRoute) and method in route.methods}


def client_for(world: World, template: str) -> Client:
    """The client whose key may call it."""
    audience = template.split("/")[2]
    return {"operator": world.operator, "partner": world.partner}.get(audience, world.merchant)


async def posts(world: World) -> list[Post]:
    """Every POST that takes JSON, ready to be done: consumer, offer, plans and a key are there."""
    consumer = await world.consumer(limit=20_000_00)
    offer = await world.offer(consumer, 600_00, "instalments")
    authorized = await world.plan(consumer, 600_00)
    deposit = await world.plan(consumer, 500_00, "deposit", deposit_amount=2_000_00)
    active = await world.plan(consumer, 600_00)
    await world.merchant.post(f"/v1/plans/{active['id']}/capture", {"amount": 600_00})
    key = {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": ["plans"]}
    made = await world.operator.post("/v1/operator/keys", key)
    line = {"name": "Bicycle", "amount": 100_00}
    bodies: list[Case] = [
        ("/v1/consumers", {}, {"reference": "c-77", "attributes": {"age_in_years": 45, "housing": "own"}}),
        (
            "/v1/checkouts",
            {},
            {
                "merchant_reference": "o-77", "consumer": consumer, "currency": "EUR", "amount": 100_00,
                "items": [{"name": "Bicycle", "unit_amount": 50_00, "quantity": 2, "category": "furniture"}],
                "kinds": ["instalments", "pay_after_use"], "deposit_amount": 0, "category": "furniture",
                "instalments": 4,
            },
        ),
        ("/v1/plans", {}, {"offer_id": offer["id"]}),
        (
            "/v1/plans/{plan_id}/capture",
            {"plan_id": authorized["id"]},
            {"amount": 99_00, "final": False, "items": [line], "discounts": [line | {"amount": 1_00}]},
        ),
        ("/v1/plans/{plan_id}/void", {"plan_id": authorized["id"]}, {}),
        (
            "/v1/plans/{plan_id}/claims",
            {"plan_id": deposit["id"]},
            {"amount": 100_00, "evidence": "a photograph", "final": False, "items": [line]},
        ),
        ("/v1/plans/{plan_id}/release", {"plan_id": deposit["id"]}, {"amount": 100_00}),
        (
            "/v1/plans/{plan_id}/payments",
            {"plan_id": active["id"]},
            {"amount": 100_00, "received_on": "2026-03-02", "reference": "tx-77"},
        ),
        (
            "/v1/quotes",
            {},
            {
                "amount": 600_00, "currency": "EUR", "start_on": "2026-03-02", "jurisdiction": "DE",
                "terms": {"instalments": 4},
            },
        ),
    ]  # fmt: skip
    bodies += _desk(world, consumer, key, made.json()["id"])
    bodies += await _outside(world, consumer)
    taken = paths(world.app, "POST")
    return [
        Post(template, template.format(**names), body, NOBODY.isdisjoint(names.values()))
        for template, names, body in bodies
        if template in taken
    ]


def _desk(world: World, consumer: str, key: dict[str, Any], key_id: str) -> list[Case]:
    """The operator's."""
    return [
        (
            "/v1/operator/merchants",
            {},
            {
                "name": "Seilerei", "country": "DE", "time_zone": "Europe/Berlin",
                "fees": {"instalments": {"bps": 290, "fixed": 30}},
            },
        ),
        ("/v1/operator/partners", {}, {"name": "Elbe Bank"}),
        (
            "/v1/operator/programmes",
            {},
            {
                "partner_id": world.demo.partner_id, "name": "Elbe instalments", "kinds": ["instalments"],
                "currency": "EUR", "funding_bps": 5_000, "time_zone": "Europe/Berlin",
            },
        ),
        ("/v1/operator/keys", {}, key),
        ("/v1/operator/keys/{key_id}/revoke", {"key_id": key_id}, {}),
        ("/v1/operator/policies", {}, decode(POLICY.read_bytes())),
        (
            "/v1/operator/consumers/{consumer_id}/accounts/{currency}",
            {"consumer_id": consumer, "currency": "EUR"},
            {"limit": 20_000_00},
        ),
        ("/v1/operator/limit-reviews", {}, {"consumer": consumer, "currency": "EUR"}),
        ("/v1/operator/day-close", {}, {}),
        (
            "/v1/operator/programmes/{programme_id}/files",
            {"programme_id": world.demo.programme_id},
            {"business_on": "2026-03-01"},
        ),
        (
            "/v1/operator/policies/{policy_id}/versions/{version}/publish",
            {"policy_id": NO_POLICY, "version": "1"},
            {"active_from": "2026-03-02T12:00:00Z"},
        ),
        (
            "/v1/operator/policies/{policy_id}/versions/{version}/rollback",
            {"policy_id": NO_POLICY, "version": "1"},
            {},
        ),
        (
            "/v1/operator/reviews/{decision_id}",
            {"decision_id": NO_DECISION},
            {"outcome": "approve", "note": "seen by a person"},
        ),
        ("/v1/operator/trials", {"policy_id": NO_POLICY}, {"policy_id": NO_POLICY, "version": 1, "share_bps": 100}),
        ("/v1/operator/trials/{trial_id}/end", {"trial_id": NO_TRIAL}, {}),
        ("/v1/operator/breaks/{break_id}/assign", {"break_id": NO_BREAK}, {"owner": "partner"}),
        ("/v1/operator/breaks/{break_id}/resolve", {"break_id": NO_BREAK}, {"note": "found"}),
    ]  # fmt: skip


async def _outside(world: World, consumer: str) -> list[Case]:
    """Consents and gateways."""
    gateway = {"name": "payroll", "url": "https://payroll.example/ask", "data_types": ["income"]}
    registered = await world.operator.post("/v1/operator/gateways", gateway | {"name": "to-retire"})
    return [
        ("/v1/consumers/{consumer_id}/consents", {"consumer_id": consumer}, CONSENT),
        ("/v1/consents/{consent_id}/revoke", {"consent_id": await give(world.merchant, consumer)}, {}),
        ("/v1/operator/consents/{consent_id}/revoke", {"consent_id": await give(world.merchant, consumer)}, {}),
        ("/v1/operator/gateways", {}, gateway),
        ("/v1/operator/gateways/{gateway_id}/retire", {"gateway_id": registered.json()["id"]}, {}),
    ]


def fields_of(body: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every field in `body` and below with its JSON pointer."""
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in children:
        yield f"{pointer}/{name}", value
        yield from fields_of(value, f"{pointer}/{name}")


def with_field(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A copy of `body` with another value at `pointer`."""
    copy = deepcopy(body)
    place: Any = copy
    *way, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    for part in way:
        place = place[part]
    place[last] = value
    return copy


def without_field(body: dict[str, Any], pointer: str) -> dict[str, Any]:
    """A copy of `body` without the field at `pointer`."""
    copy = deepcopy(body)
    place: Any = copy
    *way, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    for part in way:
        place = place[part]
    del place[last]
    return copy
