"""Paying back: what a plan owes to its consumer leaves the plan, and goes back to what it was paid with, once.

    a row, committed -> it leaves the plan -> the processor, by the payback's id, which is its key -> what it said

No call is made inside a transaction, and one payback of a plan is open at a time. What can go wrong, and what is then
true:
    we die anywhere, or an answer is lost       the row waits: what was done is found done, and the processor is asked
    two look after one plan at once             the second row is not written; each step has one key
    somebody returned it by hand meanwhile      the plan has nothing overpaid: it is dropped, and nothing was sent
    it fails, or the bank sends it back later   the plan owes it again, which is told; an operator returns it by hand
"""

import hashlib
import logging
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.actor import Actor, ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.work import Answer, Key
from service.errors import Code
from service.event_type import EventType
from service.payments.charge import Reason
from service.payments.flow import Charging
from service.payments.payback import (
    HeardPayback,
    Payback,
    PaybackSaid,
    PaybackState,
    Source,
    ask_next,
    next_payback,
)
from service.payments.store import lock_collection, milliseconds, tell, told_of
from service.plans.book import PlanCommand
from service.plans.flow import after_its_days
from service.plans.money_back import ReturnOverpayment, TakeBack
from service.plans.reading_store import load_plans
from service.statement import ShardByShard

AT_ONCE: Final = 200
STEPS_MAX: Final = 12  # paybacks of one plan in one round

Q: Final = load_queries(Path(__file__).with_name("paybacks.sql"))
_CLAIM_TO_ASK: Final = ShardByShard(Q.claim_to_ask)
log = logging.getLogger("tenor.payments")


class _Problem(Struct):
    code: str = ""


async def load_paybacks(conn: Connection | Pool, plan_id: str) -> list[Payback]:
    """The paybacks of a plan, the oldest first."""
    return [_payback(row) for row in await conn.fetch(Q.load_paybacks, ids.bucket_of(plan_id), plan_id)]


class PayingBack(Struct, frozen=True):
    """What pays back. Each `now` is real time."""

    charging: Charging

    async def follow_all(self, now: datetime) -> None:
        """Goes on with what was not answered in time or may have come back, then pays back what is overpaid."""
        while claimed := await self._claim(now):
            for plan_id, payback_id in claimed:
                known = await load_paybacks(self.charging.pool, plan_id)
                await self._go_on(next(one for one in known if one.payback_id == payback_id), now, is_first=False)
        last = (-1, "")
        while rows := await self.charging.pool.fetch(Q.find_overpaid, *last, AT_ONCE):
            for row in rows:
                await self.follow(row["plan_id"], now)
            last = (rows[-1]["bucket"], rows[-1]["plan_id"])

    async def follow(self, plan_id: str, now: datetime) -> None:
        """Pays back what one plan owes, source after source, as far as processors answer."""
        for _ in range(STEPS_MAX):
            ordered = await self._order(plan_id, now)
            if ordered is None or not await self._go_on(ordered, now, is_first=True):
                return

    async def _order(self, plan_id: str, now: datetime) -> Payback | None:
        """Writes the next one down. None: nothing is to be paid back, or one is open."""
        bucket = ids.bucket_of(plan_id)
        async with self.charging.pool.acquire() as conn, conn.transaction():
            (plan,) = await load_plans(conn, [plan_id])
            await lock_collection(conn, plan)
            (plan,) = await load_plans(conn, [plan_id])  # as it stands now that the row is held
            known = await load_paybacks(conn, plan_id)
            sources = [Source(**row) for row in await conn.fetch(Q.load_sources, bucket, plan_id)]
            following = next_payback(plan, sources, known)
            if following is None:
                return None
            source, amount = following
            payback_id = ids.new_id(ids.PAYBACK, bucket, milliseconds(now))
            await conn.execute(
                Q.insert_payback, bucket, payback_id, plan_id, plan.merchant_id, source.source_id,
                source.instrument_id, source.processor_id, plan.currency, amount, source.payment, now,
                ask_next(PaybackState.ORDERED, 0, now),
            )  # fmt: skip
            return next(one for one in await load_paybacks(conn, plan_id) if one.payback_id == payback_id)

    async def _go_on(self, payback: Payback, now: datetime, *, is_first: bool) -> bool:
        """The next step of one; whether it has come to an end by it."""
        if payback.state is PaybackState.ORDERED:
            if not await self._leave(payback, now):
                return False
            payback = replace(payback, state=PaybackState.PENDING)
        processors = self.charging.processors
        heard = await (processors.pay_back(payback) if is_first else processors.ask_payback(payback))
        match heard.said:
            case PaybackSaid.PAID if payback.state is PaybackState.PENDING:
                return await self._end(payback, PaybackState.PAID, heard, now)
            case PaybackSaid.FAILED:
                return await self._take_back(payback, now) and await self._end(payback, PaybackState.FAILED, heard, now)
            case _:
                if heard.payment:
                    await self.charging.pool.execute(
                        Q.name_payback_payment, payback.bucket, payback.payback_id, heard.payment
                    )
                return False

    async def _leave(self, payback: Payback, now: datetime) -> bool:
        """It leaves the plan, once, before anybody is asked to pay it. False: there is nothing to leave, or not now."""
        command = ReturnOverpayment(
            command_id=_command_id(payback), actor=_actor(payback), plan_id=payback.plan_id, amount=payback.amount
        )
        answer = await self._do("left", payback, command, now)
        if answer.status < 300:
            later = ask_next(PaybackState.PENDING, 0, now)
            return bool(await self.charging.pool.fetchval(Q.leave_plan, payback.bucket, payback.payback_id, later))
        if answer.status < 500:  # nothing is overpaid any more; its refusal is kept under its key
            await self.charging.pool.execute(Q.drop_payback, payback.bucket, payback.payback_id, now)
        return False

    async def _take_back(self, payback: Payback, now: datetime) -> bool:
        """The plan owes it again. False: not now."""
        command = TakeBack(
            command_id=ids.new_id(ids.COMMAND, payback.bucket, milliseconds(now)), actor=_actor(payback),
            plan_id=payback.plan_id, undone_id=ids.derive(ids.FACT, _command_id(payback)),
        )  # fmt: skip
        answer = await self._do("came back", payback, command, now)
        return answer.status < 300 or _decode(answer.body).code == Code.STATE_FORBIDS  # an operator has undone it

    async def _end(self, payback: Payback, state: PaybackState, heard: HeardPayback, now: datetime) -> bool:
        """What became of it, and the event: together, and once."""
        reason = heard.reason or Reason.DECLINED if state is PaybackState.FAILED else None
        again = ask_next(state, 0, now) if state is PaybackState.PAID else None
        async with self.charging.pool.acquire() as conn, conn.transaction():
            ended = await conn.fetchval(
                Q.end_payback, payback.bucket, payback.payback_id, payback.state, state, reason, now, again,
                heard.payment,
            )  # fmt: skip
            if ended:
                data: dict[str, Any] = {"payback_id": payback.payback_id, "amount": payback.amount}
                type_ = EventType.REFUND_PAID
                if reason is not None:
                    type_, data = EventType.REFUND_FAILED, data | {"reason": reason}
                theirs = self.charging.time_at(payback.merchant_id, now)
                told = told_of(payback.plan_id, payback.merchant_id, type_, ActorKind.PROCESSOR, theirs, data)
                await tell(conn, [told])
        return bool(ended)

    async def _do(self, word: str, payback: Payback, command: PlanCommand, now: datetime) -> Answer:
        """Once for each payback and word: the key is the wall."""
        engine = self.charging.engine
        digest = hashlib.sha256(f"{word} {payback.payback_id}".encode()).digest()
        key = Key.of("paybacks", f"{word} {payback.payback_id}", digest, payback.bucket)
        answer = await after_its_days(engine, payback.plan_id, now, lambda: engine.do(command, key, now, 201))
        if answer.status >= 300:
            log.warning("payback %s is not booked as %s: %s", payback.payback_id, word, _decode(answer.body).code)
        return answer

    async def _claim(self, now: datetime) -> list[tuple[str, str]]:
        """Takes paybacks that are to be asked about; whoever takes them says when they may be taken again."""
        async with self.charging.pool.acquire() as conn, conn.transaction():
            rows = await _CLAIM_TO_ASK.fetch(conn, now, AT_ONCE, enough=AT_ONCE)
            for row in rows:
                later = ask_next(PaybackState(row["state"]), row["asked"] + 1, now)
                await conn.execute(Q.ask_payback_later, row["bucket"], row["payback_id"], later)
        return [(row["plan_id"], row["payback_id"]) for row in rows]


def _command_id(payback: Payback) -> str:
    return ids.derive(ids.COMMAND, payback.payback_id)


def _actor(payback: Payback) -> Actor:
    return Actor(ActorKind.PROCESSOR, payback.processor_id)


def _payback(row: asyncpg.Record) -> Payback:
    one = Payback(**row)
    return replace(one, state=PaybackState(one.state), reason=one.reason and Reason(one.reason))


_decode: Final = msgspec.json.Decoder(_Problem).decode
