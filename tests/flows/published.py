"""Plays a published scenario on a real plan: its product is a row of a policy, its events are requests, its tables are
read back from the plan.

Nobody but the routes touches the plan. What a scenario says a day late is sent with the day it is about; `Tenor-Clock`
is the scenario's business date.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from service.demo.seed import POLICY
from service.money import AMOUNT_MAX
from service.terms.allocation_rule import PaymentKind
from service.terms.calendar import step
from service.terms.schedule import down_payment_of
from service.terms.servicing import LateFee, Servicing
from service.terms.terms import Terms
from tests.flows.world import Client, World
from tests.plans.fineract import (
    COLUMNS,
    KINDS,
    LATE_FEES,
    PENALTIES,
    REFUNDS,
    UNITS,
    WITHOUT_EFFECT,
    Case,
    cents,
    day,
    known,
    renewed,
    terms_of,
)

LIMIT = AMOUNT_MAX // 2
BEFORE_ALL = datetime(2010, 1, 1, 12, tzinfo=UTC)


def noon(on: date) -> datetime:
    """An instant of the day, whatever the time zone."""
    return datetime.combine(on, time(12), UTC)


def policy_of(rows: dict[str, tuple[Terms, int]], late: Mapping[str, LateFee] = {}) -> dict[str, Any]:
    """The demo's policy with other prices: a category for each name, with its terms and the one amount it has, and
    with what paying late costs.
    """
    document: dict[str, Any] = msgspec.json.decode(POLICY.read_bytes())
    names = {name: f"case-{number}" for number, name in enumerate(rows, 1)}
    points = [{"points": 0, "below": 1}, {"points": 0, "at_least": 1}]
    characteristics = [{"feature": "amount", "reason": "AMOUNT_OF_CREDIT", "bins": points}]
    return document | {
        "name": "Published schedules",
        "jurisdiction": "NZ",
        "capture_within_days": 400,
        "rules": [],
        "scorecard": document["scorecard"] | {"characteristics": characteristics},
        "grades": [{"name": "A", "score_min": 0}],
        "limits": [{"grade": "A", "currency": "EUR", "limit": LIMIT}],
        "categories": [{"name": category, "words": [name]} for name, category in names.items()],
        "instalments": [
            {
                "name": names[name], "currency": "EUR", "categories": [names[name]], "amount_min": amount,
                "amount_max": amount, "terms": msgspec.to_builtins(terms),
                "servicing": msgspec.to_builtins(Servicing(late_fee=late.get(name))),
            }
            for name, (terms, amount) in rows.items()
        ],
        "pay_after_use": [],
        "deposits": [],
    }  # fmt: skip


async def publish(world: World, document: dict[str, Any], at: datetime = BEFORE_ALL) -> None:
    """The policy is in force, since long before the first scenario."""
    world.operator.now = world.second_operator.now = at
    made = (await world.operator.post("/v1/operator/policies", document)).json()
    assert made["faults"] == [], made["faults"]
    path = f"/v1/operator/policies/{made['id']}/versions/{made['version']}/publish"
    assert (await world.second_operator.post(path)).status_code == 200


class RealPlan:
    """A plan of the running service, and a clock."""

    def __init__(self, world: World, name: str, amount: int, start_on: date) -> None:
        self.world = world
        self.name, self.amount, self.start_on = name, amount, start_on
        self.today = start_on
        self.plan: dict[str, Any] = {}

    async def open(self) -> None:
        """A consumer's checkout, and the offer is accepted."""
        self.world.merchant.now = self.world.operator.now = noon(self.start_on)
        consumer = await self.world.consumer(limit=LIMIT)
        self.plan = await self.world.plan(consumer, self.amount, category=self.name)

    async def do(self, client: Client, verb: str, at: date | None = None, **body: Any) -> dict[str, Any]:
        """A verb on the plan, asked for at noon of a day; what it would do, if it ends in `?dry_run=true`."""
        client.now = noon(at or self.today)
        audience = "operator/" if client is self.world.operator else ""
        answered = await client.post(f"/v1/{audience}plans/{self.plan['id']}/{verb}", body)
        assert answered.is_success, f"{self.name}, {verb} {body}: {answered.text}"
        answer: dict[str, Any] = answered.json()
        if "dry_run" not in verb:
            self.plan = answer
        return answer

    async def operate(self, verb: str, at: date | None = None, **body: Any) -> None:
        """A verb of the operator's."""
        await self.do(self.world.operator, verb, at, **body)

    async def seen(self, on: date) -> dict[str, Any]:
        """The plan as it is read on a day."""
        self.world.merchant.now = noon(on)
        answered: httpx.Response = await self.world.merchant.get(f"/v1/plans/{self.plan['id']}")
        plan: dict[str, Any] = answered.json()
        return plan

    async def settle(self, on: date) -> None:
        """Pays just what is owed on a day: of any more, a dry run tells how much would be too much."""
        much = LIMIT
        foretold = await self.do(self.world.merchant, "payments?dry_run=true", on, amount=much)
        overpaid = foretold["plan"]["overpaid"] - self.plan["overpaid"]
        await self.do(self.world.merchant, "payments", on, amount=much - overpaid)

    async def facts(self) -> list[dict[str, Any]]:
        """The facts that stand, in the order they were recorded, as the timeline tells them."""
        self.world.merchant.now = noon(self.today)
        timeline = (await self.world.merchant.get(f"/v1/plans/{self.plan['id']}/timeline")).json()["entries"]
        gone = {fact["about"] for fact in timeline if fact["fact"] == "corrected"}
        return [fact for fact in timeline if fact["id"] not in gone and fact["fact"] != "corrected"]


class RealStory:
    """Plays a scenario's events on a real plan."""

    def __init__(self, world: World, case: Case) -> None:
        self.case = case
        self.terms = terms_of(case)
        self.real = RealPlan(world, case["id"], amount_of(case), day(case["loan"]["submitted on date"]))
        self.as_of = self.real.today
        self.automatic: list[str] = []  # payments that the product made by itself
        self.interest_refunds: list[str] = []
        self.captures_left = sum(event["type"] in ("disburse", "CAPITALIZED_INCOME") for event in case["events"])

    async def play(self, event: dict[str, Any]) -> None:
        """One event of the scenario."""
        name = event["type"]
        if name == "business_date":
            self.real.today = day(event["date"])
            return
        if name != "ADD_CHARGE":  # which is no occasion to reckon interest anew
            self.as_of = self.real.today - timedelta(days=1) if name == "END_OF_DAY" else self.real.today
        if name in KINDS or name in REFUNDS:
            await self._pay(event)
        elif name not in WITHOUT_EFFECT:
            if not hasattr(self, f"_{name.lower()}"):
                pytest.fail(f"events/type: no request says {name!r}", pytrace=False)
            await getattr(self, f"_{name.lower()}")(event)

    async def _end_of_day(self, _: dict[str, Any]) -> None:
        """The day is closed, where the product has something to do then."""
        if self.case["product"] in LATE_FEES:
            self.real.world.operator.now = noon(self.real.today)
            assert (await self.real.world.operator.post("/v1/operator/day-close")).is_success

    async def _disburse(self, event: dict[str, Any]) -> None:
        on, amount = day(event["date"]), cents(event["amount"])
        overpaid = self.real.plan["overpaid"]
        self.captures_left -= 1
        final = not self.captures_left
        await self.real.do(self.real.world.merchant, "capture", on, amount=amount, final=final)
        name = self.case["product"]
        is_automatic = "DOWNPAYMENT_AUTO" in name or "AUTO_DOWNPAYMENT" in name
        if self.case["product_config"].get("auto_down_payment", str(is_automatic).lower()) == "true":
            missing = down_payment_of(self.terms, amount) - overpaid
            if missing > 0:
                await self.real.operate("credits", on, kind="down_payment", amount=missing)
                self.automatic.append(self.real.plan["recorded"]["id"])

    async def _capitalized_income(self, event: dict[str, Any]) -> None:
        await self._disburse(event)

    async def _pay(self, event: dict[str, Any]) -> None:
        name = event["type"]
        kind = KINDS.get(event.get("channel", ""), KINDS[name]).value
        on, amount = day(event["date"]) if "date" in event else self.real.today, cents(event["amount"])
        if name in REFUNDS:
            returns = event.get("interest_refund_calculation")
            returns_interest = self._product_returns_interest() if returns is None else returns == "true"
            await self.real.operate("credits", kind=kind, amount=amount, on=str(on), returns_interest=returns_interest)
        elif kind == "payment":
            await self.real.do(self.real.world.merchant, "payments", amount=amount, received_on=str(on))
        else:
            # Fineract waives interest that there is none of: here that is goodwill, which settles the same.
            rules = self.terms.allocation
            if kind == "interest_waiver":
                assert rules.rule_of(PaymentKind.INTEREST_WAIVER) == rules.rule_of(PaymentKind.GOODWILL)
                kind = "goodwill"
            await self.real.operate("credits", kind=kind, amount=amount, on=str(on))

    def _product_returns_interest(self) -> bool:
        name = self.case["product"]
        return "INTEREST_REFUND" in name or name.startswith("LP2_ADV_CUSTOM_PMT_ALLOC")

    async def _pay_off(self, event: dict[str, Any]) -> None:
        await self.real.settle(day(event["date"]))

    async def _credit_balance_refund(self, event: dict[str, Any]) -> None:
        await self.real.operate("overpayments/return", day(event["date"]), amount=cents(event["amount"]))

    async def _manual_interest_refund(self, event: dict[str, Any]) -> None:
        amount = cents(event["amount"])
        await self.real.operate("credits", kind="interest_refund", amount=amount, on=event["date"])
        self.interest_refunds.append(self.real.plan["recorded"]["id"])

    async def _add_charge(self, event: dict[str, Any]) -> None:
        is_penalty = any(word in event["charge"] for word in PENALTIES)
        amount = cents(event["amount"])
        while amount:  # one scenario levies more than an amount may be: in parts
            part = min(amount, AMOUNT_MAX)
            await self.real.operate("fees", amount=part, is_penalty=is_penalty, due_on=event["due"])
            amount -= part

    async def _payments(self) -> list[dict[str, Any]]:
        facts = await self.real.facts()
        return [fact for fact in facts if fact["fact"] == "paid" and fact["id"] not in self.automatic]

    async def _chargeback(self, event: dict[str, Any]) -> None:
        payments = await self._payments()
        payment = payments[int(event["payment_nr"] or len(payments)) - 1]
        await self.real.operate("payments/charge_back", payment_id=payment["id"], amount=cents(event["amount"]))

    async def _correct(self, *facts: dict[str, Any]) -> None:
        for fact in facts:
            await self.real.operate("corrections", fact_id=fact["id"])

    async def _undo(self, event: dict[str, Any]) -> None:
        """The n-th transaction of a day never happened, nor what followed from it."""
        that_day = [fact for fact in await self.real.facts() if fact["effective_on"] == event["date"]]
        undone = that_day[int(event.get("nth") or 1) - 1]
        follows = [fact for fact in that_day if fact["id"] in self.interest_refunds]
        await self._correct(undone, *(follows if undone["fact"] == "refunded" else ()))

    async def _undo_repayment(self, event: dict[str, Any]) -> None:
        that_day = [payment for payment in await self._payments() if payment["effective_on"] == event["date"]]
        await self._correct(that_day[int(event.get("nth") or 1) - 1])

    async def _undo_disbursal(self, _: dict[str, Any]) -> None:
        await self._correct(*[fact for fact in reversed(await self.real.facts()) if fact["fact"] != "authorized"])

    async def _undo_last_disbursal(self, _: dict[str, Any]) -> None:
        facts = await self.real.facts()
        last = max(number for number, fact in enumerate(facts) if fact["fact"] == "captured")
        await self._correct(*reversed(facts[last:]))

    async def _charge_off(self, event: dict[str, Any]) -> None:
        await self.real.operate("charge_off", on=event["date"])

    async def _write_off(self, event: dict[str, Any]) -> None:
        await self.real.operate("forgive", on=event["date"])

    async def _take_back(self, name: str) -> None:
        """The last fact of its name never happened."""
        await self._correct([fact for fact in await self.real.facts() if fact["fact"] == name][-1])

    async def _undo_charge_off(self, _: dict[str, Any]) -> None:
        await self._take_back("charged_off")

    async def _undo_write_off(self, _: dict[str, Any]) -> None:
        await self._take_back("forgiven")

    async def _undo_re_age(self, _: dict[str, Any]) -> None:
        await self._take_back("re_aged")

    async def _undo_re_amortize(self, _: dict[str, Any]) -> None:
        await self._take_back("re_amortized")

    async def _interest_pause(self, event: dict[str, Any]) -> None:
        await self.real.operate("pauses", on=event["start"], end_on=event["end"])

    async def _re_amortize(self, _: dict[str, Any]) -> None:
        await self.real.operate("re_amortizations", on=str(self.real.today))

    async def _re_age(self, event: dict[str, Any]) -> None:
        change = event["data"][0]
        first_due_on = day(change["startDate"])
        rhythm: dict[str, Any] = {
            "every": int(change["frequencyNumber"]),
            "unit": known(UNITS, change["frequencyType"], "RE_AGE/frequencyType"),
        }
        if (
            first_due_on == captures_of(self.real.plan)[0][0]
        ):  # then it names the begin of the first period, not its end
            first_due_on = step(renewed(self.terms, **rhythm), first_due_on, 1, first_due_on.day)
        await self.real.operate(
            "re_ageings", on=str(min(self.real.today, first_due_on)), first_due_on=str(first_due_on),
            instalments=int(change["numberOfInstallments"]), **rhythm,
        )  # fmt: skip

    async def _reschedule(self, event: dict[str, Any]) -> None:
        change = event["data"][0]
        on = change["rescheduleFromDate"]
        if change.get("adjustedDueDate"):
            await self.real.operate("due_dates", due_on=on, to=change["adjustedDueDate"])
        grace = [int(change.get(key) or 0) for key in ("graceOnPrincipal", "graceOnInterest")]
        if any(grace):
            await self.real.operate("holidays", on=on, principal=grace[0], interest=grace[1])
        if change.get("extraTerms"):
            await self.real.operate("extensions", on=on, instalments=int(change["extraTerms"]))
        if change.get("newInterestRate"):
            await self.real.operate("rates", on=on, rate_percent=change["newInterestRate"])


def amount_of(case: Case) -> int:
    """What is authorized: the loan, or all that is disbursed of it where that is more."""
    disbursed = (event for event in case["events"] if event["type"] in ("disburse", "CAPITALIZED_INCOME"))
    return max(cents(case["loan"]["with Principal"]), sum(cents(event["amount"]) for event in disbursed))


def captures_of(plan: dict[str, Any]) -> list[tuple[date, int]]:
    """Day and amount of each capture; as if all were captured on the first day, where nothing is yet."""
    zone = ZoneInfo(plan["time_zone"])
    if not plan["captures"]:
        return [(datetime.fromisoformat(plan["authorized_at"]).astimezone(zone).date(), plan["amount"])]
    at = [datetime.fromisoformat(bill["captured_at"]).astimezone(zone).date() for bill in plan["captures"]]
    return sorted(zip(at, [bill["amount"] for bill in plan["captures"]], strict=True), key=lambda capture: capture[0])


def table_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The plan as the scenarios print it: captures and lines, amounts in minor units."""
    captures = captures_of(plan)
    rows: list[dict[str, Any]] = []
    begin, balance = captures[0][0], 0
    for line in plan["schedule"]:
        due_on = day(line["due_on"])
        while captures and (captures[0][0] < due_on or (line["is_down_payment"] and captures[0][0] == due_on)):
            on, amount = captures.pop(0)
            balance += amount
            rows.append({"Date": on, "Balance of loan": amount})
        balance -= line["principal"] - line["owed_again"]
        rows.append(printed(line, balance, due_on if line["is_down_payment"] else begin))
        begin = begin if line["is_down_payment"] else due_on
    return rows


def printed(line: dict[str, Any], balance: int, begin_on: date) -> dict[str, Any]:
    """One line of the plan, under the scenarios' headings."""
    parts = [line[part] for part in ("principal", "interest", "fee", "penalty")]
    paid = sum(line[f"{part}_paid"] for part in ("principal", "interest", "fee", "penalty"))
    total, due_on = sum(parts), day(line["due_on"])
    values = (balance, *parts, total, paid, line["paid_early"], line["paid_late"], total - paid - line["forgiven"])
    head = {"Nr": line["number"], "Days": (due_on - begin_on).days, "Date": due_on}
    head |= {"Paid date": day(line["paid_on"]) if line["paid_on"] else None}
    return head | dict(zip(COLUMNS, values, strict=True))


def totals_of(plan: dict[str, Any]) -> dict[str, int]:
    """The totals row."""
    rows = [row for row in table_of(plan) if "Nr" in row]
    return {column: sum(row[column] for row in rows) for column in COLUMNS[1:]}
