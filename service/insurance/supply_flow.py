"""Debtors who are supplied no more, and those of whom the insurer is told that they are overdue, in the database."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.db import Connection, Pool, load_queries
from service.event_type import EventType
from service.insurance.limits_flow import debtor_row
from service.insurance.policies_flow import insurance
from service.insurance.policy import Insurance
from service.packed import unpack
from service.partners.telling_flow import Teller
from service.people import pausing_flow as people
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("supply.sql"))

STOPPED: Final = b'"STOP_SUPPLY"'  # the code of the reason, as it stands in an answer
LONG_AGO, FOREVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class Stop(Struct, frozen=True):
    """An order that was declined because the debtor was too late: the decision proves that supply was stopped."""

    decision_id: str
    decided_at: datetime
    merchant_id: str
    currency: str
    amount: int  # minor units that were asked for


class OverdueNotice(Struct, frozen=True):
    """A debtor of whom the insurer is told, once for each due date since which it is overdue."""

    debtor_id: str
    due_on: date  # the earliest that was not paid
    currency: str
    amount: int  # minor units that were overdue
    noticed_on: date  # the day the insurer was told


async def touch_debtor(conn: Connection, under: Insurance, debtor_id: str) -> list[tuple[str, int]]:
    """The debtor's consumers with their new versions, for the cache: what a checkout must know of them has changed."""
    return await people.touch(conn, (await debtor_row(conn, under, debtor_id))["person_id"])


async def touch_debtors(conn: Connection, policy_id: str) -> list[tuple[str, int]]:
    """The same of all debtors under a policy."""
    touched: list[tuple[str, int]] = []
    for (person_id,) in await conn.fetch(Q.debtors_people, policy_id):
        touched += await people.touch(conn, person_id)
    return touched


async def stops_of(
    conn: Connection | Pool, under: Insurance, debtor_id: str, until: datetime, after: datetime = LONG_AGO
) -> list[Stop]:
    """The orders of a debtor that were declined because it was too late, the oldest first. Refused: WRONG_DEBTOR."""
    person_id = (await debtor_row(conn, under, debtor_id))["person_id"]
    return await _stops(conn, person_id, list(under.policy.merchant_ids), after, until)


async def _stops(
    conn: Connection | Pool, person_id: str, merchant_ids: list[str], after: datetime, until: datetime
) -> list[Stop]:
    rows = await conn.fetch(Q.load_declined, person_id, merchant_ids, after, until)
    return [
        Stop(row["decision_id"], row["decided_at"], row["merchant_id"], row["currency"], row["amount"])
        for row in rows
        if STOPPED in unpack(row["answer"])
    ]


async def stops_since(conn: Connection, arrangement_id: str, person_id: str, after: datetime) -> list[Stop]:
    """The orders of a person that were declined for being too late, at merchants whose sales the policies insure that
    stand on an arrangement; the oldest first."""
    found: dict[str, Stop] = {}
    for (merchant_ids,) in await conn.fetch(Q.merchants_insured_by, arrangement_id):
        for stop in await _stops(conn, person_id, merchant_ids, after, FOREVER):
            found[stop.decision_id] = stop
    return [found[decision_id] for decision_id in sorted(found)]


async def notice_overdue(conn: Connection, under: Insurance, now: datetime, by: Teller = Teller.DAY) -> int:
    """Tells the insurer who is overdue for as long as the policy says; how many. Done again it tells none."""
    policy, today = under.policy, now.date()
    rows = await conn.fetch(
        Q.insert_notices, under.policy_id, under.terms.currency, list(policy.merchant_ids), today,
        policy.overdue_report_days, now,
    )  # fmt: skip
    for debtor_id, due_on, amount in rows:
        data = {
            "debtor_id": debtor_id, "policy_id": under.policy_id, "amount": amount, "currency": under.terms.currency,
            "due_on": due_on,
        }  # fmt: skip
        await tell_party(conn, under.terms.provider_id or "", EventType.DEBTOR_OVERDUE, by, data, now)
    return len(rows)


async def notice_all(pool: Pool, now: datetime) -> int:
    """The same for all policies; how many debtors."""
    told = 0
    for (policy_id,) in await pool.fetch(Q.policies_with_debtors):
        async with pool.acquire() as conn, conn.transaction():
            told += await notice_overdue(conn, await insurance(conn, policy_id), now)
    return told


async def notices(
    pool: Pool, policy_id: str, after: tuple[date, str, date], limit: int
) -> list[OverdueNotice]:  # fmt: skip
    """Those of a policy, in the order in which they were told."""
    return [OverdueNotice(*row) for row in await pool.fetch(Q.list_notices, policy_id, *after, limit)]
