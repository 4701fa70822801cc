"""The decision log: a batch of decisions appended in one statement, which is a transaction of its own.

A decision locks nothing and reads nothing more: its answer is known when it comes here. So a single statement claims
the keys, opens the accounts of those approved for the first time, and appends; one round trip for the whole batch.
"""

from typing import Any

import asyncpg
import msgspec

from service.db import Connection, columns
from service.engine import keys
from service.engine.batch import Answers, CommitUnknown
from service.engine.faults import LOST, PASSING
from service.engine.queries import Q
from service.engine.work import Answer, DecisionRow, Key, RulebookChanged, Work
from service.limits.account import Account
from service.packed import pack


async def log(conn: Connection, works: list[Work]) -> tuple[Answers, list[Account]]:
    """Appends the decisions whose keys are new. Returns all answers, to be given now, and the accounts opened.

    Who decided under a rulebook that is not the present one is told at once (`RulebookChanged`).
    """
    rows = [work.item for work in works if isinstance(work.item, DecisionRow)]
    assert len(rows) == len(works)
    groups = keys.alike(works)
    firsts = [one for one, *_ in groups]
    try:
        logged, opened = await append(conn, [(_row(one), one.key, one.status) for one in firsts])
        seen = [one.key for one in firsts if one.key and _row(one).decision_id not in logged]
        stored = await keys.load_answers(conn, seen) if seen else {}
    except (*LOST, *PASSING) as error:
        raise CommitUnknown([_account(row) for row in rows if row.opens_account]) from error
    answers: Answers = []
    for one, *others in groups:
        row = _row(one)
        if row.decision_id in logged:
            answer = Answer(one.status, row.answer)
            answers.append((one, answer))
            answers += [(work, answer if keys.is_same(work, one) else keys.reused()) for work in others]
        elif one.key and (kept := stored.get((one.key.owner_id, one.key.key))):
            answers += [(work, keys.same_or_reused(kept, work.key)) for work in (one, *others) if work.key]
        else:
            _refuse_as_outdated([one, *others])
    return answers, opened


async def append(
    conn: Connection, decisions: list[tuple[DecisionRow, Key | None, int]]
) -> tuple[set[str], list[Account]]:
    """Appends each decision under its key with the status of its answer; one whose key was used before is left out,
    and so is one with a key that was made under another rulebook than the present one.

    Returns the ids of those appended, and the accounts that were opened.
    """
    asked: list[tuple[Any, ...]] = []
    for row, key, status in decisions:
        *facts, answer, funding, opens_account, rulebook = msgspec.structs.astuple(row)
        claim = (key.bucket, key.owner_id, key.key, key.request_hash) if key else (None,) * 4
        asked.append((*facts, pack(answer), funding, opens_account, *claim, status, rulebook))
    found: list[asyncpg.Record] = await conn.fetch(Q.log_decisions, *columns(asked))
    logged = {row["decision_id"] for row in found if row["decision_id"] is not None}
    opened = [
        Account(row["bucket"], row["consumer_id"], row["currency"], row["limit"])
        for row in found
        if row["decision_id"] is None
    ]
    return logged, opened


def _refuse_as_outdated(works: list[Work]) -> None:
    for work in works:
        if not work.answered.done():
            work.answered.set_exception(RulebookChanged())


def _row(work: Work) -> DecisionRow:
    assert isinstance(work.item, DecisionRow)
    return work.item


def _account(row: DecisionRow) -> Account:
    return Account(row.bucket, row.consumer_id, row.currency, row.limit)
