"""Saving what a batch of commands did: one statement a table, whatever the number of commands.

Where nothing was locked, all of it is one statement, and a transaction of its own; see `seen_store.py`.
"""

from typing import Any, Final

from service.db import Connection
from service.engine import keys
from service.engine.events import TELL
from service.engine.keys import CLAIM_ANSWERED, SAVE_ANSWERS, answered, given
from service.engine.work import Answer, Answers, Key
from service.ledger.store import BOOK
from service.limits.store import MOVE_ACCOUNTS
from service.partners.events_store import TELL_PARTNERS
from service.plans import budget_store, rows, subsidy_store
from service.plans.books import Books
from service.plans.reading_store import Q
from service.plans.rows import (
    Changed,
    Cut,
    Doings,
    FactRow,
    LineRow,
    MovedPlan,
    NamedPlan,
    OpenedPlan,
    PassedPlan,
    booked_on,
)
from service.plans.seen_store import NOTHING_HAS_MOVED, UNMOVED, expected
from service.statement import Statement, together

_FREE_REFERENCES: Final = Statement(Q.free_references, freed=NamedPlan)
_TAKE_REFERENCES: Final = Statement(Q.take_references, retaken=NamedPlan)
_NAME_PLANS: Final = Statement(Q.name_plans, named=NamedPlan)
_OPEN_PLANS: Final = Statement(Q.open_plans, opened=OpenedPlan)
_CUT_LINES: Final = Statement(Q.cut_lines, cut=Cut)
_MOVE_PLANS: Final = Statement(Q.move_plans, moved=MovedPlan)
_PASS_PLANS: Final = Statement(Q.pass_plans, passed=PassedPlan)
_SAVE_LINES: Final = Statement(Q.save_lines, owed=LineRow)
_RECORD_FACTS: Final = Statement(Q.record_facts, recorded=FactRow)

# What every batch leaves: its facts, accounts, transfers and events, for partners, too.
_LEFT: Final = {
    "facts_recorded": _RECORD_FACTS, "accounts_moved": MOVE_ACCOUNTS, "transfers_booked": BOOK,
    "partners_told": TELL_PARTNERS,
}  # fmt: skip
_OPENED: Final = {"plans_named": _NAME_PLANS, "plans_opened": _OPEN_PLANS}
_MOVED: Final = {"lines_saved": _SAVE_LINES, "plans_moved": _MOVE_PLANS}

_OPEN: Final = together(_OPEN_PLANS, plans_named=_NAME_PLANS)
_LEAVE: Final = together(TELL, **_LEFT, answers_saved=SAVE_ANSWERS)
_MOVE_AND_LEAVE: Final = together(TELL, **_MOVED, **_LEFT, answers_saved=SAVE_ANSWERS)

# The same in one statement, for plans that are opened, that are moved, for both, and where all was refused.
_GUARDED: Final = {"claimed": CLAIM_ANSWERED, **UNMOVED}
_TOLD: Final = {"events_told": TELL}
_ONLY_ANSWER: Final = together(NOTHING_HAS_MOVED, **_GUARDED)
_ONLY_OPEN: Final = together(NOTHING_HAS_MOVED, **_GUARDED, **_OPENED, **_LEFT, **_TOLD)
_ONLY_MOVE: Final = together(NOTHING_HAS_MOVED, **_GUARDED, **_MOVED, **_LEFT, **_TOLD)
_OPEN_AND_MOVE: Final = together(NOTHING_HAS_MOVED, **_GUARDED, **_OPENED, **_MOVED, **_LEFT, **_TOLD)


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
    await subsidy_store.save(conn, [(each, booked_on(each.plan, one.now)) for one in done for each in one.effect.moved])
    if changed.passed:
        await _PASS_PLANS.execute(conn, passed=changed.passed)
    if changed.cut:
        await _CUT_LINES.execute(conn, cut=changed.cut)
    left = _left(books, changed) | {"given": [given(key, answer) for key, answer in answers]}
    if changed.moved or changed.owed:
        await _MOVE_AND_LEAVE.execute(conn, moved=changed.moved, owed=changed.owed, **left)
    else:
        await _LEAVE.execute(conn, **left)


async def write(conn: Connection, books: Books, done: Doings, answers: Answers) -> bool:
    """Writes the same for a batch of which nothing is locked, in one statement. False: it takes more than one.

    Fails, and nothing was written, where a key was used before (`SerializationError`), where somebody has changed
    meanwhile what was read (the same), or taken what may be taken once (`UniqueViolationError`).
    """
    claimed = [answered(work.key, answer, work.now) for work, answer in answers if work.key]
    guard: dict[str, Any] = {"answered": claimed, **expected(books, len(claimed))}
    if not done:
        await _ONLY_ANSWER.execute(conn, **guard)
        return True
    changed = rows.changed_by(done, books.found)
    if changed.takes_steps:
        return False
    left = guard | _left(books, changed)
    opened = _opened(changed)
    moved: dict[str, list[Any]] = {"moved": changed.moved, "owed": changed.owed}
    if not changed.opened:
        await _ONLY_MOVE.execute(conn, **left, **moved)
    elif not changed.moved:
        await _ONLY_OPEN.execute(conn, **left, **opened)
    else:
        await _OPEN_AND_MOVE.execute(conn, **left, **opened, **moved)
    return True


def _opened(changed: Changed) -> dict[str, list[Any]]:
    return {"named": list(map(rows.named, changed.opened)), "opened": list(map(rows.opened, changed.opened))}


def _left(books: Books, changed: Changed) -> dict[str, list[Any]]:
    return {
        "recorded": changed.recorded,
        "exposed": list(filter(books.has_moved, changed.accounts)),
        "booked": changed.booked,
        "told": changed.told,
        "partnered": changed.partnered,
    }
