"""A programme is agreed by two people, version by version; plans keep the version that they were offered under."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.flows.world import NOON, SHARED, World
from tests.partners.contracts import GOOD, participant

PROGRAMMES = "/v1/operator/programmes"
SECOND: dict[str, Any] = {"priority": 1, "name": "First in line"}


def document(world: World, **changes: Any) -> dict[str, Any]:
    """Of the demo's partner."""
    return GOOD | {"participants": [participant(7_000, world.demo.partner_id, interest_bps=7_000)]} | changes


async def agreed(world: World, path: str = PROGRAMMES, **changes: Any) -> dict[str, Any]:
    """A programme's version, as two people have agreed it."""
    answered = await world.operator.post(path, document(world, **changes))
    assert answered.status_code == 202, answered.text
    made: dict[str, Any] = (await world.seconded(answered)).json()
    return made


async def resumed(world: World, programme_id: str) -> httpx.Response:
    return await world.seconded(await world.operator.post(f"{PROGRAMMES}/{programme_id}/resume"))


async def funding(world: World, amount: int = 600_00) -> dict[str, Any]:
    """Whose money a new plan is."""
    plan = await world.plan(await world.consumer(), amount)
    seen: dict[str, Any] = (await world.operator.get(f"/v1/operator/plans/{plan['id']}")).json()["funding"]
    return seen


async def test_two_people_agree_a_programme_and_it_takes_plans(world: World) -> None:
    answered = await world.operator.post(PROGRAMMES, document(world, **SECOND))
    assert answered.status_code == 202
    assert (await funding(world))["programme_id"] == world.demo.programme_id  # nobody has approved it
    made = (await world.seconded(answered)).json()
    assert made["version"] == 1
    assert made["secret"] is None
    assert (await funding(world))["programme_id"] == made["id"]
    listed = (await world.operator.get(PROGRAMMES)).json()["programmes"]
    assert {one["id"]: one["version"] for one in listed} == {world.demo.programme_id: 1, made["id"]: 1}
    seen = (await world.operator.get(f"{PROGRAMMES}/{made['id']}")).json()
    assert seen["is_active"]
    assert seen["versions"][0]["terms"] == document(world, **SECOND)


async def test_programmes_are_listed_by_partner_and_by_whether_they_take_plans(world: World) -> None:
    made = await world.operator.post("/v1/operator/partners", {"name": "Another bank"})
    other = (await world.seconded(made)).json()["id"] if made.status_code == 202 else made.json()["id"]
    both = [participant(3_500, one, interest_bps=3_500) for one in (world.demo.partner_id, other)]
    shared = (await agreed(world, participants=both, name="Shared"))["id"]
    assert (await world.operator.post(f"{PROGRAMMES}/{shared}/suspend")).status_code == 200

    async def listed(**asked: str | int) -> set[str]:
        answered = await world.operator.get(PROGRAMMES, **asked)
        assert answered.status_code == 200, answered.text
        return {one["id"] for one in answered.json()["programmes"]}

    assert await listed() == await listed(partner_id=world.demo.partner_id) == {world.demo.programme_id, shared}
    assert await listed(partner_id=other) == await listed(active="false") == {shared}
    assert await listed(active="true") == await listed(partner_id=world.demo.partner_id, active="true")
    assert await listed(partner_id=other, active="true") == await listed(partner_id=f"pa_{'0' * 26}") == set()
    assert await listed(limit=1, active="false") == {shared}, "a page has as many as fit, not what is left of one"
    sheet = await world.http.get(
        PROGRAMMES, headers={"Authorization": world.operator.authorization, "Accept": "text/csv"}
    )
    assert [line.partition(",")[0] for line in sheet.text.splitlines()] == ["id", world.demo.programme_id, shared]


async def test_an_offer_and_its_plan_keep_the_version_they_were_made_under(world: World) -> None:
    made = await agreed(world, **SECOND)
    offer = await world.offer(await world.consumer(), 600_00, "instalments")
    path = f"{PROGRAMMES}/{made['id']}/versions"
    lower = [participant(5_000, world.demo.partner_id, interest_bps=5_000)]
    assert (await agreed(world, path, **SECOND, participants=lower, cut_off="23:00"))["version"] == 2
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    kept = (await world.operator.get(f"/v1/operator/plans/{plan['id']}")).json()["funding"]
    assert (kept["programme_version"], kept["participations"][0]["principal_bps"]) == (1, 7_000)
    new = await funding(world)
    assert (new["programme_version"], new["participations"][0]["principal_bps"], new["cut_off"]) == (2, 5_000, "23:00")
    versions = (await world.operator.get(f"{PROGRAMMES}/{made['id']}")).json()["versions"]
    assert [one["version"] for one in versions] == [1, 2]
    assert versions[0]["terms"]["participants"][0]["principal_bps"] == 7_000


async def test_of_two_versions_that_follow_on_one_the_second_is_refused(world: World) -> None:
    made = await agreed(world)
    path = f"{PROGRAMMES}/{made['id']}/versions"
    proposed = [await world.operator.post(path, document(world, priority=priority)) for priority in (1, 2)]
    approvals = [f"/v1/operator/approvals/{one.json()['id']}/approve" for one in proposed]
    assert (await world.second_operator.post(approvals[1])).status_code == 200
    late = await world.second_operator.post(approvals[0])
    assert (late.status_code, late.json()["code"]) == (409, "state_forbids")


@SHARED
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"currency": "CHF"}, "/currency"),
        ({"time_zone": "Europe/Zurich"}, "/time_zone"),
        ({"kind": "assisted"}, "/participants"),
        ({"eligibility": {"merchants": ["me_01JD8Q4Z7K0000000000000000"]}}, "/eligibility/merchants/0"),
        ({"approval": {"url": "ftp://bank.example/"}}, "/approval/url"),
    ],
)
async def test_a_version_that_cannot_follow_is_refused(world: World, changes: dict[str, Any], pointer: str) -> None:
    path = f"{PROGRAMMES}/{world.demo.programme_id}/versions"
    refused = await world.operator.post(path, document(world, **changes))
    assert refused.status_code in (400, 404)
    assert refused.json()["pointer"] == pointer


async def test_who_is_told_stays_the_same(world: World) -> None:
    other = (await world.operator.post("/v1/operator/partners", {"name": "Another bank"})).json()["id"]
    path = f"{PROGRAMMES}/{world.demo.programme_id}/versions"
    refused = await world.operator.post(path, document(world, participants=[participant(7_000, other)]))
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/participants/0/partner_id")
    both = [participant(4_000, world.demo.partner_id), participant(3_000, other)]
    assert (await agreed(world, path, participants=both))["version"] == 2
    assert [one["partner_id"] for one in (await funding(world))["participations"]] == [world.demo.partner_id, other]


async def test_a_suspended_programme_takes_no_plans_until_two_people_resume_it(world: World) -> None:
    programme_id = world.demo.programme_id
    suspended = await world.operator.post(f"{PROGRAMMES}/{programme_id}/suspend")
    assert (suspended.status_code, suspended.json()["is_active"]) == (200, False)
    again = await world.operator.post(f"{PROGRAMMES}/{programme_id}/suspend")
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    assert (await funding(world))["programme_id"] is None
    path = f"{PROGRAMMES}/{programme_id}/versions"
    await agreed(world, path)  # an edit resumes nothing
    assert (await funding(world))["programme_id"] is None
    assert (await resumed(world, programme_id)).status_code == 201
    assert (await funding(world))["programme_version"] == 2
    early = await world.operator.post(f"{PROGRAMMES}/{programme_id}/resume")
    assert (early.status_code, early.json()["code"]) == (409, "state_forbids")


async def test_it_is_told_of_which_day_a_booking_would_be_and_when_its_money_is_due(world: World) -> None:
    terms: dict[str, Any] = {"cut_off": "23:00", "calendar": "XECB", "settle_lag_days": 2}
    path = f"{PROGRAMMES}/{(await agreed(world, **terms))['id']}"
    seen = []
    for at in ("2026-03-31T21:00:00.000+00:00", "2026-03-31T21:00:00.001+00:00"):  # 23:00 in Berlin, before Easter
        world.operator.now = datetime.fromisoformat(at)
        view = (await world.operator.get(path)).json()
        seen.append((view["business_on"], view["settles_on"]))
    assert seen == [("2026-03-31", "2026-04-02"), ("2026-04-01", "2026-04-07")]


async def test_what_a_version_says_never_changes(world: World) -> None:
    for change in ("priority", "name"):
        with pytest.raises(Exception, match="never changes"):
            await world.pool.execute(
                "update programmes set terms = jsonb_set(terms::jsonb, array[$1], '1')::json", change
            )
    with pytest.raises(Exception, match="append-only"):
        await world.pool.execute("delete from programmes")


async def test_a_secret_is_shown_once_to_who_approved_a_programme_that_asks(world: World) -> None:
    asks: dict[str, Any] = {"approval": {"url": "http://127.0.0.1:9/"}}
    made = await agreed(world, **asks)
    assert made["secret"]
    path = f"{PROGRAMMES}/{made['id']}/versions"
    assert (await agreed(world, path, **asks, priority=7))["secret"] is None  # it knows us already
    world.operator.now = NOON + timedelta(minutes=1)
    entries = (await world.operator.get("/v1/operator/audit", thing_id=made["id"])).json()["entries"]
    assert [one["verb"] for one in entries] == ["proposed", "made", "approved", "proposed", "changed", "approved"]
    assert made["secret"] not in str(entries)
