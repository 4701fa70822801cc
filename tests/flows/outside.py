"""A policy that asks outside, and the consents it asks under."""

import copy
from datetime import timedelta
from typing import Any

import httpx

from service.outside.gateway import Simulator
from tests.flows.test_policies import DEMO, draft, publish
from tests.flows.world import NOON, Client, World

BUREAU = {
    "name": "bureau", "gateway": "simulator", "data_type": "credit_history", "purpose": "credit_decision",
    "days_back": 365, "cached_for_minutes": 60,
}  # fmt: skip
PAYROLL = BUREAU | {"name": "payroll", "data_type": "income", "purpose": "affordability"}

CONSENT = {
    "subject": "ada-700", "purpose": "credit_decision", "data_types": ["credit_history"], "sources": ["simulator"],
    "from_on": "2025-01-01", "to_on": "2026-12-31", "times": 5, "expires_at": "2026-04-01T00:00:00Z",
    "channel": "online", "evidence": "checkbox 7 of order 4711",
}  # fmt: skip


def asking(*sources: dict[str, Any]) -> dict[str, Any]:
    """The demo's policy, which asks these sources besides and declines below 500 points of the bureau's."""
    document = copy.deepcopy(DEMO)
    features = {
        "bureau": {"name": "bureau-score", "type": "integer", "source": "outside", "of": "bureau.score"},
        "payroll": {"name": "is-employed", "type": "boolean", "source": "outside", "of": "payroll.is_employed"},
    }
    document["outside"] = list(sources)
    document["features"] += [features[source["name"]] for source in sources]
    if any(source["name"] == "bureau" for source in sources):
        low = {"feature": "bureau-score", "is": "below", "value": 500}
        document["rules"].append({"name": "bureau", "when": [low], "reason": "BUREAU_RECORD"})
    return document


async def in_force(world: World, *sources: dict[str, Any]) -> dict[str, Any]:
    """Puts such a policy in force."""
    version = await draft(world.operator, asking(*(sources or (BUREAU,))))
    signed = await publish(world.second_operator, version)
    assert signed.status_code == 200, signed.text
    return version


async def give(client: Client, consumer: str, **changes: Any) -> str:
    """A consent's id."""
    made = await client.post(f"/v1/consumers/{consumer}/consents", CONSENT | changes)
    assert made.status_code == 201, made.text
    consent: str = made.json()["id"]
    return consent


async def consenting(world: World, **changes: Any) -> str:
    """A consumer who gave the consent."""
    consumer = await world.consumer()
    await give(world.merchant, consumer, **changes)
    return consumer


async def revoke(client: Client, consent: str) -> httpx.Response:
    return await client.post(f"/v1/consents/{consent}/revoke")


async def enquiries(world: World, consumer: str) -> list[dict[str, Any]]:
    """The calls that were made for a consumer."""
    page = await world.operator.get(f"/v1/operator/consumers/{consumer}/enquiries")
    assert page.status_code == 200, page.text
    rows: list[dict[str, Any]] = page.json()["enquiries"]
    return rows


def simulator(world: World) -> Simulator:
    """The sandbox's own gateway."""
    gateway: Simulator = world.app.state["services"].outside.gateways.simulator
    return gateway


def later(world: World, **by: float) -> None:
    """Everybody's clock goes on, counted from noon."""
    for client in (world.merchant, world.operator, world.other_merchant):
        client.now = NOON + timedelta(**by)
