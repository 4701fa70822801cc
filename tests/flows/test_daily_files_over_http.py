"""A partner fetches the files of a day, proves them on its own machine, and reads where its plans stood on any day."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service import ids, verify
from tests.flows.test_partner import TODAY, bought
from tests.flows.world import NOON, World

FILES = "/v1/partner/files"


async def make(world: World, on: str = TODAY) -> dict[str, dict[str, object]]:
    path = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    made = await world.operator.post(path, {"business_on": on})
    assert made.status_code == 201, made.text
    return {one["type"]: one for one in made.json()["files"]}


async def test_the_files_of_a_day_are_fetched_and_proved(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_id = await bought(world)
    made = await make(world)
    assert await make(world) == made
    listed = (await world.partner.get(FILES)).json()["files"]
    assert {one["id"] for one in listed} == {one["id"] for one in made.values()}
    (txn,) = (await world.partner.get(FILES, of_type="TXN", business_on=TODAY)).json()["files"]
    assert txn == made["TXN"] == (await world.partner.get(f"{FILES}/{txn['id']}")).json()
    assert txn["file"] == f"{txn['partner_id']}_TXN_20260302_001_v1.csv"
    key = (await world.partner.get("/v1/partner/signing-key")).json()["key"]
    for name, manifest in made.items():
        fetched = await world.partner.get(f"{FILES}/{manifest['id']}/content")
        assert fetched.headers["content-type"].startswith("text/csv")
        assert hashlib.sha256(fetched.content).hexdigest() == manifest["sha256"] == fetched.headers["etag"].strip('"')
        twin = await world.partner.get(f"{FILES}/{manifest['id']}/twin")
        proof = tmp_path / f"{name}.json"
        proof.write_text(json.dumps(manifest))
        for ending, content in (("csv", fetched.content), ("ndjson", twin.content)):
            file = tmp_path / f"{name}.{ending}"
            file.write_bytes(content)
            assert verify.main([str(file), str(proof), "--key", key]) == 0, capsys.readouterr()
    lines = (await world.partner.get(f"{FILES}/{txn['id']}/twin")).text.splitlines()
    assert [(json.loads(line)["type"], json.loads(line)["principal"]) for line in lines] == [
        ("funding", "-420.00"), ("repayment", "70.00")
    ]  # fmt: skip
    (position,) = (await world.partner.get("/v1/partner/positions")).json()["positions"]
    assert (position["plan_id"], position["funded"], position["closing"]) == (plan_id, 420_00, 350_00)


async def test_of_rows_that_have_left_it_is_said_from_when_on_there_are_any(world: World) -> None:
    await bought(world)
    made = await make(world)
    after = ids.lowest(ids.FILE, int(datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1000))
    await world.pool.execute("insert into months_gone values ('positions', $1, now()), ('files', $1, now())", after)
    file = f"{FILES}/{made['POS']['id']}"
    for path, pointer, sentence in (
        (f"{file}/content", "/id", "The bytes of files are kept from 2026-04-01 on"),
        (f"{file}/twin", "/id", "The bytes of files are kept from 2026-04-01 on"),
        ("/v1/partner/positions", "/as_of", "Positions are kept from 2026-04-01 on"),
    ):
        refused = await world.partner.get(path)
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["pointer"]) == (410, "not_kept", pointer), path
        assert sentence in problem["detail"]
    assert (await world.partner.get(file)).json() == made["POS"]
    assert (await world.partner.get(FILES)).json()["files"]
    day = {"business_on": TODAY}
    again = await world.operator.post(f"/v1/operator/programmes/{world.demo.programme_id}/files", day)
    assert {one["type"]: one for one in again.json()["files"]} == made


async def test_positions_as_of_a_past_day_follow_each_other(world: World) -> None:
    plan_id = await bought(world)
    await make(world)
    world.operator.now = world.partner.now = world.merchant.now = NOON + timedelta(days=2)
    later = (NOON + timedelta(days=2)).date().isoformat()
    await world.merchant.post(f"/v1/plans/{plan_id}/payments", {"amount": 100_00})
    await make(world, later)
    found = []
    for days in (-1, 0, 1, 2):
        on = (NOON + timedelta(days=days)).date().isoformat()
        found.append((await world.partner.get("/v1/partner/positions", as_of=on)).json()["positions"])
    assert found[0] == []
    assert [(one["opening"], one["repaid"], one["closing"]) for (one,) in found[1:]] == [
        (0, 70_00, 350_00), (350_00, 0, 350_00), (350_00, 70_00, 280_00)
    ]  # fmt: skip
    (now,) = found[3]
    assert (now["status"], now["age_bucket"], now["share_bps"]) == ("active", "current", 7_000)
    assert (await world.partner.get("/v1/partner/positions", after=plan_id)).json() == {
        "positions": [], "after": plan_id
    }  # fmt: skip


async def test_the_close_of_a_day_makes_the_files_of_the_day_that_ended(world: World) -> None:
    await bought(world)
    world.operator.now = NOON + timedelta(days=1)
    closed = await world.operator.post("/v1/operator/day-close")
    assert [(one["type"], one["business_on"]) for one in closed.json()["files"]] == [
        ("POS", TODAY), ("TXN", TODAY), ("STL", TODAY), ("CHG", TODAY)
    ]  # fmt: skip
    again = await world.operator.post("/v1/operator/day-close")
    assert again.json()["files"] == []


async def test_anothers_file_is_not_found(world: World) -> None:
    await bought(world)
    made = await make(world)
    stranger = await world.operator.post("/v1/operator/partners", {"name": "Another"})
    key = await world.key(audience="partner", owner_id=stranger.json()["id"], scopes=["*"])
    for ending in ("", "/content", "/twin"):
        headers = {"Authorization": f"Bearer {key}"}
        refused = await world.http.get(f"{FILES}/{made['TXN']['id']}{ending}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
