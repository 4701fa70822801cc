"""One walk: a consumer, a plan, and steps over HTTP; after each the service must say what the model says.

walk = await Walk.begin(world, "pay in 4", 300_00)
await walk.go(Step("capture", {"amount": 300_00}))
"""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from service.demo.seed import POLICY
from tests.flows.collecting import till
from tests.flows.device import Device
from tests.flows.published import publish
from tests.flows.test_authentications import SHOP, device_of
from tests.flows.test_interest_subsidies import STATE
from tests.flows.test_vouchers import agreed
from tests.flows.walk_banks import OPENS, PROCESSORS, known_state, told_before
from tests.flows.walk_cards import Card, due_by, is_due, pay_back
from tests.flows.walk_facts import Refusal, Shown
from tests.flows.walk_interest import see
from tests.flows.walk_model import Agreed, Plan
from tests.flows.walk_money import LENDERS, MERCHANTS, OPERATORS
from tests.flows.walk_steps import NOBODY, Step
from tests.flows.walk_verbs import Asked, shape
from tests.flows.world import NOON, Client, World

CALLED_ONCE: Final = ("authentications",)  # it has no dry run, and what is told again is another test's
LIMIT: Final = 1_000_00
MISSING: Final = {"payment_id": "py_", "fee_id": "fa_", "fact_id": "fa_", "charge_id": "ch_"}
_PAYMENT: Final[tuple[str, dict[str, Any]]] = ("payments", {"amount": 77})
TILL: Final = "till"
LETTERS: Final = str.maketrans("0123456789", "ghijkmnpqr")  # a token with many digits would look like a card's number
A_BIT: Final = timedelta(minutes=7)  # so that nothing is done at the very instant at which something ends

# What is bought, by the words that it is asked for with; the leeway and use that its row of the price list has.
PRODUCTS: Final[dict[str, dict[str, Any]]] = {
    "pay in 4": {"kind": "instalments"},
    "pay in 4, with leeway": {"kind": "instalments", "category": "phone"},
    "paid after use": {"kind": "pay_after_use"},
    "trial": {"kind": "pay_after_use", "category": "trial"},
    "by the period": {"kind": "instalments", "category": "by the period"},
    "by the day": {"kind": "instalments", "category": "by the day"},
    "partly at once": {"kind": "instalments", "category": "partly at once"},
    "late costs": {"kind": "instalments", "category": "late costs"},
    "put off": {"kind": "instalments", "category": "put off"},
    "proved": {"kind": "instalments", "category": "proved"},
    "with costs": {"kind": "instalments", "category": "with costs"},
    "with costs and interest": {"kind": "instalments", "category": "with costs and interest"},
    "costs at once": {"kind": "instalments", "category": "costs at once"},
    "paid by the shop": {"kind": "instalments", "category": "paid by the shop"},
    "subsidised": {"kind": "instalments", "category": "subsidised"},
    "by card": {"kind": "instalments", "ending": "ok"},
    "by a poor card": {"kind": "instalments", "ending": "insufficient2"},
    "by a closed account": {"kind": "instalments", "ending": "closed"},
    "used, by card": {"kind": "pay_after_use", "ending": "ok"},
    "deposit": {"kind": "deposit", "deposit_amount": 400_00},
    "deposit, contestable": {"kind": "deposit", "deposit_amount": 400_00, "category": "cameras"},
}
LEEWAY: Final = {"extend_days_max": 20, "extends_by_itself": True, "capture_tolerance_bps": 1000,
                 "late_capture_grace_days": 10}  # fmt: skip


# More rows of the price list, by the words that they are bought with.
LATE: Final = {"amount": 5_00, "grace_days": 3, "each_max": 4_00, "year_max": 9_00, "total_max": 11_00}
MONTHLY: Final = {"every": 1, "unit": "month", "rate_percent": "9.9", "instalments": 6}
COSTS: Final = [{"name": "opening", "amount": 7_01, "bps": 100, "due": "spread"}]
SUBSIDISED: Final = "subsidised"  # a scheme bears a part of its interest
MORE: Final[dict[str, dict[str, Any]]] = {
    "by the period": {"terms": MONTHLY},
    "by the day": {"terms": MONTHLY | {"interest": "daily", "recalculate": True}},
    "partly at once": {"terms": {"down_payment_bps": 2000, "down_payment": 10_00, "down_payment_at": "schedule"}},
    "late costs": {"terms": {}, "servicing": {"late_fee": LATE, "dispute_days": 180, "return_days": 180}},
    "put off": {"terms": {}, "servicing": {"postpone_days_max": 14, "postpone_times_max": 2}},
    "proved": {"terms": {}, "authentication": {"above": 150_00}},
    "with costs": {"terms": {"costs": COSTS}},
    "with costs and interest": {"terms": MONTHLY | {"costs": COSTS, "captures": "merged"}},
    "costs at once": {"terms": {"costs": [COSTS[0] | {"due": "up_front"}]}},
    "paid by the shop": {"terms": {"costs": [COSTS[0] | {"due": "up_front", "payer": "merchant"}]}},
    SUBSIDISED: {"terms": MONTHLY},
}


class Mismatch(AssertionError):
    """The service says something else than the model."""


def policy() -> dict[str, Any]:
    """The demo's policy, where what is bought as electronics has some leeway, and a trial is billed with evidence.

    Besides it has what bears interest, is paid in part at once, costs more when late, may be put off, is to be proved.
    """
    document: dict[str, Any] = msgspec.json.decode(POLICY.read_bytes())
    rows = []
    for row in document["instalments"]:
        if row["name"] == "pay-in-4":
            others = [one for one in row["categories"] if one != "electronics"]
            rows += [row | {"categories": others}, row | {"categories": ["electronics"], "leeway": LEEWAY}]
        else:
            rows.append(row)
    uses = [
        row | {"use": row["use"] | {"evidence": True}} if row["name"] == "trial" else row
        for row in document["pay_after_use"]
    ]
    rows += [
        {"name": f"walk-{place}", "currency": "EUR", "categories": [f"walk-{place}"], "amount_min": 30_00,
         "amount_max": 1_500_00} | one
        for place, one in enumerate(MORE.values())
    ]  # fmt: skip
    words = [{"name": f"walk-{place}", "words": [word]} for place, word in enumerate(MORE)]
    more = {"categories": [*document["categories"], *words], "servicing": {}}
    return document | {"name": "For walks", "instalments": rows, "pay_after_use": uses} | more


class Walk:
    """Where a walk is: the plan as the model has it, and what it took to come here."""

    def __init__(self, world: World, told: list[Any]) -> None:
        self.world = world
        self.told = told
        self.now = NOON + A_BIT
        self.consumer = ""
        self.limit = LIMIT
        self.ids: dict[str, str] = {}
        self.due_on: date | None = None  # the first day of what is owed
        self.path = ""
        self.plan: Plan
        self.version = 1
        self.device: Device | None = None  # with the consumer's passkey
        self.charged: list[dict[str, Any]] = []
        self.again = 0, 0  # of interest that a scheme got back: the least and the most

    @classmethod
    async def begin(cls, world: World, product: str, amount: int) -> "Walk":
        """A new consumer accepts an offer."""
        walk = cls(world, [(product, amount)])
        walk.set_clocks()
        walk.consumer = await world.consumer(limit=LIMIT)
        asked = dict(PRODUCTS[product])
        ending = asked.pop("ending", None)
        offer = await world.offer(walk.consumer, amount, asked.pop("kind"), **asked)
        paid_with = {"instrument_id": await walk.instrument(ending)} if ending else {}
        opened = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]} | paid_with)
        walk.require("it is opened", opened.status_code, 201)
        agreed = Agreed.of(offer)
        if agreed.prove_above is not None:
            walk.device = await device_of(world, walk.consumer)
        walk.plan = Plan(agreed, walk.now, walk.now.date(), card=Card(ending, retry_at=walk.now) if ending else None)
        if agreed.rate or agreed.costs:
            walk.plan.shown_interest = Shown()
        walk.path = f"plans/{opened.json()['id']}"
        await walk.look(opened.json())
        return walk

    async def go(self, step: Step) -> None:
        """One step, and what the service says after it."""
        self.told.append(step)
        match step.verb:
            case "nothing":
                pass
            case "wait":
                self.now += timedelta(hours=step.body["hours"]) + A_BIT
                self.set_clocks()
            case "limit":
                path = f"/v1/operator/consumers/{self.consumer}/accounts/EUR"
                done = await self.world.operator.post(path, step.body)
                self.require("the limit is set", done.status_code, 200)
                self.limit = step.body["limit"]
            case "close the day":
                await self.close()
            case "another card":
                named = {"instrument_id": await self.instrument("ok")}
                done = await self.world.merchant.post(f"/v1/{self.path}/instrument", named)
                self.require("it is named", done.status_code, 200)
                self.plan.card = (self.plan.card or Card("ok")).another(self.now)
            case verb if verb in PROCESSORS:
                await self.tell_of_dispute(step)
                return
            case _:
                await self.ask(step)
                return
        await self.look(await self.shown())

    def set_clocks(self) -> None:
        """Whoever asks does so now."""
        world = self.world
        for client in (world.merchant, world.operator, world.other_merchant, world.processor):
            client.now = self.now

    async def close(self) -> None:
        """The day does what is to be done by now: it looks at authorizations, then at what is owed."""
        plan, was_claimed = self.plan.copy(), self.plan.stand.claim is not None
        try:
            plan.pass_days(self.now)
        except Refusal:  # the model does not know what
            return
        done = await self.world.operator.post("/v1/operator/day-close")
        self.require("the day is closed", done.status_code, 200)
        if not was_claimed:
            plan.guard(self.now)
        if plan.card is not None:
            await self.collect(plan, plan.card)
        self.plan = plan
        self.version = (await self.shown())["version"]

    async def instrument(self, ending: str) -> str:
        """A card of the consumer's, with which its processor does as its ending says."""
        token = f"tok-{self.consumer[-8:].translate(LETTERS)}-{ending}"
        body = {"processor": TILL, "token": token, "kind": "card", "autopay": True}
        made = await self.world.merchant.post(f"/v1/consumers/{self.consumer}/instruments", body)
        self.require("an instrument is kept", made.status_code, 201)
        return str(made.json()["id"])

    async def collect(self, plan: Plan, card: Card) -> None:
        """The day pays back what was paid too much, and charges what is due."""
        today = plan.today(self.now)
        pay_back(plan, card, today)
        page = (await self.world.merchant.get(f"/v1/{self.path}/charges")).json()
        known = {one["id"] for one in self.charged}  # of one instant they are in no order
        new = [one for one in page["charges"] if one["id"] not in known]
        for one in new:
            self.was_charged(card, one)
        is_new_to_it = plan.seen != len(plan.facts)  # the rows are not those that were shown last
        try:
            due = due_by(plan, today) if is_due(plan, card, today, self.now) else []
        except Refusal:
            due = [(today, new[0]["amount"])] if new else []
        amount = sum(left for _, left in due)
        if not due:
            self.require("charges by itself", len(new), 0)
            return
        self.require("charges by itself", [one["amount"] for one in new], [amount])
        self.require("no more than is owed", amount <= plan.stand.outstanding, True)
        card.tries_anew(max(on for on, _ in due), self.now)
        reason = card.pull()
        self.require("its end", (new[0]["state"], new[0]["reason"]), ("declined" if reason else "succeeded", reason))
        if reason is None:
            plan.steps += 1
            self.came(plan, card, new[0])
        else:
            card.was_declined(reason, self.now)
        if is_new_to_it:
            self.take_over(card, page["collection"])

    def was_charged(self, card: Card, charge: dict[str, Any]) -> None:
        """One more charge, by its name."""
        self.charged.append(charge)
        name = f"charge {len(self.charged)}"
        self.ids[name] = charge["id"]
        card.charges[name] = charge["amount"], charge["state"] == "succeeded"

    def came(self, plan: Plan, card: Card, charge: dict[str, Any]) -> None:
        """A charge brought money: a payment of the plan. It counts on the day of the charge."""
        name = f"fact {plan.steps}"
        self.ids[name] = charge["payment_id"]
        said = {"amount": charge["amount"], "received_on": f"{self.now.date()}", "reference": charge["id"]}
        MERCHANTS["payments"](plan, Asked(said, self.now, plan.today(self.now), name))
        card.has_paid(name, charge["amount"], self.now)

    def take_over(self, card: Card, shown: dict[str, Any]) -> None:
        """The tries as they are shown, where the model could not know what was due."""
        card.tries, card.is_stopped = shown["tries"], shown["is_stopped"]
        card.retry_at = None if shown["retry_at"] is None else datetime.fromisoformat(shown["retry_at"])

    async def pull(self, step: Step) -> None:
        """Somebody asks for money of the card now. Days that nobody has closed are passed only once it came."""
        plan, client, code = self.plan.copy(), self.sender(step)[0], None
        today, amount = plan.today(self.now), step.body.get("amount")
        try:
            shape(step.verb, step.body)
            MERCHANTS["charges"](plan, Asked(step.body, self.now, today, ""))
        except Refusal as no:
            code = no.code
        path = self.sender(step)[1]
        answered = await client.post(path, step.body)
        if not self.is_as_foretold(answered, code, set()):
            await self.unchanged()
            return
        charge, card = answered.json(), plan.card
        self.was_charged(card, charge)
        due = amount if amount is not None else sum(left for _, left in due_by(plan, today))
        reason = card.pull()
        told = charge["amount"], charge["state"], charge["reason"]
        self.require("it is charged", told, (due, "declined" if reason else "succeeded", reason))
        if reason is not None:
            self.plan.card = card
            await self.unchanged()
            return
        plan.pass_days(self.now)
        plan.steps += 1
        self.came(plan, card, charge)
        plan.passed_on = max(plan.passed_on, today)
        self.plan = plan
        shown = await self.shown()
        self.version = shown["version"]
        await self.look(shown)

    async def ask(self, step: Step) -> None:
        """A verb, as the step has it sent."""
        if self.plan.agreed.subsidy and self.plan.passed_on < self.plan.today(self.now):
            await self.close()  # what the scheme pays by itself is seen before anything else is done
            await self.look(await self.shown())
        if step.verb == "charges":
            if step.sent == "by another merchant":
                await self.ask_as_another(step, self.sender(step)[1], step.body)
            await self.pull(step)
            return
        foretold, code = self.foretell(step)
        if code == "unsure":
            return
        is_once = step.verb in CALLED_ONCE or bool(self.plan.agreed.subsidy)  # it is read from facts that are kept
        if is_once and step.sent not in ("by the lender", "by another merchant"):
            step = replace(step, sent="once")
        body, key = dict(self.with_ids(step.body)), str(uuid.uuid4())
        client, path = self.sender(step)
        if step.verb == "authentications":
            await self.prove(path, code, foretold)
            return
        if step.sent == "by another merchant":
            await self.ask_as_another(step, path, body)
        elif step.sent == "after a dry run":
            preview = await client.post(f"{path}?dry_run=true", body)
            is_done = self.is_as_foretold(preview, code, foretold.unsure)
            if is_done and code is None:
                self.compare(preview.json()["plan"], foretold)
            await self.unchanged()
        answered = await client.post(path, body, key=key)
        if step.sent == "twice":
            again = await client.post(path, body, key=key)
            self.require("it is answered the same again", again.content, answered.content)
            self.require("and with the same status", again.status_code, answered.status_code)
        elif step.sent == "with another body" and self.is_kept(step):
            another = ("credits", {"kind": "goodwill", "amount": 77}) if client is self.world.operator else _PAYMENT
            other = await client.post(path.replace(step.verb, another[0]), another[1], key=key)
            self.require("a key is of one request", other.json().get("code"), "idempotency_key_reused")
        if self.is_as_foretold(answered, code, foretold.unsure):
            await self.accept(answered.json(), foretold)
        else:
            await self.unchanged()

    async def tell_of_dispute(self, step: Step) -> None:
        """The processor tells what the consumer's bank says of a charge, and hears how the dispute stands."""
        path, body, key = f"/v1/{step.verb}", dict(self.with_ids(step.body)), str(uuid.uuid4())
        if step.sent == "by another merchant":
            answered = await self.world.other_merchant.post(path, body)
            self.require("no processor", answered.json().get("code"), "forbidden")
            await self.unchanged()
        plan, code = self.plan.copy(), None
        asked = Asked(step.body, self.now, plan.today(self.now), f"fact {plan.steps + 1}")
        is_known = False
        try:
            shape(step.verb, step.body)
            is_known = told_before(plan, step.verb, asked)
            if not is_known:
                plan.pass_days(self.now)
                PROCESSORS[step.verb](plan, asked)
        except Refusal as no:
            code = no.code
        if code == "unsure":
            return
        answered = await self.world.processor.post(path, body, key=key)
        if step.sent == "twice":
            again = await self.world.processor.post(path, body, key=key)
            self.require("it is answered the same again", again.content, answered.content)
        is_done = self.is_as_foretold(answered, code, set())
        if is_done and step.sent == "with another body":
            other = await self.world.processor.post(path, body | {"reference": "dp-3"}, key=key)
            self.require("a key is of one request", other.json().get("code"), "idempotency_key_reused")
        if is_done:
            state = known_state(plan, (step.body["charge_id"], step.body["reference"]))
            self.require("the dispute's state", answered.json()["state"], state)
        if not is_done or is_known:
            await self.unchanged()
            return
        plan.steps += 1
        plan.passed_on = max(plan.passed_on, plan.today(self.now))
        told = (await self.world.merchant.get(f"/v1/{self.path}/timeline")).json()["entries"]
        word = "dispute_opened" if step.verb == OPENS else "dispute_closed"
        self.ids[asked.name] = next(one["id"] for one in reversed(told) if one["fact"] == word)
        self.plan, shown = plan, await self.shown()
        self.require("a fact is counted", shown["version"] > self.version, True)
        self.version = shown["version"]
        await self.look(shown)

    async def prove(self, path: str, code: str | None, foretold: Plan) -> None:
        """The consumer is asked to prove that it is they, and does, by their passkey."""
        asked = await self.world.merchant.post(path, {"by": "passkey", "origin": SHOP})
        if not self.is_as_foretold(asked, code, foretold.unsure):
            await self.unchanged()
            return
        assert self.device is not None
        body = {"credential": self.device.answer(asked.json()["options"])}
        answered = await self.world.merchant.post(f"/v1/authentications/{asked.json()['id']}/answer", body)
        self.require("it is proved", answered.status_code, 200)
        await self.accept(answered.json(), foretold)

    async def ask_as_another(self, step: Step, path: str, body: dict[str, Any]) -> None:
        """A merchant who has no such plan, or no such power, learns nothing."""
        answered = await self.world.other_merchant.post(path, body)
        wrong = None
        try:
            shape(step.verb, step.body)
        except Refusal as no:
            wrong = no.code
        codes = {wrong, "not_found"} if step.verb in MERCHANTS else {"forbidden"}  # a text is sealed for its plan first
        if step.verb == "refunds" and not {"amount", "lines"} & set(body):
            codes = {"invalid_field"}
        self.require("another merchant", answered.json().get("code") in codes, True)
        await self.unchanged()

    def is_kept(self, step: Step) -> bool:
        """Whether its answer is kept under its key: what was wrong with the request itself is not."""
        try:
            shape(step.verb, step.body)
        except Refusal:
            return False
        return not (step.verb == "refunds" and not {"amount", "lines"} & set(step.body))

    def is_by_lender(self, step: Step) -> bool:
        """Whether the lender says it for the merchant, or does it by its own right."""
        return step.sent == "by the lender" and step.verb in LENDERS

    def sender(self, step: Step) -> tuple[Client, str]:
        """Who asks, and where."""
        if step.verb in MERCHANTS and not self.is_by_lender(step):
            return self.world.merchant, f"/v1/{self.path}/{step.verb}"
        return self.world.operator, f"/v1/operator/{self.path}/{step.verb}"

    def foretell(self, step: Step) -> tuple[Plan, str | None]:
        """The plan after the step, and the code if it is refused."""
        plan = self.plan.copy()
        name = f"fact {plan.steps + 1}"
        try:
            shape(step.verb, step.body)
            plan.pass_days(self.now)
            plan.is_overdue = self.due_on is not None and self.due_on < plan.today(self.now)
            least, most = plan.stand.used
            plan.limit_room = self.limit - plan.stand.reserved - most, self.limit - plan.stand.reserved - least
            asked = Asked(step.body, self.now, plan.today(self.now), name, step.verb in OPERATORS)
            rules = MERCHANTS | OPERATORS if self.is_by_lender(step) else OPERATORS | MERCHANTS
            rules[step.verb](plan, asked)
        except Refusal as no:
            return plan, no.code
        plan.passed_on = max(plan.passed_on, plan.today(self.now))
        return plan, None

    def is_as_foretold(self, answered: httpx.Response, code: str | None, unsure: set[str]) -> bool:
        """Whether it was accepted, as the model says."""
        said = None if answered.status_code in (200, 201) else answered.json()["code"]
        if said != code and said not in unsure:
            detail = answered.json().get("detail", "")
            raise self.mismatch(f"the answer is {said or 'accepted'} {detail!r}, the model says {code or 'accepted'}")
        return said is None

    async def accept(self, answer: dict[str, Any], foretold: Plan) -> None:
        """The model goes on as foretold."""
        self.plan = foretold
        self.plan.steps += 1
        self.ids[f"fact {self.plan.steps}"] = answer["recorded"]["id"]
        self.require("a fact is counted", answer["version"] > self.version, True)
        self.version = answer["version"]
        await self.look(answer)

    # What is looked at -------------------------------------------------------------------------------------------

    async def shown(self) -> dict[str, Any]:
        """The plan as its merchant sees it."""
        found: dict[str, Any] = (await self.world.merchant.get(f"/v1/{self.path}")).json()
        return found

    async def unchanged(self) -> None:
        """Nothing was written."""
        shown = await self.shown()
        self.require("nothing was recorded", shown["version"], self.version)
        self.compare(shown, self.plan)

    async def look(self, shown: dict[str, Any]) -> None:
        """The plan and the account are as the model has them."""
        self.plan.looked_on = self.plan.today(self.now)
        if self.plan.agreed.subsidy:
            told = (await self.world.merchant.get(f"/v1/{self.path}/timeline")).json()["entries"]
            back = [one for one in told if one["fact"] == "subsidy_returned"]
            least, most = (
                sum(one["amount"] + min(0, one["overpaid"]) for one in back),
                sum(one["amount"] for one in back),
            )
            self.again = least, most if any(fact.undoes for fact in self.plan.facts) else least
        self.compare(shown, self.plan)
        owed = [date.fromisoformat(row["due_on"]) for row in shown["schedule"] if row["paid_on"] is None]
        self.due_on = min(owed, default=None) if self.plan.stand.outstanding else None  # else it is as agreed
        account, stand = await self.world.account(self.consumer), self.plan.stand
        least, most = stand.used
        self.require("reserved", account["reserved"], stand.reserved)
        self.require(f"used is from {least} to {most}", least <= account["used"] <= most, True)
        beside = sum(_beside_principal(shown)) if shown["outstanding"] else 0  # else it is shown as it was agreed
        self.require("used", account["used"], shown["outstanding"] - beside)
        self.require("available", account["available"], self.limit - account["reserved"] - account["used"])
        if self.plan.card is not None:
            page = (await self.world.merchant.get(f"/v1/{self.path}/charges")).json()
            told = page["collection"]
            at = None if told["retry_at"] is None else datetime.fromisoformat(told["retry_at"])
            seen = {"is_stopped": told["is_stopped"], "tries": told["tries"], "retry_at": at}
            self.require("tries", seen, self.plan.card.shown())
            self.require("charges", len(page["charges"]), len(self.charged))

    def compare(self, shown: dict[str, Any], plan: Plan) -> None:
        """A plan's view against the model's."""
        plan.looked_on = plan.today(self.now)
        wrong = see(plan, shown, self.now, self.again)
        self.require("interest", wrong, "")
        for name, right in plan.shown().items():
            self.require(name, _as_modelled(name, shown[name]), right)

    # ------------------------------------------------------------------------------------------------------------

    def with_ids(self, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The body with ids for names."""
        for word, value in body.items():
            if word in MISSING:
                missing = MISSING[word] + "0" * 26
                yield word, missing if value == NOBODY else self.ids.get(value, missing)
            else:
                yield word, value

    def require(self, name: str, told: Any, right: Any) -> None:
        """Mismatch, unless both are the same."""
        if told != right:
            raise self.mismatch(f"{name}: the service says {told}, the model {right}")

    def mismatch(self, sentence: str) -> Mismatch:
        """With all steps so far, as `replay` takes them."""
        (product, amount), *steps = self.told
        said = ",\n".join(f"    {step}" for step in steps)
        return Mismatch(f"{sentence}\nawait replay(world, {product!r}, {amount}, [\n{said},\n])")


async def replay(world: World, product: str, amount: int, steps: list[Step]) -> Walk:
    """The same walk again."""
    walk = await Walk.begin(world, product, amount)
    for step in steps:
        await walk.go(step)
    return walk


async def ready(world: World) -> None:
    """The policy of walks is in force, and cards are charged by the sandbox processor."""
    await publish(world, policy())
    products = [f"walk-{list(MORE).index(SUBSIDISED)}"]
    await agreed(world, **STATE | {"products": products})
    await world.beside.enter_async_context(till(world, TILL))


def _as_modelled(name: str, value: Any) -> Any:
    if name in ("capture_by", "late_capture_until"):
        return None if value is None else datetime.fromisoformat(value)
    if name in ("next_actions", "paused_for"):
        return sorted(value)
    if name == "captures":
        return [(one["number"], one["amount"], one["refunded"], one["is_reversed"]) for one in value]
    return value


def _beside_principal(shown: dict[str, Any]) -> Iterator[int]:
    """What is owed of the limit's own is principal: all else of the rows is interest, fees and penalties."""
    for row in shown["schedule"]:
        if not row["forgiven"]:
            yield row["fee"] + row["penalty"] - row["fee_paid"] - row["penalty_paid"]
            yield row["interest"] - row["interest_paid"]
