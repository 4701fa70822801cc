"""Policies in the database: drafts, signatures, and the versions a process keeps ready."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from service.aside import Beside
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.policies.compile import CompiledPolicy, compile_policy
from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.validate import faults
from service.policies.version import PolicyDocument, PolicyVersion, Signer, Span, first_day, in_force, state_of

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

READY_MAX: Final = 64  # versions that a process keeps ready; the oldest of them gives way

# The life of a version ------------------------------------------------------------------------------------------------


async def faults_of(policy: Policy, active_from: datetime, beside: Beside[list[Fault]]) -> list[Fault]:
    """All faults of a document that would begin then. Seconds of work, where it has many prices."""
    return await beside(lambda wanted: faults(policy, first_day(policy, active_from), wanted))


async def faults_of_version(
    pool: Pool, policy_id: str, version: int, active_from: datetime, beside: Beside[list[Fault]]
) -> list[Fault]:
    """The same of a version that is kept. Refused: NOT_FOUND."""
    document, _ = await _load_document(pool, policy_id, version)
    return await faults_of(document, active_from, beside)


async def draft(
    conn: Connection, policy: Policy, found: list[Fault], by: Signer | None, now: datetime, restores: int | None = None
) -> PolicyVersion:
    """Keeps a document as the next version of its policy, with the faults `found` in it."""
    await conn.execute(Q.lock_policy, policy.policy_id)
    version = 1 + await conn.fetchval(Q.last_version, policy.policy_id)
    kept = msgspec.structs.replace(policy, version=version)
    person, key_id = (by.person, by.key_id) if by else (None, None)
    await conn.execute(
        Q.insert_draft, policy.policy_id, version, _json(kept), person, key_id, now, restores, _json(found)
    )
    return await load_version(conn, policy.policy_id, version, now)


async def publish(
    conn: Connection, policy_id: str, version: int, found: list[Fault], by: Signer, active_from: datetime, now: datetime
) -> PolicyVersion:
    """Signs a draft: from then on it is in force from `active_from`; `found` are the faults it would have on that day.

    Refused: NOT_FOUND, STATE_FORBIDS (it is published), FOUR_EYES (by whom it was drafted), INVALID_POLICY.
    """
    await conn.execute(Q.lock_policy, policy_id)
    known = await load_version(conn, policy_id, version, now)
    if known.published_at is not None:
        raise Refused(Code.STATE_FORBIDS, f"Version {version} is published already.", "/version", ("rollback",))
    refuse_the_same_person(known.drafter, by)
    refuse_faults(found)
    await conn.execute(Q.publish, policy_id, version, by.person, by.key_id, now, active_from)
    return await load_version(conn, policy_id, version, now)


async def roll_back(
    conn: Connection, policy_id: str, version: int, found: list[Fault], by: Signer, active_from: datetime, now: datetime
) -> PolicyVersion:
    """Publishes the document of an earlier version again, as a new version.

    Its author still is who drafted it, so one other person is enough, at any hour. Refused: as `publish` does;
    STATE_FORBIDS if that version never was published.
    """
    earlier = await load_version(conn, policy_id, version, now)
    if earlier.published_at is None:
        raise Refused(Code.STATE_FORBIDS, f"Version {version} was never published.", "/version", ("publish",))
    author = Signer(earlier.drafter, earlier.drafted_by) if earlier.drafter and earlier.drafted_by else None
    again = await draft(conn, earlier.document, [], author, now, restores=version)
    return await publish(conn, policy_id, again.version, found, by, active_from, now)


def refuse_the_same_person(drafter: str | None, by: Signer) -> None:
    """Refuse the signature of who drafted it, whichever of the person's keys it is given with (FOUR_EYES)."""
    if drafter == by.person:
        raise Refused(
            Code.FOUR_EYES, f"{by.person} drafted this version; a second person signs it, with a key of their own."
        )


def refuse_faults(found: list[Fault]) -> None:
    """Refuse a document that has any, and name them all (INVALID_POLICY)."""
    if found:
        told = " ".join(f"{fault.pointer}: {fault.sentence}" for fault in found)
        raise Refused(Code.INVALID_POLICY, told, f"/document{found[0].pointer}")


# Looking them up ------------------------------------------------------------------------------------------------------


async def load_version(conn: Connection | Pool, policy_id: str, version: int, now: datetime) -> PolicyDocument:
    """One version with its document. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_version, policy_id, version)
    if row is None:
        raise _not_found(policy_id, version)
    *_, document = row
    facts = _facts(row, await load_spans(conn), now)
    return PolicyDocument(**facts, document=_decode(document))


async def list_versions(
    conn: Connection | Pool, after: tuple[str, int], limit: int, now: datetime
) -> list[PolicyVersion]:
    """Versions by policy and number, from the one after `after`."""
    spans = await load_spans(conn)
    return [PolicyVersion(**_facts(row, spans, now)) for row in await conn.fetch(Q.list_versions, *after, limit)]


async def load_spans(conn: Connection | Pool) -> tuple[Span, ...]:
    """What was published, in the order it begins."""
    return tuple(Span(*row) for row in await conn.fetch(Q.load_spans))


class Ready:
    """Versions made ready for deciding. They never change, so a process compiles each once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: dict[tuple[str, int], CompiledPolicy] = {}

    async def get(self, policy_id: str, version: int) -> CompiledPolicy:
        """The version, ready. Refused: NOT_FOUND, INVALID_POLICY (a draft with faults)."""
        return self._kept.get((policy_id, version)) or await self._make(policy_id, version)

    async def prepare(self, versions: Iterable[tuple[str, int]]) -> None:
        """Makes them ready before anybody asks."""
        for one in versions:
            await self.get(*one)

    async def _make(self, policy_id: str, version: int) -> CompiledPolicy:
        document, found = await _load_document(self._pool, policy_id, version)
        refuse_faults(found)
        made = await asyncio.to_thread(compile_policy, document)  # some 50 ms: others get their turn
        self._kept[policy_id, version] = made
        if len(self._kept) > READY_MAX:
            del self._kept[next(iter(self._kept))]
        return made


async def _load_document(pool: Pool, policy_id: str, version: int) -> tuple[Policy, list[Fault]]:
    """The document, and the faults that were found when it was drafted."""
    row = await pool.fetchrow(Q.load_document, policy_id, version)
    if row is None:
        raise _not_found(policy_id, version)
    return _decode(row["document"]), _decode_faults(row["faults"])


def _not_found(policy_id: str, version: int) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no version {version} of {policy_id}.", "/version")


def _facts(row: asyncpg.Record, spans: tuple[Span, ...], now: datetime) -> dict[str, Any]:
    found = _decode_faults(row["faults"])
    current = in_force(spans, now)
    is_in_force = current is not None and (current.policy_id, current.version) == (row["policy_id"], row["version"])
    names = (
        "policy_id", "version", "name", "drafter", "drafted_by", "drafted_at", "publisher", "published_by",
        "published_at", "restores",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "faults": found,
        "active_from": row["active_from"],
        "state": state_of(bool(found), row["active_from"], is_in_force, now),
    }


def _json(value: Policy | list[Fault]) -> str:
    return msgspec.json.encode(value).decode()


_decode = msgspec.json.Decoder(Policy).decode
_decode_faults = msgspec.json.Decoder(list[Fault]).decode
