"""Who did what is written down with the act itself, and nobody changes it unnoticed."""

import asyncio
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service import config, db
from service.audit.chain import Bad, Head
from service.audit.entry import AT_THE_DATABASE, Act, Thing, Verb
from service.audit.flow import forget_entries, record, seal
from service.audit.head_store import HeadStore
from service.audit.proof_store import Proof, verify
from service.config import Settings
from tests.flows.world import SHARED, Client, World
from tests.partners.contracts import GOOD

SECRET = "a" * 32
AUDIT = "/v1/operator/audit"


async def log(world: World, **query: Any) -> list[dict[str, Any]]:
    answered = await world.operator.get(AUDIT, **query)
    assert answered.status_code == 200, answered.text
    entries: list[dict[str, Any]] = answered.json()["entries"]
    return entries


async def test_an_act_is_told_with_who_and_what(world: World) -> None:
    body = {"name": "Bahnhof Books", "country": "DE", "time_zone": "Europe/Berlin"}
    request_id = uuid.uuid4().hex
    made = await world.operator.post("/v1/operator/merchants", body, key=request_id)
    (entry,) = await log(world, thing="merchant")
    assert (entry["verb"], entry["thing_id"], entry["request_id"]) == ("made", made.json()["id"], request_id)
    assert (entry["audience"], entry["owner_id"], entry["before"]) == ("operator", "ada", None)
    assert entry["after"] == body | {"fees": {}, "is_test": False, "platform": None}
    ago = datetime.now(UTC) - datetime.fromisoformat(entry["at"])
    assert abs(ago) < timedelta(minutes=1)  # whatever Tenor-Clock says
    assert (await world.operator.post("/v1/operator/merchants", body, key=request_id)).json() == made.json()
    assert len(await log(world, thing="merchant")) == 1  # answered again, not done again


@SHARED
async def test_what_was_refused_leaves_no_act(world: World) -> None:
    assert (await world.operator.post("/v1/operator/programmes", GOOD)).status_code == 404  # no such partner
    assert await log(world, thing="programme") == []


async def test_no_personal_data_are_told(world: World) -> None:
    consumer = await world.consumer(attributes={"age_in_years": 45, "surname": "Lovelace-canary"})
    (entry,) = await log(world, thing="consumer")
    assert (entry["thing_id"], entry["owner_id"]) == (consumer, world.demo.merchant_id)
    assert entry["after"] == {"version": 1, "attributes": ["age_in_years", "surname"]}
    rows = await world.pool.fetch("select audit_entries::text as row from audit_entries")
    assert not [row for row in rows if "canary" in row["row"]]


async def test_reading_personal_data_is_told(world: World) -> None:
    consumer = await world.consumer()
    decided = await world.checkout(consumer, 100_00)
    for path in (
        f"decisions/{decided['id']}", f"decisions/{decided['id']}/replay", f"consumers/{consumer}/enquiries",
        f"consumers/{consumer}/consents",
    ):  # fmt: skip
        assert (await world.operator.get(f"/v1/operator/{path}")).status_code == 200
    read = [(one["thing_id"], one["after"]["what"]) for one in await log(world) if one["verb"] == "read"]
    assert read == [
        (decided["id"], "log"), (decided["id"], "replay"), (consumer, "enquiries"), (consumer, "consents"),
    ]  # fmt: skip


@SHARED
async def test_refused_keys_are_told(world: World) -> None:
    for _ in range(5):
        assert (await Client(world.http, "sk_nobody").get("/v1/events")).status_code == 401
    assert (await world.merchant.get(AUDIT)).status_code == 403
    await world.app.state["services"].audit.tell(everything=True)
    told = [one for one in await log(world) if one["verb"] == "refused"]
    stranger, merchant = told
    assert (stranger["audience"], stranger["thing_id"]) == ("unknown", "GET /v1/events")
    assert stranger["after"].items() >= {"code": "unauthorized", "times": 5}.items()
    assert len(stranger["after"]["key"]) == 12
    assert (merchant["owner_id"], merchant["after"]["code"]) == (world.demo.merchant_id, "forbidden")


async def test_the_log_is_read_page_by_page(world: World) -> None:
    for _ in range(3):
        await world.consumer()
    await world.operator.post("/v1/operator/partners", {"name": "Alster Fund"})
    every = await log(world)
    assert [one["number"] for one in every] == list(range(1, len(every) + 1))
    assert await log(world, limit=2) == every[:2]
    assert await log(world, after=2, limit=2) == every[2:4]
    assert [one["thing"] for one in await log(world, owner_id="ada")] == ["partner"]
    assert await log(world, thing_id=every[1]["thing_id"]) == [every[1]]
    today = datetime.now(UTC).date()
    assert await log(world, on=today.isoformat()) + await log(world, on=str(today - timedelta(1))) == every
    lacking = await world.key(audience="operator", owner_id="grace", scopes=["ledger"])
    assert (await Client(world.http, lacking).get(AUDIT)).status_code == 403


@SHARED
@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"thing": "planet"}, "/thing"), ({"after": -1}, "/after"), ({"on": "2026-02-30"}, "/on"), ({"by": "ada"}, "/by")],
)
async def test_a_bad_question_is_refused(world: World, query: dict[str, Any], pointer: str) -> None:
    answered = await world.operator.get(AUDIT, **query)
    assert (answered.status_code, answered.json()["pointer"]) == (400, pointer)


# The log in the database ----------------------------------------------------------------------------------------------


@pytest.fixture
async def store(pool: db.Pool, tmp_path: Path) -> HeadStore:
    """Ten entries, sealed, and the head that was kept."""
    store = HeadStore(tmp_path)
    async with pool.acquire() as conn:
        for n in range(10):
            await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.CHANGED, Thing.ACCOUNT, f"co_{n}", {"limit": n})])
        assert (await seal(conn, SECRET, store)).number == 10
    return store


OFF = "alter table audit_entries disable trigger all; "
ADDED = (
    "insert into audit_entries (entry_id, at, audience, owner_id, verb, thing, thing_id, mark, number, seal) "
    "select 'au_added', at, audience, 'eve', verb, thing, thing_id, mark, {}, seal from audit_entries where number = 5"
)
TAMPERED = {
    "an edit": (["update audit_entries set owner_id = 'grace' where number = 4"], 4),
    "an edit of what it is now": (["""update audit_entries set after = '{"limit":9}' where number = 7"""], 7),
    "a deletion": (["delete from audit_entries where number = 5"], 5),
    "a deletion, renumbered": (
        [
            "delete from audit_entries where number = 5",
            "update audit_entries set number = number + 100 where number > 5",
            "update audit_entries set number = number - 101 where number > 5",
        ],
        5,
    ),
    "a swap": (
        [
            "update audit_entries set number = -1 where number = 3",
            "update audit_entries set number = 3 where number = 8",
            "update audit_entries set number = 8 where number = -1",
        ],
        3,
    ),
    "an insertion": (
        [
            "update audit_entries set number = number + 100 where number > 5",
            "update audit_entries set number = number - 99 where number > 100",
            ADDED.format(6),
        ],
        6,
    ),
    "an insertion before everything": ([ADDED.format(0)], 1),
    "the end cut off": (["delete from audit_entries where number > 8"], 9),
    "all of it": (["truncate audit_entries"], 1),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_is_changed_behind_our_back_is_found(pool: db.Pool, store: HeadStore, how: str) -> None:
    statements, first_bad = TAMPERED[how]
    kept = store.read()
    assert kept is not None
    async with pool.acquire() as conn:
        assert (await verify(conn, SECRET, [kept])).bad is None
        await conn.execute(OFF + "; ".join(statements))
        bad = (await verify(conn, SECRET, [kept])).bad
    assert isinstance(bad, Bad)
    assert bad.number == first_bad


async def test_an_entry_added_unsealed_is_found(pool: db.Pool, store: HeadStore) -> None:
    async with pool.acquire() as conn:
        await conn.execute(
            "insert into audit_entries (entry_id, at, audience, owner_id, verb, thing, thing_id, mark)"
            " select 'au_added', at, audience, 'eve', verb, thing, thing_id, mark from audit_entries where number = 5"
        )
        await seal(conn, SECRET, store)
        assert (await verify(conn, SECRET)).bad == Bad(11, "it was edited, or was not written by Tenor")


async def test_an_end_cut_off_and_grown_again_is_found(
    pool: db.Pool, store: HeadStore, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store.read()
    assert kept is not None
    async with pool.acquire() as conn:
        await conn.execute(OFF + "delete from audit_entries where number > 8")
        for n in range(5):
            await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.MADE, Thing.KEY, f"ke_{n}")])
        assert (await seal(conn, SECRET, store)).number == 13
        assert store.read() == kept  # the evidence stays
        assert (await verify(conn, SECRET, [kept])).bad == Bad(10, "its seal is not the one that was kept elsewhere")
    assert "no longer has entry 10" in caplog.text


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entries set owner_id = 'grace'", "update audit_entries set number = 11 where number = 10",
        "update audit_entries set seal = mark", "delete from audit_entries", "truncate audit_entries",
        "update audit_entries set number = null, seal = null",
    ],
)  # fmt: skip
async def test_the_database_refuses_changes(pool: db.Pool, store: HeadStore, statement: str) -> None:
    assert store.read()
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute(statement)


async def test_many_seal_at_once(pool: db.Pool, tmp_path: Path) -> None:
    async def write(n: int) -> None:
        async with pool.acquire() as conn:
            async with conn.transaction():
                await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.MADE, Thing.KEY, f"ke_{n}")])
                await asyncio.sleep(n % 5 / 100)
            await seal(conn, SECRET, HeadStore(tmp_path / str(n % 3)))

    await asyncio.gather(*(write(n) for n in range(40)))
    async with pool.acquire() as conn:
        proof = await verify(conn, SECRET)
    assert (proof.head.number, proof.bad) == (40, None)


async def tenor_audit(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", "audit", *arguments, env=config.environment(settings),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.long
async def test_the_command_line_proves_the_log(settings: Settings, pool: db.Pool, store: HeadStore) -> None:
    code, head, _ = await tenor_audit(settings, "head")
    assert (code, head) == (0, f"{store.read()}\n")
    assert (await tenor_audit(settings, "verify", "--head", head.strip()))[0] == 0
    await pool.execute(OFF + "delete from audit_entries where number > 8")
    code, _, err = await tenor_audit(settings, "verify")  # by the head that stands in TENOR_DATA
    assert (code, err.startswith("Entry 9 of the audit log: it is missing, and all after it")) == (1, True)
    store.path.unlink()
    assert (await tenor_audit(settings, "verify"))[0] == 0  # nothing is left that could tell
    assert (await tenor_audit(settings, "verify", "--head", head.strip()))[0] == 1
    code, _, err = await tenor_audit(settings, "verify", "--head", "12")
    assert (code, err) == (1, "tenor: --head is NUMBER:SEAL, as `tenor audit head` prints it.\n")


# The log whose first entries are forgotten ----------------------------------------------------------------------------

LONG_AGO = datetime(2020, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def aged(pool: db.Pool, tmp_path: Path) -> HeadStore:
    """Ten entries, a day after each other, and two of today; the head of the third was kept."""
    store = HeadStore(tmp_path)
    async with pool.acquire() as conn:
        for n in range(12):
            at = None if n >= 10 else LONG_AGO + timedelta(days=n)
            await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.CHANGED, Thing.ACCOUNT, f"co_{n}")], at=at)
            if n == 2:
                await seal(conn, SECRET, store)
        await seal(conn, SECRET, HeadStore(tmp_path / "other"))
    return store


async def forget(pool: db.Pool, before: datetime, at_most: int = 100) -> int:
    async with pool.acquire() as conn:
        return await forget_entries(conn, SECRET, before, datetime.now(UTC), at_most)


async def proved(pool: db.Pool, *kept: Head) -> Proof:
    async with pool.acquire() as conn:
        return await verify(conn, SECRET, kept)


async def test_first_entries_are_forgotten_and_the_rest_is_still_proved(pool: db.Pool, aged: HeadStore) -> None:
    kept, whole = aged.read(), await proved(pool)
    assert kept is not None
    assert await forget(pool, LONG_AGO) == 0
    assert await forget(pool, LONG_AGO + timedelta(days=4), at_most=3) == 3
    assert await forget(pool, LONG_AGO + timedelta(days=4)) == 1
    assert await forget(pool, LONG_AGO + timedelta(days=4)) == 0
    proof = await proved(pool, kept, whole.head)
    assert (proof.bad, proof.head) == (None, whole.head)
    assert proof.gone is not None
    assert (proof.gone.head.number, proof.gone.first, proof.gone.until) == (4, 4, LONG_AGO + timedelta(days=3))
    assert await forget(pool, datetime(2500, 1, 1, tzinfo=UTC)) == 6  # what is younger than the law says stays
    async with pool.acquire() as conn:
        await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.MADE, Thing.KEY, "ke_1")])
        assert (await seal(conn, SECRET, aged)).number == 13
    assert aged.read() == (await proved(pool)).head  # what was kept before was forgotten, and is no sign of a cut


async def test_a_log_of_which_nothing_is_left_goes_on_where_it_was(pool: db.Pool, tmp_path: Path) -> None:
    async with pool.acquire() as conn:
        await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.MADE, Thing.KEY, "ke_1")], at=LONG_AGO)
        head = await seal(conn, SECRET, HeadStore(tmp_path))
        assert await forget(pool, LONG_AGO + timedelta(days=1)) == 1
        assert (await proved(pool, head)).bad is None
        await record(conn, SECRET, AT_THE_DATABASE, [Act(Verb.MADE, Thing.KEY, "ke_2")])
        assert (await seal(conn, SECRET, HeadStore(tmp_path))).number == 2
    assert (await proved(pool, head)).bad is None


FORGED = {
    "more was taken": ["delete from audit_entries where number <= 6"],
    "the beginning was taken away": ["delete from audit_beginnings"],
    "it begins later": ["delete from audit_entries where number <= 6", "update audit_beginnings set number = 6"],
    "it says another day": ["update audit_beginnings set until_at = until_at - interval '1 day'"],
    "another seal": ["update audit_beginnings set seal = proof"],
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_log_that_others_make_begin_elsewhere_is_found(pool: db.Pool, aged: HeadStore, how: str) -> None:
    assert await forget(pool, LONG_AGO + timedelta(days=4)) == 4
    assert (await proved(pool)).bad is None
    await pool.execute(f"alter table audit_beginnings disable trigger all; {OFF}" + "; ".join(FORGED[how]))
    assert isinstance((await proved(pool)).bad, Bad)


async def test_the_role_that_serves_forgets_only_what_is_old(
    settings: Settings, pool: db.Pool, aged: HeadStore
) -> None:
    """Who has stolen its password has no secret: they may take old entries away, and the next proof fails."""
    thief = await db.connect(settings.database_url or "")
    with pytest.raises(asyncpg.RestrictViolationError, match="the law wants these entries kept"):
        await thief.execute("select forget_audit_entries(11, 'x', 1, now(), now(), 'x')")
    await thief.execute("select forget_audit_entries(4, 'x', 1, now(), now(), 'x')")
    await thief.close()
    bad = (await proved(pool)).bad
    assert bad is not None
    assert bad.number == 5


async def test_the_command_line_says_where_the_log_begins(settings: Settings, pool: db.Pool, aged: HeadStore) -> None:
    assert await forget(pool, LONG_AGO + timedelta(days=4)) == 4
    code, out, _ = await tenor_audit(settings, "verify")
    assert (code, out.splitlines()[0]) == (
        0, "The log begins after entry 4: it and those before, until 2020-03-05, are not kept any more.",
    )  # fmt: skip
    assert out.splitlines()[1].startswith("8 entries are as they were written; the last is 12:")
