"""The finance partner over HTTP: its file is made, fetched, sent back and reconciled."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.partners.theirs.reading import FILE_BYTES_MAX
from tests.flows.world import NOON, World

TODAY = NOON.date().isoformat()


async def bought(world: World, amount: int = 600_00) -> str:
    """A plan of which everything is captured and 100.00 is paid."""
    plan = await world.plan(await world.consumer(limit=1_000_00), amount)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})
    plan_id: str = plan["id"]
    return plan_id


async def make_file(world: World, on: str = TODAY) -> dict[str, Any]:
    path = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    made = await world.operator.post(path, {"business_on": on})
    assert made.status_code == 201, made.text
    manifest: dict[str, Any] = made.json()
    return manifest


async def fetch(world: World, manifest: dict[str, Any]) -> bytes:
    return (await world.partner.get(f"/v1/partner/files/{manifest['id']}/content")).content


async def send(world: World, content: bytes, media: str = "text/csv", **query: str) -> httpx.Response:
    asked = httpx.QueryParams({"programme_id": world.demo.programme_id, "business_on": TODAY} | query)
    return await world.partner.post(f"/v1/partner/files?{asked}", content=content, headers={"Content-Type": media})


async def test_a_day_is_filed_fetched_and_reconciled(world: World) -> None:
    plan_id = await bought(world)
    manifest = await make_file(world)
    assert await make_file(world) == manifest
    assert (await world.partner.get("/v1/partner/files")).json() == {"files": [manifest], "after": manifest["id"]}
    assert (await world.partner.get(f"/v1/partner/files/{manifest['id']}")).json() == manifest

    fetched = await world.partner.get(f"/v1/partner/files/{manifest['id']}/content")
    assert fetched.headers["content-type"] == "text/csv; charset=utf-8"
    assert hashlib.sha256(fetched.content).hexdigest() == manifest["sha256"] == fetched.headers["etag"].strip('"')
    header, row = fetched.text.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["plan_id"] == plan_id
    assert (manifest["rows"], manifest["totals"]["drawn"]) == (1, "420.00")

    received = await send(world, fetched.content)
    assert received.status_code == 201, received.text
    verdict = received.json()["reconciliation"]
    assert (verdict["outcome"], verdict["their_totals"]["EUR"]["drawn"]) == ("matched", 420_00)
    listed = (await world.partner.get("/v1/partner/reconciliations")).json()["reconciliations"]
    assert listed == [verdict]
    assert (await send(world, fetched.content)).json() == received.json()

    (position,) = (await world.partner.get("/v1/partner/positions")).json()["positions"]
    (plan,) = (await world.partner.get("/v1/partner/plans")).json()["plans"]
    assert plan["id"] == plan_id
    assert plan["outstanding"] == position["outstanding"] == position["drawn"] - position["principal_repaid"]


async def test_a_break_is_told_assigned_and_resolved(world: World) -> None:
    await bought(world)
    content = (await fetch(world, await make_file(world))).replace(b"420.00", b"420.01")
    answered = (await send(world, content)).json()
    assert answered["reconciliation"]["counts"] == {"amount_differs": 1}
    (told,) = answered["breaks"]
    assert told["differences"] == [{"component": "drawn", "ours": 420_00, "theirs": 420_01, "difference": 1}]

    world.operator.now = world.partner.now = NOON + timedelta(days=3)
    (one,) = (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]
    assert (one["owner"], one["age_days"]) == ("operator", 3)
    assigned = await world.operator.post(f"/v1/operator/breaks/{one['id']}/assign", {"owner": "Frau Sommer"})
    assert assigned.json()["owner"] == "Frau Sommer"
    resolved = await world.operator.post(f"/v1/operator/breaks/{one['id']}/resolve", {"note": "Their rounding."})
    assert (resolved.json()["state"], resolved.json()["note"]) == ("resolved", "Their rounding.")
    again = await world.operator.post(f"/v1/operator/breaks/{one['id']}/resolve", {"note": "Their rounding."})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    assert (await world.operator.get("/v1/operator/breaks", in_state="open")).json()["breaks"] == []


async def test_an_earlier_file_again_corrects_the_one_after_it(world: World) -> None:
    await bought(world)
    right = await fetch(world, await make_file(world))
    wrong = right.replace(b"420.00", b"420.01")
    verdicts = [(await send(world, content)).json()["reconciliation"] for content in (right, wrong, right, right)]
    assert [(one["number"], one["outcome"]) for one in verdicts] == [
        (1, "matched"), (2, "breaks"), (3, "matched"), (3, "matched")
    ]  # fmt: skip
    assert (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"] == []
    (gone,) = (await world.partner.get("/v1/partner/breaks", in_state="resolved")).json()["breaks"]
    assert gone["resolved_on"] == TODAY
    assert (await send(world, wrong)).json()["reconciliation"]["number"] == 4
    (back,) = (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]
    assert back["id"] == gone["id"]


async def test_a_dry_run_tells_the_breaks_and_writes_nothing(world: World) -> None:
    await bought(world)
    content = await fetch(world, await make_file(world))
    wrong = content.replace(b"420.00", b"420.01").replace(b"plan_id", b"note,plan_id").replace(b"\npl_", b"\n,pl_")
    before = await world.row_counts()
    tried = await send(world, wrong, dry_run="true")
    assert await world.row_counts() == before
    assert tried.status_code == 200, tried.text
    told = tried.json()
    assert (told["dry_run"], told["outcome"], told["counts"]) == (True, "breaks", {"amount_differs": 1})
    assert told["unknown_columns"] == ["note"]

    kept = (await send(world, wrong)).json()
    assert (kept["breaks"], kept["unknown_columns"]) == (told["breaks"], ["note"])
    assert {name: kept["reconciliation"][name] for name in ("our_totals", "their_totals", "their_rows")} == {
        name: told[name] for name in ("our_totals", "their_totals", "their_rows")
    }
    (listed,) = (await world.partner.get("/v1/partner/reconciliations")).json()["reconciliations"]
    assert "unknown_columns" not in listed


async def test_a_file_of_another_day_is_refused_and_a_dry_run_says_so(world: World) -> None:
    await bought(world)
    yesterday = await fetch(world, await make_file(world))
    world.operator.now = world.partner.now = NOON + timedelta(days=1)
    tomorrow = (NOON + timedelta(days=1)).date().isoformat()
    await make_file(world, tomorrow)
    for dry in ({}, {"dry_run": "true"}):
        refused = await send(world, yesterday, business_on=tomorrow, **dry)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_file")
        assert refused.json()["detail"].startswith(f"The file looks like that of {TODAY}: ")
    told = await send(world, yesterday, business_on=tomorrow, confirmed="true", dry_run="true")
    assert told.json()["counts"] == {"amount_differs": 1}
    kept = await send(world, yesterday, business_on=tomorrow, confirmed="true")
    assert (kept.status_code, kept.json()["breaks"]) == (201, told.json()["breaks"])


async def test_an_upload_hears_at_once_that_the_partners_room_is_taken(world: World) -> None:
    content = await fetch(world, await make_file(world))
    sent, over = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield content[:10]
        sent.set()
        await over.wait()
        yield content[10:]

    def post(body: Any, key: str) -> Awaitable[httpx.Response]:
        where = f"/v1/partner/files?programme_id={world.demo.programme_id}&business_on={TODAY}"
        return world.partner.post(where, content=body, key=key, headers={"Content-Type": "text/csv"})

    under_way = [asyncio.ensure_future(post(slow(), f"slow-{number}")) for number in range(2)]
    await sent.wait()
    await asyncio.sleep(0.05)
    busy = await post(content, "third")
    over.set()
    assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (503, "busy", "1")
    assert [(await one).status_code for one in under_way] == [201, 201]
    assert (await post(content, "third")).status_code == 201  # the key was not burnt


@pytest.mark.parametrize(
    "query", [{"rows": "-1"}, {"rows": "1e2"}, {"rows": "x"}, {"sha256": "ab"}, {"confirmed": "1"}, {"row": "1"}]
)
async def test_a_bad_word_beside_the_file_is_refused(world: World, query: dict[str, str]) -> None:
    content = await fetch(world, await make_file(world))
    answered = await send(world, content, **query)
    assert (answered.status_code, answered.json()["code"]) == (400, "invalid_field"), answered.text
    assert answered.json()["pointer"] == f"/{next(iter(query))}"


@pytest.mark.parametrize(
    ("content", "query", "media", "status", "code"),
    [
        (b"plan_id\n", {}, "text/csv", 422, "invalid_file"),
        (b"\xff", {}, "text/csv; charset=utf-8", 422, "invalid_file"),
        (b"x", {}, "application/json", 415, "unsupported_media_type"),
        (b"x", {}, "text/csv; charset=latin1", 415, "unsupported_media_type"),
        (b"x", {"business_on": "2026-02-30"}, "text/csv", 400, "invalid_field"),
        (b"x", {"business_on": "2026-03-01"}, "text/csv", 404, "not_found"),
        (b"x", {"programme_id": "\0"}, "text/csv", 400, "invalid_field"),
        (b"x", {"programme_id": "pr_00000000000000000000000000"}, "text/csv", 404, "not_found"),
        (b"x" * (FILE_BYTES_MAX + 1), {}, "text/csv", 413, "too_large"),
    ],
)
async def test_a_bad_file_is_refused_and_leaves_nothing(
    world: World, content: bytes, query: dict[str, str], media: str, status: int, code: str
) -> None:
    await make_file(world)
    answered = await send(world, content, media, **query)
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert (await world.partner.get("/v1/partner/reconciliations")).json()["reconciliations"] == []


@pytest.mark.parametrize(
    "path",
    ["/v1/partner/files/x", "/v1/partner/files/fi_00000000000000000000000000", "/v1/partner/files/x/content"],
)
async def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    assert (await world.partner.get(path)).status_code == 404


@pytest.mark.parametrize("query", [{"after": "\0"}, {"after": "x"}, {"limit": 0}, {"limit": 1001}])
async def test_a_bad_cursor_is_refused(world: World, query: dict[str, Any]) -> None:
    for path in ("files", "plans", "reconciliations", "breaks"):
        assert (await world.partner.get(f"/v1/partner/{path}", **query)).status_code == 400


async def test_only_a_partners_key_opens_the_partners_pages(world: World) -> None:
    assert (await world.merchant.get("/v1/partner/files")).status_code == 403
    assert (await world.partner.get("/v1/operator/breaks")).status_code == 403


async def test_the_partner_reads_what_happened_to_its_share(world: World) -> None:
    plan_id = await bought(world)
    told = (await world.partner.get("/v1/partner/events")).json()
    assert [(one["number"], one["type"], one["principal"], one["plan_id"]) for one in told["events"]] == [
        (1, "funding", -420_00, plan_id), (2, "repayment", 70_00, plan_id)
    ]  # fmt: skip
    assert {one["filed_on"] for one in told["events"]} == {TODAY}
    assert told["after"] == 2
    assert (await world.partner.get("/v1/partner/events", after=1, limit=1)).json()["events"] == told["events"][1:]

    refunded = await world.merchant.post(f"/v1/plans/{plan_id}/refunds", {"amount": 100_00})
    assert refunded.status_code == 201, refunded.text
    paid = await world.merchant.post(f"/v1/plans/{plan_id}/payments", {"amount": 400_00, "reference": "r"})
    assert paid.status_code == 201, paid.text
    more = (await world.partner.get("/v1/partner/events", after=2)).json()["events"]
    assert [(one["type"], one["principal"]) for one in more] == [("refund", 70_00), ("early_settlement", 280_00)]
