"""The service as a story sees it: clients with a key, and the few verbs it needs."""

import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from litestar import Litestar

from service import db
from service.data_key import DataSecrets
from service.demo.seed import Demo
from tests.bench.cast import ATTRIBUTES as GOOD

SECRETS = DataSecrets("d" * 32)  # as conftest.py gives it to the service
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

# A service of its own takes longer than most tests. Those of a file that are in nobody's way, in any order, share one.
# Each makes what it needs, counts nothing that others make too, and changes nothing that others go by: it closes no
# day, publishes no policy and agrees no programme. Whatever is refused is a good case.
SHARED = pytest.mark.asyncio(loop_scope="module")
ALONE = pytest.mark.asyncio(loop_scope="function")  # where others of the file share

_SIZES = """
select relname, pg_relation_size(oid) from pg_class
 where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"""
_NOT_COUNTED = {"audit_entries", "key_uses"}

Headers = Mapping[str, str | bytes]


class Client:
    """An API client with one key. Every POST gets a new idempotency key unless one is given; without one, what became
    of it on a machine that many tests share is asked once more, as the answer says."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._auth = {"Authorization": f"Bearer {key}"}
        self.now: datetime | None = NOON

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, headers: Headers | None = None, **raw: Any
    ) -> httpx.Response:
        """POST a JSON body, or `content=` bytes as they are."""
        made: Headers = {"Idempotency-Key": key or str(uuid.uuid4()), **self._headers(), **(headers or {})}
        given = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in made.items()]
        if "content" in raw:
            if "Content-Type" not in made:
                given.append((b"Content-Type", b"application/json"))
            return await self._http.post(path, headers=given, **raw)
        answered = await self._http.post(path, json={} if body is None else body, headers=given, **raw)
        if key is None and "Idempotency-Key" not in (headers or {}) and _is_unknown(answered):
            return await self._http.post(path, json={} if body is None else body, headers=given, **raw)
        return answered

    async def ask(self, path: str, body: Any) -> httpx.Response:
        """POST as a shop does: what is answered 'not now', on a machine that many tests share, is sent again."""
        key = str(uuid.uuid4())
        answered = await self.post(path, body, key=key)
        return await self.post(path, body, key=key) if answered.status_code == 503 else answered

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """GET with query parameters."""
        return await self._http.get(path, params=params or None, headers=self._headers())

    async def send(self, method: str, path: str, **raw: Any) -> httpx.Response:
        """Any method at all."""
        return await self._http.request(method, path, headers={"Idempotency-Key": "sent"} | self._headers(), **raw)

    @property
    def authorization(self) -> str:
        """The header that carries the key."""
        return self._auth["Authorization"]

    def _headers(self) -> dict[str, str]:
        return self._auth | ({"Tenor-Clock": self.now.isoformat()} if self.now else {})


def _is_unknown(answered: httpx.Response) -> bool:
    return answered.status_code == 503 and answered.json()["code"] == "outcome_unknown"


class World:
    """A running service with the demo's cast."""

    def __init__(self, http: httpx.AsyncClient, demo: Demo, pool: db.Pool, app: Litestar) -> None:
        self.http = http
        self.app = app
        self.demo = demo
        self.pool = pool
        self.merchant = Client(http, demo.merchant_key)
        self.other_merchant = Client(http, demo.second_merchant_key)
        self.test_merchant = Client(http, demo.test_merchant_key)
        self.operator = Client(http, demo.operator_key)
        self.second_operator = Client(http, demo.second_operator_key)
        self.partner = Client(http, demo.partner_key)
        self.processor = Client(http, "sk_none")  # until one is registered
        self.support = Client(http, "spk_none")  # until one is taken on
        self.party_id = ""
        self.beside = AsyncExitStack()  # what runs beside the service for as long as it does

    async def enrol(self, person: str) -> None:
        """Enrols an operator, unless the person is one."""
        known = (await self.operator.get("/v1/operator/operators")).json()["operators"]
        if person not in [one["person"] for one in known]:
            await self.seconded(await self.operator.post("/v1/operator/operators", {"name": person}))

    async def key(self, **body: Any) -> str:
        """A new key; what takes two people is approved by the second operator, and an operator is enrolled before."""
        if body["audience"] == "operator":
            await self.enrol(body["owner_id"])
        made = await self.seconded(await self.operator.post("/v1/operator/keys", body))
        assert made.status_code == 201, made.text
        return str(made.json()["key"])

    async def take_on(self, name: str = "Elbe Insurance") -> tuple[str, Client]:
        """A party that bears losses, and a client with its key."""
        made = await self.operator.post("/v1/operator/support-parties", {"name": name})
        assert made.status_code == 201, made.text
        party_id = str(made.json()["id"])
        return party_id, Client(self.http, await self.key(audience="support", owner_id=party_id))

    async def with_a_party(self) -> str:
        """The party whose key `support` carries."""
        if not self.party_id:
            self.party_id, self.support = await self.take_on()
        return self.party_id

    async def seconded(self, answered: httpx.Response) -> httpx.Response:
        """What the second operator's approval answers to what waits for it, a key whole; anything else as it is."""
        if answered.status_code != 202:
            return answered
        told, self.second_operator.now = answered.json(), self.operator.now
        done = await self.second_operator.post(f"/v1/operator/approvals/{told['id']}/approve")
        assert done.status_code == 200, done.text
        result = done.json()["result"]
        if "key" in result:
            half = told.get("first_half")
            result["key"] = f"opk_{half}{result['key']}" if half else result["key"]
        return httpx.Response(201, json=result)

    async def consumer(self, limit: int | None = None, attributes: dict[str, Any] | None = None) -> str:
        """A new consumer's id; with `limit` (EUR cents) the account is opened with it."""
        body = {"reference": uuid.uuid4().hex, "attributes": GOOD if attributes is None else attributes}
        made = await self.merchant.ask("/v1/consumers", body)
        assert made.status_code == 201, made.text
        consumer: str = made.json()["id"]
        if limit is not None:
            done = await self.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": limit})
            if done.status_code == 202:  # more than one operator sets alone
                approval, self.second_operator.now = done.json()["id"], self.operator.now
                done = await self.second_operator.post(f"/v1/operator/approvals/{approval}/approve")
            assert done.status_code == 200, done.text
        return consumer

    async def checkout(self, consumer: str, amount: int, **more: Any) -> dict[str, Any]:
        """The answer to a checkout in EUR cents."""
        body = {"merchant_reference": uuid.uuid4().hex, "consumer": consumer, "currency": "EUR", "amount": amount}
        answered = await self.merchant.ask("/v1/checkouts", body | more)
        assert answered.status_code == 200, answered.text
        answer: dict[str, Any] = answered.json()
        return answer

    async def offer(self, consumer: str, amount: int, kind: str, **more: Any) -> dict[str, Any]:
        """The best offer of a kind."""
        answer = await self.checkout(consumer, amount, kinds=[kind], **more)
        assert answer["offers"], answer
        offer: dict[str, Any] = answer["offers"][0]
        return offer

    async def plan(self, consumer: str, amount: int, kind: str = "instalments", **more: Any) -> dict[str, Any]:
        """An authorized plan."""
        offer = await self.offer(consumer, amount, kind, **more)
        opened = await self.merchant.ask("/v1/plans", {"offer_id": offer["id"]})
        assert opened.status_code == 201, opened.text
        plan: dict[str, Any] = opened.json()
        return plan

    async def account(self, consumer: str) -> dict[str, int]:
        """The consumer's account in EUR."""
        account: dict[str, int] = (await self.merchant.get(f"/v1/consumers/{consumer}/accounts/EUR")).json()
        return account

    async def row_counts(self) -> dict[str, int]:
        """How many rows each table has: equal before and after what must write nothing. The audit log is not counted,
        for what was refused may be told there, nor when keys were used, which is told once a minute.

        Tables without a page are not asked: to count in 160 of them takes 60 ms, and most have none.
        """
        sizes = {name: size for name, size in await self.pool.fetch(_SIZES) if name not in _NOT_COUNTED}
        counted = " union all ".join(f"select '{name}', count(*) from {name}" for name, size in sizes.items() if size)
        return dict.fromkeys(sizes, 0) | {row[0]: row[1] for row in await self.pool.fetch(counted)}
