"""One purchase of each kind and a day at the operator's desk: the requests and answers that openapi.yaml shows."""

import asyncio
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import httpx

from service import ids
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.contract.checked import Contract
from tests.flows.outside import give, in_force
from tests.flows.world import NOON, World

POLICY: dict[str, Any] = {
    "id": "po_01KJQ8ZC000000000000000000",
    "version": 1,
    "name": "Pay in four, for all adults",
    "jurisdiction": "DE",
    "time_zone": "Europe/Berlin",
    "offers_expire_after_minutes": 60,
    "capture_within_days": 30,
    "features": [{"name": "age", "type": "integer", "source": "attribute", "absent": "refer"}],
    "rules": [
        {
            "name": "under-age",
            "when": [{"feature": "age", "is": "below", "value": 18}],
            "reason": "UNDER_AGE",
        }
    ],
    "scorecard": {
        "base_points": 600,
        "score_at_odds": 600,
        "odds": 10,
        "points_to_double_odds": 40,
        "characteristics": [],
    },
    "grades": [{"name": "A", "score_min": 600}],
    "limits": [{"grade": "A", "currency": "EUR", "limit": 500_00}],
    "instalments": [
        {
            "name": "pay-in-4",
            "currency": "EUR",
            "amount_min": 30_00,
            "amount_max": 500_00,
            "terms": {"first_due_days": 0},
        }
    ],
}


class Recorder:
    """Keeps the first exchange of every operation, and holds every exchange against the contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.examples: dict[str, dict[str, Any]] = {}

    async def __call__(self, response: httpx.Response) -> None:
        """An httpx response hook."""
        await response.aread()
        name = self.contract.check(response)
        if not response.is_success:
            return
        kept = self.examples.setdefault(name, {})
        if sent := response.request.content:
            kept.setdefault("request", _read(sent, response.request.headers))
        is_dry = response.request.url.params.get("dry_run") == "true"
        status = "dry_run" if is_dry else str(response.status_code)
        kept.setdefault(status, _read(response.content, response.headers))

    def fixed(self) -> dict[str, dict[str, Any]]:
        """The examples with ids, keys and hashes that stay the same from one telling to the next."""
        known: dict[str, str] = {}
        moment = ids.new_id("", 0, int(NOON.timestamp() * 1000))[1:11]

        def stem(match: re.Match[str]) -> str:
            return known.setdefault(match[0], moment + _sha256(str(len(known))).upper()[:14])

        def with_stems(text: str) -> str:
            return re.sub(r"(?<=_)[0-7][0-9A-HJKMNP-TV-Z]{23}(?=[0-9A-HJKMNP-TV-Z]{2}\b)", stem, text)

        text = with_stems(json.dumps(self.examples))
        text = re.sub(r'"bucket": \d+', f'"bucket": {ids.bucket_of(f"co_{next(iter(known.values()))}")}', text)
        text = re.sub(r"sk_[\w-]{20,}", "sk_uDqV0m0sPbYtE3rXw8hJ5nLzK2cG7aF4", text)
        shown = [content for kept in self.examples.values() for content in kept.values() if isinstance(content, str)]
        hashes = {_sha256(content): _sha256(with_stems(content)) for content in shown}  # of files, as they are shown
        text = re.sub(r"[0-9a-f]{64}", lambda found: hashes.setdefault(found[0], _sha256(str(len(hashes)))), text)
        fixed: dict[str, dict[str, Any]] = json.loads(text)
        return fixed


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(content: bytes, headers: httpx.Headers) -> Any:
    return json.loads(content) if "json" in headers["content-type"] else content.decode()


async def tell(world: World) -> None:
    """Calls every operation once, in the order of a first day."""
    merchant, operator = world.merchant, world.operator
    for path in ("/livez", "/readyz"):
        await world.http.get(path)
    consumer = await _consumer(world)
    await merchant.post("/v1/quotes", QUOTE)
    await _instalments(world, consumer)
    await _deposit(world, consumer)
    await merchant.get("/v1/events", after=0, limit=2)
    await merchant.get(f"/v1/consumers/{consumer}/accounts/EUR")
    await _file(world)
    await _desk(world)
    await _limits(world, consumer)
    await _referral(world)
    await _refusal(world, consumer)
    await _policies(world)
    await _outside(world)
    merchant.now = operator.now = NOON + timedelta(days=60)
    await operator.post("/v1/operator/day-close")


QUOTE = {
    "currency": "EUR",
    "amount": 1_000_00,
    "terms": {"instalments": 3, "every": 1, "unit": "month", "rate_percent": "9.9"},
    "jurisdiction": "DE",
    "start_on": "2026-03-02",
}


async def _consumer(world: World) -> str:
    await world.merchant.get("/v1/attributes")
    body = {"reference": "customer-4711", "attributes": GOOD}
    consumer: str = (await world.merchant.post("/v1/consumers", body)).json()["id"]
    await world.merchant.post("/v1/consumers", body)
    await world.merchant.get(f"/v1/consumers/{consumer}")
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 5_000_00})
    return consumer


async def _instalments(world: World, consumer: str) -> None:
    merchant = world.merchant
    items = [
        {"name": "Washing machine", "category": "domestic appliances", "unit_amount": 560_00},
        {"name": "Delivery", "category": "domestic appliances", "unit_amount": 40_00},
    ]
    order = {"merchant_reference": "order-1001", "consumer": consumer, "currency": "EUR", "amount": 600_00}
    asked = order | {"items": items, "kinds": ["instalments"], "instalments": 4}
    decision = (await merchant.post("/v1/checkouts", asked)).json()
    await merchant.get(f"/v1/checkouts/{decision['id']}")
    await world.operator.get(f"/v1/operator/decisions/{decision['id']}")
    await world.operator.get(f"/v1/operator/decisions/{decision['id']}/replay")
    accept = {"offer_id": decision["offers"][0]["id"]}
    await merchant.get(f"/v1/offers/{accept['offer_id']}/disclosure")
    await merchant.post("/v1/plans?dry_run=true", accept)
    plan = (await merchant.post("/v1/plans", accept)).json()
    await merchant.get(f"/v1/plans/{plan['id']}")
    await merchant.get(f"/v1/plans/{plan['id']}/disclosure")
    await merchant.get("/v1/plans", merchant_reference="order-1001")
    bill = {
        "amount": 560_00,
        "items": [{"name": "Chair, 3 of them", "amount": 570_00}, {"name": "Delivery", "amount": 0}],
        "discounts": [{"name": "Voucher", "amount": 10_00}],
    }
    await merchant.post(f"/v1/plans/{plan['id']}/capture", bill)
    await merchant.post(f"/v1/plans/{plan['id']}/void")
    payment = {"amount": 140_00, "received_on": "2026-03-02", "reference": "psp-90001"}
    await merchant.post(f"/v1/plans/{plan['id']}/payments", payment)


async def _deposit(world: World, consumer: str) -> None:
    merchant = world.merchant
    asked = {"consumer": consumer, "currency": "EUR", "amount": 80_00, "deposit_amount": 200_00, "kinds": ["deposit"]}
    for reference in ("rental-7", "rental-8", "rental-9"):
        decision = (await merchant.post("/v1/checkouts", {"merchant_reference": reference} | asked)).json()
        plan = (await merchant.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})).json()
        if reference == "rental-7":
            claim = {"amount": 50_00, "evidence": "The lens is scratched: photograph 3.", "final": True}
            await merchant.post(f"/v1/plans/{plan['id']}/claims", claim)
        elif reference == "rental-8":
            await merchant.post(f"/v1/plans/{plan['id']}/release", {"amount": 200_00})


async def _file(world: World) -> None:
    """The day's file; the partner's own, with one amount another; and the break that this opens."""
    operator, partner, programme = world.operator, world.partner, world.demo.programme_id
    made = (await operator.post(f"/v1/operator/programmes/{programme}/files", {"business_on": "2026-03-02"})).json()
    await partner.get("/v1/partner/files")
    await partner.get(f"/v1/partner/files/{made['id']}")
    content = (await partner.get(f"/v1/partner/files/{made['id']}/content")).text
    theirs = content.replace("392.00", "391.00").encode()
    where = f"/v1/partner/files?programme_id={programme}&business_on=2026-03-02"
    await partner.post(f"{where}&dry_run=true", content=theirs, headers={"Content-Type": "text/csv"})
    await partner.post(f"{where}&rows=1", content=theirs, headers={"Content-Type": "text/csv"})
    await partner.get("/v1/partner/reconciliations")
    await partner.get("/v1/partner/positions")
    await partner.get("/v1/partner/plans")
    found = (await partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"][0]["id"]
    await operator.get("/v1/operator/breaks")
    await operator.post(f"/v1/operator/breaks/{found}/assign", {"owner": "Ada"})
    await operator.post(f"/v1/operator/breaks/{found}/resolve", {"note": "They corrected it by telephone."})


async def _desk(world: World) -> None:
    operator = world.operator
    await operator.get("/v1/operator/summary")
    await operator.get("/v1/operator/ledger/trial-balance")
    shop = {"name": "Bahnhof Books", "country": "DE", "time_zone": "Europe/Berlin"}
    fees = {"instalments": {"bps": 290, "fixed": 30}}
    merchant = (await operator.post("/v1/operator/merchants", shop | {"fees": fees})).json()["id"]
    partner = (await operator.post("/v1/operator/partners", {"name": "Alster Fund"})).json()["id"]
    programme = {"partner_id": partner, "name": "Alster cars", "kinds": ["instalments"], "currency": "CHF"}
    await operator.post("/v1/operator/programmes", programme | {"funding_bps": 8_000, "time_zone": "Europe/Zurich"})
    asked = {"audience": "merchant", "owner_id": merchant, "scopes": ["checkouts", "plans"]}
    key = (await operator.post("/v1/operator/keys", asked)).json()["id"]
    await operator.post(f"/v1/operator/keys/{key}/revoke")


async def _limits(world: World, consumer: str) -> None:
    operator, account = world.operator, {"consumer": consumer, "currency": "EUR"}
    await operator.post("/v1/operator/limit-reviews?dry_run=true", account)
    await operator.post("/v1/operator/limit-reviews", account)
    await operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 6_000_00})
    await operator.get(f"/v1/operator/consumers/{consumer}/accounts/EUR/limit-changes")


async def _referral(world: World) -> None:
    """A large purchase that a person looks at."""
    operator = world.operator
    consumer = (await world.merchant.post("/v1/consumers", {"reference": "customer-4712", "attributes": GOOD})).json()
    asked = {"merchant_reference": "order-1002", "consumer": consumer["id"], "currency": "EUR", "amount": 16_000_00}
    referral = (await world.merchant.post("/v1/checkouts", asked)).json()["id"]
    await operator.get("/v1/operator/reviews")
    said = {"outcome": "approve", "note": "The payslips of three months were shown."}
    await operator.post(f"/v1/operator/reviews/{referral}", said)
    await operator.get(f"/v1/operator/reviews/{referral}")


async def _refusal(world: World, consumer: str) -> None:
    """More than the limit leaves, and what the consumer is told."""
    order = {"merchant_reference": "order-1003", "consumer": consumer, "currency": "EUR", "amount": 9_000_00}
    refused = (await world.merchant.post("/v1/checkouts", order | {"kinds": ["instalments"]})).json()["id"]
    await world.merchant.get(f"/v1/checkouts/{refused}/notice")
    await world.operator.get(f"/v1/operator/decisions/{refused}/notice", language="de")


async def _outside(world: World) -> None:
    """A gateway is registered, a consumer allows us to ask it, and a checkout is decided on what it said."""
    merchant, operator = world.merchant, world.operator
    for client in (merchant, operator, world.second_operator):
        client.now = NOON + timedelta(seconds=1)  # after the policies before
    bureau = {"name": "bureau", "url": "https://bureau.example/ask", "data_types": ["credit_history", "public_credit"]}
    gateway = (await operator.post("/v1/operator/gateways", bureau)).json()["id"]
    await in_force(world)
    consumer = (await merchant.post("/v1/consumers", {"reference": "customer-4713", "attributes": GOOD})).json()["id"]
    consent = await give(merchant, consumer)
    await world.checkout(consumer, 100_00)
    await merchant.get(f"/v1/consumers/{consumer}/consents")
    await operator.get("/v1/operator/gateways")
    await operator.get(f"/v1/operator/consumers/{consumer}/enquiries")
    await merchant.post(f"/v1/consents/{consent}/revoke")
    await operator.post(f"/v1/operator/consents/{consent}/revoke")
    await operator.get(f"/v1/operator/consumers/{consumer}/consents")
    await operator.post(f"/v1/operator/gateways/{gateway}/retire")


async def _policies(world: World) -> None:
    """A policy is drafted, tried in the shadow, signed by a second person, and put back in force."""
    operator, second = world.operator, world.second_operator
    draft = (await operator.post("/v1/operator/policies", POLICY)).json()
    one = f"/v1/operator/policies/{draft['id']}/versions/{draft['version']}"
    await operator.get("/v1/operator/policies", after=f"{draft['id']}.0", limit=1)
    await operator.get(one)
    challenger = {"policy_id": draft["id"], "version": draft["version"]}
    trial = (await operator.post("/v1/operator/trials", challenger)).json()["id"]
    await world.checkout(await world.consumer(), 100_00)
    while not await world.pool.fetchval("select count(*) from trial_differences"):
        await asyncio.sleep(0.01)
    await operator.get(f"/v1/operator/trials/{trial}")
    await operator.get("/v1/operator/trials")
    await operator.post(f"/v1/operator/trials/{trial}/end")
    await second.post(f"{one}/publish", {"active_from": "2026-03-03T00:00:00Z"})
    await second.post(f"{one}/rollback")
