"""Commands on plans, as the engine does them many at a time; and what one would do, without doing it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.actor import THE_DAY
from service.db import Connection, Pool
from service.engine.keys import refusal
from service.engine.lane import Engine
from service.engine.work import Answer, Answers, Done, Key, Work
from service.errors import Code, Problem, Refused
from service.ledger.chart import Transfer
from service.limits.account import Account
from service.merchants.merchant import TimeAt
from service.plans import books, given_up, store, subsidised, told_late
from service.plans.book import Book, Change, Command, PlanCommand, Recorded, completed
from service.plans.books import Books
from service.plans.days import PassDays, next_day, passed
from service.plans.happening import exposed, today_of
from service.plans.plan import Plan, business_day, view_as
from service.plans.reading_store import load_facts, load_plans
from service.plans.timeline import PlanAnswer, Step, recorded_fact


class PlanWork:
    """The family of all commands on plans: a book for each, their accounts locked in sorted order.

    Whoever asks, a command is done at its merchant's time.
    """

    def __init__(self, time_at: TimeAt) -> None:
        self._time_at = time_at

    async def load(self, conn: Connection, commands: list[Command], now: datetime) -> Books:
        """Loads and locks what the commands may read."""
        return await books.load(conn, commands, now, self._time_at)

    async def read(self, conn: Connection, commands: list[Command], now: datetime) -> Books | None:
        """The same with nothing locked; None: it takes locks."""
        return await store.read(conn, commands, now, self._time_at)

    def time_of(self, command: Command, found: Books, now: datetime) -> datetime:
        """The time of the plan's merchant."""
        return time_of(command, found, now, self._time_at)

    def apply(self, command: Command, found: Books, now: datetime) -> Change:
        """The command on its book, or `Refused`; the next command of the batch finds what it did."""
        change = apply(command, found, now)
        found.fold(change)
        return change

    def answer(self, change: Change, now: datetime) -> bytes:
        """The plan after it, and what it has recorded; nothing of days that have passed, for nobody asked."""
        return b"" if change.moved[-1].by == THE_DAY else _encode(_answer(change, now))

    async def save(
        self, conn: Connection, found: Books, done: list[Done[Command, Change]], answers: list[tuple[Key, Answer]]
    ) -> None:
        """Writes all of it."""
        await store.save(conn, found, done, answers)

    async def write(self, conn: Connection, found: Books, done: list[Done[Command, Change]], answers: Answers) -> bool:
        """Writes what was read without a lock, in one statement; False: it takes several."""
        return await store.write(conn, found, done, answers)

    def tell(self, done: list[Done[Command, Change]]) -> list[Account]:
        """The accounts that changed, or whose plans did: a day on which something is only announced changes nothing."""
        return [one.effect.account for one in done if any(moved.facts for moved in one.effect.moved)]


class PlanAccount(Struct, frozen=True):
    """The account a plan is on, by the plan's own consumer: which person that is, no merchant is told. Minor units."""

    bucket: int
    consumer_id: str
    currency: str
    limit: int
    reserved: int  # promised by authorized plans
    used: int  # principal owed
    version: int  # counts every change
    is_owed_again: bool  # a payment was taken back since it was read, which may lift it above the limit


class Preview(Struct):
    """What a command would do: the plan after it, the account before and after, and its ledger rows."""

    plan: PlanAnswer
    account_before: PlanAccount
    account_after: PlanAccount
    transfers: list[Transfer]
    dry_run: bool = True


async def after_its_days(
    engine: Engine, plan_id: str, now: datetime, attempt: Callable[[], Awaitable[Answer]]
) -> Answer:
    """The answer of an attempt on a plan. Where years have gone by, its days are passed first, some hundred events at a
    time, each time in a transaction of their own.
    """
    while is_behind(answer := await attempt()):
        command_id = ids.new_id(ids.COMMAND, ids.bucket_of(plan_id), int(now.timestamp() * 1000))
        passing = PassDays(command_id=command_id, actor=THE_DAY, plan_id=plan_id)
        if (await engine.do(passing, None, now)).status != 200:
            break
    return answer


def is_behind(answer: Answer) -> bool:
    """Whether it was refused because too many days of the plan are still to be passed."""
    return answer.status == 503 and _decode(answer.body).code is Code.BUSY


async def preview(pool: Pool, command: Command, now: datetime, time_at: TimeAt) -> Answer:
    """The change that `command` would make, with nothing written: the same load and apply, rolled back."""
    try:
        change, before, now = await tried(pool, command, now, time_at)
    except Refused as refused:
        return refusal(refused)
    transfers = [transfer for moved in change.moved for transfer in moved.transfers]
    account_before, account_after = _account(change.plan, before), _account(change.plan, change.account)
    return Answer(200, _encode(Preview(_answer(change, now), account_before, account_after, transfers)))


async def tried(pool: Pool, command: Command, now: datetime, time_at: TimeAt) -> tuple[Change, Account, datetime]:
    """The change, the account before it, and the time of the plan's merchant. Refused: as the command is."""
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            found = await books.load(conn, [command], now, time_at)
            now = time_of(command, found, now, time_at)
            before = found.book_for(command)
            change = apply(command, found, now)
        finally:
            await transaction.rollback()
    assert before is not None
    return change, before.account, now


async def do_within(
    conn: Connection, command: Command, now: datetime, time_at: TimeAt
) -> tuple[PlanAnswer, list[Account]]:
    """Does a command in a transaction that does something else besides; the accounts that changed are told after it.

    Whoever holds that transaction has claimed the request's key. Refused: as the command is.
    """
    family = PlanWork(time_at)
    found = await family.load(conn, [command], now)
    now = family.time_of(command, found, now)
    answered = asyncio.get_running_loop().create_future()  # nobody waits for it
    work = Work(command, None, now, 200, answered, 0)
    done = [Done(work, family.apply(command, found, now), now)]
    await family.save(conn, found, done, [])
    return _answer(done[0].effect, now), family.tell(done)


async def read_plans(pool: Pool, plan_ids: list[str], merchant_id: str | None) -> list[Plan]:
    """Plans as they stand, in the order asked for; of this merchant, if one is named."""
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        return await load_plans(conn, plan_ids, merchant_id)


async def load_life(pool: Pool, plan_id: str, merchant_id: str | None) -> tuple[Plan, list[Recorded]] | None:
    """A plan and all its facts in the order they were recorded; None if there is none, of this merchant."""
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        plans = await load_plans(conn, [plan_id], merchant_id)
        facts = await load_facts(conn, [plan_id]) if plans else {}
    return (plans[0], facts[plan_id]) if plans else None


def time_of(command: Command, found: Books, now: datetime, time_at: TimeAt) -> datetime:
    """When a command is done that was asked for at `now`: at the time of its merchant."""
    merchant_id = found.merchant_of(command)
    return now if merchant_id is None else time_at(merchant_id, now)


def apply(command: Command, found: Books, now: datetime) -> Change:
    """The command on its book, or `Refused`, with where the plan stands."""
    book = found.book_for(command)
    if book is None:
        raise command.not_found()
    try:
        if isinstance(command, PlanCommand):
            command.require_seen(book)
        return _seen_in_version(in_time(command, book, now), book.account)
    except Refused as refused:
        raise refused if book.plan is None else completed(refused, book.plan) from None


def _seen_in_version(change: Change, before: Account) -> Change:
    """The change, with another version of the account wherever a checkout would know other facts of it than before.

    A fee that is levied, or a payment of interest that bounces, moves neither what is promised nor the principal owed.
    Yet who remembers the account's version without it would take for paid what is overdue (checkout/near_cache.py).
    """
    account, moved = change.account, change.moved
    if account.version != before.version or all(one.before and _known(one.before) == _known(one.plan) for one in moved):
        return change
    return replace(change, account=replace(account, version=account.version + 1))


def _known(plan: Plan) -> tuple[object, ...]:
    """What of a plan is known at a checkout (`load_snapshots` of checkout/queries.sql)."""
    due_on = min([line.due_on for line in plan.lines if line.settled_on is None], default=None)
    return plan.state, due_on, plan.claimed_at, plan.closed_at, plan.amounts.captured


def in_time(command: Command, book: Book, now: datetime) -> Change:
    """The command on its book, after all that time has brought about on the plan by then. Refused as the command is."""
    plan = book.plan
    if plan is None or isinstance(command, PassDays) or (moved := passed(plan, command.command_id, now)) is None:
        return _with_what_follows(command.apply(book, now), command, now)
    if (day := next_day(moved.plan)) is not None and day <= today_of(plan, now):
        raise Refused(Code.BUSY, f"The plan's days since {day} are still to be passed; send the same request again.")
    account = exposed(book.account, plan.amounts, moved.plan.amounts)
    change = command.apply(replace(book, account=account, plan=moved.plan), now)
    change = _with_what_follows(change, command, now)
    return replace(change, moved=(moved, *change.moved))


def _with_what_follows(change: Change, command: Command, now: datetime) -> Change:
    """And what follows from it: for a scheme; of what had been paid in time, for late fees, and for a charge-off, for
    which fees may be what is late; then for the scheme again."""
    change = subsidised.put_right(change, command, now)
    fewer = given_up.put_right(told_late.without_fees(change, command, now), command, now)
    return change if fewer is change else subsidised.put_right(fewer, command, now, subsidised.THIRD + 4)


def _answer(change: Change, now: datetime) -> PlanAnswer:
    plan, own = change.plan, change.own[0]
    step = Step(plan.kind, own.facts[0], own.before.standing if own.before else None, own.plan.standing)
    return view_as(PlanAnswer, plan, business_day(now, plan.offer.time_zone), recorded=recorded_fact(step))


def _account(plan: Plan, one: Account) -> PlanAccount:
    return PlanAccount(
        plan.bucket, plan.consumer_id, one.currency, one.limit, one.reserved, one.used, one.version, one.is_owed_again
    )


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Problem).decode
