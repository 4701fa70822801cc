"""One batch, one transaction: claim the keys, load and lock the books, apply each command, write it all, commit."""

from contextlib import suppress
from datetime import datetime

import asyncpg
import msgspec
from msgspec import Struct

from service.db import Connection
from service.engine import keys, store
from service.engine.books import Books, load
from service.engine.faults import LOST, PASSING
from service.engine.keys import refusal
from service.engine.work import Answer, Work
from service.errors import Refused
from service.ledger.transfers import Transfer
from service.limits.account import Account
from service.plans.book import Change, Command
from service.plans.plan import PlanView, business_day

Answers = list[tuple[Work, Answer]]


class CommitUnknown(Exception):
    """The connection was lost after COMMIT was sent: it may have happened or not, to these accounts."""

    def __init__(self, accounts: list[Account], cause: Exception) -> None:
        super().__init__()
        self.accounts = accounts
        self.cause = cause


async def run(conn: Connection, works: list[Work]) -> tuple[Answers, list[Account]]:
    """Does the commands of `works` in one transaction. Returns the answers, to be given only now, and the accounts
    changed.

    A refused command is answered as refused and spoils nothing. Any database error rolls all of it back.
    """
    transaction = conn.transaction()
    await transaction.start()
    try:
        answers, accounts = await _do(conn, works)
    except BaseException:
        with suppress(*LOST, asyncpg.PostgresError):  # the connection is dropped then, and the server rolls back
            await transaction.rollback()
        raise
    try:
        await transaction.commit()
    except (*LOST, *PASSING) as error:
        raise CommitUnknown(accounts, error) from error
    return answers, accounts


async def _do(conn: Connection, works: list[Work]) -> tuple[Answers, list[Account]]:
    claims = await keys.claim(conn, works)
    commands = [(work, work.item) for work in claims.fresh if isinstance(work.item, Command)]
    before = await load(conn, [command for _, command in commands])
    done, answers = _apply_all(before, commands)
    await store.save(conn, before, done, [(work.key, answer) for work, answer in answers if work.key])
    by_work = {id(work): answer for work, answer in answers}
    twins = [(work, by_work[id(one)]) for work, one in claims.twins]
    return [*answers, *twins, *claims.known], [one.change.account for one in done]


def _apply_all(before: Books, commands: list[tuple[Work, Command]]) -> tuple[list[store.Done], Answers]:
    books = msgspec.structs.replace(
        before,
        accounts=dict(before.accounts),
        plans=dict(before.plans),
        instalments=dict(before.instalments),
    )
    done: list[store.Done] = []
    answers: Answers = []
    for work, command in commands:
        try:
            change = apply(command, books, work.now)
        except Refused as refused:
            answers.append((work, refusal(refused)))
            continue
        books.fold(change)
        done.append(store.Done(work, change, command.command_id))
        answers.append((work, Answer(work.status, _encode(_view(change, work.now)))))
    return done, answers


def apply(command: Command, books: Books, now: datetime) -> Change:
    """The command on its book, or `Refused`."""
    book = books.book_for(command)
    if book is None:
        raise command.not_found()
    return command.apply(book, now)


class Preview(Struct):
    """What a command would do: the plan after it, the account before and after, and its ledger rows."""

    plan: PlanView
    account_before: Account
    account_after: Account
    transfers: list[Transfer]
    dry_run: bool = True


async def preview(conn: Connection, command: Command, now: datetime) -> Answer:
    """The change that `command` would make, with nothing written: the same load and apply, rolled back."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        books = await load(conn, [command])
        before = books.book_for(command)
        change = apply(command, books, now)
    except Refused as refused:
        return refusal(refused)
    finally:
        await transaction.rollback()
    assert before is not None
    return Answer(200, _encode(Preview(_view(change, now), before.account, change.account, change.transfers)))


def _view(change: Change, now: datetime) -> PlanView:
    return change.answer(business_day(now, change.plan.offer.time_zone))


_encode = msgspec.json.Encoder().encode
