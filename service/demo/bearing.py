"""How the losses of the first day are borne: plans that nobody pays any more are given up, and a waterfall bears them.

The dealers bear a tenth, up to what was paid in for it; an insurer bears 80 % of what is above 250.00 of
each; a compensation pool 40 % of the rest; then Spree Bank and we, 70 to 30. Done again, each of it changes nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from service import ids
from service.demo.applications import key_of
from service.demo.connections import Send
from service.demo.evening import get, post
from service.demo.seed import CURRENCY, Demo

AT_ONCE: Final = 8
PATH: Final = "/v1/operator"
EVERY_CAUSE: Final = ["credit", "fraud", "dispute", "deceased", "merchant_failure"]
PAID_IN: Final = {"dealers": 5_000_00, "pool": 50_000_00}


async def bear_losses(send: Send, demo: Demo, given_up: Sequence[str]) -> list[dict[str, Any]]:
    """Gives these plans up, and says who bears how much of all losses."""
    if given_up:
        waterfall_id = await _waterfall(send, demo)
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for plan_id in given_up:
                tasks.create_task(_bear(send, demo, plan_id, waterfall_id, room))
    return await bearers(send, demo)


async def bearers(send: Send, demo: Demo) -> list[dict[str, Any]]:
    """Who bears how much of all losses."""
    told = await get(send, demo.operator_key, f"{PATH}/loss-bearers")
    found: list[dict[str, Any]] = told.json()["bearers"]
    return found


async def _bear(send: Send, demo: Demo, plan_id: str, waterfall_id: str, room: asyncio.Semaphore) -> None:
    async with room:
        await _by_two(send, demo, f"{PATH}/plans/{plan_id}/charge_off", f"given-up-{plan_id}", {})
        path, body = f"{PATH}/losses/{ids.derive(ids.LOSS, plan_id)}/allocate", {"waterfall_id": waterfall_id}
        (await post(send, demo.operator_key, path, _key(f"borne-{plan_id}"), msgspec.json.encode(body))).good()


async def _waterfall(send: Send, demo: Demo) -> str:
    """Agreed by two people, with the arrangements that are its tiers; money is paid in for two of them."""
    insurer, funder = [
        (await _done(send, demo, f"{PATH}/support-parties", name, {"name": name}))["id"]
        for name in ("Elbe Insurance", "Compensation pool of the city")
    ]
    common = {"currency": CURRENCY, "causes": EVERY_CAUSE, "begins_on": "2000-01-01", "ends_on": "2100-12-31"}
    first_part = {"kind": "each_and_every", "amount": 250_00}
    tiers = [
        await _arrangement(send, demo, common | said)
        for said in (
            {"name": "Dealers' share", "kind": "reserve", "cover_bps": 1_000, "funded": True},
            {
                "name": "Insurance of consumer plans", "kind": "consumer_insurance", "cover_bps": 8_000,
                "provider_id": insurer, "debtor_max": 5_000_00, "attachment": first_part,
            },
            {
                "name": "Compensation pool", "kind": "compensation_pool", "cover_bps": 4_000, "provider_id": funder,
                "funded": True,
            },
        )
    ]  # fmt: skip
    for tier, name in ((tiers[0], "dealers"), (tiers[2], "pool")):
        body = {"amount": PAID_IN[name], "reference": "paid in on the first day"}
        await _done(send, demo, f"{PATH}/support-arrangements/{tier}/fund", f"fund-{tier}", body)
    document = {"name": "First day of trade", "tiers": tiers, "recovery_order": "pari_passu"}
    return str((await _by_two(send, demo, f"{PATH}/waterfalls", "waterfall", {"document": document}))["id"])


async def _arrangement(send: Send, demo: Demo, document: dict[str, Any]) -> str:
    body = {"document": document}
    made = await _by_two(send, demo, f"{PATH}/support-arrangements", f"agreed-{document['name']}", body)
    return str(made["id"])


async def _done(send: Send, demo: Demo, path: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = (await post(send, demo.operator_key, path, _key(name), msgspec.json.encode(body))).json()
    return done


async def _by_two(send: Send, demo: Demo, path: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """One operator proposes it, the other approves; what one does alone is done at once."""
    told = await _done(send, demo, path, name, body)
    if "act" not in told:
        return told
    approval = f"{PATH}/approvals/{told['id']}/approve"
    approved = await post(send, demo.second_operator_key, approval, _key(f"approve-{name}"), b"{}")
    done: dict[str, Any] = approved.json()["result"]
    return done


def _key(name: str) -> str:
    return key_of("losses", name)
