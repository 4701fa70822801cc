"""The decision log: a batch of decisions appended in one statement, which is a transaction of its own.

A decision locks nothing and reads nothing more: its answer is known when it comes here. So a single statement claims
the keys, opens the accounts of those approved for the first time, and appends; one round trip for the whole batch.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg
from msgspec import Struct, structs

from service import ids
from service.checkout.flow import Q, Versions
from service.clusters import is_cluster
from service.db import Connection
from service.engine import keys
from service.engine.batch import CommitUnknown
from service.engine.faults import LOST, PASSING
from service.engine.keys import CLAIM_ELSEWHERE, CLAIM_NEW_ELSEWHERE, KeptElsewhere, Keys
from service.engine.work import Answer, Answers, Key, Work
from service.errors import Code, Refused
from service.limits.account import Account
from service.limits.store import OPEN_ACCOUNTS, OPEN_NEW_ACCOUNTS, Opening
from service.packed import pack, unpack
from service.statement import Int, Row, SmallInt, Statement, run, together


class LoggedDecision(Row, frozen=True):
    """A row of `decisions`: everything needed to replay it."""

    bucket: SmallInt
    decision_id: str
    merchant_id: str
    consumer_id: str
    merchant_reference: str
    currency: str
    amount: int
    category: str
    outcome: str
    policy_id: str
    policy_version: Int
    limit: int
    decided_at: datetime
    expires_at: datetime
    request: bytes  # sealed
    snapshot: bytes  # sealed
    answer: bytes  # as it is sent; kept packed
    takers: bytes  # whose money each offer would be; kept packed
    amends: str | None  # the plan that is to be of more; None: a checkout


class DecisionRow(LoggedDecision, frozen=True):
    """A decision on its way into the log."""

    opens_for: str | None  # the person, who is approved and has no account in this currency yet; None: opens none
    rulebook: int | None  # the revision it was made under; None: a person's, who knew the policy
    kept: Versions | None  # of what was remembered; None: it was made of what the database says


class RulebookChanged(Exception):
    """The decision was made under a rulebook that is not the present one. Nothing was logged; decide again."""


class FactsChanged(Exception):
    """The decision was made of what is not, or not any more, in the database. Nothing was logged; decide again."""


class Appended(Struct, frozen=True):
    """What became of decisions that were to be appended: by their ids, and the accounts that were opened."""

    logged: set[str]
    taken: set[str]  # left out, because a plan has taken their merchant reference
    outdated: set[str]  # left out, because what was remembered is not so any more
    opened: list[Account]


async def log(known: Keys, conn: Connection, works: list[Work[DecisionRow]]) -> tuple[Answers, list[Account]]:
    """Appends the decisions whose keys are new. Returns all answers, to be given now, and the accounts opened.

    Who decided under a rulebook that is not the present one is told at once (`RulebookChanged`); so is who granted
    something on facts that are not the present ones (`FactsChanged`), and who decided on a merchant reference that a
    plan has taken (`Refused`). Their keys stay free.
    """
    groups = keys.alike(works)
    firsts = [one for one, *_ in groups]
    try:
        done = await append(conn, [(one.item, one.key, one.status) for one in firsts])
        seen = [one.key for one in firsts if one.key and one.item.decision_id not in done.logged]
        stored = await known.answers(conn, seen) if seen else {}
    except asyncpg.LockNotAvailableError:
        raise  # nothing was logged
    except (*LOST, *PASSING) as error:
        opened = [
            Account(ids.bucket_of(work.item.opens_for), work.item.opens_for, work.item.currency, work.item.limit)
            for work in works
            if work.item.opens_for
        ]
        raise CommitUnknown(opened, error) from error
    answers: Answers = []
    for one, *others in groups:
        row: DecisionRow = one.item
        if row.decision_id in done.logged:
            answer = Answer(one.status, row.answer)
            answers.append((one, answer))
            answers += [(work, answer if keys.is_same(work, one) else keys.reused()) for work in others]
        elif one.key and (kept := stored.get((one.key.owner_id, one.key.key))):
            answers += [(work, keys.same_or_reused(kept, work.key)) for work in (one, *others) if work.key]
        elif row.decision_id in done.taken:
            _raise(reference_used(row.merchant_reference), [one, *others])
        elif row.decision_id in done.outdated:
            _raise(FactsChanged(), [one, *others])
        else:
            _raise(RulebookChanged(), [one, *others])
    return answers, done.opened


class AskedDecision(Row, frozen=True, gc=False):
    """What decides whether a decision is logged."""

    bucket: SmallInt
    decision_id: str
    merchant_id: str
    consumer_id: str
    currency: str
    merchant_reference: str
    rulebook: int | None
    consumer_version: int | None
    account_version: int | None
    has_key: bool


def _asked(row: DecisionRow, *, has_key: bool) -> AskedDecision:
    consumer_version, account_version = row.kept or (None, None)
    return AskedDecision(
        row.bucket, row.decision_id, row.merchant_id, row.consumer_id, row.currency, row.merchant_reference,
        row.rulebook, consumer_version, account_version, has_key,
    )  # fmt: skip


_LOG: Final = together(
    Statement(Q.log_decisions, decided=LoggedDecision),
    taken=Statement(Q.taken, asked=AskedDecision),
    outdated=Statement(Q.outdated, asked=AskedDecision),
    admitted=Statement(Q.admitted, asked=AskedDecision),
    claimed=CLAIM_ELSEWHERE,
    fresh=Statement(Q.fresh, asked=AskedDecision),
    opened=OPEN_ACCOUNTS,
)


_EXAMINE: Final = Statement(Q.examine, asked=AskedDecision, keys=KeptElsewhere)
_STEPS: Final = (
    CLAIM_NEW_ELSEWHERE,
    OPEN_NEW_ACCOUNTS,
    Statement(Q.log_new_decisions, decided=LoggedDecision),
)


async def append(conn: Connection, decisions: list[tuple[DecisionRow, Key | None, int]]) -> Appended:
    """Appends each decision under its key with the status of its answer; one whose key was used before is left out.

    So is one with a key that was made under another rulebook or of other facts than the present ones, or on a reference
    that is taken.
    """
    if is_cluster(conn):
        return await _append_step_by_step(conn, decisions)
    found = await _LOG.fetch(conn, **_rows(decisions))
    told = {fate: {row["decision_id"] for row in found if row["fate"] == fate} for fate in _FATES}
    return Appended(
        **told,
        opened=[
            Account(row["bucket"], row["person_id"], row["currency"], row["limit"])
            for row in found
            if row["fate"] == "opened"
        ],
    )


async def _append_step_by_step(conn: Connection, decisions: list[tuple[DecisionRow, Key | None, int]]) -> Appended:
    """The same on a cluster, in two round trips: no part of a statement there can use what another returns."""
    rows = _rows(decisions)
    found = {row["decision_id"]: row for row in await _EXAMINE.fetch(conn, asked=rows["asked"], keys=rows["keys"])}
    keyless = {row.decision_id for row, key, _ in decisions if key is None}
    done = Appended(
        keyless | {one for one, row in found.items() if not (row["is_known"] or row["is_taken"] or row["is_outdated"])
                   and row["is_present"]},
        {one for one, row in found.items() if row["is_taken"] and one not in keyless},
        {one for one, row in found.items() if row["is_outdated"] and one not in keyless},
        [],
    )  # fmt: skip
    logged = [one for one in decisions if one[0].decision_id in done.logged]
    if logged:
        rows = _rows(logged)
        try:
            await run(conn, _STEPS, rows)
        except asyncpg.UniqueViolationError:  # a key was used meanwhile: seen the next time
            return await _append_step_by_step(conn, decisions)
        done.opened.extend(Account(one.bucket, one.person_id, one.currency, one.limit) for one in rows["opening"])
    return done


def _rows(decisions: list[tuple[DecisionRow, Key | None, int]]) -> dict[str, list[Any]]:
    return {
        "asked": [_asked(row, has_key=key is not None) for row, key, _ in decisions],
        "keys": [
            KeptElsewhere(key.bucket, key.owner_id, key.key, key.request_hash, status, row.decision_id, row.decided_at)
            for row, key, status in decisions
            if key
        ],
        "opening": [
            Opening(ids.bucket_of(row.opens_for), row.opens_for, row.currency, row.limit, row.decision_id)
            for row, _, _ in decisions
            if row.opens_for
        ],
        "decided": [structs.replace(row, answer=pack(row.answer), takers=pack(row.takers)) for row, _, _ in decisions],
    }  # fmt: skip


_FATES: Final = ("logged", "taken", "outdated")


def reference_used(merchant_reference: str, pointer: str = "/merchant_reference") -> Refused:
    """A decision on a merchant reference that a plan has taken: none of its offers could be accepted."""
    return Refused(Code.REFERENCE_USED, f"The merchant reference {merchant_reference!r} has a plan already.", pointer)


def _raise(error: Exception, works: list[Work[Any]]) -> None:
    for work in works:
        if not work.answered.done():
            work.answered.set_exception(error)


async def load_answers(conn: Connection, decision_ids: list[str]) -> Mapping[str, bytes]:
    """The answers of logged decisions: they are kept once, here, and not under the keys of their checkouts again."""
    found = await conn.fetch(Q.load_decision_answers, [ids.bucket_of(one) for one in decision_ids], decision_ids)
    return {row["decision_id"]: unpack(row["answer"]) for row in found}
