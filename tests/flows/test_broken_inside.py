"""The database says that something inside it is broken, as a cluster does of a node that died: 503, and tried again."""

import asyncio

from tests.flows.world import World

BREAKS = """
create function breaks() returns trigger language plpgsql as $$
begin raise exception 'connection to the remote node failed' using errcode = 'XX000'; end $$;
create trigger breaks before insert on decisions for each row execute function breaks();
create trigger breaks before insert on consumers for each row execute function breaks();
"""


async def test_it_is_a_fault_that_passes(world_alone: World) -> None:
    world = world_alone
    consumer = await world.consumer(limit=1_000_00)
    await world.pool.execute(BREAKS)
    checkout = {"merchant_reference": "order 1", "consumer": consumer, "currency": "EUR", "amount": 100_00}
    broken = await asyncio.gather(
        world.merchant.post("/v1/checkouts", checkout, key="once"),
        world.merchant.post("/v1/consumers", {"reference": "another"}, key="also once"),
    )
    assert [one.status_code for one in broken] == [503, 503], [one.text for one in broken]
    assert {one.json()["code"] for one in broken} <= {"unavailable", "outcome_unknown"}
    await world.pool.execute("drop function breaks() cascade")
    mended = await world.merchant.post("/v1/checkouts", checkout, key="once")
    assert (mended.status_code, mended.json()["outcome"]) == (200, "approved")
    assert (await world.merchant.post("/v1/consumers", {"reference": "another"}, key="also once")).status_code == 201
