"""One purchase of each kind and a day at the operator's desk: the requests and answers that openapi.yaml shows."""

import asyncio
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from service import ids
from service.contract.events import fields_of
from service.event_type import EventType
from service.jobs.telling_referrals import tell_referrals
from service.merchants.settling_flow import settle_one
from service.partners.layouts import TxnType
from service.payments.holding_flow import Holding
from service.payments.paying_back_flow import PayingBack
from service.plans.enrolling_flow import release_ended, settle_reopened
from service.plans.offer import Kind
from service.plans.ownership_flow import carry_out_due
from service.webhooks.endpoint import SHARE
from service.webhooks.message import Message, body_of
from tests.api.routes import Stage
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.contract.checked import Contract
from tests.flows.collecting import Till, till
from tests.flows.outside import in_force
from tests.flows.test_bank_statements import hand_in
from tests.flows.test_deposit_holds import deposit
from tests.flows.test_paying_merchants import order
from tests.flows.test_payouts_at_the_bank import opened_for_merchants
from tests.flows.test_reconciling import keeps_the_same_books
from tests.flows.test_settling_merchants import TERMS, agree
from tests.flows.world import NOON, Client, World
from tests.reconciling.messages import OTHER_IBAN, entry, message

# What a device makes by chance: ids of passkeys, challenges, signatures; all is base64url, and no id of ours.
OF_A_DEVICE = (
    r'"(challenge|clientDataJSON|attestationObject|authenticatorData|signature|rawId|id)": '
    r'"(?![a-z]{2}_[0-9A-Z]{26}")[\w-]{20,}"'
)
CHANCE = "uDqV0m0sPbYtE3rXw8hJ5nLzK2cG7aF4vB9yT6dR1kQ"  # what follows the prefix of every key that is shown

ITSELF = {"GET /openapi.yaml", "GET /openapi/{page}"}  # no example of it stands in it


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
        """The examples with ids, keys and hashes that stay the same from one telling to the next.

        An id is named by the operation that shows it first: another operation more changes no others.
        """
        known: dict[str, str] = {}
        moment = ids.new_id("", 0, int(NOON.timestamp() * 1000))[1:11]

        def with_stems(text: str, name: str = "") -> str:
            before = len(known)

            def stem(match: re.Match[str]) -> str:
                return known.setdefault(match[0], moment + _sha256(f"{name} {len(known) - before}").upper()[:14])

            return re.sub(r"(?<=[_>,-])[0-7][0-9A-HJKMNP-TV-Z]{23}(?=[0-9A-HJKMNP-TV-Z]{2}(?:\b|_))", stem, text)

        told = {name: json.loads(with_stems(json.dumps(kept), name)) for name, kept in self.examples.items()}
        shown = [content for kept in self.examples.values() for content in kept.values() if isinstance(content, str)]
        hashes = {_sha256(content): _sha256(with_stems(content)) for content in shown}  # of files, as they are shown
        text = json.dumps({name: json.loads(_with_hashes(json.dumps(one), name, hashes)) for name, one in told.items()})
        text = re.sub(r'"bucket": \d+', f'"bucket": {ids.bucket_of(f"co_{next(iter(known.values()))}")}', text)
        text = re.sub(r'"reference": "[0-9a-f]{32}"', '"reference": "customer-4714"', text)  # made up by the tests
        text = re.sub(
            r'"(enrolled|agreed)_at": "[^"]+"', rf'"\1_at": "{NOON:%Y-%m-%dT%H:%M:%SZ}"', text
        )  # in real time
        text = re.sub(OF_A_DEVICE, r'"\1": "bIaGcVJjxF8"', text)
        text = re.sub(r"\b((?:[srp]k_(?:live|test)|opk|ptk|psk|spk|kb)_)[\w-]{43}\b", rf"\1{CHANCE}", text)
        text = re.sub(r"cst_[\w-]{80,}", f"cst_{CHANCE}", text)
        text = re.sub(r"whsec_[\w+/]{43}=", f"whsec_{CHANCE}=", text)
        text = re.sub(r'"(at|made_at)": "[^"]*\.\d+Z"', rf'"\1": "{NOON:%Y-%m-%dT%H:%M:%SZ}"', text)  # real time
        text = re.sub(r'"received_on": "[^"]*"', f'"received_on": "{NOON:%Y-%m-%d}"', text)  # by the real calendar
        text = re.sub(r'"hash_total": \d+', '"hash_total": 483120975113', text)  # of ids
        text = re.sub(r'"request_id": "[^"]*"', '"request_id": "5f06edb4-c54b-487e-a05b-c154e312a647"', text)
        text = re.sub(r'"last_used_at": (null|"[^"]*")', f'"last_used_at": "{NOON:%Y-%m-%dT%H:%M:%SZ}"', text)
        fixed: dict[str, dict[str, Any]] = json.loads(text)
        return fixed


def _with_hashes(text: str, name: str, hashes: dict[str, str]) -> str:
    """Other hashes in an operation's examples than chance has made, each the same wherever it stands."""
    before = len(hashes)
    return re.sub(
        r"[0-9a-f]{64}", lambda found: hashes.setdefault(found[0], _sha256(f"{name} {len(hashes) - before}")), text
    )


async def messages(world: World) -> dict[str, Any]:
    """Of each type of event the first that was told, as an endpoint gets it.

    What was told of many plans in one instant has no order: there it is the one with most left to capture.
    """
    rows = await world.pool.fetch(
        "select distinct on (type) * from events"
        " order by type, (data::json ->> 'remaining')::bigint desc nulls last, told"
    )
    made = {}
    for row in rows:
        message = Message(
            EventType(row["type"]), NOON, row["event_id"], 7, row["actor"], msgspec.Raw(row["data"].encode()),
            row["plan_id"], row["decision_id"], row["consumer_id"],
        )  # fmt: skip
        made[row["type"]] = _open(message)
    (share,) = await world.pool.fetch("select * from partner_events where number is not null order by number limit 1")
    for type_ in TxnType:
        data = {name: share[name] for name in fields_of()[EventType(f"{SHARE}{type_}")]}
        raw = msgspec.Raw(msgspec.json.encode(data))
        message = Message(EventType(f"{SHARE}{type_}"), NOON, share["event_id"], 7, None, raw, share["plan_id"])
        made[message.type] = _open(message)
    return made


def _open(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(re.sub(r'"sealed\.[^"]*"', '"in a few words"', body_of(message).decode()))
    return told


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(content: bytes, headers: httpx.Headers) -> Any:
    return json.loads(content) if "json" in headers["content-type"].replace("ndjson", "") else content.decode()


class Story(Stage):
    """Calls operations by their names, with their own examples; what they name is told, or made as the stage does."""

    async def call(self, name: str, query: str = "", **ids: str) -> dict[str, Any]:
        """The answer to an operation's example."""
        return await self.do(await self.ready(self.routes[name], ids), query)

    async def lose_cover(self) -> None:
        """A plan that was paid off owes again, and another has its place in a cover set that revolves."""
        world, price = self.world, 600_00
        of_set = {"arrangement_id": await self._arrangement_id(), "name": "One", "mode": "dynamic", "revolving": True}
        made = await world.operator.post("/v1/operator/cover-sets", of_set | {"sanctioned": price})
        payment_id, plans = "", [await self.plan(Kind.INSTALMENTS, ()) for _ in range(2)]
        for plan in plans:
            assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": price})).is_success
            path = f"/v1/operator/cover-sets/{made.json()['id']}/enrolments"
            told = await world.operator.post(path, {"plans": [plan]})
            assert told.is_success, told.text
            if not payment_id:
                paid = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": price})
                payment_id = paid.json()["recorded"]["id"]
                assert await release_ended(world.pool)
        path = f"/v1/operator/plans/{plans[0]}/payments/return"
        assert (await world.operator.post(path, {"payment_id": payment_id})).is_success
        assert await settle_reopened(world.pool, NOON) == 1


async def tell(world: World, recorder: Recorder) -> None:
    """Calls every operation once, in the order of a first day; at last those that the day has no place for."""
    story = Story(world)
    for path in ("/livez", "/readyz"):
        await world.http.get(path)
    consumer = await _consumer(story)
    await story.call("POST /v1/quotes")
    await _instalments(story, consumer)
    await _settling(story)
    await _deposit(story, consumer)
    await world.merchant.get("/v1/events", after=0, limit=2)
    await story.call("GET /v1/consumers/{consumer_id}/accounts/{currency}", consumer_id=consumer)
    await _file(story)
    await _partner_paid(story)
    await _bank(story)
    await _desk(story)
    await _limits(story, consumer)
    await _referral(story)
    assert await tell_referrals(world.pool, NOON)
    await _refusal(world, consumer)
    await _change_hands(story)
    await story.lose_cover()
    await _policies(story)
    await _outside(story)
    await _collecting(story)
    for name, route in story.routes.items():
        if name not in recorder.examples and name not in ITSELF:
            post = await story.ready(route)
            if route.operation.dry_run:
                await story.do(post, "?dry_run=true")
            await story.do(post)
    for days in (24, 40, 60):
        world.merchant.now = world.operator.now = NOON + timedelta(days=days)
        await story.call("POST /v1/operator/day-close")


async def _consumer(story: Story) -> str:
    await story.call("GET /v1/attributes")
    consumer: str = (await story.call("POST /v1/consumers"))["id"]
    await story.call("POST /v1/consumers")
    await story.call("GET /v1/consumers/{consumer_id}", consumer_id=consumer)
    await story.world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 5_000_00})
    return consumer


async def _instalments(story: Story, consumer: str) -> None:
    decision = await story.call("POST /v1/checkouts", consumer_id=consumer)
    await story.call("GET /v1/checkouts/{decision_id}", decision_id=decision["id"])
    await story.call("GET /v1/operator/decisions/{decision_id}", decision_id=decision["id"])
    await story.call("GET /v1/operator/decisions/{decision_id}/replay", decision_id=decision["id"])
    offer = decision["offers"][0]["id"]
    await story.call("GET /v1/offers/{offer_id}/disclosure", offer_id=offer)
    await story.call("POST /v1/plans", "?dry_run=true", offer_id=offer)
    plan = (await story.call("POST /v1/plans", offer_id=offer))["id"]
    await story.call("GET /v1/plans/{plan_id}", plan_id=plan)
    await story.call("GET /v1/plans/{plan_id}/disclosure", plan_id=plan)
    await story.call("GET /v1/plans")
    for verb in ("capture", "void", "payments"):
        await story.call(f"POST /v1/plans/{{plan_id}}/{verb}", plan_id=plan)


async def _settling(story: Story) -> None:
    """The day's captures are settled, the payout is ordered, and paid."""
    world = story.world
    world.operator.now = NOON + timedelta(minutes=1)  # so that another approval is the first of the list
    await agree(world, **TERMS)
    await settle_one(world.pool, world.demo.merchant_id, NOON + timedelta(days=1))
    settlement_id = str((await world.merchant.get("/v1/settlements")).json()["settlements"][0]["id"])
    for below in ("", "/lines", "/content", "/statement"):
        await world.merchant.get(f"/v1/settlements/{settlement_id}{below}")
    await story.call("GET /v1/operator/payouts")
    order_id = (await order(world)).json()["result"]["id"]
    world.operator.now = NOON
    await world.operator.get("/v1/operator/payment-orders")
    await world.operator.get(f"/v1/operator/payment-orders/{order_id}/content")
    payout_id = ids.derive(ids.PAYOUT, settlement_id)
    await story.call("POST /v1/operator/payouts/{payout_id}/paid", payout_id=payout_id)
    await story.call("POST /v1/operator/payouts/{payout_id}/returned", payout_id=payout_id)
    await story.call("GET /v1/payouts")
    await opened_for_merchants(world, OTHER_IBAN)
    shown = message([entry("-1.00")], "0.00", "-1.00", message_id="P1", iban=OTHER_IBAN)
    assert (await hand_in(world, shown)).is_success
    await world.operator.get("/v1/operator/payout-cash")
    await world.operator.get("/v1/operator/breaks", leg="payout", in_state="open")
    await world.operator.get(f"/v1/operator/merchants/{world.demo.merchant_id}/settlements")


async def _deposit(story: Story, consumer: str) -> None:
    merchant = story.world.merchant
    asked = {"consumer": consumer, "currency": "EUR", "amount": 80_00, "deposit_amount": 200_00, "kinds": ["deposit"]}
    for reference, verb in (("rental-7", "claims"), ("rental-8", "release"), ("rental-9", "")):
        decision = (await merchant.post("/v1/checkouts", {"merchant_reference": reference} | asked)).json()
        plan = await story.call("POST /v1/plans", offer_id=decision["offers"][0]["id"])
        if verb:
            await story.call(f"POST /v1/plans/{{plan_id}}/{verb}", plan_id=plan["id"])


async def _change_hands(story: Story) -> None:
    """Of two plans that the partner gives back one was captured, and of the other there is nothing to transfer."""
    world = story.world
    for captured in (0, 600_00):
        plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
        if captured:
            await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": captured})
        asked = {"kind": "buy_back", "settlement_on": "2026-03-02", "seller_id": world.demo.partner_id}
        path = f"/v1/operator/plans/{plan['id']}/ownership-transfers"
        assert (await world.operator.post(path, asked)).is_success
    await carry_out_due(world.pool, NOON + timedelta(days=1))


async def _file(story: Story) -> None:
    """The day's files; and the day compared, in which the partner has nothing of ours and an event of its own."""
    partner, world = story.world.partner, story.world
    await partner.get("/v1/partner/events", limit=2)
    transfer = await story.call("POST /v1/operator/plans/{plan_id}/ownership-transfers")
    await story.call("GET /v1/operator/ownership-transfers")
    await partner.get("/v1/partner/ownership-transfers")
    await story.call("POST /v1/operator/ownership-transfers/{transfer_id}/cancel", transfer_id=transfer["id"])
    await story.call("POST /v1/operator/programmes/{programme_id}/files")
    (txn,) = (await partner.get("/v1/partner/files", of_type="TXN")).json()["files"]
    for ending in ("", "/content", "/twin"):
        await partner.get(f"/v1/partner/files/{txn['id']}{ending}")
    sent = (await partner.get(f"/v1/partner/files/{txn['id']}/content")).content
    where = (
        f"/v1/partner/files/received?programme_id={story.world.demo.programme_id}&business_on=2026-03-02&of_type=TXN"
    )
    for dry in ("&dry_run=true", ""):
        loaded = await partner.post(where + dry, content=sent, headers={"Content-Type": "text/csv"})
    again = await partner.post(where, content=sent, headers={"Content-Type": "text/csv"})
    assert again.json()["code"] == "duplicate_file"
    await partner.get("/v1/partner/files/received")
    await partner.post(f"/v1/partner/files/received/{loaded.json()['id']}/withdraw")
    answers = f"file_id,line,code,partner_value\r\n{txn['id']},,ok,\r\n{txn['id']},2,unknown plan,420.00\r\n"
    acks = where.replace("of_type=TXN", "of_type=ACK")
    answered = await partner.post(acks, content=answers.encode(), headers={"Content-Type": "text/csv"})
    await partner.get(f"/v1/partner/files/received/{answered.json()['id']}/answers")
    await world.operator.get("/v1/operator/received-files")
    await world.operator.get(f"/v1/operator/received-files/{answered.json()['id']}/answers")
    await partner.get("/v1/partner/signing-key")
    await partner.get("/v1/partner/positions")
    await partner.get("/v1/partner/plans")
    await keeps_the_same_books(world, "update partner_their_events set principal = principal + 100 where line = 1")
    compared = await story.call("POST /v1/operator/programmes/{programme_id}/reconciliations")
    for client, audience in ((partner, "partner"), (world.operator, "operator")):
        await client.get(f"/v1/{audience}/reconciliations")
        await client.get(f"/v1/{audience}/reconciliations/{compared['id']}")
        await client.get(f"/v1/{audience}/reconciliation-quality", month="2026-03")
    found = await _open_break(partner)
    for verb in ("assign", "notes"):
        await story.call(f"POST /v1/partner/breaks/{{break_id}}/{verb}", break_id=found)
    await story.call("GET /v1/operator/breaks")
    for verb in ("assign", "notes", "resolve"):
        await story.call(f"POST /v1/operator/breaks/{{break_id}}/{verb}", break_id=found)
    await partner.get(f"/v1/partner/breaks/{found}/history")
    await partner.get("/v1/partner/news", limit=2)
    await story.call("GET /v1/operator/breaks/{break_id}/history", break_id=found)
    first = "(select min(plan_id) from partner_their_positions)"
    await world.pool.execute(f"update partner_their_positions set status = 'charged_off' where plan_id = {first}")
    await story.call("POST /v1/operator/programmes/{programme_id}/reconciliations")
    await story.call("POST /v1/partner/breaks/{break_id}/resolve", break_id=await _open_break(partner))


async def _open_break(partner: Client) -> str:
    breaks = (await partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]
    return str(min(breaks, key=lambda one: (one["kind"], one["amount"]))["id"])  # ids of one instant have no order


async def _partner_paid(story: Story) -> None:
    """What a later day owes the partner is ordered, and paid."""
    world = story.world
    world.operator.now = NOON + timedelta(minutes=1)  # so that another approval is the first of the list
    await story.call("POST /v1/operator/partner-payouts/{partner_payout_id}/paid")
    world.operator.now = NOON
    await world.operator.get("/v1/operator/partner-payouts")
    await world.partner.get("/v1/partner/payouts")


async def _bank(story: Story) -> None:
    """An account of ours, and what the bank tells of it."""
    await story.call("POST /v1/operator/bank-accounts")
    await story.call("GET /v1/operator/bank-accounts")
    told = message([entry("2917.70", "E1")], "0.00", "2917.70", sequence=1)
    xml = {"Content-Type": "application/xml"}
    await story.world.operator.post("/v1/operator/bank-statements", content=told, headers=xml)
    await story.call("GET /v1/operator/bank-statements")


async def _desk(story: Story) -> None:
    await story.call("GET /v1/operator/summary")
    await story.call("GET /v1/operator/ledger/trial-balance")
    merchant = (await story.call("POST /v1/operator/merchants"))["id"]
    partner = (await story.call("POST /v1/operator/partners"))["id"]
    story.world.operator.now = NOON + timedelta(minutes=1)  # so that another approval is the first of the list
    await story.call("POST /v1/operator/programmes", partner_id=partner)
    story.world.operator.now = NOON
    key = (await story.call("POST /v1/operator/keys", merchant_id=merchant))["id"]
    await story.call("GET /v1/operator/keys", merchant_id=merchant)
    await story.call("POST /v1/operator/keys/{key_id}/rotate", key_id=key)
    await story.call("POST /v1/operator/keys/{key_id}/revoke", key_id=key)


async def _limits(story: Story, consumer: str) -> None:
    account = "/v1/operator/consumers/{consumer_id}/accounts/{currency}"
    await story.call("POST /v1/operator/limit-reviews", "?dry_run=true", consumer_id=consumer)
    await story.call("POST /v1/operator/limit-reviews", consumer_id=consumer)
    await story.call(f"POST {account}", consumer_id=consumer)
    await story.call(f"GET {account}/limit-changes", consumer_id=consumer)
    await story.call("POST /v1/operator/operators")
    await story.world.operator.get("/v1/operator/approvals", limit=1)  # before there are others of this instant
    await story.call("POST /v1/operator/operators/{person}/end")
    await story.call("GET /v1/operator/operators")
    for verb in ("approve", "reject"):
        await story.call(f"POST /v1/operator/approvals/{{approval_id}}/{verb}")


async def _referral(story: Story) -> None:
    """A large purchase that a person looks at."""
    merchant, attributes = story.world.merchant, GOOD
    consumer = (await merchant.post("/v1/consumers", {"reference": "customer-4712", "attributes": attributes})).json()
    asked = {"merchant_reference": "order-1002", "consumer": consumer["id"], "currency": "EUR", "amount": 16_000_00}
    referral = (await merchant.post("/v1/checkouts", asked)).json()["id"]
    await story.call("GET /v1/operator/reviews")
    for method in ("POST", "GET"):
        await story.call(f"{method} /v1/operator/reviews/{{decision_id}}", decision_id=referral)


async def _refusal(world: World, consumer: str) -> None:
    """More than the limit leaves, and what the consumer is told."""
    order = {"merchant_reference": "order-1003", "consumer": consumer, "currency": "EUR", "amount": 9_000_00}
    refused = (await world.merchant.post("/v1/checkouts", order | {"kinds": ["instalments"]})).json()["id"]
    await world.merchant.get(f"/v1/checkouts/{refused}/notice")
    await world.operator.get(f"/v1/operator/decisions/{refused}/notice", language="de")


async def _policies(story: Story) -> None:
    """A policy is drafted, tried in the shadow, signed by a second person, and put back in force."""
    world, routes = story.world, story.routes
    draft = await story.call("POST /v1/operator/policies")
    version = "/v1/operator/policies/{policy_id}/versions/{version}"
    one = version.format(policy_id=draft["id"], version=draft["version"])
    await world.operator.get("/v1/operator/policies", after=f"{draft['id']}.0", limit=1)
    await world.operator.get(one)
    trial = (await story.call("POST /v1/operator/trials", policy_id=draft["id"]))["id"]
    await world.checkout(await world.consumer(), 100_00)
    while not await world.pool.fetchval("select count(*) from trial_differences"):
        await asyncio.sleep(0.01)
    await story.call("GET /v1/operator/trials/{trial_id}", trial_id=trial)
    await story.call("GET /v1/operator/trials")
    await story.call("POST /v1/operator/trials/{trial_id}/end", trial_id=trial)
    for verb in ("publish", "rollback"):
        await world.second_operator.post(f"{one}/{verb}", routes[f"POST {version}/{verb}"].operation.example)


async def _approved(story: Story, name: str) -> dict[str, Any]:
    """The result of what waits for a second person."""
    waits = (await story.call(name))["id"]
    done = await story.world.second_operator.post(f"/v1/operator/approvals/{waits}/approve")
    result: dict[str, Any] = done.json()["result"]
    return result


async def _outside(story: Story) -> None:
    """A gateway is registered, a consumer allows us to ask it, and a checkout is decided on what it said."""
    world = story.world
    merchant, operator = world.merchant, world.operator
    for client in (merchant, operator, world.second_operator):
        client.now = NOON + timedelta(seconds=1)  # after the policies before
    gateway = (await _approved(story, "POST /v1/operator/gateways"))["id"]
    await in_force(world)
    consumer = (await merchant.post("/v1/consumers", {"reference": "customer-4713", "attributes": GOOD})).json()["id"]
    consent = (await story.call("POST /v1/consumers/{consumer_id}/consents", consumer_id=consumer))["id"]
    await world.checkout(consumer, 100_00)
    await story.call("GET /v1/consumers/{consumer_id}/consents", consumer_id=consumer)
    await story.call("GET /v1/operator/gateways")
    await story.call("GET /v1/operator/consumers/{consumer_id}/enquiries", consumer_id=consumer)
    await story.call("POST /v1/consents/{consent_id}/revoke", consent_id=consent)
    await story.call("POST /v1/operator/consents/{consent_id}/revoke", consent_id=consent)
    await story.call("GET /v1/operator/consumers/{consumer_id}/consents", consumer_id=consumer)
    await story.call("POST /v1/operator/gateways/{gateway_id}/retire", gateway_id=gateway)
    permission = (await story.call("POST /v1/consumers/{consumer_id}/permissions", consumer_id=consumer))["id"]
    await story.call("GET /v1/consumers/{consumer_id}/permissions", consumer_id=consumer)
    await story.call("POST /v1/permissions/{permission_id}/revoke", permission_id=permission)


async def _holding(story: Story, at: Till) -> None:
    """Deposits on cards: one is taken of, one is let go, one had ended, one is declined."""
    nothing_held = await at.plan("ok")
    await story.call(
        "GET /v1/plans/{plan_id}/holds", plan_id=nothing_held["id"]
    )  # what is shown: else instants are real
    claimed = await deposit(at, "ok")
    for plan in (claimed, await deposit(at, "fades")):
        for who, word, body in (
            (at.world.merchant, "/v1/plans", {"amount": 30_00}),
            (at.world.merchant, "/v1/plans", {"words": "It was so before."}),
            (at.world.operator, "/v1/operator/plans", {"amount": 30_00}),
        ):
            path = {"amount": "claims", "words": "claims/contest"}[next(iter(body))]
            path = "claims/decide" if who is at.world.operator else path
            done = await who.post(f"{word}/{plan['id']}/{path}", body)
            assert done.status_code < 300, done.text
    released = await deposit(at, "ok")
    assert (await at.world.merchant.post(f"/v1/plans/{released['id']}/release")).status_code == 200
    await deposit(at, "closed", state="declined")
    await Holding(at.world.app.state["services"].charging).follow_all(NOON)
    await story.call("GET /v1/plans/{plan_id}/holds", plan_id=claimed["id"])
    await story.call("GET /v1/operator/plans/{plan_id}/holds", plan_id=claimed["id"])


async def _paying_back(story: Story, at: Till) -> None:
    """What is refunded of a plan that was paid goes back to its card, or does not reach it."""
    for seconds, ending in enumerate(("ok", "norefund"), 3):
        at.world.merchant.now = NOON + timedelta(seconds=seconds)  # of one instant, ids have no order
        plan = await at.plan(ending)
        assert (await at.pay(plan, amount=600_00)).status_code == 201
        assert (await at.world.merchant.post(f"/v1/plans/{plan['id']}/refunds", {"amount": 200_00})).status_code == 201
        await PayingBack(at.world.app.state["services"].charging).follow_all(NOON)
        await story.call("GET /v1/plans/{plan_id}/paybacks", plan_id=plan["id"])
        await story.call("GET /v1/operator/plans/{plan_id}/paybacks", plan_id=plan["id"])


async def _collecting(story: Story) -> None:
    """A plan is paid by a card: now, declined, and by a payment that came back."""
    world = story.world
    charge = "POST /v1/plans/{plan_id}/charges"
    await _approved(story, "POST /v1/operator/processors")
    await story.call("GET /v1/operator/processors")
    await story.call("GET /v1/operator/processor-disputes")
    async with till(world, "till") as at:
        plan = await at.plan("ok")
        world.merchant.now = NOON + timedelta(seconds=2)  # of one instant, ids have no order
        told = {"processor": at.name, "plan_id": plan["id"], "consumer_id": plan["consumer"]}
        instrument = (await story.call("POST /v1/consumers/{consumer_id}/instruments", **told))["id"]
        await story.call("GET /v1/consumers/{consumer_id}/instruments", **told)
        told["instrument_id"] = instrument
        await story.call("POST /v1/plans/{plan_id}/instrument", **told)
        pulled = await story.call(charge, **told)
        await story.call("GET /v1/plans/{plan_id}/charges", **told)
        await story.call("POST /v1/processor/notifications", charge_id=pulled["id"])
        await _holding(story, at)
        await story.call("GET /v1/processor/charges")
        await story.call("POST /v1/processor/disputes", charge_id=pulled["id"])
        await story.call("POST /v1/processor/disputes/decide", disputed_charge_id=pulled["id"])
        for ending in ("closed", "bounces"):
            told["instrument_id"] = await at.instrument(plan["consumer"], ending)
            pulled = await story.call(charge, **told)
        async with asyncio.timeout(30):
            while "returned" not in {one["state"] for one in await at.charges(plan)}:
                await asyncio.sleep(0.05)
        await story.call("POST /v1/instruments/{instrument_id}/remove", **told)
        await _paying_back(story, at)
