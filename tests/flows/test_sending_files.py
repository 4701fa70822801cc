"""A partner sends its own files over HTTP: tried, loaded, refused and listed, withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from service.partners.receiving import FILE_BYTES_MAX
from tests.flows.test_daily_files_over_http import FILES, make
from tests.flows.test_partner import TODAY, bought
from tests.flows.test_reconciling import compare
from tests.flows.world import World

RECEIVED = "/v1/partner/files/received"


async def send(world: World, content: Any, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
    asked = {"programme_id": world.demo.programme_id, "business_on": TODAY, "of_type": "TXN"} | query
    address = f"{RECEIVED}?{httpx.QueryParams(asked)}"
    return await world.partner.post(address, content=content, headers={"Content-Type": "text/csv"} | (headers or {}))


async def ours(world: World) -> bytes:
    await bought(world)
    manifest = (await make(world))["TXN"]
    return (await world.partner.get(f"{FILES}/{manifest['id']}/content")).content


async def test_a_file_is_tried_loaded_and_withdrawn(world: World) -> None:
    content = await ours(world)
    before = await world.row_counts()
    tried = await send(world, content, dry_run="true", rows=2, total="-350.00")
    assert (tried.status_code, tried.json()["dry_run"], tried.json()["file"]["rows"]) == (200, True, 2), tried.text
    assert await world.row_counts() == before
    loaded = await send(world, content, rows=2, total="-350.00", number=1)
    assert (loaded.status_code, loaded.json()["state"]) == (201, "loaded"), loaded.text
    again = await send(world, content)
    assert (again.status_code, again.json()["code"]) == (422, "duplicate_file")
    taken = await world.partner.post(f"{RECEIVED}/{loaded.json()['id']}/withdraw")
    assert (taken.status_code, taken.json()["state"]) == (200, "withdrawn"), taken.text
    listed = (await world.partner.get(RECEIVED)).json()["files"]
    assert {one["state"]: one["fault"] for one in listed} == {"withdrawn": None, "refused": "duplicate_file"}
    (refused,) = (await world.partner.get(RECEIVED, in_state="refused")).json()["files"]
    assert refused["detail"] == again.json()["detail"]


@pytest.mark.parametrize(
    ("change", "query", "code"),
    [
        (lambda content: content[:-30], {}, "cut_short"),
        (lambda content: content.replace(b"70.00", b"70.01"), {"total": "-350.00"}, "wrong_sum"),
        (lambda content: content.replace(b",fee,", b",fees,"), {}, "wrong_columns"),
        (lambda content: content.decode().encode("utf-16"), {}, "wrong_encoding"),
        (lambda content: content, {"sha256": "0" * 64}, "altered_file"),
        (lambda content: content, {"rows": 3}, "wrong_count"),
        (lambda content: content, {"business_on": "2026-03-01"}, "wrong_day"),
        (lambda content: content, {"programme_id": "pr_00000000000000000000000000"}, "wrong_partner"),
    ],
)
async def test_what_is_refused_is_listed_and_nothing_is_loaded(
    world: World, change: Any, query: dict[str, Any], code: str
) -> None:
    refused = await send(world, change(await ours(world)), **query)
    assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    (listed,) = (await world.partner.get(RECEIVED)).json()["files"]
    assert (listed["state"], listed["fault"], listed["rows"]) == ("refused", code, 0)
    assert await world.pool.fetchval("select count(*) from partner_their_events") == 0


@pytest.mark.parametrize("touch", ["", "assign", "resolve", "notes"])
async def test_a_file_is_not_withdrawn_once_somebody_has_worked_on_what_was_found_with_it(
    world: World, touch: str
) -> None:
    content = await ours(world)
    manifest = (await make(world))["POS"]
    positions = (await world.partner.get(f"{FILES}/{manifest['id']}/content")).content
    wrong = content.replace(b"-420.00", b"-421.00")
    sent = [await send(world, wrong), await send(world, positions.replace(b"current", b"over_90"), of_type="POS")]
    assert [one.status_code for one in sent] == [201, 201], [one.text for one in sent]
    assert (await compare(world)).json()["verdict"] == "breaks"
    (found,) = (await world.partner.get("/v1/partner/breaks")).json()["breaks"]
    assert (found["leg"], found["kind"]) == ("item", "amount_diff")
    if touch == "notes":
        done = await world.partner.post(f"/v1/partner/breaks/{found['id']}/notes", {"note": "We look into it."})
    elif touch:
        body = {"owner": "Ada"} if touch == "assign" else {"note": "They corrected it by telephone."}
        done = await world.operator.post(f"/v1/operator/breaks/{found['id']}/{touch}", body)
    assert not touch or done.is_success, done.text

    events, others = [await world.partner.post(f"{RECEIVED}/{one.json()['id']}/withdraw") for one in sent]
    assert others.json()["state"] == "withdrawn"  # nothing was found with it
    if touch:
        assert (events.status_code, events.json()["code"]) == (409, "state_forbids")
        assert found["id"] in events.json()["detail"]
        assert (await send(world, content)).json()["state"] == "loaded"  # a corrected one takes its place
    else:
        assert events.json()["state"] == "withdrawn"


async def test_what_a_partner_answers_to_our_files_is_seen_by_both(world: World) -> None:
    await ours(world)
    (txn,) = (await world.partner.get(FILES, of_type="TXN")).json()["files"]
    rows = [f"{txn['id']},,ok,", f"{txn['file']},3,unknown plan,420.00", f"{txn['id']},4,OK,"]
    content = "\r\n".join(["file_id,line,code,partner_value", *rows, ""]).encode()
    sent = await send(world, content, of_type="ACK")
    assert sent.status_code == 201, sent.text
    (listed,) = (await world.operator.get("/v1/operator/received-files", in_state="loaded")).json()["files"]
    assert listed == sent.json() | {"partner_id": world.demo.partner_id}
    of_nobody = {"partner_id": "pa_00000000000000000000000000"}
    assert (await world.operator.get("/v1/operator/received-files", **of_nobody)).json()["files"] == []
    same = {"file_id": txn["id"], "file": txn["file"]}
    for client, path in ((world.operator, "/v1/operator/received-files"), (world.partner, RECEIVED)):
        path = f"{path}/{sent.json()['id']}/answers"
        page = (await client.get(path, limit=2)).json()
        assert page["answers"] == [
            same | {"line": 2, "of_line": None, "code": "ok", "partner_value": None},
            same | {"line": 3, "of_line": 3, "code": "unknown plan", "partner_value": "420.00"},
        ]
        rest = (await client.get(path, after=page["after"])).json()["answers"]
        assert [(one["line"], one["code"]) for one in rest] == [(4, "OK")]
        objections = (await client.get(path, objections="true")).json()["answers"]
        assert [one["code"] for one in objections] == ["unknown plan"]
    none = await world.partner.get(f"{RECEIVED}/fi_00000000000000000000000000/answers")
    assert (none.status_code, none.json()["code"]) == (404, "not_found")


async def test_a_file_that_is_too_large_is_refused_before_it_is_here(world: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    for length in (2 * 1024**3, None):  # said beforehand, or not
        headers = {} if length is None else {"Content-Length": str(length)}
        refused = await send(world, endless(), headers)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    tried = await send(world, endless(), {"Content-Length": str(FILE_BYTES_MAX + 1)}, dry_run="true")
    assert tried.status_code == 413
    listed = (await world.partner.get(RECEIVED, in_state="refused")).json()["files"]
    assert [one["fault"] for one in listed] == ["too_large"] * 2
    assert max(one["bytes"] for one in listed) == 2 * 1024**3
