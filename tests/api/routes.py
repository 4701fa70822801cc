"""Every route of the app with a request that it would do at once: its own example, on ids that are there."""

import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from copy import copy
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Struct
from msgspec.json import decode

from service import ids
from service.api.operation import Text
from service.contract.contract import Route, parameters_of, routes_of
from service.demo.seed import POLICY
from service.merchants.settling_flow import settle_one
from service.plans.offer import Kind
from service.sandbox_processor import Desk, create_processor
from tests.flows.collecting import registered
from tests.flows.device import Device
from tests.flows.insuring import asked as asked_limit
from tests.flows.insuring import insured
from tests.flows.test_paying_insurers import known as known_account
from tests.flows.test_paying_insurers import order as order_insurers
from tests.flows.test_paying_merchants import order
from tests.flows.test_paying_partners import ordered_on
from tests.flows.test_settling_merchants import TERMS, agree
from tests.flows.test_vouchers import agreed, reserved
from tests.flows.world import NOON, Client, World
from tests.outside.serving import served

# Well formed, and nothing there: what takes long to make, and where a refusal of the body comes first anyway.
NO_DECISION = "de_00000000000000000000000000"
NOTHING = {
    "break_id": "br_00000000000000000000000000", "reconciliation_id": "rc_00000000000000000000000000",
    "policy_id": "po_00000000000000000000000000",
    "trial_id": "tr_00000000000000000000000000", "decision_id": NO_DECISION,
    "file_id": "fi_00000000000000000000000000",
}  # fmt: skip

# What happened on the plan: an id of it, by the kind of fact.
FACTS = {"payment_id": "paid", "fee_id": "levied", "fact_id": "paid"}

SHOP = "https://shop.example"
ASK = "/v1/plans/{plan_id}/authentications"
SESSIONS = "/v1/plans/{plan_id}/sessions"
OF_PARTNER = "/v1/operator/partners/{partner_id}/"  # what is done to a partner
SUSPEND, RESUME = [f"/v1/operator/programmes/{{programme_id}}/{verb}" for verb in ("suspend", "resume")]
PAY_ASSIGNEE = "/v1/operator/receivables/{receivable_id}/payments"
OPEN_AGAIN = "/v1/operator/support-arrangements/{arrangement_id}/open"
GO_ON = "/v1/operator/people/{person_id}/resume"

# Where the example is short, so that it can be read, and more is to be tried.
LONGER = {"/v1/operator/policies": decode(POLICY.read_bytes())}


# What can only be done so many days later.
RETURN_SUBSIDY = "/v1/operator/plans/{plan_id}/return_subsidy"
CONVERT = ("/v1/plans/{plan_id}/convert", "/v1/operator/plans/{plan_id}/convert")
LATER = {**dict.fromkeys(CONVERT, 20), RETURN_SUBSIDY: 40}


class Post(Struct):
    """A POST: its route, its path with ids that exist, and a body that it would do."""

    route: Route
    path: str
    body: dict[str, Any]
    works: bool = True  # false: what it names is not there

    @property
    def template(self) -> str:
        """The path with the names of its ids."""
        return self.route.path


def paths(app: Litestar, method: str) -> set[str]:
    """The templates that take `method`."""
    return {route.path_format for route in app.routes if isinstance(route, HTTPRoute) and method in route.methods}


def client_for(world: World, template: str) -> Client:
    """The client whose key may call it."""
    audience = template.split("/")[2]
    clients = {"operator": world.operator, "partner": world.partner, "processor": world.processor}
    clients |= {"test": world.test_merchant, "support": world.support}
    client = clients.get(audience, world.merchant)
    if template.endswith("/approve"):
        client = world.second_operator  # what the first has proposed
    if (days := LATER.get(template)) and client.now:
        client = copy(client)
        client.now = NOON + timedelta(days)
    return client


async def posts(world: World) -> list[Post]:
    """Every POST that takes JSON, ready to be done."""
    stage = Stage(world)
    routes = (one for one in stage.routes.values() if one.method == "POST")
    made = [await stage.ready(route) for route in routes if not isinstance(route.operation.takes, Text)]
    for post in made:
        post.body = LONGER.get(post.template, post.body)
    return made


class Stage:
    """Makes what the examples name when it is asked for: a consumer once, a plan anew for each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes = routes_of(world.app)
        self._by_handler = {route.handler.fn.__name__: route for route in self.routes.values()}
        self._consumer = ""
        self._processor_name = self._persons_consumer = self._settlement = ""
        self._settled_on = NOON + timedelta(days=1)
        self._filed_on = NOON.date()
        self._insurance = self._debtor = ""  # the last ones
        self._plans = self._people = self._references = 0
        self._its_arrangement = ""  # who bears the loss that is to be claimed
        self._redeems = False  # the voucher that is asked for
        self._releases = False  # the pledge that is asked for
        self._reads = "operator"  # whose report is asked for
        self._page_key = self._asked_in = ""  # of the merchant's page; what was asked there last
        self._device = Device(SHOP, "shop.example")  # the last one: each passkey is on a device of its own
        self._said: dict[str, dict[str, Any]] = {}  # by the consumer's device, of what was asked last
        self._makers: dict[str, Callable[[], Awaitable[str]]] = {
            "consumer_id": self._consumer_id, "offer_id": self._offer_id,
            "key_id": self._key_id,
            "consent_id": self._consent_id, "permission_id": self._permission_id, "gateway_id": self._gateway_id,
            "processor": self._processor, "processor_id": self._processor_id, "instrument_id": self._instrument_id,
            "charge_id": self._charge_id, "disputed_charge_id": self._disputed_charge_id,
            "approval_id": self._approval_id, "asked_passkey": self._asked_passkey,
            "passkey_id": self._passkey_id, "authentication_id": self._authentication_id, "person_id": self._person_id,
            "other_person_id": self._person_id, "persons_consumer_id": self._persons_consumer_id,
            "doubt_id": self._doubt_id, "person": self._person, "settlement_id": self._settlement_id,
            "payout_id": self._payout_id, "order_id": self._order_id, "transfer_id": self._transfer_id,
            "partner_payout_id": self._partner_payout_id,
            "scheme_id": self._scheme_id, "voucher_id": self._voucher_id,
            "receivable_id": self._receivable_id, "receivable_payment_id": self._receivable_payment_id,
            "assignment_id": self._assignment_id, "assignment_batch_id": self._assignment_batch_id,
            "report_consent_id": self._report_consent_id, "report_access_id": self._report_access_id,
            "partner_assignment_id": self._partner_assignment_id,
            "endpoint_id": self._endpoint_id, "session": self._session, "answering_session": self._answering_session,
            "asked_in_session": self._asked_in_session,
            "claimable_loss_id": self._claimable_loss_id, "its_arrangement_id": self._its_arrangement_id,
            "pool_id": self._pool_id,
            "party_id": self._party_id, "arrangement_id": self._arrangement_id, "waterfall_id": self._waterfall_id,
            "insurance_id": self._insurance_id, "trade_debtor_id": self._trade_debtor_id,
            "loss_id": self._loss_id, "borne_loss_id": self._claimable_loss_id, "cover_set_id": self._cover_set_id,
            "insured_loss_id": self._insured_loss_id, "insurer_id": self._insurer_id,
            "premium_insurer_id": self._premium_insurer_id,
            "insurer_settlement_id": self._insurer_settlement_id, "pack_id": self._pack_id,
        }  # fmt: skip
        self._known = {
            "page": "merchant.yaml", "currency": "EUR", "version": "1", "merchant_id": world.demo.merchant_id,
            "partner_id": world.demo.partner_id, "programme_id": world.demo.programme_id,
        }  # fmt: skip

    async def ready(self, route: Route, told: Mapping[str, str] = MappingProxyType({})) -> Post:
        """The route's example, with a path and ids that are there: those that are told, else others."""
        if route.audience == "support":
            await self.world.with_a_party()
        body, self._redeems = route.operation.example, route.path.endswith("/refunds")
        self._releases = route.path.endswith("/release")
        self._comes_back = route.path.endswith("/returned")
        self._reads = route.audience
        if route.path.endswith(("/erase", "/export")):
            told = await self._somebody()
        wanted = sorted({*parameters_of(route.path), *re.findall(r"'{(\w+)}'", str(body))})
        names: dict[str, Any] = {}
        for name in sorted(
            wanted, key=lambda name: name not in ("plan_id", "answering_session")
        ):  # what happened on a plan comes after the plan
            names[name] = told.get(name) or await self._id(name, route, names)
        works = GONE.isdisjoint([name for name in names.values() if isinstance(name, str)])
        return Post(route, route.path.format(**names), with_ids(body, names), works)

    async def _somebody(self) -> dict[str, str]:
        """A consumer nobody else needs, and the person."""
        consumer = await self.world.consumer()
        return {"consumer_id": consumer, "person_id": ids.derive(ids.PERSON, consumer)}

    async def do(self, post: Post, query: str = "") -> dict[str, Any]:
        """Does it; what was answered."""
        client = client_for(self.world, post.template)
        if post.route.method == "GET":
            answered = await client.get(post.path, **post.body)
        else:
            answered = await client.post(post.path + query, post.body)
        assert answered.is_success, f"{post.template}: {answered.text}"
        media = answered.headers["content-type"].replace("ndjson", "")
        made: dict[str, Any] = answered.json() if "json" in media else {}
        return made

    async def plan(self, kind: Kind, after: tuple[str, ...]) -> str:
        """A new plan's id, after these verbs were done with their examples."""
        self._plans += 1
        cart: dict[str, Any] = {"merchant_reference": f"order-{2000 + self._plans}"}
        if kind is Kind.DEPOSIT:
            cart["deposit_amount"] = 2_000_00
            cart["category"] = "equipment hire" if "claim_deposit" in after else "rentals"
        if kind is Kind.PAY_AFTER_USE:
            cart["category"] = "trial"
        plan = await self.world.plan(await self._consumer_id(), 600_00, kind, **cart)
        for verb in after:
            route = self._by_handler[verb]
            body = with_ids(route.operation.example, {})
            await self.do(Post(route, route.path.format(plan_id=plan["id"]), body))
        return str(plan["id"])

    async def _transfer_id(self) -> str:
        plan = await self.plan(Kind.INSTALMENTS, ("capture_plan",))
        route = self._by_handler["transfer_ownership"]
        return str((await self.do(await self.ready(route, {"plan_id": plan})))["id"])

    async def _id(self, name: str, route: Route, made: Mapping[str, Any]) -> Any:
        if name == "plan_id" and route.path == RETURN_SUBSIDY:
            return await self._subsidised_plan()
        if name == "plan_id" and route.path == SESSIONS:
            return await self._plan_for_a_page()
        if name == "plan_id" and route.path == ASK:
            return await self._unproved_plan()
        if name == "plan_id":
            return await self.plan(route.operation.kind, route.operation.after)
        if name == "debtor_id":
            return await self._debtor_id(is_asked=route.path.endswith("/answer"))
        if name == "insurance_id" and "debtor_id" in made:
            return self._insurance
        if name == "insurance_id" and "/losses" in route.path:
            return await self._trade_insurance_id()
        if name == "person_id" and route.path == GO_ON:
            return await self._paused_person_id()
        if name == "receivable_id" and route.path == PAY_ASSIGNEE:
            return await self._bought_receivable_id()
        if route.path.startswith(OF_PARTNER):
            return await self._partner_id(is_suspended=route.path == f"{OF_PARTNER}resume")
        if route.path in (SUSPEND, RESUME):
            return await self._programme_id(is_suspended=route.path == RESUME)
        if name == "endpoint_id" and route.audience in ("partner", "support"):
            path = f"POST /v1/{route.audience}/endpoints"
            return str((await self.do(await self.ready(self.routes[path])))["id"])
        if route.path == OPEN_AGAIN:
            return await self._suspended_arrangement_id()
        if name == "claim_id":
            return await self._claim_id(route.path.rpartition("/")[2], route.audience)
        if name in FACTS:
            query = "select fact_id from facts where plan_id = $1 and fact = $2"
            return str(await self.world.pool.fetchval(query, made["plan_id"], FACTS[name]))
        if name in self._makers:
            return await self._makers[name]()
        if name in self._said:
            return self._said[name]
        return self._known.get(name) or NOTHING[name]

    async def _consumer_id(self) -> str:
        self._consumer = self._consumer or await self.world.consumer(limit=100_000_00)
        return self._consumer

    async def _offer_id(self) -> str:
        return str((await self.world.offer(await self._consumer_id(), 600_00, "instalments"))["id"])

    async def _key_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/operator/keys"])))["id"])

    async def _consent_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/consumers/{consumer_id}/consents"])))["id"])

    async def _permission_id(self) -> str:
        consumer = await self.world.consumer()  # one permission of a scenario is in force
        route = self.routes["POST /v1/consumers/{consumer_id}/permissions"]
        return str((await self.do(await self.ready(route, {"consumer_id": consumer})))["id"])

    async def _gateway_id(self) -> str:
        post = await self.ready(self.routes["POST /v1/operator/gateways"])
        waits = await self.world.operator.post(post.path, post.body | {"name": f"g-{uuid.uuid4().hex[:8]}"})
        return str((await self.world.seconded(waits)).json()["id"])  # one name is one gateway

    async def _processor(self) -> str:
        """The name of a sandbox processor, which is served for as long as the world lives."""
        if not self._processor_name:
            self._processor_name = "sandbox"
            url = await self.world.beside.enter_async_context(served(create_processor(Desk())))
            await registered(self.world, url, self._processor_name)
        return self._processor_name

    async def _processor_id(self) -> str:
        return (await registered(self.world, "http://127.0.0.1:9/", f"p-{uuid.uuid4().hex[:8]}"))[0]

    async def _instrument_id(self) -> str:
        route = self.routes["POST /v1/consumers/{consumer_id}/instruments"]
        return str((await self.do(await self.ready(route)))["id"])

    async def _person(self) -> str:
        self._people += 1
        await self.world.enrol(f"alan {self._people}")
        return f"alan {self._people}"

    async def _approval_id(self) -> str:
        path = f"/v1/operator/consumers/{await self._consumer_id()}/accounts/EUR"
        waits = await self.world.operator.post(path, {"limit": 500_000_01})  # more than one operator sets alone
        assert waits.status_code == 202, waits.text
        return str(waits.json()["id"])

    async def _registered(self, *numbers: str) -> str:
        """A consumer with an account, known by numbers of the operator's."""
        named = [{"kind": "operator_id", "value": number} for number in numbers]
        body = {"reference": uuid.uuid4().hex, "identifiers": named}
        client = copy(self.world.merchant)
        self._references += 1
        client.now = NOON + timedelta(milliseconds=self._references)  # of one instant, ids have no order
        consumer = str((await client.post("/v1/consumers", body)).json()["id"])
        await self.world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 1_000_00})
        return consumer

    async def _person_id(self) -> str:
        """One whom the merchant calls by two references."""
        number = uuid.uuid4().hex
        _, self._persons_consumer = [await self._registered(number) for _ in range(2)]
        seen = await self.world.operator.get(f"/v1/operator/consumers/{self._persons_consumer}/person")
        return str(seen.json()["id"])

    async def _paused_person_id(self) -> str:
        person = await self._person_id()
        await self.do(
            await self.ready(self.routes["POST /v1/operator/people/{person_id}/pause"], {"person_id": person})
        )
        return person

    async def _persons_consumer_id(self) -> str:
        return self._persons_consumer

    async def _doubt_id(self) -> str:
        numbers = [uuid.uuid4().hex for _ in range(2)]
        for number in numbers:
            await self._registered(number)
        await self._registered(*numbers)
        doubts = (await self.world.operator.get("/v1/operator/people-in-doubt")).json()["doubts"]
        return str(doubts[-1]["id"])

    async def _settlement_id(self) -> str:
        """Of a day on which something was captured."""
        if not self._settlement:
            await self.plan(Kind.INSTALMENTS, ("capture_plan",))
            await settle_one(self.world.pool, self.world.demo.merchant_id, NOON + timedelta(days=1))
            self._settlement = str(await self.world.pool.fetchval("select min(settlement_id) from settlements"))
        return self._settlement

    async def _payout_id(self) -> str:
        """Of a settlement; ordered from our bank."""
        await agree(self.world, **TERMS)
        await self.plan(Kind.INSTALMENTS, ("capture_plan",))
        self._settled_on += timedelta(days=1)
        await settle_one(self.world.pool, self.world.demo.merchant_id, self._settled_on)
        assert (await order(self.world)).is_success
        query = "select payout_id from payouts where state = 'ordered' order by payout_id desc limit 1"
        return str(await self.world.pool.fetchval(query))

    async def _partner_payout_id(self) -> str:
        """Of a day on which a plan was paid, after the one on which it was funded; ordered from our bank."""
        self._filed_on += timedelta(days=2)
        return str((await ordered_on(self.world, self._filed_on))["id"])

    async def _order_id(self) -> str:
        await self._payout_id()
        return str(await self.world.pool.fetchval("select max(order_id) from payment_orders"))

    async def _partner_id(self, *, is_suspended: bool) -> str:
        """One that nobody else needs."""
        partner_id = str((await self.do(await self.ready(self.routes["POST /v1/operator/partners"])))["id"])
        if is_suspended:
            await self.world.operator.post(f"{OF_PARTNER.format(partner_id=partner_id)}suspend")
        return partner_id

    async def _programme_id(self, *, is_suspended: bool) -> str:
        """One that nobody else needs."""
        post = await self.ready(self.routes["POST /v1/operator/programmes"])
        waits = await self.world.operator.post(post.path, post.body)
        programme_id = str((await self.world.seconded(waits)).json()["id"])
        if is_suspended:
            await self.world.operator.post(SUSPEND.format(programme_id=programme_id))
        return programme_id

    async def _subsidised_plan(self) -> str:
        """A plan whose interest a scheme bears in part, in forty days a first time."""
        await agreed(self.world, voucher=None, interest={"rate_bps": 100}, categories=["business"])
        self._plans += 1
        cart: dict[str, Any] = {
            "merchant_reference": f"order-{2000 + self._plans}",
            "category": "business",
            "instalments": 12,
        }
        plan = await self.world.plan(await self._consumer_id(), 1_200_00, **cart)
        await self.world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 1_200_00})
        return str(plan["id"])

    async def _scheme_id(self) -> str:
        return await agreed(self.world)

    async def _receivable_id(self) -> str:
        """One that nobody has bought."""
        post = await self.ready(self.routes["POST /v1/receivables"])
        self._references += 1
        made = await self.world.merchant.post(post.path, post.body | {"reference": f"2026-{self._references:04}"})
        return str(made.json()["id"])

    async def _assignment_id(self) -> str:
        """A purchase that is disputed, so that it may be given back; or a pledge, to be released."""
        releases = self._releases
        receivable_id = await self._receivable_id()
        body: dict[str, Any] = {"receivable_id": receivable_id, "currency": "EUR", "mode": "pledge", "amount": 100}
        if not releases:
            body |= {"mode": "purchase", "recourse": "full", "terms": {"advance_bps": 8_500}, "amount": None}
        made = await self.world.operator.post("/v1/operator/assignments", body)
        await self.world.merchant.post(f"/v1/receivables/{receivable_id}/disputes", {"amount": 1})
        return str(made.json()["id"])

    async def _bought_receivable_id(self) -> str:
        receivable_id = await self._receivable_id()
        body = {
            "receivable_id": receivable_id, "currency": "EUR", "mode": "purchase", "terms": {"advance_bps": 8_500},
        }  # fmt: skip
        await self.world.operator.post("/v1/operator/assignments", body)
        return receivable_id

    async def _receivable_payment_id(self) -> str:
        """Of what the merchant collected as an agent."""
        receivable_id = await self._bought_receivable_id()
        route = self.routes["POST /v1/receivables/{receivable_id}/payments"]
        return str((await self.do(await self.ready(route, {"receivable_id": receivable_id})))["id"])

    async def _assignment_batch_id(self) -> str:
        post = await self.ready(self.routes["POST /v1/operator/assignment-batches"])
        self._references += 1
        made = await self.world.operator.post(post.path, post.body | {"external_id": f"lot {self._references}"})
        return str(made.json()["id"])

    async def _partner_assignment_id(self) -> str:
        body = {
            "receivable_id": await self._receivable_id(), "currency": "EUR", "mode": "pledge", "amount": 100,
            "assignee_id": self.world.demo.partner_id,
        }  # fmt: skip
        return str((await self.world.operator.post("/v1/operator/assignments", body)).json()["id"])

    async def _report_consent_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/report-consents"])))["id"])

    async def _report_access_id(self) -> str:
        route = self.routes[f"POST /v1/{self._reads}/business-reports"]
        return str((await self.do(await self.ready(route)))["id"])

    async def _voucher_id(self) -> str:
        """Redeemed, where it is to be given back."""
        self._references += 1
        voucher = await reserved(self.world, await self._scheme_id(), f"order-{self._references}")
        if self._redeems:
            await self.world.merchant.post(f"/v1/vouchers/{voucher['id']}/redeem")
        return str(voucher["id"])

    async def _charge_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/plans/{plan_id}/charges"])))["id"])

    async def _disputed_charge_id(self) -> str:
        route = self.routes["POST /v1/processor/disputes"]
        return str((await self.do(await self.ready(route)))["charge_id"])

    async def _asked_passkey(self) -> str:
        route = self.routes["POST /v1/consumers/{consumer_id}/passkeys/options"]
        asked = await self.do(await self.ready(route))
        self._device = Device(SHOP, "shop.example")
        self._said["made_passkey"] = self._device.make(asked["options"])
        return str(asked["id"])

    async def _party_id(self) -> str:
        return await self.world.with_a_party()

    async def _arrangement_id(self) -> str:
        return await self._agreed("POST /v1/operator/support-arrangements")

    async def _suspended_arrangement_id(self) -> str:
        arrangement_id = await self._arrangement_id()
        path = f"/v1/operator/support-arrangements/{arrangement_id}/suspend"
        assert (await self.world.operator.post(path)).is_success
        return arrangement_id

    async def _cover_set_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/operator/cover-sets"])))["id"])

    async def _loss_id(self) -> str:
        """Of a plan that was given up; a waterfall bears it."""
        plan = await self.plan(Kind.INSTALMENTS, ())
        assert (await self.world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 600_00})).is_success
        assert (await self.world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).is_success
        loss_id, body = ids.derive(ids.LOSS, plan), {"waterfall_id": await self._waterfall_id()}
        assert (await self.world.operator.post(f"/v1/operator/losses/{loss_id}/allocate", body)).is_success
        return loss_id

    async def _waterfall_id(self) -> str:
        return await self._agreed("POST /v1/operator/waterfalls")

    async def _insurance_id(self) -> str:
        """Of the party whose key `support` carries."""
        terms = {"provider_id": await self.world.with_a_party(), "debtor_max": 5_000_00}
        return await insured(self.world, discretionary_max=2_000_00, terms=terms)

    async def _insurer_id(self) -> str:
        await self._insurance_id()
        return await self.world.with_a_party()

    async def _premium_insurer_id(self) -> str:
        """One that nobody else needs, which is owed premium for January."""
        insurer_id, _ = await self.world.take_on()
        policy = await insured(self.world, "domestic", terms={"provider_id": insurer_id})
        body = {"begin_on": "2026-01-01", "turnover": {"insured": 1_000_00}}
        made = await self.world.operator.post(f"/v1/operator/insurance-policies/{policy}/declarations", body)
        assert made.status_code == 201, made.text
        return insurer_id

    async def _insurer_settlement_id(self) -> str:
        """It is ordered from the bank where it is to come back."""
        comes_back = self._comes_back
        route = self.routes["POST /v1/operator/insurer-settlements"]
        made = await self.do(await self.ready(route))
        if comes_back:
            await known_account(self.world, made["insurer_id"])
            assert (await order_insurers(self.world)).is_success
        return str(made["id"])

    async def _pack_id(self) -> str:
        """Of a month in which there was a debtor."""
        policy, asked = await self._insurance_id(), {"consumer_id": await self._consumer_id(), "amount": 1_000_00}
        client = copy(self.world.operator)
        client.now = NOON - timedelta(20)
        made = await client.post(f"/v1/operator/insurance-policies/{policy}/debtors", asked)
        assert made.status_code == 201, made.text
        month = {"begin_on": "2026-02-01", "insurer_id": await self.world.with_a_party()}
        return str((await self.world.operator.post("/v1/operator/insurance-packs", month)).json()["id"])

    async def _debtor_id(self, *, is_asked: bool) -> str:
        """Under a policy of its own; with a limit that the insurer is asked for, or that is granted."""
        self._insurance = await self._insurance_id()
        amount = 4_000_00 if is_asked else 1_000_00
        asked = {"consumer_id": await self._consumer_id(), "amount": amount, "discretionary": True}
        made = await self.world.operator.post(f"/v1/operator/insurance-policies/{self._insurance}/debtors", asked)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def _trade_insurance_id(self) -> str:
        """Of the domestic line, with a debtor under it."""
        self._insurance = await insured(self.world, "domestic")
        self._debtor = (await asked_limit(self.world, self._insurance, await self._consumer_id(), 4_000_00))["id"]
        return self._insurance

    async def _trade_debtor_id(self) -> str:
        return self._debtor

    async def _insured_loss_id(self) -> str:
        """Of the debtor under the policy that the path names before it."""
        path = f"/v1/operator/insurance-policies/{self._insurance}/losses"
        lost = {"debtor_id": self._debtor, "cause": "credit", "on": f"{NOON:%Y-%m-%d}"}
        sales = [{"on": f"{NOON:%Y-%m-%d}", "amount": 30_000_00}]
        return str((await self.world.operator.post(path, lost | {"sales": sales})).json()["id"])

    async def _pool_id(self) -> str:
        """A pool that the party funds, and looks after."""
        party_id = await self._party_id()
        document = {
            "name": "Pool", "kind": "compensation_pool", "currency": "EUR", "cover_bps": 4_000, "causes": ["credit"],
            "begins_on": "2026-01-01", "ends_on": "2036-12-31", "provider_id": party_id, "funded": True,
            "claims": {"file_within_days": 3_650, "decide_within_days": 60},
            "pool": {"funders": [{"party_id": party_id, "share_bps": 10_000}]},
        }  # fmt: skip
        waits = await self.world.operator.post("/v1/operator/support-arrangements", {"document": document})
        return str((await self.world.seconded(waits)).json()["id"])

    async def _claimable_loss_id(self) -> str:
        """A loss that the party bears all of, by terms that ask for no proof."""
        terms = {"file_within_days": 3_650, "decide_within_days": 60, "evidence": []}
        document = {
            "name": "Guarantee", "kind": "loan_guarantee", "currency": "EUR", "cover_bps": 10_000, "causes": ["credit"],
            "begins_on": "2026-01-01", "ends_on": "2036-12-31", "provider_id": await self._party_id(), "claims": terms,
        }  # fmt: skip
        world = self.world
        made: list[str] = []
        for path, one in (("support-arrangements", document), ("waterfalls", {"name": "One"})):
            more = {} if path != "waterfalls" else {"tiers": made[:1], "recovery_order": "reverse"}
            waits = await world.operator.post(f"/v1/operator/{path}", {"document": one | more})
            made.append(str((await world.seconded(waits)).json()["id"]))
        self._its_arrangement = made[0]
        plan = await self.plan(Kind.INSTALMENTS, ())
        assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 600_00})).is_success
        assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).is_success
        loss_id = ids.derive(ids.LOSS, plan)
        told = await world.operator.post(f"/v1/operator/losses/{loss_id}/allocate", {"waterfall_id": made[1]})
        assert told.is_success, told.text
        return loss_id

    async def _its_arrangement_id(self) -> str:
        return self._its_arrangement

    async def _claim_id(self, verb: str, audience: str) -> str:
        """A claim on which the verb goes; a partner goes on with one that it made."""
        world, by = self.world, "partner" if audience == "partner" else "operator"
        claim = await self.do(await self.ready(self.routes[f"POST /v1/{by}/loss-claims"]))
        ours, theirs = f"/v1/operator/loss-claims/{claim['id']}", f"/v1/support/claims/{claim['id']}"
        whole = {"approved": claim["claimed"]}
        before: list[tuple[str, dict[str, Any]]] = [(f"{ours}/lodge", {})]
        more: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "answer": [(f"{theirs}/ask", {"note": "Which?"})],
            "close": [(f"{theirs}/decide", {"approved": 0, "rejection": "other"})],
            "pay": [(f"{theirs}/decide", whole)],
            "claw-back": [(f"{theirs}/decide", whole), (f"{theirs}/pay", {"amount": 1, "reference": "transfer"})],
        }  # fmt: skip
        before += more.get(verb, [])
        if verb not in ("lodge", "withdraw", "documents"):
            for path, body in before:
                client = world.support if "/support/" in path else world.operator
                done = await client.post(path, body)
                assert done.is_success, done.text
        return str(claim["id"])

    async def _agreed(self, route: str) -> str:
        """What two operators agree to; its id."""
        post = await self.ready(self.routes[route])
        waits = await self.world.operator.post(post.path, post.body)
        return str((await self.world.seconded(waits)).json()["id"])

    async def _endpoint_id(self) -> str:
        return str((await self.do(await self.ready(self.routes["POST /v1/endpoints"])))["id"])

    async def _passkey_id(self) -> str:
        route = self.routes["POST /v1/consumers/{consumer_id}/passkeys"]
        return str((await self.do(await self.ready(route)))["id"])

    async def _unproved_plan(self) -> str:
        await self._passkey_id()
        self._plans += 1
        cart: dict[str, Any] = {"merchant_reference": f"order-{2000 + self._plans}", "category": "jewellery"}
        return str((await self.world.plan(await self._consumer_id(), 600_00, "pay_after_use", **cart))["id"])

    async def _plan_for_a_page(self) -> str:
        """A plan that waits for its consumer, and a key of the pages on which they agree."""
        if not self._page_key:
            merchant_id = self.world.demo.merchant_id
            self._page_key = await self.world.key(audience="merchant", owner_id=merchant_id, origins=[SHOP])
            await self.world.app.state["services"].registry.reload()
        return await self._unproved_plan()

    async def _session(self) -> str:
        return str((await self.do(await self.ready(self.routes[f"POST {SESSIONS}"])))["session"])

    async def _answering_session(self) -> str:
        """One in which the consumer was asked, and its answer."""
        token = await self._session()
        asked = await self.world.merchant.post("/v1/sessions/ask", {"session": token, "by": "passkey"})
        assert asked.status_code == 201, asked.text
        self._said["passkeys_answer"] = self._device.answer(asked.json()["options"])
        self._asked_in = asked.json()["id"]
        return token

    async def _asked_in_session(self) -> str:
        return self._asked_in

    async def _authentication_id(self) -> str:
        asked = await self.do(await self.ready(self.routes[f"POST {ASK}"]))
        self._said["passkeys_answer"] = self._device.answer(asked["options"])
        return str(asked["id"])


GONE = set(NOTHING.values())


def with_ids(some: Any, names: Mapping[str, Any]) -> Any:
    """A copy of an example with ids where it names them."""
    if isinstance(some, dict):
        return {key: with_ids(value, names) for key, value in some.items()}
    if isinstance(some, list):
        return [with_ids(value, names) for value in some]
    return names[some[1:-1]] if isinstance(some, str) and re.fullmatch(r"{\w+}", some) else some


def fields_of(body: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every field in `body` and below with its JSON pointer."""
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in children:
        yield f"{pointer}/{name}", value
        yield from fields_of(value, f"{pointer}/{name}")


def with_field(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A copy of `body` with another value at `pointer`; what stands beside the way to it is not copied."""
    copy, place, last = _copied_as_far_as(pointer, body)
    place[last] = value
    return copy


def without_field(body: dict[str, Any], pointer: str) -> dict[str, Any]:
    """A copy of `body` without the field at `pointer`, likewise."""
    copy, place, last = _copied_as_far_as(pointer, body)
    del place[last]
    return copy


def _copied_as_far_as(pointer: str, body: dict[str, Any]) -> tuple[dict[str, Any], Any, str | int]:
    """The copy, what in it the field at `pointer` stands in, and the field's name there."""
    copy = dict(body)
    place: Any = copy
    *way, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    for part in way:
        place[part] = place[part].copy()
        place = place[part]
    return copy, place, last
