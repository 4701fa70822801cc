"""Days of a programme as both sides told them, written straight into the tables that the files are loaded into."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from msgspec.structs import asdict

from service import ids
from service.db import Connection
from service.partners.months_flow import make_month_of
from service.partners.signing import Signer
from service.reconciling.items import Item
from service.reconciling.manifest import RunManifest
from service.reconciling.positions import Position
from service.reconciling.runs_flow import Wanted, run_day
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME

SIGNER = Signer("reconciling " * 4)
OTHER = ids.new_id(ids.PARTNER, 0, 2)  # takes part in the programme, too
COMPONENTS = ("principal", "interest", "fee", "penalty", "subsidy")


def noon(on: date) -> datetime:
    """Noon of the day after, when it is compared."""
    return datetime.combine(on + timedelta(days=1), time(12), UTC)


async def tell_ours(
    conn: Connection, items: Iterable[Item], positions: Iterable[Position], on: date = MONDAY, net: int | None = None
) -> None:
    """Our day: its events, its positions, and what is to be paid."""
    files = {kind: await our_file(conn, kind, on) for kind in ("TXN", "POS", "STL")}
    for number, one in enumerate(items):
        event = asdict(one) | {"number": number}
        await conn.execute(
            """insert into partner_events (bucket, event_id, partner_id, programme_id, plan_id, type, business_on,
                                           filed_on, number, value_on, principal, interest, fee, penalty, subsidy,
                                           currency, reverses_event_id, booked_at)
               select 0, $1, $2, $3, $4, $5, $6, $6, (select coalesce(max(number), 0) + 1 from partner_events), $7,
                      $8, $9, $10, $11, $12, $13, $14, $15""",
            one.event_id, PARTNER, PROGRAMME, one.plan_id, one.type, on, one.value_on,
            *(event[name] for name in COMPONENTS), one.currency, one.reverses_event_id, noon(on),
        )  # fmt: skip
    for plan in positions:
        await conn.execute(
            """insert into daily_positions (file_id, bucket, plan_id, partner_id, programme_id, business_on, owner,
                   share_bps, opening, funded, repaid, refunded, adjusted, charged_off, closing, accrued_interest,
                   days_past_due, age_bucket, status, currency)
               values ($1, 0, $2, $3, $4, $5, $6, 7000, $7, $8, $9, $10, $11, $12, $13, 0, $14, 'current', $15, $16)""",
            files["POS"], plan.plan_id, PARTNER, PROGRAMME, on, plan.owner, plan.opening, plan.funded, plan.repaid,
            plan.refunded, plan.adjusted, plan.charged_off, plan.closing, plan.days_past_due, plan.status,
            plan.currency,
        )  # fmt: skip
    if net is not None:
        await conn.execute(
            "insert into daily_legs values ($1, 'net', 'S-' || $2, 'N-' || $2, $3, 1, 'E1', 'E9', 'EUR')",
            files["STL"], on.isoformat(), net,
        )  # fmt: skip


async def tell_theirs(
    conn: Connection, items: Iterable[Item], positions: Iterable[Position], on: date = MONDAY
) -> None:
    """The partner's day; told again, it takes the place of what it told before."""
    await conn.execute(
        "update received_files set state = 'superseded', ended_at = $2 where business_on = $1 and state = 'loaded'",
        on, noon(on),
    )  # fmt: skip
    txn, pos = [await their_file(conn, kind, on) for kind in ("TXN", "POS")]
    for line, one in enumerate(items, 2):
        event = asdict(one)
        await conn.execute(
            """insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on,
                   principal, interest, fee, penalty, subsidy, currency, reverses_event_id, settlement_id)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
            txn, line, one.event_id, one.plan_id, one.type, on, one.value_on,
            *(event[name] for name in COMPONENTS), one.currency, one.reverses_event_id, one.settlement_id,
        )  # fmt: skip
    for line, plan in enumerate(positions, 2):
        await conn.execute(
            """insert into partner_their_positions (file_id, line, plan_id, owner, share_bps, opening, funded, repaid,
                   refunded, adjusted, charged_off, closing, accrued_interest, days_past_due, age_bucket, status,
                   currency)
               values ($1, $2, $3, $4, 7000, $5, $6, $7, $8, $9, $10, $11, 0, $12, 'current', $13, $14)""",
            pos, line, plan.plan_id, plan.owner, plan.opening, plan.funded, plan.repaid, plan.refunded, plan.adjusted,
            plan.charged_off, plan.closing, plan.days_past_due, plan.status, plan.currency,
        )  # fmt: skip


async def compare(conn: Connection, on: date = MONDAY, **more: Any) -> RunManifest:
    """The day, compared in a transaction of its own."""
    async with conn.transaction():
        return await run_day(conn, Wanted(PROGRAMME, on, **more), SIGNER, None, noon(on))


async def owe_another(conn: Connection, net: int, on: date = MONDAY) -> None:
    """What is to be paid that day with another partner of the programme: by the same end-to-end id."""
    file_id = await our_file(conn, "STL", on, OTHER)
    await conn.execute(
        "insert into daily_legs values ($1, 'net', 'S-' || $2, 'N-' || $2, $3, 1, 'E1', 'E9', 'EUR')",
        file_id, on.isoformat(), net,
    )  # fmt: skip


async def our_file(conn: Connection, kind: str, on: date, partner_id: str = PARTNER) -> str:
    """A file of ours, without its bytes."""
    file_id = _new(on)
    await make_month_of(conn, file_id)
    number = await conn.fetchval("select count(*) + 1 from daily_files where type = $1", kind)
    await conn.execute(
        "insert into daily_files values ($1, $2, $3, $4, $5, $6, 0, sha256('ours'), case $5::int when 1 then null else "
        "sha256('before') end, '{}')",
        file_id, partner_id, PROGRAMME, kind, number, on,
    )  # fmt: skip
    return file_id


async def their_file(conn: Connection, kind: str, on: date) -> str:
    """A file of theirs that was loaded."""
    file_id = _new(on)
    await make_month_of(conn, file_id)
    await conn.execute(
        "insert into received_files (file_id, partner_id, programme_id, type, business_on, state, rows, sums, sha256, "
        "bytes, received_at) values ($1, $2, $3, $4, $5, 'loaded', 0, '{}', sha256('theirs'), 0, $6)",
        file_id, PARTNER, PROGRAMME, kind, on, noon(on),
    )  # fmt: skip
    return file_id


def _new(on: date) -> str:
    return ids.new_id(ids.FILE, 0, int(noon(on).timestamp() * 1000))
