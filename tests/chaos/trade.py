"""Shoppers who buy, pay and change their minds at two instances of the service, and insist until they are answered."""

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from tests.chaos.caller import Caller, ask, tell
from tests.chaos.history import Account, Read, Write

PRICE = 100_00
PATIENCE_S = 3.0  # with one request; then it is sent again, to the other instance
NOT_NOW = (429, 503)


class Answer(Struct, frozen=True):
    """A definite one, and which instance gave it."""

    status: int
    body: bytes
    instance: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Trade:
    """What all shoppers share: where they shop, and what they have asked and heard."""

    def __init__(self, ports: Sequence[int], merchant_key: str) -> None:
        self.ports = ports
        self.key = merchant_key
        self.writes: list[Write] = []
        self.reads: list[Read] = []
        self.definite: list[float] = []  # when somebody was answered for good
        self.statuses: Counter[int] = Counter()  # of all sendings; 0: nothing was heard
        self.account_of: dict[str, str] = {}  # by thing
        self.goes_on = True
        self.at_the_next_answer: Callable[[int], None] | None = None  # told which instance it comes from

    @property
    def acknowledged(self) -> set[str]:
        """Keys of writes."""
        return {write.key for write in self.writes if write.is_acknowledged}

    def heard(self, status: int, instance: int) -> None:
        self.statuses[status] += 1
        if status and status not in NOT_NOW:
            self.definite.append(time.perf_counter())
            if self.at_the_next_answer is not None and status < 300:
                act, self.at_the_next_answer = self.at_the_next_answer, None
                act(instance)


class Shopper:
    """One after the other, as its chance says."""

    def __init__(self, trade: Trade, own: Sequence[str], shared: Sequence[str], seed: int) -> None:
        self._trade = trade
        self._own, self._shared = own, shared
        self._chance = random.Random(seed)
        self._callers = [Caller(port, PATIENCE_S) for port in trade.ports]
        self._sent: list[tuple[str, bytes, Write]] = []  # what was done, to be sent again: path and body

    async def run(self) -> None:
        """Until the trade ends; what was begun is finished."""
        while self._trade.goes_on:
            await self._shop()
        self.close()

    def close(self) -> None:
        for caller in self._callers:
            caller.close()

    async def send_again(self, count: int) -> None:
        """Some of its writes, under their keys."""
        for path, body, write in self._chance.sample(self._sent, min(count, len(self._sent))):
            await self._write(path, body, write)

    async def read(self, thing: str, instance: int | None = None) -> Read:
        """The thing as one instance shows it."""
        sent = time.perf_counter()
        path = f"/v1/plans?merchant_reference={thing}"
        answer = await self._insist(ask(path, self._trade.key), instance)
        counters = Counter[str]()
        for plan in answer.json["plans"] if answer.status != 404 else ():  # no plan was opened, or it is lost
            counters["opened"] += plan["amount"]
            counters["paid"] += plan["paid"] - plan["refunded"]  # what is refunded pays what was owed
            for counter in ("captured", "refunded", "voided"):
                counters[counter] += plan[counter]
        return Read(thing, dict(counters), sent, time.perf_counter())

    async def account(self, consumer: str) -> Account:
        answer = await self._insist(ask(f"/v1/consumers/{consumer}/accounts/EUR", self._trade.key))
        return Account(*(answer.json[name] for name in ("limit", "reserved", "used")))

    async def _shop(self) -> None:
        is_shared = self._chance.random() < 0.2
        consumer = self._chance.choice(self._shared if is_shared else self._own)
        thing = uuid.uuid4().hex
        offer = await self._offer(consumer, thing)
        if offer is None:
            return
        self._trade.account_of[thing] = consumer
        body = {"offer_id": offer}
        opened = await self._do("/v1/plans", body, thing, "opened", PRICE, may_be_refused=is_shared)
        if opened.status >= 300:
            return
        plan = f"/v1/plans/{opened.json['id']}"
        if self._chance.random() < 0.2:
            await self._do(f"{plan}/void", {}, thing, "voided", PRICE)
            return
        parts = self._chance.choice(([PRICE], [30_00, 70_00]))
        for part in parts:
            await self._do(f"{plan}/capture", {"amount": part}, thing, "captured", part)
        back = self._chance.choice((0, 25_00))
        if back:
            await self._do(f"{plan}/refunds", {"amount": back}, thing, "refunded", back)
        for part in (20_00, PRICE - 20_00 - back):
            if self._chance.random() < 0.95:
                await self._do(f"{plan}/payments", {"amount": part}, thing, "paid", part)

    async def _offer(self, consumer: str, thing: str) -> str | None:
        cart = {"merchant_reference": thing, "consumer": consumer, "currency": "EUR", "amount": PRICE}
        body = json.dumps(cart | {"kinds": ["instalments"]}).encode()
        answer = await self._insist(tell("/v1/checkouts", self._trade.key, uuid.uuid4().hex, body))
        if answer.status != 200 or not answer.json["offers"]:
            return None
        return str(answer.json["offers"][0]["id"])

    async def _do(
        self, path: str, body: dict[str, Any], thing: str, counter: str, amount: int, *, may_be_refused: bool = False
    ) -> Answer:
        """A write, and now and then a look at the other instance, which must see it."""
        account = self._trade.account_of[thing]
        write = Write(uuid.uuid4().hex, thing, account, counter, amount, 0, 0, 0, b"", may_be_refused)
        raw = json.dumps(body).encode()
        answer = await self._write(path, raw, write)
        self._sent.append((path, raw, write))
        if self._chance.random() < 0.5:
            self._trade.reads.append(await self.read(thing, 1 - answer.instance))
        if self._chance.random() < 0.1:
            await self.send_again(1)
        return answer

    async def _write(self, path: str, body: bytes, write: Write) -> Answer:
        return await self._insist(tell(path, self._trade.key, write.key, body), write=write)

    async def _insist(self, request: bytes, instance: int | None = None, write: Write | None = None) -> Answer:
        """Sends it until there is a definite answer; to the other instance where one gives none."""
        now = self._chance.randrange(2) if instance is None else instance
        while True:
            sent = time.perf_counter()
            heard = await self._callers[now].send(request)
            if write is not None:
                self._trade.writes.append(
                    Write(
                        write.key, write.thing, write.account, write.counter, write.amount, sent,
                        time.perf_counter(), heard.status, heard.body, write.may_be_refused,
                    )
                )  # fmt: skip
            self._trade.heard(heard.status, now)
            if heard.status and heard.status not in NOT_NOW:
                return Answer(heard.status, heard.body, now)
            await asyncio.sleep(0.1)
            now = 1 - now
