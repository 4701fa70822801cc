"""The decision log: a batch of decisions appended in one statement, which is a transaction of its own; in two of one
transaction where some of them have no key.

A decision locks nothing and reads nothing more: its answer is known when it comes here. So a single statement claims
the keys, opens the accounts of those approved for the first time, and appends; one round trip for the whole batch. Why
one was left out is asked only then: mostly none is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
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


class Fate(StrEnum):
    """What speaks against logging a decision. Where nothing of it does, its rulebook is not the present one."""

    KNOWN = "known"  # its key was used before
    TAKEN = "taken"  # a plan has taken its merchant reference
    OUTDATED = "outdated"  # what was remembered is not so any more


class Appended(Struct, frozen=True):
    """What became of decisions that were to be appended, by their ids; and the accounts that they have opened."""

    logged: set[str]
    left_out: dict[str, set[Fate]]
    opened: list[Account]


async def log(known: Keys, conn: Connection, works: list[Work[DecisionRow]]) -> tuple[Answers, list[Account]]:
    """Appends the decisions whose keys are new. Returns all answers, to be given now, and the accounts opened.

    Who decided under a rulebook that is not the present one is told at once (`RulebookChanged`); so is who granted
    something on facts that are not the present ones (`FactsChanged`), and who decided on a merchant reference that a
    plan has taken (`Refused`). Their keys stay free.
    """
    groups = keys.alike(works)
    try:
        done = await _append_all(conn, [one for one, *_ in groups])
        seen = [one.key for one, *_ in groups if one.key and Fate.KNOWN in done.left_out.get(one.item.decision_id, ())]
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
        fates = done.left_out.get(row.decision_id, ())
        if row.decision_id in done.logged:
            answer = Answer(one.status, row.answer)
            answers.append((one, answer))
            answers += [(work, answer if keys.is_same(work, one) else keys.reused()) for work in others]
        elif one.key and (kept := stored.get((one.key.owner_id, one.key.key))):
            answers += [(work, keys.same_or_reused(kept, work.key)) for work in (one, *others) if work.key]
        elif Fate.TAKEN in fates:
            _raise(reference_used(row.merchant_reference), [one, *others])
        elif Fate.OUTDATED in fates:
            _raise(FactsChanged(), [one, *others])
        else:
            _raise(RulebookChanged(), [one, *others])
    return answers, done.opened


async def _append_all(conn: Connection, works: list[Work[DecisionRow]]) -> Appended:
    """Those under keys, and those without; where there are both, all of them or none."""
    keyed = [(one.item, one.key, one.status) for one in works if one.key]
    own = [one.item for one in works if not one.key]
    if not own:
        return await append(conn, keyed)
    if not keyed:
        return await append_own(conn, own)
    async with conn.transaction():
        done, also = await append(conn, keyed), await append_own(conn, own)
    return Appended(done.logged | also.logged, done.left_out, done.opened + also.opened)


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


def _asked(row: DecisionRow) -> AskedDecision:
    return AskedDecision(
        row.bucket, row.decision_id, row.merchant_id, row.consumer_id, row.currency, row.merchant_reference,
        row.rulebook, *(row.kept or (None, None)),
    )  # fmt: skip


_AGAINST: Final = {
    "taken": Statement(Q.taken, asked=AskedDecision),
    "outdated": Statement(Q.outdated, asked=AskedDecision),
}
_LOGGED: Final = {
    "admitted": Statement(Q.admitted, asked=AskedDecision),
    "claimed": CLAIM_ELSEWHERE,
    "logged": Statement(Q.log_decisions, decided=LoggedDecision),
}
_LOG: Final = together(Statement(Q.which_were_logged), **_AGAINST, **_LOGGED)
_LOG_AND_OPEN: Final = together(Statement(Q.which_have_opened), **_AGAINST, **_LOGGED, opened=OPEN_ACCOUNTS)
_ADMIT_OWN: Final = Statement(Q.admitted_without_key, asked=AskedDecision)
_LOG_OWN: Final = together(
    Statement(Q.which_have_opened),
    claimed=_ADMIT_OWN,  # there are no keys to claim: the decisions that may be logged stand in their place
    logged=_LOGGED["logged"],
    opened=OPEN_ACCOUNTS,
)
_WHY_NOT: Final = together(Statement(Q.why_not, keys=KeptElsewhere), **_AGAINST)

_EXAMINE: Final = Statement(Q.examine, asked=AskedDecision, keys=KeptElsewhere)
_STEPS: Final = (CLAIM_NEW_ELSEWHERE, OPEN_NEW_ACCOUNTS, Statement(Q.log_new_decisions, decided=LoggedDecision))

Keyed = tuple[DecisionRow, Key, int]  # with the status of its answer


async def append(conn: Connection, decisions: list[Keyed]) -> Appended:
    """Appends each decision under its key; one whose key was used before is left out.

    So is one that was made under another rulebook or of other facts than the present ones, or on a reference that is
    taken.
    """
    rows = _rows(decisions)
    if is_cluster(conn):
        return await _append_step_by_step(conn, rows)
    opening = rows.pop("opening")
    found = await (_LOG_AND_OPEN.fetch(conn, **rows, opening=opening) if opening else _LOG.fetch(conn, **rows))
    done = _appended(found)
    if len(done.logged) < len(decisions):
        done.left_out.update(await _why_not(conn, rows, done.logged))
    return done


async def append_own(conn: Connection, decisions: list[DecisionRow]) -> Appended:
    """Appends decisions that we have made ourselves, without a key; one made under another rulebook is left out."""
    rows = _rows([(row, None, 200) for row in decisions])
    if is_cluster(conn):
        admitted = {row["answer_id"] for row in await _ADMIT_OWN.fetch(conn, asked=rows["asked"])}
        return await _append_those(conn, rows, admitted, {})
    del rows["keys"]
    return _appended(await _LOG_OWN.fetch(conn, **rows))


def _appended(found: list[asyncpg.Record]) -> Appended:
    logged = {row["decision_id"] for row in found if row["decision_id"]}
    opened = [row for row in found if not row["decision_id"]]
    accounts = [Account(row["bucket"], row["person_id"], row["currency"], row["limit"]) for row in opened]
    return Appended(logged, {}, accounts)


async def _why_not(conn: Connection, rows: dict[str, list[Any]], logged: set[str]) -> dict[str, set[Fate]]:
    asked = [one for one in rows["asked"] if one.decision_id not in logged]
    given = [one for one in rows["keys"] if one.answer_id not in logged]
    fates: dict[str, set[Fate]] = {}
    for row in await _WHY_NOT.fetch(conn, asked=asked, keys=given):
        fates.setdefault(row["decision_id"], set()).add(Fate(row["fate"]))
    return fates


async def _append_step_by_step(conn: Connection, rows: dict[str, list[Any]]) -> Appended:
    """The same on a cluster, in two round trips: no part of a statement there can use what another returns."""
    found = await _EXAMINE.fetch(conn, asked=rows["asked"], keys=rows["keys"])
    fates = {row["decision_id"]: {fate for fate in Fate if row[f"is_{fate}"]} for row in found}
    logged = {row["decision_id"] for row in found if row["is_present"] and not fates[row["decision_id"]]}
    try:
        return await _append_those(conn, rows, logged, fates)
    except asyncpg.UniqueViolationError:  # a key was used meanwhile: seen the next time
        return await _append_step_by_step(conn, rows)


async def _append_those(
    conn: Connection, rows: dict[str, list[Any]], logged: set[str], fates: dict[str, set[Fate]]
) -> Appended:
    """Logs those decisions, on a cluster, and opens their accounts."""
    kept = {
        "keys": [one for one in rows["keys"] if one.answer_id in logged],
        "opening": [one for one in rows["opening"] if one.opened_by in logged],
        "decided": [one for one in rows["decided"] if one.decision_id in logged],
    }
    await run(conn, _STEPS, kept)
    accounts = [Account(one.bucket, one.person_id, one.currency, one.limit) for one in kept["opening"]]
    return Appended(logged, fates, accounts)


def _rows(decisions: Sequence[tuple[DecisionRow, Key | None, int]]) -> dict[str, list[Any]]:
    return {
        "asked": [_asked(row) for row, _, _ in decisions],
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
    }


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
