"""The first day of trade, replayed through the HTTP API: each application a checkout, then paid as it really ended."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx

from service.demo.applications import Application, nearest_offer
from service.demo.seed import Demo

AT_ONCE = 16
TRIES = 40  # a worker that restarts meanwhile is waited for: some 10 s


class Replay:
    """Sends what a merchant's checkout and back office would send, each request dated by `Tenor-Clock`."""

    def __init__(self, http: httpx.AsyncClient, demo: Demo, first_day_on: date, today: date) -> None:
        self._http = http
        self._demo = demo
        self._first_day_on = first_day_on
        self._today = today
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, applications: list[Application], told: Callable[[str], None]) -> None:
        """Everything; `told` hears of each application's `decided` and of each `done`."""
        async with asyncio.TaskGroup() as tasks:
            for application in applications:
                tasks.create_task(self._live(application, told))

    async def _live(self, application: Application, told: Callable[[str], None]) -> None:
        async with self._room:
            opened_at = datetime.combine(self._first_day_on, time(8), UTC) + timedelta(seconds=40 * application.number)
            offer = await self._decide(application, opened_at)
            told("decided")
            if offer:
                await self._buy_and_pay(application, offer, opened_at)
            told("done")

    async def _decide(self, application: Application, at: datetime) -> dict[str, Any] | None:
        consumer = await self._post(
            application,
            "consumer",
            "/v1/consumers",
            {"reference": application.reference, "attributes": application.attributes},
            at,
        )
        answer = await self._post(
            application,
            "checkout",
            "/v1/checkouts",
            {
                "merchant_reference": application.reference,
                "consumer": consumer["id"],
                "currency": "EUR",
                "amount": application.amount,
                "items": [
                    {
                        "name": application.purpose.capitalize(),
                        "unit_amount": application.amount,
                        "category": application.purpose,
                    }
                ],
                "kinds": ["instalments"],
                "instalments": application.months,
            },
            at,
        )
        return nearest_offer(answer["offers"], application.months)

    async def _buy_and_pay(self, application: Application, offer: dict[str, Any], at: datetime) -> None:
        plan = await self._post(application, "plan", "/v1/plans", {"offer_id": offer["id"]}, at)
        path = f"/v1/plans/{plan['id']}"
        delivered_at = at + timedelta(days=1)
        body = {"amount": plan["amount"], "final": True}
        plan = await self._post(application, "capture", f"{path}/capture", body, delivered_at)
        schedule = plan["schedule"]
        for row in schedule[: application.pays(len(schedule))]:
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

    async def _post(
        self, application: Application, verb: str, path: str, body: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        key = self._demo.merchant_key if application.is_at_home_and_motor else self._demo.second_merchant_key
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": application.key(verb),
            "Tenor-Clock": at.isoformat(),
        }
        for attempt in range(TRIES):
            try:
                answered = await self._http.post(path, json=body, headers=headers)
            except httpx.TransportError:
                if attempt == TRIES - 1:
                    raise
            else:
                if answered.status_code != 503:
                    answered.raise_for_status()
                    result: dict[str, Any] = answered.json()
                    return result
            await asyncio.sleep(0.25)
        raise TimeoutError(f"{path} stays unavailable")
