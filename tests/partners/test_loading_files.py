"""A partner's file is loaded whole, or refused and listed with nothing of it kept."""

import hashlib
import io
from contextlib import nullcontext
from datetime import date

import asyncpg
import pytest

from service import ids
from service.db import Pool
from service.errors import Code, Refused
from service.partners import receiving_flow as receiving
from service.partners.layouts import FileType
from service.partners.manifest import Tally
from service.partners.received import Proof, ReceivedFile, ReceivedState, ReceivedType, require_proven
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, TUESDAY, WEDNESDAY, FundedPlan, evening, open_world
from tests.partners.test_daily_files import content, made

UNPROVEN = Proof()


def sent(
    body: bytes, on: date = MONDAY, kind: ReceivedType = ReceivedType.TXN, proof: Proof = UNPROVEN,
    partner: str = PARTNER, programme: str = PROGRAMME,
) -> receiving.Sent:  # fmt: skip
    ends = body[-1:] in (b"\n", b"\r", b"")
    digest = hashlib.sha256(body).digest()
    return receiving.Sent(partner, programme, kind, on, proof, io.BytesIO(body), len(body), digest, ends)


async def load(pool: Pool, one: receiving.Sent) -> ReceivedFile:
    async with pool.acquire() as connection, connection.transaction():
        return await receiving.load(connection, one, evening(WEDNESDAY))


async def our_files(pool: Pool) -> dict[FileType, bytes]:
    """Monday's, of two plans, and Tuesday's, of one more."""
    async with pool.acquire() as connection:
        await open_world(connection)
        for name in range(2):
            plan = await FundedPlan(name).authorize(connection)
            await plan.capture(connection, 10_000, MONDAY)
        files = await made(pool, MONDAY)
        await plan.pay(connection, 1_000, 77, TUESDAY)
        await made(pool, TUESDAY)
    return {kind: await content(pool, manifest) for kind, manifest in files.items()}


@pytest.fixture
async def ours(pool: Pool) -> dict[FileType, bytes]:
    return await our_files(pool)


async def test_the_four_files_are_loaded_row_by_row(pool: Pool, ours: dict[FileType, bytes]) -> None:
    for kind, body in ours.items():
        loaded = await load(pool, sent(body, kind=ReceivedType(kind)))
        assert (loaded.state, loaded.rows) == (ReceivedState.LOADED, len(body.splitlines()) - 1)
        assert loaded.sha256 == hashlib.sha256(body).hexdigest()
    same = """select count(*) from partner_their_events t join partner_events o using (event_id)
               where (t.principal, t.interest, t.business_on, t.value_on, t.type, t.currency)
                   = (o.principal, o.interest, o.business_on, o.value_on, o.type, o.currency)"""
    assert await pool.fetchval(same) == 2
    position = "select line, closing, age_bucket, status from partner_their_positions order by line"
    assert [tuple(row) for row in await pool.fetch(position)] == [
        (2, 70_00, "current", "authorized"), (3, 70_00, "current", "authorized")
    ]  # fmt: skip
    assert await pool.fetchval("select amount from partner_their_legs") == -140_00


async def test_a_further_file_of_the_day_takes_the_place_of_the_one_before(
    pool: Pool, ours: dict[FileType, bytes]
) -> None:
    first = await load(pool, sent(ours[FileType.TXN], proof=Proof(number=1)))
    second = await load(pool, sent(ours[FileType.TXN].replace(b"-70.00", b"-70.01", 1), proof=Proof(number=2)))
    found = await receiving.received_files(pool, PARTNER, "", 9, None)
    assert {one.file_id: one.state for one in found} == {
        first.file_id: ReceivedState.SUPERSEDED, second.file_id: ReceivedState.LOADED
    }  # fmt: skip
    async with pool.acquire() as connection:
        taken_back = await receiving.withdraw(connection, PARTNER, second.file_id, evening(WEDNESDAY))
        assert taken_back.state is ReceivedState.WITHDRAWN
        with pytest.raises(Refused) as refused:
            await receiving.withdraw(connection, PARTNER, second.file_id, evening(WEDNESDAY))
        assert refused.value.code is Code.STATE_FORBIDS
    again = await load(pool, sent(ours[FileType.TXN], proof=Proof(number=3)))
    assert again.state is ReceivedState.LOADED


GOOD_PROOF = Proof(rows=2, total="-140.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"proof": Proof(rows=3)}, Code.WRONG_COUNT),
        ({"proof": Proof(total="-140.01")}, Code.WRONG_SUM),
        ({"proof": Proof(hash_total=1)}, Code.WRONG_SUM),
        ({"proof": Proof(sha256="00" * 32)}, Code.ALTERED_FILE),
        ({"proof": Proof(number=3)}, Code.WRONG_SEQUENCE),  # after 1
        ({"proof": Proof(number=1)}, Code.WRONG_SEQUENCE),
        ({"programme": ids.new_id(ids.PROGRAMME, 0, 7)}, Code.WRONG_PARTNER),
        ({"on": TUESDAY}, Code.WRONG_DAY),  # its rows say Monday
        ({"on": date(2026, 3, 9)}, Code.WRONG_DAY),  # has not begun
    ],
)
async def test_what_is_not_what_it_was_sent_as_is_refused(
    pool: Pool, ours: dict[FileType, bytes], change: dict[str, object], code: Code
) -> None:
    await load(pool, sent(ours[FileType.TXN].replace(b"-70.00", b"-70.02"), proof=Proof(number=1)))
    before = await pool.fetchval("select count(*) from partner_their_events")
    given = sent(ours[FileType.TXN], **({"proof": GOOD_PROOF} | change))  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        await load(pool, given)
    assert refused.value.code is code, refused.value.detail
    assert await pool.fetchval("select count(*) from partner_their_events") == before
    async with pool.acquire() as connection:
        await receiving.note_refusal(connection, given, refused.value, evening(WEDNESDAY))
    (listed,) = await receiving.received_files(pool, PARTNER, "", 9, ReceivedState.REFUSED)
    assert (listed.fault, listed.detail, listed.rows) == (code, refused.value.detail, 0)


@pytest.mark.parametrize(
    ("rows", "total", "is_right"),
    [
        ((), "0", True), ((), "0.000", True), ((), "0.01", False), (((-140_00, "EUR"),), "-140", True),
        (((-140, "JPY"),), "-140", True), (((-140, "JPY"),), "-1.40", False), (((1_500, "KWD"),), "1.5", True),
    ],
)  # fmt: skip
def test_the_sum_is_compared_as_a_number(rows: tuple[tuple[int, str], ...], total: str, is_right: bool) -> None:
    tally = Tally(ReceivedType.STL)
    tally.sums |= {currency: {"amount": amount} for amount, currency in rows}
    with nullcontext() if is_right else pytest.raises(Refused, match="were sent as"):
        require_proven(Proof(total=total), ReceivedType.STL, tally, "", ends_a_line=True)


async def test_the_same_bytes_are_a_duplicate_while_they_count(pool: Pool, ours: dict[FileType, bytes]) -> None:
    await load(pool, sent(ours[FileType.TXN], proof=GOOD_PROOF))
    with pytest.raises(Refused) as refused:
        await load(pool, sent(ours[FileType.TXN]))
    assert refused.value.code is Code.DUPLICATE_FILE


async def test_days_on_which_nothing_moved_have_the_same_bytes(pool: Pool, ours: dict[FileType, bytes]) -> None:
    empty = ours[FileType.TXN].splitlines(keepends=True)[0]
    for on in (date(2026, 3, 1), WEDNESDAY):  # of which ours has nothing either
        assert (await load(pool, sent(empty, on))).rows == 0
    with pytest.raises(Refused) as refused:
        await load(pool, sent(empty, WEDNESDAY))
    assert refused.value.code is Code.DUPLICATE_FILE
    positions = ours[FileType.POS].replace(b"current", b"over_90")
    await load(pool, sent(positions, MONDAY, ReceivedType.POS))
    with pytest.raises(Refused) as refused:
        await load(pool, sent(positions, TUESDAY, ReceivedType.POS))  # of which ours says something else
    assert (refused.value.code, str(MONDAY) in refused.value.detail) == (Code.DUPLICATE_FILE, True)
    assert (await load(pool, sent(positions, TUESDAY, ReceivedType.POS, Proof(confirmed=True)))).rows == 2


async def test_a_file_without_an_end_must_prove_itself(pool: Pool, ours: dict[FileType, bytes]) -> None:
    body = ours[FileType.TXN].rstrip()
    with pytest.raises(Refused) as refused:
        await load(pool, sent(body))
    assert refused.value.code is Code.CUT_SHORT
    assert (await load(pool, sent(body, proof=Proof(rows=2)))).rows == 2


async def test_positions_of_another_day_are_known_by_their_sums(pool: Pool, ours: dict[FileType, bytes]) -> None:
    monday = ours[FileType.POS]
    with pytest.raises(Refused) as refused:
        await load(pool, sent(monday, TUESDAY, ReceivedType.POS))
    assert (refused.value.code, str(MONDAY) in refused.value.detail) == (Code.WRONG_DAY, True)
    with pytest.raises(Refused) as refused:
        await load(pool, sent(monday.splitlines(keepends=True)[0], kind=ReceivedType.POS))
    assert refused.value.code is Code.CUT_SHORT
    assert (await load(pool, sent(monday, TUESDAY, ReceivedType.POS, Proof(confirmed=True)))).rows == 2


async def test_answers_name_our_files(pool: Pool, ours: dict[FileType, bytes]) -> None:
    name = f"{PARTNER}_TXN_20260302_001_v1.csv"
    body = f"file_id,line,code,partner_value\r\n{name},2,ok,\r\n{name},3,unknown_plan,=1\r\n".encode()
    assert (await load(pool, sent(body, kind=ReceivedType.ACK))).rows == 2
    found = await pool.fetch("select of_line, code, partner_value from partner_acks order by line")
    assert [tuple(row) for row in found] == [(2, "ok", None), (3, "unknown_plan", "=1")]
    with pytest.raises(Refused) as refused:
        await load(pool, sent(body.replace(b"_001_", b"_009_"), kind=ReceivedType.ACK))
    assert refused.value.code is Code.INVALID_FILE


async def test_a_preview_keeps_nothing(pool: Pool, ours: dict[FileType, bytes]) -> None:
    async with pool.acquire() as connection:
        told = await receiving.preview(connection, sent(ours[FileType.TXN]), evening(WEDNESDAY))
    assert (told.state, told.rows) == (ReceivedState.LOADED, 2)
    assert await pool.fetchval("select count(*) from received_files") == 0
    assert await pool.fetchval("select count(*) from partner_their_events") == 0


async def test_of_a_day_one_file_counts(pool: Pool, ours: dict[FileType, bytes]) -> None:
    await load(pool, sent(ours[FileType.TXN]))
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(
            "insert into received_files select 'fi_2', partner_id, programme_id, type, business_on, number, state,"
            " fault, detail, rows, sums, sha256, bytes, received_at, ended_at from received_files"
        )
