"""Deposits are held: what a deposit needs is asked of its processor step by step, and what the processor says is kept.

    a row of the hold, committed -> the processor, by the hold's id, which is its key -> what it said, committed -> next

No call is made inside a transaction, and one question about a deposit waits at a time. What can go wrong, and what is
then true:
    we die before the call, or the answer is lost    the hold waits, and is asked about until it is answered
    the processor answers twice, or late             the hold goes from where it was asked, or not at all
    two look after one deposit at once               one has its row in `deposit_holdings`; the other leaves it alone
    a hold ends, or is declined                      more is held in time; what nobody holds is given back in the books
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.actor import Actor, ActorKind
from service.db import Connection, Pool, load_queries
from service.event_type import EventType
from service.payments.charge import Reason
from service.payments.flow import Charging
from service.payments.hold import HeardHold, Hold, HoldSaid, HoldState
from service.payments.holding import Keep, LetGo, Lose, Next, Secured, Stopped, Take, Wait, next_of, stopped
from service.payments.retry import ask_again, stops
from service.payments.store import milliseconds, tell, told_of
from service.plans.deposit import Release
from service.plans.flow import after_its_days
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.reading_store import load_plans
from service.plans.void import Void
from service.statement import ShardByShard

AT_ONCE: Final = 200
STEPS_MAX: Final = 12  # of one deposit in one round
ASK_DAILY: Final = timedelta(days=1)
NOT_NOW: Final = timedelta(hours=1)

Q: Final = load_queries(Path(__file__).with_name("holds.sql"))
_CLAIM_UNANSWERED: Final = ShardByShard(Q.claim_unanswered)
log = logging.getLogger("tenor.payments")

# To where a hold goes from what it waits for, by what is said; what is not listed leaves it open.
ANSWERS: Final[dict[tuple[HoldState, HoldSaid], HoldState]] = {
    (HoldState.ASKED, HoldSaid.HELD): HoldState.HELD,
    (HoldState.ASKED, HoldSaid.DECLINED): HoldState.DECLINED,
    (HoldState.ASKED, HoldSaid.RELEASED): HoldState.DECLINED,  # it was let go before we heard of it
    (HoldState.ASKED, HoldSaid.EXPIRED): HoldState.DECLINED,
    (HoldState.CAPTURING, HoldSaid.CAPTURED): HoldState.CAPTURED,
    (HoldState.CAPTURING, HoldSaid.EXPIRED): HoldState.EXPIRED,
    (HoldState.CAPTURING, HoldSaid.RELEASED): HoldState.EXPIRED,
    (HoldState.RELEASING, HoldSaid.RELEASED): HoldState.RELEASED,
    (HoldState.RELEASING, HoldSaid.EXPIRED): HoldState.EXPIRED,
}
TOLD: Final[dict[HoldState, EventType]] = {
    HoldState.HELD: EventType.HOLD_PLACED,
    HoldState.DECLINED: EventType.HOLD_DECLINED,
    HoldState.CAPTURED: EventType.HOLD_CAPTURED,
    HoldState.RELEASED: EventType.HOLD_RELEASED,
    HoldState.EXPIRED: EventType.HOLD_EXPIRED,
}


class _Lost(Struct, frozen=True):
    """What is no security any more, of the plan as it was read."""

    lose: Lose
    plan: Plan
    processor_id: str


async def begin_holding(conn: Connection, plan: Plan, now: datetime) -> bool:
    """A deposit that is paid by an instrument is looked after from now on; whether this plan is such a one."""
    if plan.kind is not Kind.DEPOSIT or not plan.standing.held:
        return False
    await conn.execute(Q.insert_holding, plan.bucket, plan.plan_id, plan.merchant_id, now)
    return True


async def load_holds(conn: Connection | Pool, plan_id: str) -> list[Hold]:
    """The holds of a plan, in the order in which they were made."""
    return [_hold(row) for row in await conn.fetch(Q.load_holds, ids.bucket_of(plan_id), plan_id)]


async def load_stopped(conn: Connection, plan: Plan, holds: list[Hold], now: datetime) -> Stopped | None:
    """Whether the deposit waits for another instrument."""
    if not await conn.fetchval(Q.is_looked_after, plan.bucket, plan.plan_id):
        return None
    instrument = await conn.fetchrow(Q.usable_instrument, plan.bucket, plan.plan_id)
    return stopped(_secured(plan), holds, instrument["instrument_id"] if instrument else None, now)


async def wake(conn: Connection, plan: Plan, now: datetime) -> bool:
    """Has a deposit looked at, which may be held by another instrument; whether it is looked after."""
    return bool(await conn.fetchval(Q.wake, plan.bucket, plan.plan_id, now))


async def was_held(pool: Pool, plan_id: str) -> bool:
    """Whether goods may go out: the deposit was held, or it is its merchant who holds it."""
    found: bool | None = await pool.fetchval(Q.was_held, ids.bucket_of(plan_id), plan_id)
    return found is not False


class Holding(Struct, frozen=True):
    """What looks after deposits. Each `now` is real time."""

    charging: Charging

    async def follow_all(self, now: datetime) -> None:
        """Asks about what was not answered in time, then does what is to be done of every deposit."""
        pool = self.charging.pool
        while waiting := await self._claim_unanswered(now):
            for plan_id, hold_id in waiting:
                holds = await load_holds(pool, plan_id)
                hold = next(one for one in holds if one.hold_id == hold_id)
                if await self._answer(hold, await self.charging.processors.ask_hold(hold), now):
                    await self.follow(plan_id, now)
        last = (-1, "")
        while rows := await pool.fetch(Q.find_to_look, now, *last, AT_ONCE):
            for row in rows:
                await self.follow(row["plan_id"], now)
            last = (rows[-1]["bucket"], rows[-1]["plan_id"])

    async def follow(self, plan_id: str, now: datetime) -> None:
        """Does what is to be done of one deposit, as far as its processor answers."""
        for _ in range(STEPS_MAX):
            step = await self._begin(plan_id, now)
            match step:
                case Hold():
                    if not await self._answer(step, await self.charging.processors.follow_hold(step), now):
                        return
                case _Lost():
                    if not await self._lose(step, now):
                        return
                case None:
                    return

    async def _begin(self, plan_id: str, now: datetime) -> Hold | _Lost | None:
        """Writes down what is next. None: nothing is to be done now, or somebody else does it."""
        bucket = ids.bucket_of(plan_id)
        async with self.charging.pool.acquire() as conn, conn.transaction():
            if not await conn.fetchval(Q.lock_holding, bucket, plan_id):
                return None
            (plan,) = await load_plans(conn, [plan_id])
            holds = await load_holds(conn, plan_id)
            instrument = await conn.fetchrow(Q.usable_instrument, bucket, plan_id)
            named: str | None = instrument["instrument_id"] if instrument else None
            following = next_of(_secured(plan), holds, named, now)
            if isinstance(following, Lose):
                return _Lost(following, plan, holds[-1].processor_id if holds else "")
            return await self._write(conn, plan, following, instrument, now)

    async def _write(
        self, conn: Connection, plan: Plan, following: Next, instrument: asyncpg.Record | None, now: datetime
    ) -> Hold | None:
        match following:
            case Wait(until):
                is_waiting = until is not None and until <= now
                look_at = now + ASK_DAILY if is_waiting else until
                await conn.execute(Q.seen, plan.bucket, plan.plan_id, plan.version, look_at)
                return None
            case Keep(amount):
                assert instrument is not None
                hold_id = ids.new_id(ids.HOLD, plan.bucket, milliseconds(now))
                await conn.execute(
                    Q.insert_hold, plan.bucket, hold_id, plan.plan_id, plan.merchant_id, instrument["instrument_id"],
                    instrument["processor_id"], plan.currency, amount, now, ask_again(0, now),
                )  # fmt: skip
            case Take(hold, amount):
                hold_id = hold.hold_id
                await self._move(conn, hold, HoldState.CAPTURING, amount, now)
            case LetGo(hold):
                hold_id = hold.hold_id
                await self._move(conn, hold, HoldState.RELEASING, 0, now)
            case _:
                raise AssertionError(following)
        return next(one for one in await load_holds(conn, plan.plan_id) if one.hold_id == hold_id)

    async def _move(self, conn: Connection, hold: Hold, state: HoldState, captured: int, now: datetime) -> None:
        moved = await conn.fetchval(Q.move_hold, hold.bucket, hold.hold_id, state, captured, ask_again(0, now))
        assert moved, "a hold was moved beside the row that is locked"

    async def _answer(self, hold: Hold, heard: HeardHold, now: datetime) -> bool:
        """Keeps what the processor has said, once; whether the hold went on by it."""
        state = ANSWERS.get((hold.state, heard.said))
        if state is HoldState.CAPTURED and not 0 < heard.captured <= hold.amount:
            state = None
        if state is None:
            if heard.payment:
                await self.charging.pool.execute(Q.name_payment, hold.bucket, hold.hold_id, heard.payment)
            return False
        reason = heard.reason or Reason.DECLINED if state is HoldState.DECLINED else None
        expires_at = heard.expires_at
        if heard.lasts_s is not None:
            expires_at = now + timedelta(seconds=heard.lasts_s)
        captured = heard.captured if state is HoldState.CAPTURED else 0
        async with self.charging.pool.acquire() as conn, conn.transaction():
            moved = await conn.fetchval(
                Q.answer_hold, hold.bucket, hold.hold_id, hold.state, state, captured, reason, heard.payment,
                expires_at, None if state is HoldState.HELD else now,
            )  # fmt: skip
            if moved:
                await conn.execute(Q.seen, hold.bucket, hold.plan_id, 0, now)  # it is looked at, should we die
                data: dict[str, Any] = {}
                if state is HoldState.HELD:
                    data = {"expires_at": expires_at}
                elif state is HoldState.DECLINED:
                    assert reason is not None
                    data = {"reason": reason, "is_stopped": stops(reason)}
                elif state is HoldState.CAPTURED:
                    data = {"captured": captured}
                await self._tell(conn, hold, state, data, now)
        return bool(moved)

    async def _tell(
        self, conn: Connection, hold: Hold, state: HoldState, data: dict[str, Any], now: datetime
    ) -> None:  # fmt: skip
        theirs = self.charging.time_at(hold.merchant_id, now)
        known = {"hold_id": hold.hold_id, "amount": hold.amount} | data
        await tell(
            conn,
            [told_of(hold.plan_id, hold.merchant_id, TOLD[state], ActorKind.PROCESSOR, theirs, known)],
        )

    async def _lose(self, lost: _Lost, now: datetime) -> bool:
        """What nobody holds is given back in the books: a deposit that never was is voided. False: not now."""
        plan = lost.plan
        command_id = ids.new_id(ids.COMMAND, plan.bucket, milliseconds(now))
        actor = Actor(ActorKind.PROCESSOR, lost.processor_id)
        seen, engine = plan.version, self.charging.engine
        command: Void | Release = Release(
            command_id=command_id, actor=actor, plan_id=plan.plan_id, amount=lost.lose.amount, seen=seen
        )
        if lost.lose.is_all:
            command = Void(command_id=command_id, actor=actor, plan_id=plan.plan_id, seen=seen)
        answer = await after_its_days(engine, plan.plan_id, now, lambda: engine.do(command, None, now))
        if answer.status == 200:
            return True
        log.warning("of the deposit %s %s is not held, and cannot be given back now", plan.plan_id, lost.lose.amount)
        await self.charging.pool.execute(Q.seen, plan.bucket, plan.plan_id, plan.version, now + NOT_NOW)
        return False

    async def _claim_unanswered(self, now: datetime) -> list[tuple[str, str]]:
        """Takes holds that are to be asked about; whoever takes them says when they may be taken again."""
        async with self.charging.pool.acquire() as conn, conn.transaction():
            rows = await _CLAIM_UNANSWERED.fetch(conn, now, AT_ONCE, enough=AT_ONCE)
            for row in rows:
                await conn.execute(Q.ask_later, row["bucket"], row["hold_id"], ask_again(row["asked"] + 1, now))
        return [(row["plan_id"], row["hold_id"]) for row in rows]


def _secured(plan: Plan) -> Secured:
    standing = plan.standing
    untouched = standing.use_started_at is None and standing.claim is None and not plan.amounts.captured
    return Secured(standing.held, standing.from_held, untouched)


def _hold(row: asyncpg.Record) -> Hold:
    one = Hold(**row)
    return replace(one, state=HoldState(one.state), reason=one.reason and Reason(one.reason))
