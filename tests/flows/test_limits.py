"""Limits: set by hand, reviewed by the policy, and every change of them kept and told."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from service.people.person import person_of
from tests.flows.test_policies import draft, publish, with_field
from tests.flows.world import NOON, World

REVIEWS = "/v1/operator/limit-reviews"


def late(days: int, kept_bps: int) -> dict[str, Any]:
    """A decrease for who is so many days overdue."""
    when = [{"feature": "days-overdue", "is": "at_least", "value": days}]
    return {"name": f"late-{days}", "when": when, "kept_bps": kept_bps}


async def with_steps(world: World) -> None:
    """The demo's policy, where one plan paid off lifts every grade's limit, and being late halves it."""
    document = with_field("/decreases", [late(10, 5_000), late(30, 0)])
    document["features"].append({"name": "days-overdue", "type": "integer", "source": "history", "of": "days_overdue"})
    for row in document["limits"]:
        row["steps"] = [{"paid_off_plans": 1, "limit": row["limit"] * 2}]
    assert (await publish(world.second_operator, await draft(world.operator, document))).status_code == 200


async def bought(world: World, paid: int = 100_00) -> tuple[str, int]:
    """A consumer with a plan of 100.00, of which so much is paid; and the limit that the decision gave."""
    consumer = await world.consumer()
    plan = await world.plan(consumer, 100_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
    if paid:
        await world.operator.post(f"/v1/operator/plans/{plan['id']}/payments", {"amount": paid})
    return consumer, (await world.account(consumer))["limit"]


async def set_to(world: World, consumer: str, limit: int) -> dict[str, Any]:
    done = await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": limit})
    assert done.status_code == 200, done.text
    account: dict[str, Any] = done.json()
    return account


async def review(world: World, consumer: str, currency: str = "EUR", query: str = "", **more: Any) -> httpx.Response:
    return await world.operator.post(REVIEWS + query, {"consumer": consumer, "currency": currency}, **more)


async def changes(world: World, consumer: str, **query: Any) -> list[dict[str, Any]]:
    path = f"/v1/operator/consumers/{consumer}/accounts/EUR/limit-changes"
    page = await world.operator.get(path, **query)
    assert page.status_code == 200, page.text
    rows: list[dict[str, Any]] = page.json()["changes"]
    return rows


async def limit_events(world: World) -> list[dict[str, Any]]:
    events = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [event for event in events if event["type"] == "account.limit_changed"]


async def close(world: World) -> tuple[int, int]:
    """Closes the day: how many accounts were reviewed, and of how many the limit is another one now."""
    done = (await world.operator.post("/v1/operator/day-close")).json()
    return done["reviewed"], done["limits_changed"]


async def test_a_clean_history_lifts_the_limit(world: World) -> None:
    await with_steps(world)
    consumer, limit = await bought(world)
    before = await world.row_counts()
    dry = (await review(world, consumer, query="?dry_run=true")).json()
    assert (dry["limit_before"], dry["limit"], dry["rule"], dry["dry_run"]) == (limit, 2 * limit, "step", True)
    assert await world.row_counts() == before
    assert (await world.account(consumer))["limit"] == limit

    done = await review(world, consumer, key="k")
    assert (done.status_code, done.json()) == (200, dry | {"dry_run": False})
    assert (await review(world, consumer, key="k")).content == done.content
    assert (await world.account(consumer))["limit"] == 2 * limit
    (change,) = await changes(world, consumer)
    assert (change["limit_before"], change["limit"], change["rule"]) == (limit, 2 * limit, "step")
    assert (change["policy_version"], change["changed_by"][:3], change["changed_at"]) == (
        2,
        "ke_",
        "2026-03-02T12:00:00Z",
    )
    (event,) = await limit_events(world)
    assert (event["consumer"], event["plan_id"], "decision_id" in event) == (consumer, None, False)
    assert event["data"] == {
        "consumer": consumer, "currency": "EUR", "limit": 2 * limit, "limit_before": limit, "rule": "step",
        "version": change["version"],
    }  # fmt: skip

    again = (await review(world, consumer)).json()
    assert (again["limit_before"], again["limit"], again["rule"]) == (2 * limit, 2 * limit, None)
    assert len(await changes(world, consumer)) == len(await limit_events(world)) == 1


async def test_the_new_limit_is_what_the_next_checkout_sees(world: World) -> None:
    await with_steps(world)
    consumer, limit = await bought(world)
    await world.checkout(consumer, 100_00)  # so that the cache has the account
    await review(world, consumer)
    log = await world.checkout(consumer, 100_00)
    decided = (await world.operator.get(f"/v1/operator/decisions/{log['id']}")).json()
    assert decided["snapshot"]["snapshot"]["limit"] == 2 * limit


async def test_who_is_late_has_less_and_below_what_is_out_gets_nothing_more(world: World) -> None:
    await with_steps(world)
    consumer, limit = await bought(world, paid=0)
    world.operator.now = NOON + timedelta(days=10)  # the first instalment was due at once
    done = (await review(world, consumer)).json()
    assert (done["limit"], done["rule"], done["decrease"]) == (limit // 2, "decrease", "late-10")
    world.operator.now = NOON + timedelta(days=30)
    done = (await review(world, consumer)).json()
    assert (done["limit"], done["decrease"], done["used"]) == (0, "late-30", 100_00)
    assert await world.pool.fetchval("select over_limit from accounts where person_id = $1", person_of(consumer))
    assert [row["limit"] for row in await changes(world, consumer)] == [limit // 2, 0]


async def test_no_plan_no_review(world: World) -> None:
    await with_steps(world)
    consumer = await world.consumer(limit=100_00)
    assert (await review(world, consumer)).json()["rule"] is None
    stranger = await world.consumer()
    refused = await review(world, stranger)
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (404, "not_found", "/consumer")
    assert (await review(world, consumer, "USD")).status_code == 404


async def test_a_limit_set_by_hand_is_kept_and_no_step_goes_beyond_it(world: World) -> None:
    await with_steps(world)
    consumer, limit = await bought(world)
    await set_to(world, consumer, limit + 1)
    await set_to(world, consumer, limit + 1)  # the same again is no change
    assert (await review(world, consumer)).json()["rule"] is None
    (change,) = await changes(world, consumer)
    assert (change["limit_before"], change["limit"], change["rule"]) == (limit, limit + 1, "operator")
    assert (change["policy_id"], change["changed_by"][:3]) == (None, "ke_")
    assert [event["data"]["rule"] for event in await limit_events(world)] == ["operator"]


async def test_the_operator_opens_an_account_by_hand(world: World) -> None:
    consumer = await world.consumer()
    assert await changes(world, consumer) == []
    opened = await set_to(world, consumer, 500_00)
    assert (opened["limit"], opened["version"]) == (500_00, 1)
    (change,) = await changes(world, consumer)
    assert (change["limit_before"], change["limit"], change["version"]) == (None, 500_00, 1)
    assert await limit_events(world) == []  # nothing changed: there was no limit


async def test_twenty_operators_set_one_limit(world: World) -> None:
    consumer = await world.consumer()
    await asyncio.gather(*(set_to(world, consumer, 100_00 + number) for number in range(20)))
    rows = await changes(world, consumer)
    assert [row["version"] for row in rows] == list(range(1, 21))
    assert [row["limit_before"] for row in rows] == [None, *(row["limit"] for row in rows[:-1])]
    assert (await world.account(consumer))["limit"] == rows[-1]["limit"]
    assert [event["data"]["limit"] for event in await limit_events(world)] == [row["limit"] for row in rows[1:]]


async def test_changes_are_read_page_by_page(world: World) -> None:
    consumer = await world.consumer()
    for limit in (1, 2, 3):
        await set_to(world, consumer, limit)
    assert [row["limit"] for row in await changes(world, consumer, limit=2)] == [1, 2]
    assert [row["limit"] for row in await changes(world, consumer, after=2)] == [3]
    nobody = await world.operator.get("/v1/operator/consumers/co_00000000000000000000000000/accounts/EUR/limit-changes")
    assert nobody.status_code == 404


async def test_the_days_close_reviews_everybody_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some accounts at a time; run again, and by two at once, nothing more changes."""
    monkeypatch.setattr("service.checkout.limit_flow.AT_ONCE", 2)
    await with_steps(world)
    people = [await bought(world) for _ in range(5)]
    idle = await world.consumer(limit=100_00)
    runs = await asyncio.gather(close(world), close(world))
    assert [sum(column) for column in zip(*runs, strict=True)] == [6, 5]
    assert await close(world) == (0, 0)
    for consumer, limit in people:
        assert (await world.account(consumer))["limit"] == 2 * limit
        (change,) = await changes(world, consumer)
        assert (change["rule"], change["changed_by"]) == ("step", None)
    assert (await world.account(idle))["limit"] == 100_00
    assert len(await limit_events(world)) == 5
    day = await world.pool.fetchrow("select reviewed, changed, finished_at from limit_review_days")
    assert tuple(day or ()) == (6, 5, NOON)

    world.operator.now = NOON + timedelta(days=1)
    assert await close(world) == (6, 0)


async def test_a_review_that_was_cut_off_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is killed while it waits for the last account; the accounts before that are done."""
    monkeypatch.setattr("service.checkout.limit_flow.AT_ONCE", 1)
    await with_steps(world)
    for _ in range(3):
        await bought(world)
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("select from accounts order by bucket desc, person_id desc limit 1 for update")
        running = asyncio.create_task(world.operator.post("/v1/operator/day-close", key="cut off"))
        serving = world.app.state["services"].pool  # of the role that serves: others may not see what it does
        while not await serving.fetchval(KILL_WHO_WAITS):
            assert not running.done()
            await asyncio.sleep(0.01)
        assert (await running).status_code == 503
    assert await world.pool.fetchval("select count(*) from limit_changes") == 2
    assert await close(world) == (1, 1)
    assert await world.pool.fetchval("select count(*) from limit_changes") == 3


KILL_WHO_WAITS = """
select pg_terminate_backend(pid)
  from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock' and query like '%for update of a%'
"""


@pytest.mark.parametrize("statement", ['update limit_changes set "limit" = 1', "delete from limit_changes"])
async def test_a_change_is_kept_as_it_was(world: World, statement: str) -> None:
    await world.consumer(limit=100_00)
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.pool.execute(statement)
