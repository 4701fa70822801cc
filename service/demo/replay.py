"""The first day of trade, replayed through the HTTP API: each purchase a checkout, then what really came of it, or what
was made up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from service.demo.applications import Application, key_of, nearest_offer
from service.demo.connections import Send
from service.demo.made_up import Ending, MadeUp
from service.demo.seed import Demo
from service.plans.offer import Kind

AT_ONCE = 64  # batches form: what is done costs a third less CPU than with 16
TRIES = 40  # a worker that restarts meanwhile is waited for: some 10 s

GIVEN_UP_AFTER = timedelta(days=120)  # past due

Purchase = Application | MadeUp


class Replay:
    """Sends what a merchant's checkout and back office would send, each request dated by `Tenor-Clock`."""

    def __init__(self, send: Send, demo: Demo, first_day_on: date, today: date) -> None:
        self._send = send
        self._demo = demo
        self._began_at = datetime.combine(first_day_on, time(8), UTC)
        self._today = today
        self._room = asyncio.Semaphore(AT_ONCE)
        self.given_up: list[str] = []  # plans on which nothing was paid for so long that nobody waits any more

    async def run(self, purchases: list[Application] | list[MadeUp], told: Callable[[str], None]) -> None:
        """Everything; `told` hears of each purchase's `decided` and of each `done`."""
        async with asyncio.TaskGroup() as tasks:
            for purchase in purchases:
                tasks.create_task(self._live(purchase, told))

    async def _live(self, purchase: Purchase, told: Callable[[str], None]) -> None:
        async with self._room:
            at = self._began_at + timedelta(seconds=40 * purchase.number)
            offer = await self._decide(purchase, at)
            told("decided")
            if offer:
                plan = await self._post(purchase, "plan", "/v1/plans", {"offer_id": offer["id"]}, at)
                if isinstance(purchase, Application):
                    await self._ship_and_pay(purchase, plan, at)
                else:
                    await self._use(purchase, plan, at + timedelta(days=purchase.days))
            told("done")

    async def _decide(self, purchase: Purchase, at: datetime) -> dict[str, Any] | None:
        who = {"reference": purchase.reference, "attributes": purchase.attributes}
        consumer = await self._post(purchase, "consumer", "/v1/consumers", who, at)
        asked = {"merchant_reference": purchase.reference, "consumer": consumer["id"], "currency": "EUR"}
        answer = await self._post(purchase, "checkout", "/v1/checkouts", asked | _cart(purchase), at)
        if isinstance(purchase, Application):
            return nearest_offer(answer["offers"], purchase.months)
        return next(iter(answer["offers"]), None)

    async def _ship_and_pay(self, application: Application, plan: dict[str, Any], at: datetime) -> None:
        delivered_at = at + timedelta(days=1)
        path = f"/v1/plans/{plan['id']}"
        body = {"amount": plan["amount"], "final": True}
        plan = await self._post(application, "capture", f"{path}/capture", body, delivered_at)
        schedule = plan["schedule"]
        pays = application.pays(len(schedule))
        if any(date.fromisoformat(row["due_on"]) <= self._today - GIVEN_UP_AFTER for row in schedule[pays : pays + 1]):
            self.given_up.append(plan["id"])
        for row in schedule[:pays]:
            due_on = date.fromisoformat(row["due_on"])
            if due_on > self._today:
                break
            payment = {
                "amount": row["principal"] + row["interest"] + row["fee"],
                "received_on": row["due_on"],
                "reference": f"{application.reference}-{row['number']}",
            }
            paid_at = max(delivered_at, datetime.combine(due_on, time(9), UTC))
            await self._post(application, f"payment-{row['number']}", f"{path}/payments", payment, paid_at)

    async def _use(self, purchase: MadeUp, plan: dict[str, Any], at: datetime) -> None:
        """What was used is charged; what was lent comes back whole, or damaged."""
        path = f"/v1/plans/{plan['id']}"
        if purchase.ending is Ending.UNUSED:
            await self._post(purchase, "void", f"{path}/void", {}, at)
            return
        if purchase.ending is Ending.RETURNED:
            await self._post(purchase, "release", f"{path}/release", {}, at)
            return
        charge: dict[str, Any] = {"amount": purchase.charged, "final": True}
        if purchase.kind is Kind.DEPOSIT:
            plan = await self._post(purchase, "claim", f"{path}/claims", charge | {"evidence": "A photograph."}, at)
        else:
            plan = await self._post(purchase, "capture", f"{path}/capture", charge, at)
        if purchase.ending is Ending.PAID and plan["outstanding"]:
            payment = {"amount": plan["outstanding"], "reference": purchase.reference}
            await self._post(purchase, "payment", f"{path}/payments", payment, at + timedelta(days=7))

    async def _post(self, purchase: Purchase, verb: str, path: str, body: dict[str, Any], at: datetime) -> Any:
        key = self._demo.merchant_key if purchase.is_at_home_and_motor else self._demo.second_merchant_key
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key_of(purchase.reference, verb),
            "Tenor-Clock": at.isoformat(),
        }
        raw = msgspec.json.encode(body)
        for attempt in range(TRIES):
            try:
                answered = await self._send("POST", path, headers, raw)
            except ConnectionError:
                if attempt == TRIES - 1:
                    raise
            else:
                if answered.status != 503:
                    return answered.json()
            await asyncio.sleep(0.25)
        raise TimeoutError(f"{path} stays unavailable")


def _cart(purchase: Purchase) -> dict[str, Any]:
    if isinstance(purchase, Application):
        item = {"name": purchase.purpose.capitalize(), "unit_amount": purchase.amount, "category": purchase.purpose}
        return {
            "amount": purchase.amount, "items": [item], "kinds": ["instalments"], "instalments": purchase.months
        }  # fmt: skip
    thing = purchase.thing
    item = {"name": thing.name, "unit_amount": thing.amount, "category": thing.category}
    return {
        "amount": thing.amount, "items": [item], "kinds": [purchase.kind], "deposit_amount": thing.deposit_amount
    }  # fmt: skip
