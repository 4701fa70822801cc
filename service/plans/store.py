"""What a batch of commands may read, and what it did, in the database.

    read      accounts, plans, decisions: nothing is locked, and each row's writer is remembered
    apply     as ever
    write     one statement: claims the keys, locks the accounts and plans that are as they were read, writes it all;
              it fails, and nothing is written, where one of them is not
    save      where all was locked (`books.py`): one statement a table, whatever the number of commands

All that a command reads changes only with its account or its plan: whoever changes anything else of it changes one of
those rows, too, or takes what may be taken once.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from service import ids
from service.clusters import is_cluster
from service.db import Connection, columns, load_queries
from service.engine import keys
from service.engine.events import TELL
from service.engine.keys import CLAIM_ANSWERED, CLAIM_NEW, SAVE_ANSWERS, answered, given
from service.engine.work import Answer, Answers, Key
from service.ledger.store import BOOK
from service.limits.account import Account
from service.limits.store import MOVE_ACCOUNTS
from service.merchants.merchant import TimeAt
from service.partners.events_store import TELL_PARTNERS
from service.plans import budget_store, rows, subsidy_store
from service.plans.book import Command, HeldWord, PlanCommand
from service.plans.books import Books, agreement_of, references_of, rewritten
from service.plans.line_rows import Cut, LineRow
from service.plans.permission_store import find_for
from service.plans.reading_store import Q, load_history, paid_of, plans_of
from service.plans.rows import (
    Changed,
    Doings,
    FactRow,
    MovedPlan,
    NamedPlan,
    OpenedPlan,
    PassedPlan,
    booked_on,
)
from service.plans.running.facts import AnyFact
from service.statement import Query, Row, SmallInt, Statement, run, together
from service.support.loss_store import open_losses

UNLOCKED: Final = load_queries(Path(__file__).with_name("unlocked.sql"))


class SeenAccount(Row, frozen=True, gc=False):
    """An account, and which transaction had written its row when it was read."""

    bucket: SmallInt
    person_id: str
    currency: str
    written_by: str


class SeenPlan(Row, frozen=True, gc=False):
    """The same of a plan."""

    bucket: SmallInt
    plan_id: str
    written_by: str


class Expected(Row, frozen=True, gc=False):
    """How many keys are new, accounts and plans unchanged, if all is as it was read."""

    keys: int
    accounts: int
    plans: int


class _Notice(Struct):
    reference: str
    fact: AnyFact


_UNMOVED: Final = {
    "accounts_kept": Statement(UNLOCKED.unmoved_accounts, seen_accounts=SeenAccount),
    "plans_kept": Statement(UNLOCKED.unmoved_plans, seen_plans=SeenPlan),
}
_NOTHING_HAS_MOVED: Final = Statement(UNLOCKED.nothing_has_moved, expected=Expected)


# On a cluster, where nothing can use what another part of a statement returns: each of them asks by itself.
_KEPT: Final = """
select require_unmoved(true, (select count(*) from (
{unmoved}
       ) kept) = expected.{what}, true)
  from @expected
"""
_EACH_UNMOVED: Final = (
    Statement(
        _KEPT.format(unmoved=UNLOCKED.unmoved_accounts, what="accounts"), seen_accounts=SeenAccount, expected=Expected
    ),
    Statement(_KEPT.format(unmoved=UNLOCKED.unmoved_plans, what="plans"), seen_plans=SeenPlan, expected=Expected),
)

READ_OFFERS: Final = Query(UNLOCKED.read_offers)
READ_PLANS: Final = Query(f"with found as (\n{Q.load_plans}\n)\n{UNLOCKED.with_accounts}")

_FREE_REFERENCES: Final = Statement(Q.free_references, freed=NamedPlan)
_TAKE_REFERENCES: Final = Statement(Q.take_references, retaken=NamedPlan)
_NAME_PLANS: Final = Statement(Q.name_plans, named=NamedPlan)
_OPEN_PLANS: Final = Statement(Q.open_plans, opened=OpenedPlan)
_CUT_LINES: Final = Statement(Q.cut_lines, cut=Cut)
_MOVE_PLANS: Final = Statement(Q.move_plans, moved=MovedPlan)
_PASS_PLANS: Final = Statement(Q.pass_plans, passed=PassedPlan)
_ADD_LINES: Final = Statement(Q.add_lines, added=LineRow)
_CHANGE_LINES: Final = Statement(Q.change_lines, changed=LineRow)
_HOLD_WORDS: Final = Statement(Q.hold_words, held=HeldWord)
_RECORD_FACTS: Final = Statement(Q.record_facts, recorded=FactRow)

# What every batch leaves: its facts, accounts, transfers and events, for partners, too.
_LEFT: Final = {
    "facts_recorded": _RECORD_FACTS, "accounts_moved": MOVE_ACCOUNTS, "transfers_booked": BOOK,
    "partners_told": TELL_PARTNERS,
}  # fmt: skip
_OPENED: Final = {"plans_named": _NAME_PLANS, "plans_opened": _OPEN_PLANS}
_MOVED: Final = {"lines_added": _ADD_LINES, "lines_changed": _CHANGE_LINES, "plans_moved": _MOVE_PLANS}

_OPEN: Final = together(_OPEN_PLANS, plans_named=_NAME_PLANS)
_LEAVE: Final = together(TELL, **_LEFT, answers_saved=SAVE_ANSWERS)
_MOVE_AND_LEAVE: Final = together(TELL, **_MOVED, **_LEFT, answers_saved=SAVE_ANSWERS)

# The same in one statement, for plans that are opened, that are moved, for both, and where all was refused.
_GUARDED: Final = {"claimed": CLAIM_ANSWERED, **_UNMOVED}
_TOLD: Final = {"events_told": TELL}
_ONLY_ANSWER: Final = together(_NOTHING_HAS_MOVED, **_GUARDED)
_ONLY_OPEN: Final = together(_NOTHING_HAS_MOVED, **_GUARDED, **_OPENED, **_LEFT, **_TOLD)
_ONLY_MOVE: Final = together(_NOTHING_HAS_MOVED, **_GUARDED, **_MOVED, **_LEFT, **_TOLD)
_MOVE_AND_HOLD: Final = together(_NOTHING_HAS_MOVED, **_GUARDED, **_MOVED, words_held=_HOLD_WORDS, **_LEFT, **_TOLD)
_OPEN_AND_MOVE: Final = together(_NOTHING_HAS_MOVED, **_GUARDED, **_OPENED, **_MOVED, **_LEFT, **_TOLD)

# The same on a cluster, as a script of which each statement goes to the shard: what has nothing to do is left out.
STEPS: Final = (CLAIM_NEW, *_EACH_UNMOVED, *_OPENED.values(), *_MOVED.values(), _HOLD_WORDS, *_LEFT.values(), TELL)


async def read(conn: Connection, commands: list[Command], now: datetime, time_at: TimeAt) -> Books | None:
    """What `commands` may read, as `books.load` gives it, with nothing locked. None: they need what must be locked."""
    if any(command.leases for command in commands):
        return None
    books = Books()
    offers = sorted({command.target for command in commands if command.loads == "offer"})
    plans = sorted({command.target for command in commands if command.loads == "plan"})
    if offers:
        await _read_offers(conn, books, offers)
        if len(books.agreements) < len(offers) and is_cluster(conn):
            return None  # an account is on another machine than the offer: their consumers were made one person
        if any(agreement.offer.subsidy is not None for agreement in books.agreements.values()):
            return None  # what their people have had of a scheme stands elsewhere
    if plans:
        await _read_plans(conn, books, plans, commands)
        if len(books.plans) < len(plans) and is_cluster(conn):
            return None
        if any(plan.late_capture_until for plan in books.plans.values()):
            return None  # their references were given free, and may be another plan's
        if past := rewritten(books.plans, [one for one in commands if isinstance(one, PlanCommand)], now, time_at):
            books.plans |= await load_history(conn, past)
    books.found, books.locked = books.plans.copy(), books.accounts.copy()
    return books


async def _read_offers(conn: Connection, books: Books, offers: list[str]) -> None:
    asked: dict[str, list[str]] = {}
    for offer_id in offers:
        asked.setdefault(ids.origin(ids.DECISION, offer_id), []).append(offer_id)
    for row in await conn.fetch(READ_OFFERS.on(conn), [ids.bucket_of(one) for one in asked], list(asked)):
        account = Account(*row[:7])
        key = (account.bucket, account.person_id, account.currency)
        books.accounts[key], books.account_rows[key] = account, row["written_by"]
        if row["decision_id"] in (*row["taken_by"], *row["given_free_by"]):
            books.accepted.add(row["decision_id"])
        if row["taken_by"]:
            books.used_references.add((row["merchant_id"], row["merchant_reference"]))
        for offer_id in asked[row["decision_id"]]:
            if agreement := agreement_of(row, account.person_id, account.currency, offer_id):
                books.agreements[offer_id] = agreement
    books.permitted = await find_for(conn, books.agreements.values())


async def _read_plans(conn: Connection, books: Books, plans: list[str], commands: list[Command]) -> None:
    noticed = references_of(commands)
    named = columns(noticed) if noticed else ([], [], [])
    rows = await conn.fetch(READ_PLANS.on(conn), [ids.bucket_of(one) for one in plans], plans, None, *named[1:])
    for plan in await plans_of(conn, rows):
        books.plans[plan.plan_id] = plan
    for row in rows:
        account = Account(
            row["account_bucket"], row["person_id"], row["currency"], row["limit"], row["reserved"], row["used"],
            row["account_version"],
        )  # fmt: skip
        key = (account.bucket, account.person_id, account.currency)
        books.accounts[key], books.account_rows[key] = account, row["account_written_by"]
        books.plan_rows[row["plan_id"]] = row["written_by"]
        for one in _decode_notices(row["notices"]) if row["notices"] else ():
            if notice := paid_of(one.fact, one.reference):
                books.notices.setdefault(row["plan_id"], []).append(notice)


async def save(conn: Connection, books: Books, done: Doings, answers: list[tuple[Key, Answer]]) -> None:
    """Writes the changes of a batch whose accounts are locked, and `answers` under their keys."""
    if not done:
        await keys.save(conn, answers)
        return
    changed = rows.changed_by(done, books.found)
    if changed.freed:
        await _FREE_REFERENCES.execute(conn, freed=changed.freed)  # first: one of the same batch may take it again
    if changed.retaken:
        await _TAKE_REFERENCES.execute(conn, retaken=changed.retaken)
    if changed.opened:
        await _OPEN.execute(conn, **_opened(changed))
    changes, kept = [one.effect for one in done], [one for one in changed.plans if one.plan_id in books.found]
    await budget_store.save(conn, changes, kept)
    await budget_store.follow(conn, changed)
    await subsidy_store.save(conn, [(each, booked_on(each.plan, one.now)) for one in done for each in one.effect.moved])
    if changed.passed:
        await _PASS_PLANS.execute(conn, passed=changed.passed)
    if changed.lost:
        await open_losses(conn, changed.lost)
    if held := [one.effect.held for one in done if one.effect.held]:
        await _HOLD_WORDS.execute(conn, held=held)
    if changed.cut:
        await _CUT_LINES.execute(conn, cut=changed.cut)
    left = _left(books, changed) | {"given": [given(key, answer) for key, answer in answers]}
    if any((moved := _moved(changed)).values()):
        await _MOVE_AND_LEAVE.execute(conn, **moved, **left)
    else:
        await _LEAVE.execute(conn, **left)


async def write(conn: Connection, books: Books, done: Doings, answers: Answers) -> bool:
    """Writes the same for a batch of which nothing is locked, in one statement. False: it takes more than one.

    Fails, and nothing was written, where a key was used before (`SerializationError`), where somebody has changed
    meanwhile what was read (the same), or taken what may be taken once (`UniqueViolationError`).
    """
    claimed = [answered(work.key, answer, work.now) for work, answer in answers if work.key]
    guard: dict[str, Any] = {"answered": claimed, **_expected(books, len(claimed))}
    if not done:
        if is_cluster(conn):
            await run(conn, STEPS, guard)
        else:
            await _ONLY_ANSWER.execute(conn, **guard)
        return True
    changed = rows.changed_by(done, books.found)
    held = [one.effect.held for one in done if one.effect.held]
    if changed.takes_steps or (held and changed.opened):
        return False
    left = guard | _left(books, changed)
    opened = _opened(changed)
    moved = _moved(changed)
    if is_cluster(conn):
        await run(conn, STEPS, left | opened | moved | {"held": held})
    elif held:
        await _MOVE_AND_HOLD.execute(conn, **left, **moved, held=held)
    elif not changed.opened:
        await _ONLY_MOVE.execute(conn, **left, **moved)
    elif not changed.moved:
        await _ONLY_OPEN.execute(conn, **left, **opened)
    else:
        await _OPEN_AND_MOVE.execute(conn, **left, **opened, **moved)
    return True


def _opened(changed: Changed) -> dict[str, list[Any]]:
    return {"named": list(map(rows.named, changed.opened)), "opened": list(map(rows.opened, changed.opened))}


def _moved(changed: Changed) -> dict[str, list[Any]]:
    return {"added": changed.added, "changed": changed.changed, "moved": changed.moved}


def _left(books: Books, changed: Changed) -> dict[str, list[Any]]:
    return {
        "recorded": changed.recorded,
        "exposed": list(filter(books.has_moved, changed.accounts)),
        "booked": changed.booked,
        "told": changed.told,
        "partnered": changed.partnered,
    }


def _expected(books: Books, keys: int) -> dict[str, list[Any]]:
    """What the guards are told of books and of so many keys."""
    accounts = [SeenAccount(*key, books.account_rows[key]) for key in sorted(books.account_rows)]
    plans = [SeenPlan(ids.bucket_of(one), one, books.plan_rows[one]) for one in sorted(books.plan_rows)]
    return {
        "seen_accounts": accounts,
        "seen_plans": plans,
        "expected": [Expected(keys, len(accounts), len(plans))],
    }


_decode_notices: Final = msgspec.json.Decoder(list[_Notice]).decode
