"""Policies of credit insurance in the database: documents in versions, the last of which is in force."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct, field

from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.insurance.policy import Insurance, InsurancePolicy, require_policy
from service.support.arrangement import Arrangement
from service.support.documents_flow import Q as SUPPORT

Q: Final = load_queries(Path(__file__).with_name("policies.sql"))


class AgreedPolicy(Struct, frozen=True):
    """A policy as it is now."""

    policy_id: str = field(name="id")
    version: int  # 1, 2, 3 ...
    document: InsurancePolicy  # what was agreed


async def require_agreeable(conn: Connection, policy_id: str | None, document: InsurancePolicy) -> None:
    """Refused: NOT_FOUND, for what it names and there is not; LINE_MISMATCH, CURRENCY_MISMATCH, where it differs from
    the arrangement, or from the version before; INVALID_FIELD."""
    row = await conn.fetchrow(SUPPORT.load_arrangement, document.arrangement_id)
    if row is None:
        sentence = f"There is no arrangement {document.arrangement_id!r}."
        raise Refused(Code.NOT_FOUND, sentence, "/document/arrangement_id")
    terms = msgspec.json.decode(row["document"], type=Arrangement)
    require_policy(document, terms)
    named = [*document.merchant_ids, *([document.loss_payee_id] if document.loss_payee_id else [])]
    if unknown := await conn.fetchval(Q.unknown_party, named):
        raise Refused(Code.NOT_FOUND, f"There is no merchant or partner {unknown!r}.", "/document")
    if policy_id is None:
        return
    before = await insurance(conn, policy_id, "/policy_id")
    if before.policy.line is not document.line:
        raise Refused(Code.LINE_MISMATCH, f"The policy is of the line {before.policy.line}.", "/document/line")
    if before.terms.currency != terms.currency:
        sentence = f"The policy is in {before.terms.currency}, and the arrangement in {terms.currency}."
        raise Refused(Code.CURRENCY_MISMATCH, sentence, "/document/arrangement_id")


async def agree(conn: Connection, policy_id: str, document: InsurancePolicy, now: datetime) -> int:
    """Writes down a policy's next version; which it is."""
    await conn.execute(Q.hold, policy_id)
    text = msgspec.json.encode(document).decode()
    version: int = await conn.fetchval(Q.insert_policy, policy_id, text, now)
    return version


async def insurance(conn: Connection | Pool, policy_id: str, pointer: str = "/id") -> Insurance:
    """A policy as it is now. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_policy, policy_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no insurance policy {policy_id[:100]!r}.", pointer)
    return Insurance(
        policy_id,
        msgspec.json.decode(row["document"], type=InsurancePolicy),
        msgspec.json.decode(row["terms"], type=Arrangement),
    )


async def policies(pool: Pool, after: str, limit: int) -> list[AgreedPolicy]:
    """All, the oldest first."""
    return [_agreed(row) for row in await pool.fetch(Q.list_policies, after, limit)]


async def policies_of(pool: Pool, insurer_id: str, after: str, limit: int) -> list[AgreedPolicy]:
    """Those that a party insures by, the oldest first."""
    return [_agreed(row) for row in await pool.fetch(Q.list_policies_of, insurer_id, after, limit)]


def _agreed(row: asyncpg.Record) -> AgreedPolicy:
    document = msgspec.json.decode(row["document"], type=InsurancePolicy)
    return AgreedPolicy(row["policy_id"], row["version"], document)
