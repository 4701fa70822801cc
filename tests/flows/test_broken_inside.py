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


BREAKS_ONCE = """
create sequence breaks_of_{table};
create function breaks_once_{table}() returns trigger language plpgsql as $$
begin
    if nextval('breaks_of_{table}') = 1 then raise exception 'for once' using errcode = '{state}'; end if;
    return new;
end $$;
create trigger breaks_once before insert on {table} for each row execute function breaks_once_{table}();
grant usage on sequence breaks_of_{table} to public;
"""
MENDED = "drop function breaks_once_{table} cascade; drop sequence breaks_of_{table}"

PASSING = (
    "XX000",  # a cluster's node cannot be reached
    "58000",  # the machine has a fault
    "58030",  # its disc does not answer, or a copy to a cluster's node ended
    "58P01",  # a file is missing
    "53100",  # the disc is full
    "53200",  # no memory is left
    "53300",  # too many are connected
    "57014",  # the statement took too long
    "57P01",  # the server stops
    "25P03",  # the transaction did nothing for too long
    "25P04",  # the transaction took too long
    "25006",  # it is not the primary any more
    "40001",  # another transaction was in the way
    "40P01",  # two waited for each other
    "55P03",  # a lock was not to be had
)


async def test_whatever_passes_is_tried_again(world_alone: World) -> None:
    world = world_alone
    consumer = await world.consumer(limit=10_000_00)
    for state in PASSING:
        for table in ("decisions", "consumers"):  # one is written by a lane, the other by a transaction of its own
            await world.pool.execute(BREAKS_ONCE.format(table=table, state=state))
        checkout = {"merchant_reference": f"order {state}", "consumer": consumer, "currency": "EUR", "amount": 100_00}
        decided, registered = await asyncio.gather(
            world.merchant.post("/v1/checkouts", checkout), world.merchant.post("/v1/consumers", {"reference": state})
        )
        assert (decided.status_code, registered.status_code) == (200, 201), (state, decided.text, registered.text)
        for table in ("decisions", "consumers"):
            assert await world.pool.fetchval(f"select last_value from breaks_of_{table}") > 1, state
            await world.pool.execute(MENDED.format(table=table))
