"""The decision log: a batch of decisions appended in one statement, which is a transaction of its own.

A decision locks nothing and reads nothing more: its answer is known when it comes here. So a single statement claims
the keys, opens the accounts of those approved for the first time, and appends; one round trip for the whole batch.
"""

from typing import Any

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, columns
from service.engine import keys
from service.engine.batch import Answers, CommitUnknown
from service.engine.faults import LOST, PASSING
from service.engine.queries import Q
from service.engine.work import Answer, DecisionRow, Key, RulebookChanged, Work
from service.errors import Code, Refused
from service.limits.account import Account
from service.packed import pack


class Appended(Struct, frozen=True):
    """What became of decisions that were to be appended: by their ids, and the accounts that were opened."""

    logged: set[str]
    taken: set[str]  # left out, because a plan has taken their merchant reference
    opened: list[Account]


async def log(conn: Connection, works: list[Work]) -> tuple[Answers, list[Account]]:
    """Appends the decisions whose keys are new. Returns all answers, to be given now, and the accounts opened.

    Who decided under a rulebook that is not the present one is told at once (`RulebookChanged`); so is who decided on a
    merchant reference that a plan has taken (`Refused`). Their keys stay free.
    """
    rows = [work.item for work in works if isinstance(work.item, DecisionRow)]
    assert len(rows) == len(works)
    groups = keys.alike(works)
    firsts = [one for one, *_ in groups]
    try:
        done = await append(conn, [(_row(one), one.key, one.status) for one in firsts])
        seen = [one.key for one in firsts if one.key and _row(one).decision_id not in done.logged]
        stored = await keys.load_answers(conn, seen) if seen else {}
    except (*LOST, *PASSING) as error:
        raise CommitUnknown([_account(row) for row in rows if row.opens_account], error) from error
    answers: Answers = []
    for one, *others in groups:
        row = _row(one)
        if row.decision_id in done.logged:
            answer = Answer(one.status, row.answer)
            answers.append((one, answer))
            answers += [(work, answer if keys.is_same(work, one) else keys.reused()) for work in others]
        elif one.key and (kept := stored.get((one.key.owner_id, one.key.key))):
            answers += [(work, keys.same_or_reused(kept, work.key)) for work in (one, *others) if work.key]
        elif row.decision_id in done.taken:
            _raise(reference_used(row.merchant_reference), [one, *others])
        else:
            _raise(RulebookChanged(), [one, *others])
    return answers, done.opened


async def append(conn: Connection, decisions: list[tuple[DecisionRow, Key | None, int]]) -> Appended:
    """Appends each decision under its key with the status of its answer; one whose key was used before is left out.

    So is one with a key that was made under another rulebook than the present one, or on a reference that is taken.
    """
    asked: list[tuple[Any, ...]] = []
    for row, key, status in decisions:
        *facts, answer, funding, opens_account, rulebook = msgspec.structs.astuple(row)
        claim = (key.bucket, key.owner_id, key.key, key.request_hash) if key else (None,) * 4
        named = ids.bucket_for(row.merchant_id, row.merchant_reference)
        asked.append((*facts, pack(answer), funding, opens_account, *claim, status, rulebook, named))
    found = await conn.fetch(Q.log_decisions, *columns(asked))
    told = [(row["decision_id"], row["is_taken"]) for row in found if row["decision_id"] is not None]
    return Appended(
        logged={decision_id for decision_id, is_taken in told if not is_taken},
        taken={decision_id for decision_id, is_taken in told if is_taken},
        opened=[
            Account(row["bucket"], row["consumer_id"], row["currency"], row["limit"])
            for row in found
            if row["decision_id"] is None
        ],
    )


def reference_used(merchant_reference: str, pointer: str = "/merchant_reference") -> Refused:
    """A decision on a merchant reference that a plan has taken: none of its offers could be accepted."""
    return Refused(Code.REFERENCE_USED, f"The merchant reference {merchant_reference!r} has a plan already.", pointer)


def _raise(error: Exception, works: list[Work]) -> None:
    for work in works:
        if not work.answered.done():
            work.answered.set_exception(error)


def _row(work: Work) -> DecisionRow:
    assert isinstance(work.item, DecisionRow)
    return work.item


def _account(row: DecisionRow) -> Account:
    return Account(row.bucket, row.consumer_id, row.currency, row.limit)
