"""A plan is proved against its facts: whatever is damaged behind the service's back is found, and said."""

from datetime import timedelta

import pytest

from service.plans.proof import Difference
from service.plans.proof_store import prove
from tests.flows.test_partner import bought
from tests.flows.world import NOON, World

# What is done behind the service's back, and the places that are then not what the facts say. Of 600.00, captured as
# four instalments, 100.00 is paid.
DAMAGE = {
    "update plans set outstanding = 1": ["outstanding"],
    "update plans set principal_paid = 1, used = 2": ["used", "principal_paid"],
    "update plans set state = 'paid_off', collection_state = 'collected'": ["state", "collection_state"],
    "update plans set version = 9": ["version"],
    "update plans set captures = 7": ["captures"],
    "update plans set changed_by = 'day'": ["changed_by"],
    "update plans set state_since = changed_at + interval '1 hour', state_by = 'day'": ["state_since", "state_by"],
    "update plans set state_since = null, state_by = null": ["state_since", "state_by"],
    "update plans set closed_at = changed_at": ["closed_at"],
    "update plans set standing = set_byte(standing, octet_length(standing) - 1, 7)": ["standing"],
    "update plans set standing = ''": ["standing"],
    "update lines set due_on = due_on + 1 where number = 2": ["line 2, due_on"],
    "update lines set principal = 1, interest = 2 where number = 3": ["line 3, principal", "line 3, interest"],
    "delete from lines where number = 4": ["line 4"],
    "insert into lines select bucket, plan_id, 5, capture, begin_on, due_on, 0, 0, 0, 0, 0, 0, 0, 0, 0, due_on"
    " from lines where number = 4": ["line 5"],
    "delete from transfers where debit = 'commitment_contra'": [
        "ledger, promise: commitment",
        "ledger, promise: commitment_contra",
    ],
    "update transfers set occasion = 'credit' where debit = 'processor_clearing'": [
        "ledger, credit: consumer_principal of PLAN",
        "ledger, credit: processor_clearing",
        "ledger, payment: consumer_principal of PLAN",
        "ledger, payment: processor_clearing",
    ],
    "delete from facts where number = 2": ["facts"],
    "delete from facts": ["facts"],
    "update facts set body = '{}' where number = 2": ["facts"],
    "update facts set body = json_build_object('fact', 're_amortized', 'id', 'f', 'recorded_on', '2026-03-02', 'on',"
    " '2026-03-02') where number = 2": ["facts"],
    "update facts set actor = 'day' where number = 3": ["changed_by"],
    r"update facts set digest = '\x0123456789abcdef' where number = 3": ["digest of fact 3"],
    r"update facts set digest = '\x0123456789abcdef' where number = 2": ["digest of fact 2"],
    "update plans set accepted = '{}'": ["facts"],
    "update plans set accepted = substr(accepted, 1, octet_length(accepted) - 9)": ["facts"],
    "update plans set standing = substr(standing, 1, octet_length(standing) - 9)": ["standing"],
}
GUARDED = ("facts", "transfers")


async def test_every_damage_is_found_where_it_is(world: World) -> None:
    plan_id = await bought(world)
    async with world.pool.acquire() as connection:
        for statement, places in DAMAGE.items():
            transaction = connection.transaction(isolation="repeatable_read")
            await transaction.start()
            for table in GUARDED:
                await connection.execute(f"alter table {table} disable trigger user")
            await connection.execute(statement)
            found = (await prove(connection)).differences
            assert [one.place.replace(plan_id, "PLAN") for one in found] == places, statement
            await transaction.rollback()


async def test_what_differs_is_said_as_it_is_stored_and_as_the_facts_say(world: World) -> None:
    plan_id = await bought(world)
    async with world.pool.acquire() as connection:
        await connection.execute("update plans set outstanding = 1")
        found = (await prove(connection)).differences
        await connection.execute("update plans set outstanding = 50000")
    assert found == [Difference(plan_id, "outstanding", 1, 500_00)]


async def test_bytes_of_another_shape_are_no_fault(world: World) -> None:
    await bought(world)
    async with world.pool.acquire() as connection:
        await connection.execute(r"update plans set standing = '\x93cd0001c0c0'")
        assert (await prove(connection)).differences == []


@pytest.mark.parametrize(
    "left", ["null, state_by = null", "authorized_at, state_by = 'merchant'"], ids=["nothing", "what was before"]
)
async def test_since_when_is_told_from_the_facts_where_a_version_before_wrote_last(world: World, left: str) -> None:
    """Such a version knew nothing of it. The next fact leaves the plan in its state, and says when it came to it."""
    plan = await world.plan(await world.consumer(), 600_00, "instalments")
    path = f"/v1/operator/plans/{plan['id']}"
    world.merchant.now = NOON + timedelta(days=1)
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})).is_success
    world.operator.now = NOON + timedelta(days=2)
    assert (await world.operator.post(f"{path}/fees", {"amount": 5_00})).is_success
    async with world.pool.acquire() as connection:
        other_shape = f"update plans set standing = '\\x93cd0001c0c0', state_since = {left} where plan_id = $1"
        await connection.execute(other_shape, plan["id"])
        assert (await prove(connection)).differences == []
        for days in (3, 4):
            world.merchant.now = world.operator.now = NOON + timedelta(days=days)
            refused = await world.merchant.post(f"/v1/plans/{plan['id']}/void")
            assert "is active since 2026-03-03T12:00:00+00:00, by the merchant;" in refused.json()["detail"]
            assert (await world.operator.post(f"{path}/payments", {"amount": 100_00})).is_success
            assert (await prove(connection)).differences == []


async def test_a_sample_or_all_of_them_in_batches(world: World) -> None:
    for _ in range(5):
        await bought(world)
    async with world.pool.acquire() as connection:
        assert (await prove(connection, every=True)).plans == 5
        assert (await prove(connection, every=True, at_once=2)).plans == 5
        assert (await prove(connection, sample=5)).plans == 5
        assert 2 <= (await prove(connection, sample=2)).plans <= 4
        oldest = await connection.fetchval("select plan_id from plans order by changed_at limit 1")
        await connection.execute("update plans set version = 9 where plan_id = $1", oldest)
        assert [one.plan_id for one in (await prove(connection, every=True, at_once=2)).differences] == [oldest]
        await connection.execute("update plans set version = 3 where plan_id = $1", oldest)
