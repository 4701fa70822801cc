"""Charging: a charge is written down, its processor is called, and what it says is booked: each once, whatever happens.

    the row `pending`, committed  ->  the processor, by the charge's id, which is its key  ->  what it said, committed

No call is made inside a transaction. What can go wrong, and what is then true:
    we die before the call, or the answer is lost   the charge stays pending, and is asked about until it is answered
    the processor answers twice, or late            the payment has one idempotency key, the charge one end
    we die between the payment and the charge's end the answer comes again: the payment is there, the charge is ended
    two pull for one plan at once                   one waits for the plan's row in `collections`, and sees the other
"""

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.actor import Actor, ActorKind
from service.data_key import DataSecrets
from service.db import Pool
from service.engine.lane import Engine
from service.engine.work import Answer, Key
from service.errors import Code
from service.inbox import Together
from service.merchants.merchant import TimeAt
from service.payments.charge import Charge, ChargeState
from service.payments.ending_flow import End, end_charges
from service.payments.gateway import Processors
from service.payments.processor import Heard, Said
from service.payments.retry import ask_again
from service.payments.store import (
    ASK_LATER,
    CLAIM_UNANSWERED,
    FIND_PAYMENTS,
    AskedLater,
    Q,
    load_charges,
    milliseconds,
)
from service.plans.book import PlanCommand
from service.plans.flow import after_its_days
from service.plans.money_back import ReturnPayment
from service.plans.payment import RecordPayment

AT_ONCE: Final = 16  # calls to processors of one process
ASKED_AT_ONCE: Final = 200
ELSEWHERE: Final = timedelta(hours=12)  # by which a clock is behind UTC or ahead of it

log = logging.getLogger("tenor.payments")


class _Problem(Struct):
    code: str = ""


class Charging:
    """One for each process. Each `now` is real time; what is written of a charge is in its merchant's time."""

    def __init__(
        self, pool: Pool, engine: Engine, processors: Processors, time_at: TimeAt, secrets: DataSecrets
    ) -> None:
        self.pool = pool
        self.secrets = secrets
        self.time_at = time_at
        self.processors = processors
        self.engine = engine
        self._soon: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._ends: Together[End, None] = Together(self._end_all)
        self._payments: Together[Charge, str | None] = Together(self._find_payments)

    def do_soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Calls a processor beside what is answered now. What fails is found by whoever looks for it next."""
        task = asyncio.create_task(work)
        self._soon.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Ends what has come to an end."""
        if self._soon:
            await asyncio.wait(self._soon)
        await self._payments.close()
        await self._ends.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._soon.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a processor was not called, and is called later: %s", type(error).__name__)

    async def pull(self, charge_ids: Iterable[str], now: datetime) -> None:
        """Calls the processors of charges that are written down, then books what they said, all in few batches."""
        charges = await load_charges(self.pool, list(charge_ids))
        heard = await asyncio.gather(*(self._pull(charge) for charge in charges))
        await asyncio.gather(*(self.settle(charge, one, now) for charge, one in zip(charges, heard, strict=True)))

    async def ask(self, charge: Charge, now: datetime) -> bool:
        """Asks what has become of a charge, and books it. False: it could not be heard, or not be booked now."""
        async with self._places:
            heard = await self.processors.ask(charge)
        return await self.settle(charge, heard, now)

    async def ask_unanswered(self, now: datetime) -> int:
        """Asks again about every charge that was not answered in time; how many there were."""
        asked = 0
        while charges := await self._claim_unanswered(now):
            await asyncio.gather(*(self.ask(charge, now) for charge in charges))
            asked += len(charges)
        return asked

    async def ask_unanswered_of(self, merchant_id: str, now: datetime) -> None:
        """Asks about every charge of a test merchant that is not answered yet: its time does not wait."""
        rows = await self.pool.fetch(Q.load_pending_of_merchant, merchant_id)
        charges = await load_charges(self.pool, [row["charge_id"] for row in rows])
        await asyncio.gather(*(self.ask(charge, now) for charge in charges))

    async def settle(self, charge: Charge, heard: Heard, now: datetime) -> bool:
        """Books what a processor said of a charge; said again, it changes nothing. False: there is nothing to book, or
        it cannot be booked now, and the charge stays as it is.
        """
        theirs = self.time_at(charge.merchant_id, now)
        ahead = theirs - now  # the processor lives in real time
        if heard.received_on is not None:
            heard = replace(heard, received_on=heard.received_on + ahead)
        if heard.received_at is not None:
            heard = replace(heard, received_at=heard.received_at + ahead)
        match heard.said:
            case Said.DECLINED:
                await self._end(charge, ChargeState.DECLINED, heard, None, theirs)
            case Said.SUCCEEDED | Said.RETURNED:
                payment_id = await self._book(charge, heard, now)
                if payment_id is None:
                    return False
                state = ChargeState.SUCCEEDED
                if heard.said is Said.RETURNED:
                    if not await self._book_return(charge, payment_id, now):
                        return False
                    state = ChargeState.RETURNED
                await self._end(charge, state, heard, payment_id, theirs)
        return heard.said not in (Said.UNHEARD, Said.NO_CHARGE)

    async def _pull(self, charge: Charge) -> Heard:
        async with self._places:
            return await self.processors.pull(charge)

    async def _claim_unanswered(self, now: datetime) -> list[Charge]:
        """Takes charges that are to be asked about; whoever takes them says when they may be taken again."""
        async with self.pool.acquire() as conn, conn.transaction():
            rows = await CLAIM_UNANSWERED.fetch(conn, now, ASKED_AT_ONCE, enough=ASKED_AT_ONCE)
            later = [AskedLater(row["bucket"], row["charge_id"], ask_again(row["asked"] + 1, now)) for row in rows]
            if later:
                await ASK_LATER.execute(conn, later=later)
        return await load_charges(self.pool, [one.charge_id for one in later]) if later else []

    async def _book(self, charge: Charge, heard: Heard, now: datetime) -> str | None:
        """The payment that the charge became, recorded now or before; None: not now."""
        theirs, at = self.time_at(charge.merchant_id, now), heard.received_at
        answer = await self._do(
            "paid", charge,
            RecordPayment(
                command_id=ids.new_id(ids.COMMAND, charge.bucket, milliseconds(now)),
                actor=Actor(ActorKind.PROCESSOR, charge.processor_id),
                plan_id=charge.plan_id,
                amount=charge.amount,
                received_on=None if at else value_date(charge, heard.received_on, theirs),
                received_at=at and min(max(at, charge.made_at), theirs),
                reference=charge.charge_id,
            ),
            now,
        )  # fmt: skip
        if not _is_done(answer, Code.DUPLICATE_PAYMENT):
            return None
        return await self._payments.ask(charge)

    async def _book_return(self, charge: Charge, payment_id: str, now: datetime) -> bool:
        """The payment never was: the plan stands as if it had not come. False: not now."""
        answer = await self._do(
            "returned", charge,
            ReturnPayment(
                command_id=ids.new_id(ids.COMMAND, charge.bucket, milliseconds(now)),
                actor=Actor(ActorKind.PROCESSOR, charge.processor_id),
                plan_id=charge.plan_id,
                payment_id=payment_id,
            ),
            now,
        )  # fmt: skip
        return _is_done(answer, Code.STATE_FORBIDS)  # somebody else has recorded its return

    async def _do(self, word: str, charge: Charge, command: PlanCommand, now: datetime) -> Answer:
        """Once for each charge and word: the key is the wall, whatever answers come how often."""
        digest = hashlib.sha256(f"{word} {charge.charge_id}".encode()).digest()
        key = Key.of("payments", f"{word} {charge.charge_id}", digest, charge.bucket)

        async def attempt() -> Answer:
            return await self.engine.do(command, key, now, 201)

        answer = await after_its_days(self.engine, command.plan_id, now, attempt)
        if answer.status >= 300:
            log.warning("charge %s could not be booked as %s: %s", charge.charge_id, word, _decode(answer.body).code)
        return answer

    async def _end(
        self, charge: Charge, state: ChargeState, heard: Heard, payment_id: str | None, now: datetime
    ) -> None:
        """The charge's end, what follows for the next try, and the event: together, and once."""
        reason = heard.reason if state in (ChargeState.DECLINED, ChargeState.RETURNED) else None
        await self._ends.ask(End(charge, state, reason, payment_id, heard.received_on, now))

    async def _end_all(self, ends: list[End]) -> list[None]:
        await end_charges(self.pool, ends)
        return [None] * len(ends)

    async def _find_payments(self, charges: list[Charge]) -> list[str | None]:
        """The payments that they became."""
        async with self.pool.acquire() as conn:
            rows = await FIND_PAYMENTS.fetch(conn, asked=charges)
        found: dict[str, str] = {row["charge_id"]: row["payment_id"] for row in rows}
        return [found.get(charge.charge_id) for charge in charges]


def value_date(charge: Charge, received_on: date | None, now: datetime) -> date | None:
    """The processor's value date, within the time from the charge until now: its calendar may be wrong, ours is not.

    It is of the processor's place, or the plan's, where it may be the day before or after: what was charged in Los
    Angeles in the evening of the 2nd, when it was the 3rd in UTC, came on the 2nd, whenever that is heard.
    """
    if received_on is None:
        return None
    first, last = (charge.made_at - ELSEWHERE).astimezone(UTC).date(), (now + ELSEWHERE).astimezone(UTC).date()
    return min(max(received_on, first), last)


def _is_done(answer: Answer, before: Code) -> bool:
    """Whether it is done: now, or before, for which there is a code."""
    return answer.status < 300 or _decode(answer.body).code == before


_decode: Final = msgspec.json.Decoder(_Problem).decode
