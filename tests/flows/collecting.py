"""The sandbox processor beside the service, consumers who pay by it, and what came of their charges."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import httpx
from msgspec import Struct

from service.payments.sandbox import Sandbox
from service.sandbox_processor import Desk, create_processor
from tests.flows.world import NOON, Client, World
from tests.outside.serving import served

COLLECT = "/v1/operator/day-close"


class Till(Struct):
    """A registered processor: what is known of it on both sides."""

    world: World
    processor_id: str
    name: str
    desk: Desk
    client: Client  # with the processor's own key

    @property
    def sandbox(self) -> Sandbox:
        """What it remembers."""
        return self.desk.sandbox

    async def instrument(self, consumer: str, ending: str, **more: Any) -> str:
        """An instrument's id, of a token that ends so."""
        body = {"processor": self.name, "token": f"tok-ada-{ending}", "kind": "card", "autopay": True}
        made = await self.world.merchant.post(f"/v1/consumers/{consumer}/instruments", body | more)
        assert made.status_code == 201, made.text
        instrument: str = made.json()["id"]
        return instrument

    async def plan(self, ending: str, amount: int = 600_00, **more: Any) -> dict[str, Any]:
        """A captured plan of 4 instalments, the first due on the very day, paid by such an instrument."""
        world = self.world
        consumer = await world.consumer(limit=5_000_00)
        instrument = await self.instrument(consumer, ending, **more)
        offer = await world.offer(consumer, amount, "instalments")
        body = {"offer_id": offer["id"], "instrument_id": instrument}
        opened = await world.merchant.post("/v1/plans", body)
        assert opened.status_code == 201, opened.text
        done = await world.merchant.post(f"/v1/plans/{opened.json()['id']}/capture", {"amount": amount})
        assert done.status_code == 200, done.text
        plan: dict[str, Any] = done.json()
        return plan

    async def pay(self, plan: dict[str, Any], **body: Any) -> httpx.Response:
        """Charges it now."""
        return await self.world.merchant.post(f"/v1/plans/{plan['id']}/charges", body)

    async def charges(self, plan: dict[str, Any]) -> list[dict[str, Any]]:
        """All charges of a plan."""
        found: list[dict[str, Any]] = (await self._page(plan))["charges"]
        return found

    async def collection(self, plan: dict[str, Any]) -> dict[str, Any]:
        """How the plan is collected."""
        found: dict[str, Any] = (await self._page(plan))["collection"]
        return found

    async def day(self, **after: float) -> int:
        """Collects at so long after noon; how many charges that made."""
        self.world.operator.now = NOON + timedelta(**after)
        closed = await self.world.operator.post(COLLECT)
        assert closed.status_code == 200, closed.text
        charged: int = closed.json()["charged"]
        return charged

    async def _page(self, plan: dict[str, Any]) -> dict[str, Any]:
        page = await self.world.merchant.get(f"/v1/plans/{plan['id']}/charges")
        assert page.status_code == 200, page.text
        found: dict[str, Any] = page.json()
        return found


async def registered(world: World, url: str, name: str = "sandbox") -> tuple[str, Desk]:
    """The id of a new processor at a URL, and what it must know."""
    made = await world.seconded(await world.operator.post("/v1/operator/processors", {"name": name, "url": url}))
    assert made.status_code == 201, made.text
    answer = made.json()
    world.processor = Client(world.http, answer["key"]) if name in ("away", "sandbox", "till") else world.processor
    return answer["id"], Desk(answer["secret"], "", answer["key"])


@asynccontextmanager
async def till(world: World, name: str = "sandbox") -> AsyncIterator[Till]:
    """The sandbox processor on a port of its own, registered; it sends notifications to the service on another."""
    desk = Desk()
    async with served(create_processor(desk)) as url, served(world.app) as tenor:
        processor_id, known = await registered(world, url, name)
        desk.secret, desk.key, desk.notify = known.secret, known.key, tenor
        yield Till(world, processor_id, name, desk, Client(world.http, known.key))
        for task in desk.telling:
            task.cancel()


def due_in(plan: dict[str, Any], number: int = 1) -> timedelta:
    """From noon of the first day until noon of an instalment's due date."""
    due = date.fromisoformat(plan["schedule"][number - 1]["due_on"])
    return due - NOON.date()
