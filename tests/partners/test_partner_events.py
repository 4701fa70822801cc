"""A partner's events are numbered without gap or repeat, whoever writes and reads; no closed day is entered."""

import asyncio
from collections import Counter
from datetime import date

import asyncpg
import pytest
from msgspec import structs

from service import ids
from service.db import Connection, Pool
from service.partners.event import PartnerEvent
from service.partners.events_store import TELL_PARTNERS, number_all, read_partner_events
from service.partners.layouts import TxnType
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, TUESDAY, WEDNESDAY, evening, open_world

OTHER = ids.new_id(ids.PARTNER, 0, 2)
WRITERS = 1_000


def event(name: int, partner: str = PARTNER, on: date = MONDAY, undoes: str | None = None) -> PartnerEvent:
    """A repayment of 1.00."""
    bucket = name % ids.BUCKETS
    plan, cause = ids.new_id(ids.PLAN, bucket, name + 1), ids.new_id(ids.COMMAND, bucket, name + 1)
    return PartnerEvent(
        bucket, cause, partner, PROGRAMME, plan, TxnType.REPAYMENT, on, on, 100, 0, 0, 0, 0, "EUR", undoes, evening(on)
    )  # fmt: skip


async def tell(connection: Connection, *events: PartnerEvent) -> None:
    await TELL_PARTNERS.execute(connection, partnered=events)


async def close(connection: Connection, on: date) -> None:
    await connection.execute(
        "insert into partner_closings select $1, partner_id, $2, last_number, 'fi_1', now() from partner_feeds"
        " where partner_id = $3",
        PROGRAMME, on, PARTNER,
    )  # fmt: skip


async def all_numbers(pool: Pool, partner: str, limit: int) -> list[int]:
    numbers: list[int] = []
    while page := await read_partner_events(pool, partner, numbers[-1] if numbers else 0, limit):
        numbers += [one.number for one in page]
    return numbers


async def test_a_thousand_writers_leave_no_gap_and_no_repeat(pool: Pool) -> None:
    """Each writer commits for itself, some two events, one in ten takes it all back; readers number all the while."""
    async with pool.acquire() as connection:
        await open_world(connection)
        await connection.execute("insert into partners values ($1, 'Other', $2)", OTHER, evening(MONDAY))

    async def write(name: int) -> None:
        partner = OTHER if name % 3 == 0 else PARTNER
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await tell(connection, event(name, partner))
            await asyncio.sleep(name % 7 / 1_000)  # so that later ones commit first
            if name % 2 == 0:
                await tell(connection, event(WRITERS + name, partner))
            await (transaction.rollback() if name % 10 == 0 else transaction.commit())

    reading = [all_numbers(pool, partner, limit) for partner in (PARTNER, OTHER) for limit in (7, 100)]
    seen = await asyncio.gather(*map(write, range(WRITERS)), *reading)
    for numbers in seen[WRITERS:]:
        assert numbers == list(range(1, len(numbers or ()) + 1))  # also in the middle of it all
    for partner, is_other in ((PARTNER, False), (OTHER, True)):
        written = sum(1 + (name % 2 == 0) for name in range(WRITERS) if name % 10 and (name % 3 == 0) is is_other)
        everything = await read_partner_events(pool, partner, 0, 5_000)
        assert [one.number for one in everything] == list(range(1, written + 1))
        assert max(Counter(one.event_id for one in everything).values()) == 1


async def test_what_comes_after_the_day_was_closed_is_filed_on_the_next(pool: Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as slow:
        await open_world(connection)
        waiting = slow.transaction()
        await waiting.start()
        await tell(slow, event(1))  # written on Monday, committed when Monday is closed
        await tell(connection, event(2))
        await number_all(connection, PARTNER)
        await close(connection, MONDAY)
        await waiting.commit()
        await tell(connection, event(3, on=WEDNESDAY))
        found = await read_partner_events(pool, PARTNER, 0, 10)
        assert [(one.business_on, one.filed_on) for one in found] == [
            (MONDAY, MONDAY), (MONDAY, TUESDAY), (WEDNESDAY, WEDNESDAY)
        ]  # fmt: skip
        assert found[1].value_on == MONDAY


async def test_an_event_names_the_one_it_reverses(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        first = event(1)
        await connection.execute(
            "insert into facts values ($1, $2, 1, 'fa_1', 'paid', $3, $4, 'merchant', '', $5, null, '{}', null)",
            first.bucket, first.plan_id, MONDAY, evening(MONDAY), first.event_id,
        )  # fmt: skip
        later = event(1 + ids.BUCKETS, on=TUESDAY, undoes="fa_1")
        undoing = structs.replace(later, plan_id=first.plan_id)
        of_another_plan = structs.replace(later, event_id=event(1 + 2 * ids.BUCKETS).event_id)
        await tell(connection, first, undoing, of_another_plan, event(2, undoes="fa_none"))
    found = await read_partner_events(pool, PARTNER, 0, 10)
    assert [one.reverses_event_id for one in found] == [None, first.event_id, None, None]


async def test_an_event_is_told_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        once = event(1)
        await tell(connection, once)
        with pytest.raises(asyncpg.UniqueViolationError):
            await tell(connection, once)
    assert len(await read_partner_events(pool, PARTNER, 0, 10)) == 1
    assert await read_partner_events(pool, PARTNER, 1, 10) == []
