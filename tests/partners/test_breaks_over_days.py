"""Breaks that were kept a day at a time, brought together: nothing that was open is lost, and its age stays."""

from datetime import date

from service import db, ids
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, THURSDAY, TUESDAY, WEDNESDAY, evening, open_world

PLANS = [ids.new_id(ids.PLAN, 0, number) for number in range(2)]


async def test_open_breaks_of_several_days_become_the_first_of_them(empty_database_url: str) -> None:
    connection = await db.connect(empty_database_url)
    try:
        every = db.load_migrations()
        together = next(step for step in every if step.name == "breaks_over_days")
        await db.migrate(connection, every[: together.version - 1])
        await open_world(connection)
        first = await break_of(connection, MONDAY, PLANS[0], "open", 1)
        await break_of(connection, TUESDAY, PLANS[0], "open", 2)
        settled = await break_of(connection, WEDNESDAY, PLANS[0], "resolved", 3)
        other = await break_of(connection, THURSDAY, PLANS[1], "open", 4)
        await db.migrate(connection, every)
        kept = await connection.fetch(
            "select break_id, state::text, opened_on, first_business_on, business_on from partner_breaks order by 1"
        )
        assert [tuple(row) for row in kept] == [
            (first, "open", MONDAY, MONDAY, TUESDAY),
            (settled, "resolved", WEDNESDAY, WEDNESDAY, WEDNESDAY),
            (other, "open", THURSDAY, THURSDAY, THURSDAY),
        ]
        broken = [check.name for check in await db.run_checks(connection) if check.rows]
        assert "open_breaks_stand_on_a_day" not in broken
        assert "reconciliations_match_or_have_breaks" not in broken
    finally:
        await connection.close()


async def break_of(connection: db.Connection, on: date, plan_id: str, state: str, number: int) -> str:
    """A file of ours, a verdict on theirs, and the break it found, as they were kept."""
    file_id, verdict, break_id = (ids.new_id(one, 0, number) for one in (ids.FILE, ids.RECONCILIATION, ids.BREAK))
    await connection.execute(
        "insert into partner_files values ($1, $2, $3, $4, $5, 'EUR', 0, 0, 0, 0, 0, 0, '', $6, '', $7)",
        file_id, PARTNER, PROGRAMME, number, on, b"" if number > 1 else None, evening(on),
    )  # fmt: skip
    await connection.execute(
        "insert into reconciliations values ($1, $2, $3, 1, 'breaks', 1, 1, '{}', '{}', '{\"amount_differs\": 1}',"
        " '{}', '', '', $4)",
        verdict, PARTNER, file_id, evening(on),
    )  # fmt: skip
    await connection.execute(
        "insert into breaks values ($1, $2, $3, $4, $5, 'amount_differs', 'EUR', 'EUR', '[]', 'operator', $6, $7, $8)",
        break_id, PARTNER, file_id, verdict, plan_id, state, on, on if state == "resolved" else None,
    )  # fmt: skip
    return break_id
