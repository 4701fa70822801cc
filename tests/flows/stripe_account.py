"""An account at Stripe with a memory, by its published API: PaymentIntents that succeed, disputes, events of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from tests.flows.collecting import Till
from tests.flows.world import Client, World
from tests.outside.serving import served


class Account(msgspec.Struct):
    """What it remembers, and what was sent to it. `is_away`: it answers nothing that can be understood."""

    intents: dict[str, dict[str, Any]] = {}
    disputes: dict[str, dict[str, Any]] = {}
    events: list[dict[str, Any]] = []  # the newest first
    posted: list[tuple[str, dict[str, str]]] = []
    reads: int = 0  # of disputes
    is_away: bool = False

    def dispute(self, charge_id: str | None, at: datetime, amount: int, **more: Any) -> str:
        """The consumer's bank disputes a payment: its reference."""
        intent = next((one for one in self.intents.values() if one["metadata"]["charge_id"] == charge_id), None)
        reference = f"du_{len(self.disputes) + 1}"
        self.disputes[reference] = {
            "id": reference, "object": "dispute", "amount": amount, "currency": "eur", "charge": "ch_1theirs",
            "payment_intent": intent and intent["id"], "reason": "product_not_received", "status": "needs_response",
            "evidence_details": {"due_by": int(at.timestamp()) + 10 * 86_400},
        } | more  # fmt: skip
        self.tell(reference, at, "created")
        return reference

    def tell(self, reference: str, at: datetime, word: str, **changes: Any) -> None:
        """Something happens to a dispute, and there is an event of it."""
        self.disputes[reference] |= changes
        event = {
            "id": f"evt_{len(self.events) + 1}", "object": "event", "created": int(at.timestamp()),
            "type": f"charge.dispute.{word}", "data": {"object": self.disputes[reference]},
        }  # fmt: skip
        self.events.insert(0, event)

    def app(self) -> Litestar:
        """Its API."""
        answer = self._answer

        @post("/v1/payment_intents", status_code=200)
        async def pull(request: Request[Any, Any, Any]) -> Response[bytes]:
            form = dict(parse_qsl((await request.body()).decode()))
            key = request.headers["idempotency-key"]
            made = {
                "id": f"pi_{len(self.intents) + 1}", "amount": int(form["amount"]), "currency": form["currency"],
                "status": "succeeded", "created": 1772452800, "metadata": {"charge_id": form["metadata[charge_id]"]},
            }  # fmt: skip
            return answer(self.intents.setdefault(key, made))

        @get("/v1/events")
        async def events(request: Request[Any, Any, Any]) -> Response[bytes]:
            asked = dict(parse_qsl(request.scope["query_string"].decode()))
            known = [one for one in self.events if one["created"] >= int(asked["created[gte]"])]
            begins = [one["id"] for one in known].index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
            return answer({"object": "list", "data": known[begins : begins + 2], "has_more": begins + 2 < len(known)})

        @get("/v1/disputes/{reference:str}")
        async def ask(reference: FromPath[str]) -> Response[bytes]:
            self.reads += 1
            return answer(self._expanded(reference))

        @post(["/v1/disputes/{reference:str}", "/v1/disputes/{reference:str}/close"], status_code=200)
        async def change(request: Request[Any, Any, Any], reference: FromPath[str]) -> Response[bytes]:
            form = dict(parse_qsl((await request.body()).decode()))
            self.posted.append((request.url.path, form))
            status = "lost" if request.url.path.endswith("/close") else "under_review"
            self.disputes[reference]["status"] = status
            return answer(self._expanded(reference))

        return Litestar(route_handlers=[pull, events, ask, change], openapi_config=None)

    def _expanded(self, reference: str) -> dict[str, Any]:
        one = self.disputes[reference]
        found = next((intent for intent in self.intents.values() if intent["id"] == one["payment_intent"]), None)
        return one | {"payment_intent": found}

    def _answer(self, body: Any) -> Response[bytes]:
        raw = b"<html>" if self.is_away else msgspec.json.encode(body)
        return Response(raw, status_code=200, media_type="application/json")


class StripeTill(Till):
    """A till at Stripe."""

    account: Account

    async def plan(self, ending: str, amount: int = 600_00, **more: Any) -> dict[str, Any]:
        """A captured plan of 4 instalments, paid by a payment method at Stripe."""
        return await Till.plan(self, ending, amount, token="cus_1/pm_1", **more)


@asynccontextmanager
async def stripe_till(world: World) -> AsyncIterator[StripeTill]:
    """The account on a port of its own, registered; the settings have its key."""
    account = Account()
    async with served(account.app()) as url:
        body = {"name": "stripe", "url": url, "protocol": "stripe"}
        made = await world.seconded(await world.operator.post("/v1/operator/processors", body))
        assert made.status_code == 201, made.text
        key = made.json()["key"]
        yield StripeTill(world, made.json()["id"], "stripe", None, Client(world.http, key), account)  # type: ignore[arg-type]
