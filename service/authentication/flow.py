"""A consumer is asked, and their answer is judged: each in one transaction, so that a wrong answer is counted."""

import asyncio
import importlib
import secrets
from datetime import datetime
from typing import Any, Final

from service import ids
from service.authentication import store
from service.authentication.asked import (
    DIGITS,
    LASTS,
    TEST_CODE,
    Authentication,
    State,
    after_wrong,
    challenge_of,
    digest_of,
    not_the_answer,
    require_open,
    require_waiting,
    words_of,
)
from service.authentication.passkey import Added, Answered, Passkey
from service.db import Connection
from service.errors import Code, Refused
from service.plans.offer import Authenticator
from service.plans.plan import Plan
from service.plans.reading_store import load_plans

CHANCE_BYTES: Final = 32
PROVING: Final = "service.authentication.proving"


async def ready() -> None:
    """Imports what proves passkeys, if nobody needed it before: aside, and before a transaction that would wait."""
    await asyncio.to_thread(importlib.import_module, PROVING)


class Asking:
    """On whose behalf a consumer is asked, and when."""

    def __init__(self, merchant_id: str, payee: str, secret: str, now: datetime, at_ms: int, *, is_test: bool) -> None:
        self.merchant_id = merchant_id
        self.payee = payee
        self.is_test = is_test
        self._secret = secret
        self._now = now
        self._at_ms = at_ms

    def new_code(self) -> str:
        """A code by chance; at a test merchant always the same."""
        return TEST_CODE if self.is_test else f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"

    async def to_add(self, conn: Connection, consumer_id: str, origin: str) -> Authentication:
        """Asks for a new passkey, on a page of an origin."""
        return await self._ask(conn, consumer_id, Authenticator.PASSKEY, None, origin, "")

    async def to_agree(
        self, conn: Connection, plan: Plan, by: Authenticator, origin: str | None, code: str
    ) -> Authentication:
        """Asks for the consumer's agreement to a plan: by a code with `code`, which is sent to them.

        Refused: STATE_FORBIDS, AUTHENTICATION_ENDED (too often).
        """
        require_waiting(plan, by)
        return await self._ask(conn, plan.consumer_id, by, plan, origin, code)

    async def _ask(
        self, conn: Connection, consumer_id: str, by: Authenticator, plan: Plan | None, origin: str | None, code: str
    ) -> Authentication:
        bucket = ids.bucket_of(consumer_id)
        authentication_id = ids.new_id(ids.AUTHENTICATION, bucket, self._at_ms)
        plan_id, amount, currency = (plan.plan_id, plan.amounts.amount, plan.currency) if plan else (None, None, None)
        words = words_of(authentication_id, plan_id, amount, currency, self.payee)
        is_code = by is Authenticator.CODE
        expected = (
            digest_of(words, self._secret, code) if is_code else challenge_of(words, secrets.token_bytes(CHANCE_BYTES))
        )
        one = Authentication(
            bucket, authentication_id, consumer_id, self.merchant_id, plan_id, by, amount, currency, self.payee,
            origin, expected, 0, State.OPEN, self._now, self._now + LASTS,
        )  # fmt: skip
        await store.ask(conn, one)
        return one

    async def add(self, conn: Connection, one: Authentication, said: Added) -> Passkey | Refused:
        """Keeps the passkey that was asked for, or says why what was said is not the answer."""
        assert one.origin is not None
        require_open(one, None, self._now)
        made: Passkey | None = _proving().added(said, one.origin, one.expected, self._now)
        if made is None:
            return await self._wrong(conn, one)
        await store.add_passkey(conn, one.consumer_id, made)
        await store.end(conn, one, State.CONFIRMED, self._now)
        return made

    async def judge(self, conn: Connection, one: Authentication, said: str | Answered) -> Refused | None:
        """None: this is the answer, which counts once. Refused, or says why not: AUTHENTICATION_ENDED,
        AUTHENTICATION_FAILED, INVALID_FIELD.
        """
        if isinstance(said, str) is not (one.by is Authenticator.CODE):
            raise Refused(Code.INVALID_FIELD, f"It is answered with a {one.by}.", f"/{_field(one)}")
        assert one.plan_id is not None
        (plan,) = await load_plans(conn, [one.plan_id])
        amount = plan.amounts.amount
        if one.state is State.OPEN and amount != one.amount:
            await store.end(conn, one, State.VOID, self._now)
        try:
            require_open(one, amount, self._now)
        except Refused as refused:
            return refused
        if not await self._is_right(conn, one, said):
            return await self._wrong(conn, one)
        await store.end(conn, one, State.CONFIRMED, self._now)
        return None

    async def _is_right(self, conn: Connection, one: Authentication, said: str | Answered) -> bool:
        if isinstance(said, str):
            words = words_of(one.authentication_id, one.plan_id, one.amount, one.currency, one.payee)
            return secrets.compare_digest(digest_of(words, self._secret, said), one.expected)
        known = [each for each in await store.load_passkeys(conn, one.consumer_id) if each.origin == one.origin]
        passkey: Passkey | None = _proving().answered(said, known, one.expected)
        if passkey is not None:
            await store.count_passkey(conn, one.consumer_id, passkey)
        return passkey is not None

    async def _wrong(self, conn: Connection, one: Authentication) -> Refused:
        await store.count_wrong(conn, one, after_wrong(one), self._now)
        return not_the_answer(one, _field(one))


def _proving() -> Any:
    return importlib.import_module(PROVING)


def _field(one: Authentication) -> str:
    return "code" if one.by is Authenticator.CODE else "credential"
