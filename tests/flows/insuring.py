"""Policies of credit insurance, agreed by two operators over HTTP, and debtors under them."""

from typing import Any

from tests.flows.test_support import arrangement, party
from tests.flows.world import World

POLICIES = "/v1/operator/insurance-policies"
KINDS = {
    "domestic": "domestic_trade_insurance", "export": "export_trade_insurance", "consumer": "consumer_insurance",
}  # fmt: skip


async def document(world: World, line: str = "consumer", **differs: Any) -> dict[str, Any]:
    """A policy with good values on an arrangement of its own; `terms` of that."""
    terms = {"cover_bps": 9_000, "provider_id": await party(world, "Elbe Insurance")} | differs.pop("terms", {})
    good = {
        "name": "Elbe 2026", "line": line, "country": "DE", "legal_basis": "clause 12 of the policy",
        "premium_bps": 35, "overdue_report_days": 60, "extension_days_max": 30, "discretionary_max": 5_000_00,
        "automatic": {"rule_id": "prompt-payers"},
        "arrangement_id": await arrangement(world, kind=KINDS[line], **terms),
    }  # fmt: skip
    return good | differs


async def insured(world: World, line: str = "consumer", **differs: Any) -> str:
    """A policy's id."""
    return await agreed(world, await document(world, line, **differs))


async def agreed(world: World, one: dict[str, Any], **more: Any) -> str:
    """The id of a policy that two operators agreed to."""
    made = await world.seconded(await world.operator.post(POLICIES, {"document": one} | more))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def asked(world: World, policy: str, consumer: str, amount: int, **more: Any) -> dict[str, Any]:
    """A debtor after a limit was asked for."""
    made = await world.operator.post(f"{POLICIES}/{policy}/debtors", {"consumer_id": consumer, "amount": amount} | more)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def debtors(world: World, policy: str) -> list[dict[str, Any]]:
    """All debtors under a policy, as of the operator's day."""
    told = await world.operator.get(f"{POLICIES}/{policy}/debtors")
    assert told.status_code == 200, told.text
    found: list[dict[str, Any]] = told.json()["debtors"]
    return found
