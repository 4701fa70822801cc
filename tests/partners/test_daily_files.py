"""The four files of a day: what is in them, that a closed day stays what it was, how a partner checks them."""

import asyncio
import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec
import pytest

from service import ids, verify
from service.db import Pool, run_checks
from service.errors import Code, Refused
from service.partners import daily_flow as daily
from service.partners.filing_flow import Filing
from service.partners.layout_texts import twin_of
from service.partners.layouts import FileType
from service.partners.manifest import DailyManifest
from service.partners.programme_flow import agree
from service.partners.programme_terms import Netting, ProgrammeTerms
from service.partners.signing import Signer
from tests.partners.ledger import (
    MONDAY,
    PARTNER,
    PROGRAMME,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    FundedPlan,
    document,
    evening,
    open_world,
)

SIGNER = Signer("s" * 32)


async def made(pool: Pool, on: date) -> dict[FileType, DailyManifest]:
    return {one.type: one for one in await daily.make_day(pool, SIGNER, PROGRAMME, on, evening(on))}


async def test_a_day_is_paid_net_or_each_way_by_itself_as_the_programme_says_when_it_is_closed(pool: Pool) -> None:
    """Each payment has its reference: one of the net, or one to the partner and one from it."""
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        for on in (MONDAY, TUESDAY):
            await plan.capture(connection, 10_000, on)
            await plan.pay(connection, 1_000, 77, on)
        net = await made(pool, MONDAY)
        terms = msgspec.json.decode(document("Europe/Berlin"), type=ProgrammeTerms)
        gross = msgspec.structs.replace(terms, netting=Netting.GROSS)
        await agree(connection, PROGRAMME, 1, gross, evening(TUESDAY))
        each = await made(pool, TUESDAY)
    references = [{row["leg"]: row["end_to_end_id"][26] for row in await rows(pool, files[FileType.STL])}
                  for files in (net, each)]  # fmt: skip
    assert references == [{"funding": "N", "repayment": "N"}, {"funding": "D", "repayment": "C"}]


async def content(pool: Pool, manifest: DailyManifest) -> bytes:
    return b"".join([piece async for piece in daily.pieces(pool, manifest.file_id)])


async def rows(pool: Pool, manifest: DailyManifest) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((await content(pool, manifest)).decode(), newline=""), strict=True))


async def test_a_day_has_four_files_that_prove_themselves(pool: Pool, tmp_path: Path) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        one, other = await FundedPlan(1).authorize(connection), await FundedPlan(2).authorize(connection)
        await one.capture(connection, 10_000, MONDAY)
        await other.capture(connection, 333_33, MONDAY)
        await one.pay(connection, 1_000, 77, MONDAY)
    files = await made(pool, MONDAY)
    assert list(files) == sorted(FileType)
    txn = await rows(pool, files[FileType.TXN])
    assert [(row["plan_id"], row["type"], row["side"], row["principal"], row["interest"]) for row in txn] == [
        (one.plan_id, "funding", "debit", "-70.00", "0.00"),
        (other.plan_id, "funding", "debit", "-233.33", "0.00"),
        (one.plan_id, "repayment", "credit", "7.00", "0.54"),
    ]
    assert {row["settlement_id"] for row in txn} == {f"{PROGRAMME[3:]}-20260302"}
    pos = {row["plan_id"]: row for row in await rows(pool, files[FileType.POS])}
    assert {name: pos[one.plan_id][name] for name in ("opening", "funded", "repaid", "closing", "share_bps")} == {
        "opening": "0.00", "funded": "70.00", "repaid": "7.00", "closing": "63.00", "share_bps": "7000"
    }  # fmt: skip
    stl = await rows(pool, files[FileType.STL])
    assert [(row["leg"], row["amount"], row["count"], row["first_event_id"]) for row in stl] == [
        ("funding", "-303.33", "2", txn[0]["event_id"]), ("repayment", "7.54", "1", txn[2]["event_id"])
    ]  # fmt: skip
    assert len(stl[0]["end_to_end_id"]) == len(stl[0]["settlement_id"]) == 35
    assert await rows(pool, files[FileType.CHG]) == []
    for kind, manifest in files.items():
        file, proof = tmp_path / manifest.file, tmp_path / f"{kind}.json"
        file.write_bytes(await content(pool, manifest))
        proof.write_bytes(msgspec.json.encode(manifest))
        assert verify.main([str(file), str(proof), "--key", SIGNER.public_key]) == 0, kind
    assert files[FileType.TXN].sums["EUR"]["principal"] == "-296.33"
    async with pool.acquire() as connection:
        found = {one.name: one.rows for one in await run_checks(connection)}
    assert not any(found[name] for name in found if name.startswith(("partner_events", "daily", "closed_days")))


async def test_a_closed_day_is_never_entered_and_made_again_the_same(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        first = await made(pool, MONDAY)
        await plan.capture(connection, 1_000, MONDAY)  # booked on Monday, after it was closed
        assert await made(pool, MONDAY) == first
        await plan.pay(connection, 500, 0, TUESDAY)
    second = await made(pool, TUESDAY)
    told = [(row["business_on"], row["value_on"], row["principal"]) for row in await rows(pool, second[FileType.TXN])]
    assert told == [("2026-03-02", "2026-03-02", "-7.00"), ("2026-03-03", "2026-03-03", "3.50")]
    (position,) = await rows(pool, second[FileType.POS])
    assert [position[name] for name in ("opening", "funded", "repaid", "closing")] == ["70.00", "7.00", "3.50", "73.50"]
    for kind in FileType:
        assert (first[kind].number, second[kind].number) == (1, 2)
        assert second[kind].previous_sha256 == first[kind].sha256
    assert second[FileType.TXN].cut.after == first[FileType.TXN].cut.until == 1


async def test_made_anew_a_day_is_the_same_to_the_byte(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        for name in range(30):
            plan = await FundedPlan(name).authorize(connection)
            await plan.capture(connection, 10_001 + name, MONDAY)
            await plan.pay(connection, 33 * name, name, MONDAY)
    before = await made(pool, MONDAY)
    kept = {kind: await content(pool, manifest) for kind, manifest in before.items()}
    for table in ("daily_files", "daily_file_pieces", "daily_positions", "daily_legs"):
        await pool.execute(f"alter table {table} disable trigger user")
        await pool.execute(f"delete from {table}")
    again = await made(pool, MONDAY)
    assert again == before
    assert {kind: await content(pool, manifest) for kind, manifest in again.items()} == kept


async def test_days_in_between_and_days_without_anything_have_files(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        await made(pool, MONDAY)
        await plan.pay(connection, 1_000, 0, WEDNESDAY)
    await made(pool, THURSDAY)
    found = await daily.manifests(pool, PARTNER, "", 100, FileType.TXN)
    assert [(one.business_on, one.records, one.number) for one in found] == [
        (MONDAY, 1, 1), (TUESDAY, 0, 2), (WEDNESDAY, 1, 3), (THURSDAY, 0, 4)
    ]  # fmt: skip
    empty = found[1]
    assert (empty.sums, empty.hash_total) == ({}, 0)
    assert (await content(pool, empty)).endswith(b",settlement_id\r\n")


async def test_ten_at_once_make_one_day(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    results = await asyncio.gather(*(made(pool, MONDAY) for _ in range(5)))
    assert all(result == results[0] for result in results)
    assert await pool.fetchval("select count(*) from daily_files") == 4


async def test_what_cannot_be_made(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
    await made(pool, TUESDAY)
    for programme, on, code in [
        (ids.new_id(ids.PROGRAMME, 0, 9), WEDNESDAY, Code.NOT_FOUND),
        (PROGRAMME, MONDAY, Code.STATE_FORBIDS),
        (PROGRAMME, THURSDAY, Code.STATE_FORBIDS),
    ]:
        with pytest.raises(Refused) as refused:
            await daily.make_day(pool, SIGNER, programme, on, evening(WEDNESDAY))
        assert refused.value.code is code


async def test_a_crash_half_way_leaves_the_day_closed_and_it_is_made_later(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        with monkeypatch.context() as broken:
            broken.setattr(Filing, "_keep", None)
            with pytest.raises(TypeError):
                await made(pool, MONDAY)
        assert await pool.fetchval("select count(*) from daily_positions") == 0
        await plan.capture(connection, 1_000, MONDAY)
    assert [one.records for one in (await made(pool, MONDAY)).values()] == [0, 1, 1, 1]


async def test_changes_are_told_with_their_reason(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        await connection.execute(
            "insert into lines values ($1, $2, 1, 1, $3, $4, 10000, 0, 0, 0, 0, 0, 0, 0, 0, null)",
            plan.bucket, plan.plan_id, MONDAY, TUESDAY,
        )  # fmt: skip
        await made(pool, MONDAY)
        await made(pool, TUESDAY)
        await connection.execute("update plans set state = 'charged_off'")
    files = await made(pool, THURSDAY)
    (position,) = await rows(pool, files[FileType.POS])
    assert [position[name] for name in ("days_past_due", "bucket", "status")] == ["2", "1-30", "charged_off"]
    (tuesday,) = await daily.manifests(pool, PARTNER, "", 9, FileType.CHG, TUESDAY)
    assert [(row["field"], row["old"], row["new"], row["reason"]) for row in await rows(pool, tuesday)] == [
        ("next_due_on", "2026-03-03", "", "time")
    ]
    (wednesday,) = await daily.manifests(pool, PARTNER, "", 9, FileType.CHG, WEDNESDAY)
    changes = [(row["field"], row["old"], row["new"], row["reason"]) for row in await rows(pool, wednesday)]
    assert changes == [("bucket", "current", "1-30", "time"), ("status", "authorized", "charged_off", "time")]


async def test_files_are_never_rewritten(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
    await made(pool, MONDAY)
    for table in ("daily_files", "daily_file_pieces", "daily_positions", "daily_legs"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(f"delete from {table}")


# tenor verify ---------------------------------------------------------------------------------------------------------


async def written(pool: Pool, folder: Path) -> tuple[Path, Path]:
    """A file of two events, and its manifest."""
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        await plan.pay(connection, 1_000, 77, MONDAY)
    manifest = (await made(pool, MONDAY))[FileType.TXN]
    file, proof = folder / manifest.file, folder / "manifest.json"
    file.write_bytes(await content(pool, manifest))
    proof.write_bytes(msgspec.json.encode(manifest))
    return file, proof


async def test_the_twin_holds_too(pool: Pool, tmp_path: Path) -> None:
    file, proof = await written(pool, tmp_path)
    twin = tmp_path / "twin.ndjson"
    twin.write_text(twin_of(FileType.TXN, file.read_text()))
    assert verify.main([str(twin), str(proof)]) == 0
    assert Decimal(json.loads(twin.read_text().splitlines()[0])["principal"]) == -70
    twin.write_text(twin.read_text().replace("-70.00", "-70.01"))
    assert verify.main([str(twin), str(proof)]) == 1


async def test_what_does_not_hold_is_said(pool: Pool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, proof = await written(pool, tmp_path)
    good, manifest = file.read_bytes(), json.loads(proof.read_bytes())
    head, first, second, _ = good.decode().split("\r\n")
    event = second.split(",")[0]
    swapped = good.replace(event.encode(), event[:-1].encode() + b"Z")
    for content_, changes, arguments, says in [
        (good.replace(b"-70.00", b"-70.01"), {}, [], "The sum of principal in EUR is -63.01"),
        (good[:-20], {}, [], "bytes"),
        (good.replace(b"\r\n", b"\n"), {}, [], "SHA-256"),
        (f"{head}\r\n{first}\r\n".encode(), {}, [], "The file has 1 records"),
        (swapped, {}, [], "The hash total is"),
        (good, {"records": 3}, [], "The signature does not hold"),
        (good, {"signature": "00"}, [], "The signature does not hold"),
        (good, {"type": "XYZ"}, [], "is of type 'XYZ'"),
        (good, {}, ["--key", "00" * 32], "another key"),
        (b"\xff\xfe" + good, {}, [], "not UTF-8"),
        (b"", {}, [], "The file has 0 bytes"),
    ]:  # fmt: skip
        file.write_bytes(content_)
        proof.write_text(json.dumps(manifest | changes))
        assert verify.main([str(file), str(proof), *arguments]) == 1, says
        assert says in capsys.readouterr().out
    file.write_bytes(good)
    for broken in ("[]", "{}"):
        proof.write_text(broken)
        assert verify.main([str(file), str(proof)]) == 1
    proof.write_text("no json")
    assert verify.main([str(file), str(proof)]) == 2
    assert verify.main([str(tmp_path / "none"), str(proof)]) == 2
