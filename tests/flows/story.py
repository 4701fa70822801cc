"""Stories of one purchase, told in the product's words: a line is a step, and what it comes to stands below it.

    consumer limit 1000.00
    buy 600.00 instalments
    pay 10.00                        refused state_forbids
    capture 250.00
    + 31 days
    plan state part_captured, captured 250.00, remaining 350.00

`leeway NAME VALUE ...` puts a policy with that leeway in force, `use NAME VALUE ...` one whose goods are used so before
they are paid, `servicing NAME VALUE ...` one that is looked after so (`late_fee 5.00, grace_days 7` beside the others);
`close NAME COUNT ...` closes the day and says what it did. `permit SCENARIO` is a standing permission of
the consumer, `revoke` takes it back.

`bounce 1` is the bank's return of the first payment, `charge_back 1 20.00` what it takes back of it. `card ENDING` is a
card of the consumer's at the sandbox processor, which does as the ending says: what is bought after it is paid with it,
and the plan that runs is from now on. `charge 20.00 succeeded` asks for money of it, `paid_back STATE AMOUNT ...` is
what went back to it.

Lines of a bill follow `of`: `capture 213.00 of item 200.00, charge 18.00, discount 5.00`; `refund lines 1.2` is the
second line of the first.

A step is a verb with amounts in EUR and words. `refused CODE` at its end says that it is, and then nothing may have
moved. `ledger` names every account of the plan that is not zero (debit less credit); `plan` and `account` name fields,
`deposit SOURCE` those of one source of a deposit.
Each step that moves something is dry run first: the answer must foretell it, and nothing may have moved.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import msgspec
import pytest

from service.demo.seed import POLICY
from service.errors import Code
from tests.flows.collecting import till
from tests.flows.published import publish
from tests.flows.world import ALONE, SHARED, World

# Steps that others of the same service would notice.
_FOR_ALL = re.compile(r"^ *(close|leeway|use|servicing)\b", re.MULTILINE)
_AMOUNT = re.compile(r"^-?\d+\.\d\d$")

# The plan's part of each ledger account that is not zero: debit less credit.
LEDGER = """
    select account::text, sum(amount)::bigint as balance
      from (select debit as account, amount from transfers where plan_id = $1
            union all
            select credit, - amount from transfers where plan_id = $1) t
     group by account having sum(amount) <> 0
"""


def cases(stories: Mapping[str, str]) -> list[Any]:
    """The stories by their names, for `parametrize`; one that closes days or publishes a policy has its own service."""
    return [pytest.param(text, id=name, marks=ALONE if _FOR_ALL.search(text) else SHARED)
            for name, text in stories.items()]  # fmt: skip


async def tell(world: World, text: str, *, is_doubted: bool = False) -> "Story":
    """Plays the story; an assertion names the line at which it is not true. The story at its end.

    `is_doubted`: the merchant is not believed. What it says was paid frees nothing, and is proved by an operator then:
    from there on all is as if it had been believed.
    """
    story = Story(world, is_doubted=is_doubted)
    lines = re.sub(r",\s*\n", ", ", text.strip()).splitlines()  # a comma at the end of a line carries it on
    for number, line in enumerate(lines, start=1):
        if step := line.partition("#")[0].strip():
            try:
                await story.step(step)
            except AssertionError as error:
                raise AssertionError(f"line {number}, {step!r}: {error}") from error
    await story.events_have_no_gaps()
    await story.every_fact_has_a_sentence()
    return story


class Story:
    """Where a story stands: its consumer, its offer, its plan."""

    def __init__(self, world: World, *, is_doubted: bool = False) -> None:
        self.world = world
        self.is_doubted = is_doubted
        self.merchant = world.merchant
        self.consumer = ""
        self.offer: dict[str, Any] = {}
        self.plan_id = ""
        self.permission = ""
        self.instrument = ""

    async def step(self, line: str) -> None:
        """Plays one line."""
        verb, *words = line.split()
        code = None
        if "refused" in words:
            words, code = words[: words.index("refused")], words[words.index("refused") + 1]
            assert code in set(Code), f"there is no code {code}"
        if play := _STEPS.get(verb):
            assert code is None, f"{verb} cannot be refused"
            await play(self, words)
        else:
            await self._move(verb, words, code)

    async def plan(self) -> dict[str, Any]:
        """The plan as the merchant sees it now."""
        found: dict[str, Any] = (await self.merchant.get(f"/v1/plans/{self.plan_id}")).json()
        return found

    async def account(self) -> dict[str, Any]:
        """The consumer's account now."""
        return await self.world.account(self.consumer)

    async def ledger(self) -> dict[str, int]:
        """The plan's accounts that are not zero."""
        return {row[0]: row[1] for row in await self.world.pool.fetch(LEDGER, self.plan_id)}

    async def events_have_no_gaps(self) -> None:
        """The merchant's feed counts 1, 2, 3 ..., read in pages of three."""
        events: list[dict[str, Any]] = []
        after = 0
        while page := (await self.merchant.get("/v1/events", after=after, limit=3)).json()["events"]:
            events += page
            after = events[-1]["number"]
        assert [event["number"] for event in events] == list(range(1, len(events) + 1))
        assert len({event["id"] for event in events}) == len(events)

    async def every_fact_has_a_sentence(self) -> None:
        """The plan's timeline says in words what happened."""
        if self.plan_id:
            told = (await self.merchant.get(f"/v1/plans/{self.plan_id}/timeline")).json()["entries"]
            assert told, "nothing has happened"
            assert all(one["sentence"].endswith(".") for one in told), told

    # What a line can be ------------------------------------------------------------------------------------------

    async def _consumer(self, words: list[str]) -> None:
        limit = _cents(words[1]) if words else None
        self.consumer = await self.world.consumer(limit=limit)

    async def _ask(self, words: list[str]) -> None:
        """`offer AMOUNT KIND [name value ...]`: the best offer for it; of a deposit the amount is the security."""
        amount, kind = _cents(words[0]), words[1]
        more = _fields(words[2:])
        if kind == "deposit":
            more, amount = {"deposit_amount": amount} | more, 500_00
        self.offer = await self.world.offer(self.consumer, amount, kind, **more)

    async def _buy(self, words: list[str]) -> None:
        await self._ask(words)
        await self._move("accept", [], None)

    async def _wait(self, words: list[str]) -> None:
        assert self.merchant.now is not None
        self.merchant.now += timedelta(**{words[1]: int(words[0])})
        self.world.operator.now = self.merchant.now

    async def _leeway(self, words: list[str]) -> None:
        """The demo's policy with another leeway is in force from here on."""
        await self._publish(msgspec.json.decode(POLICY.read_bytes()) | {"leeway": _fields(words)})

    async def _use(self, words: list[str]) -> None:
        """The same with another use of all that is paid after it."""
        document = msgspec.json.decode(POLICY.read_bytes())
        rows = [row | {"use": _fields(words)} for row in document["pay_after_use"]]
        await self._publish(document | {"pay_after_use": rows})

    async def _servicing(self, words: list[str]) -> None:
        """The same, looked after otherwise."""
        said = _fields(words)
        late = {"amount": said.pop("late_fee"), "grace_days": said.pop("grace_days", 0)} if "late_fee" in said else None
        document = msgspec.json.decode(POLICY.read_bytes())
        await self._publish(document | {"servicing": said | ({"late_fee": late} if late else {})})

    async def _publish(self, document: dict[str, Any]) -> None:
        now = self.world.operator.now
        await publish(self.world, document)
        self.world.operator.now = self.world.second_operator.now = now

    async def _permit(self, words: list[str]) -> None:
        body = {"scenario": words[0], "evidence": "told in a story"}
        given = await self.merchant.post(f"/v1/consumers/{self.consumer}/permissions", body)
        assert given.status_code == 201, given.text
        self.permission = given.json()["id"]

    async def _revoke(self, _: list[str]) -> None:
        revoked = await self.merchant.post(f"/v1/permissions/{self.permission}/revoke")
        assert revoked.status_code == 200, revoked.text

    async def _card(self, words: list[str]) -> None:
        name = await processor_of(self.world)
        body = {"processor": name, "token": f"tok-story-{words[0]}", "kind": "card", "autopay": True}
        made = await self.merchant.post(f"/v1/consumers/{self.consumer}/instruments", body)
        assert made.status_code == 201, made.text
        self.instrument = made.json()["id"]
        if self.plan_id:
            named = {"instrument_id": self.instrument}
            done = await self.merchant.post(f"/v1/plans/{self.plan_id}/instrument", named)
            assert done.status_code == 200, done.text

    async def _charge(self, words: list[str]) -> None:
        """`charge [AMOUNT] STATE [REASON]`, or `charge CODE` of what is refused."""
        body = {"amount": _cents(words.pop(0))} if _AMOUNT.match(words[0]) else {}
        answered = (await self.merchant.post(f"/v1/plans/{self.plan_id}/charges", body)).json()
        told = [answered["state"], answered["reason"]] if "state" in answered else [answered["code"]]
        assert [word for word in told if word] == words, f"the charge is {told}"

    async def _expect_paid_back(self, words: list[str]) -> None:
        page = (await self.merchant.get(f"/v1/plans/{self.plan_id}/paybacks")).json()
        told = [(one["state"], one["amount"]) for one in page["paybacks"]]
        words = [word.rstrip(",") for word in words]
        expected = list(zip(words[::2], map(_cents, words[1::2]), strict=True))
        assert told == expected, f"{told} went back"

    async def _payment(self, number: int) -> str:
        """The id of the first, second ... payment; of none, where there are fewer."""
        told = (await self.merchant.get(f"/v1/plans/{self.plan_id}/timeline")).json()["entries"]
        paid = [str(one["id"]) for one in told if one["fact"] == "paid"]
        return paid[number - 1] if number <= len(paid) else f"py_{'0' * 26}"

    async def _close(self, words: list[str]) -> None:
        closed = await self.world.operator.post("/v1/operator/day-close")
        assert closed.status_code == 200, closed.text
        _matches(closed.json(), _fields(words))

    async def _expect_plan(self, words: list[str]) -> None:
        _matches(await self.plan(), _fields(words))

    async def _expect_deposit(self, words: list[str]) -> None:
        _matches((await self.plan())["deposit"][words[0]], _fields(words[1:]))

    async def _expect_offer(self, words: list[str]) -> None:
        _matches(self.offer, _fields(words))

    async def _expect_account(self, words: list[str]) -> None:
        _matches(await self.account(), _fields(words))

    async def _expect_ledger(self, words: list[str]) -> None:
        found, expected = await self.ledger(), _fields(words)
        assert found == expected, f"the ledger says {found}"

    async def _expect_schedule(self, words: list[str]) -> None:
        """`schedule AMOUNT AMOUNT ...`: what each instalment still asks for."""
        rows = (await self.plan())["schedule"]
        owed = [_left(row) for row in rows]
        assert owed == [_cents(word) for word in words], f"the schedule says {owed}"

    # What moves money --------------------------------------------------------------------------------------------

    async def _move(self, verb: str, words: list[str], code: str | None) -> None:
        path, body = self._request(verb, words)
        if "payment_id" in body:
            body["payment_id"] = await self._payment(body["payment_id"])
        before = await self._everything()
        client = self.merchant
        if verb in _OF_THE_LENDER:
            client, path = self.world.operator, path.replace("/v1/", "/v1/operator/")
        foretold = await client.post(f"{path}?dry_run=true", body)
        assert await self._everything() == before, "a dry run moved something"
        answered = await client.post(path, body)
        if code is not None:
            _is_refused(answered, code)
            _is_refused(foretold, code)
            assert await self._everything() == before, "a refusal moved something"
            return
        assert answered.status_code in (200, 201), answered.text
        payment = answered.json()["recorded"]["id"] if verb == "pay" else ""
        await self._foretold(foretold, answered.json(), is_new=verb == "accept")
        self.plan_id = answered.json()["id"]
        if payment and self.is_doubted:
            assert (await self.account())["used"] == before[1]["used"], "an unproved word freed the limit"
            body = {"payment_id": payment, "evidence": "statement-9/entry-3"}
            proved = await self.world.operator.post(f"/v1/operator/plans/{self.plan_id}/payments/prove", body)
            assert proved.status_code == 201, proved.text

    def _request(self, verb: str, words: list[str]) -> tuple[str, dict[str, Any]]:
        if verb == "accept":
            paid_with = {"instrument_id": self.instrument} if self.instrument else {}
            return "/v1/plans", {"offer_id": self.offer["id"]} | paid_with
        path = f"/v1/plans/{self.plan_id}/{_PATHS[verb]}"
        if not words:
            return path, {}
        if verb in _BY_NAME:
            return path, _fields(words)
        if verb == "contest_claim":
            return path, {"words": words[0]}
        if first := _FIRST.get(verb):
            return path, {first: int(words[0])} | ({"amount": _cents(words[1])} if words[1:] else {})
        if words[0] == "lines":
            named = [word.rstrip(",").split(".") for word in words[1:]]
            return path, {"lines": [{"capture": int(capture), "line": int(line)} for capture, line in named]}
        words, items = _billed(words)
        return path, {"amount": _cents(words[0])} | _fields(words[1:]) | items

    async def _foretold(self, foretold: httpx.Response, after: dict[str, Any], *, is_new: bool) -> None:
        """The dry run showed plan, fact and account as they are now; the ids of what is new it could not know."""
        assert foretold.status_code == 200, foretold.text
        preview = foretold.json()
        assert preview["dry_run"] is True
        facts = [_without(one.pop("recorded"), "id") for one in (preview["plan"], after)]
        assert facts[0] == facts[1], "the dry run foretold another fact"
        for plan in (preview["plan"], after):
            plan["captures"] = [_without(one, "id") for one in plan["captures"]]
            for made in (plan["deposit"] and plan["deposit"]["claim"], plan["dispute"], plan["settlement_quote"]):
                if made:
                    del made["id"]
        unknown = ("id",) if is_new else ()
        assert _without(preview["plan"], *unknown) == _without(after, *unknown), "the dry run foretold another plan"
        account = await self.account()
        shown = {name: preview["account_after"][name] for name in ("limit", "reserved", "used", "version")}
        assert shown == {name: account[name] for name in shown}, "the dry run foretold another account"

    async def _everything(self) -> list[Any]:
        counts = await self.world.row_counts()
        del counts["idempotency"]  # a refusal is kept under its key
        return [counts, await self.account(), await self.plan() if self.plan_id else None]


_STEPS: dict[str, Callable[[Story, list[str]], Awaitable[None]]] = {
    "consumer": Story._consumer,
    "offer": Story._ask,
    "buy": Story._buy,
    "+": Story._wait,
    "leeway": Story._leeway,
    "use": Story._use,
    "servicing": Story._servicing,
    "permit": Story._permit,
    "revoke": Story._revoke,
    "close": Story._close,
    "plan": Story._expect_plan,
    "deposit": Story._expect_deposit,
    "offered": Story._expect_offer,
    "account": Story._expect_account,
    "ledger": Story._expect_ledger,
    "schedule": Story._expect_schedule,
    "card": Story._card,
    "charge": Story._charge,
    "paid_back": Story._expect_paid_back,
}

_PATHS = {
    "capture": "capture", "void": "void", "claim": "claims", "release": "release", "pay": "payments",
    "refund": "refunds", "amend": "amend", "top_up": "top_up",
    "extend": "extend_authorization", "reverse": "captures/reverse", "lower": "captures/lower",
    "convert": "convert",
    "start": "use/start", "end": "use/end", "confirm": "confirm",
    "contest_claim": "claims/contest", "lower_claim": "claims/lower", "withdraw_claim": "claims/withdraw",
    "decide_claim": "claims/decide",
    "withdraw": "withdrawal", "return": "returns", "keep": "returns/withdraw", "quote": "settlement_quotes",
    "return_overpaid": "overpayments/return", "fee": "fees", "charge_off": "charge_off", "forgive": "forgive",
    "ask_again": "disputes/ask_again", "accept_dispute": "disputes/accept",
    "postpone": "due_dates", "dispute": "disputes", "answer": "disputes/answer", "decide": "disputes/decide",
    "bounce": "payments/return", "charge_back": "payments/charge_back",
    "pause": "collection/pause", "resume": "collection/resume", "accelerate": "accelerate", "re_age": "re_ageings",
}  # fmt: skip
_OF_THE_LENDER = (
    "decide_claim", "return_overpaid", "fee", "charge_off", "forgive", "ask_again", "decide", "pause", "resume",
    "accelerate", "re_age", "bounce", "charge_back",
)  # fmt: skip
# Verbs whose words are all fields by their names.
_BY_NAME = ("postpone", "dispute", "answer", "decide", "pause", "resume", "accelerate", "re_age", "charge_off")
# What the first word is, where it is no amount.
_FIRST = {
    "extend": "days", "reverse": "capture", "convert": "instalments",
    "bounce": "payment_id", "charge_back": "payment_id",
}  # fmt: skip
_PROCESSORS: WeakKeyDictionary[World, str] = WeakKeyDictionary()


async def processor_of(world: World) -> str:
    """The name of the sandbox processor, which runs beside the service from now on."""
    if world not in _PROCESSORS:
        _PROCESSORS[world] = (await world.beside.enter_async_context(till(world, "till"))).name
    return _PROCESSORS[world]


def _billed(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The words before `of`, and the lines of a bill after it."""
    if "of" not in words:
        return words, {}
    place = words.index("of")
    kinds, amounts = words[place + 1 :: 2], words[place + 2 :: 2]
    lines = zip(kinds, amounts, strict=True)
    items = [{"name": kind, "kind": kind, "amount": _cents(amount.rstrip(","))} for kind, amount in lines]
    return words[:place], {"items": items}


def _is_refused(answered: httpx.Response, code: str) -> None:
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    assert answered.json()["code"] == code, answered.text


def _cents(word: str) -> int:
    assert _AMOUNT.match(word), f"{word!r} is no amount"
    return int(word.replace(".", ""))


def _fields(words: list[str]) -> dict[str, Any]:
    """`state active, captured 2.50 final true` as fields; commas are for the eye."""
    words = [word.rstrip(",") for word in words]
    return {name: _value(word) for name, word in zip(words[::2], words[1::2], strict=True)}


def _value(word: str) -> Any:
    if _AMOUNT.match(word):
        return _cents(word)
    if word in ("true", "false"):
        return word == "true"
    return int(word) if word.isdigit() else word


def _matches(found: dict[str, Any], expected: dict[str, Any]) -> None:
    shown = {name: found[name] for name in expected}
    assert shown == expected, f"found {shown}"


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _left(row: dict[str, Any]) -> int:
    owed: int = sum(row[name] - row[f"{name}_paid"] for name in ("principal", "interest", "fee"))
    return owed
