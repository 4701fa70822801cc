"""Which invariants a test may have broken, by the tables in which there are rows."""

import pytest

from service import db
from tests.checked import CHECKS, broken_checks, understood, worth_asking

PLANS, FACTS, BOTH = {"plans"}, {"facts"}, {"plans", "facts"}


@pytest.mark.parametrize(
    ("query", "finds", "finds_none"),
    [
        ("select from plans", [PLANS, BOTH], [FACTS, set()]),
        ("select from plans join facts using (plan_id)", [BOTH], [PLANS, FACTS]),
        ("select from plans left join facts using (plan_id)", [PLANS, BOTH], [FACTS]),
        ("select from facts right join plans using (plan_id)", [PLANS, BOTH], [FACTS]),
        ("select from plans full join facts using (plan_id)", [PLANS, FACTS, BOTH], [set()]),
        ("select from plans p where exists (select from facts f where f.plan_id = p.plan_id)", [BOTH], [PLANS, FACTS]),
        ("select from plans p where not exists (select from facts f where f.plan_id = p.plan_id)", [PLANS], [FACTS]),
        ("select from plans where plan_id not in (select plan_id from facts)", [PLANS], [FACTS]),
        ("select plan_id from plans union all select plan_id from facts", [PLANS, FACTS], [set()]),
        ("select plan_id from plans except select plan_id from facts", [PLANS], []),
        ("select state, count(*) from plans group by state", [PLANS], [FACTS]),
        ("select count(*) from plans", [PLANS, FACTS, set()], []),
        ("select plan_id from plans group by grouping sets ((), (plan_id))", [PLANS, FACTS, set()], []),
        ("select 1", [set()], []),
        ("select generate_series(1, 2)", [set()], []),
        ("select from (values (1)) v left join plans on true", [set()], []),
        ("select from generate_series(1, 2) left join plans on true", [set()], []),
        ("with p as materialized (select * from plans) select from p", [PLANS], []),
    ],
)
async def test_when_a_query_may_find_a_row(
    pool: db.Pool, query: str, finds: list[set[str]], finds_none: list[set[str]]
) -> None:
    async with pool.acquire() as connection:
        found = await understood(connection, query)
    assert all(found(filled) for filled in finds)
    assert not any(found(filled) for filled in finds_none)


async def test_a_query_that_needs_no_rows_is_always_asked(pool: db.Pool) -> None:
    async with pool.acquire() as connection:
        asked = {name for name, _ in await worth_asking(connection)}
        assert asked < CHECKS.keys()
        for name in CHECKS.keys() - asked:
            assert await connection.fetch(CHECKS[name]) == []
        await connection.execute("insert into person_marks values (0, '\\x00', 'pe_none')")
        assert [check.name for check in await broken_checks(connection)] == ["marks_name_who_was_registered_by_them"]
