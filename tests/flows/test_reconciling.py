"""A day of a programme over HTTP: its files are made, the partner's rows are there, and three sides are compared."""

from copy import copy
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service import ids
from service.partners.months_flow import make_month_of
from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_partner import TODAY, bought
from tests.flows.world import NOON, SHARED, World
from tests.reconciling.messages import entry, message

EVENTS = """insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on, principal,
                                              interest, fee, penalty, subsidy, currency, reverses_event_id)
            select $1, row_number() over (order by number), event_id, plan_id, type, business_on, value_on,
                   principal, interest, fee, penalty, subsidy, currency, reverses_event_id
              from partner_events where filed_on = $2"""
POSITIONS = """insert into partner_their_positions (file_id, line, plan_id, owner, share_bps, opening, funded, repaid,
                   refunded, adjusted, charged_off, closing, accrued_interest, next_due_on, days_past_due, age_bucket,
                   status, currency)
               select $1, row_number() over (order by plan_id), plan_id, owner, share_bps, opening, funded, repaid,
                   refunded, adjusted, charged_off, closing, accrued_interest, next_due_on, days_past_due, age_bucket,
                   status, currency
              from daily_positions where business_on = $2"""


async def make_day(world: World, on: str = TODAY) -> None:
    where = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    made = await world.operator.post(where, {"business_on": on})
    assert made.status_code == 201, made.text


async def keeps_the_same_books(world: World, *changes: str) -> None:
    """The partner's rows of today are as ours; `changes` are statements that make them others."""
    for kind, rows in (("TXN", EVENTS), ("POS", POSITIONS)):
        file_id = ids.new_id(ids.FILE, 0, int(NOON.timestamp() * 1000))
        async with world.pool.acquire() as conn:
            await make_month_of(conn, file_id)
        await world.pool.execute(
            "insert into received_files (file_id, partner_id, programme_id, type, business_on, state, rows, sums, "
            "sha256, bytes, received_at) values ($1, $2, $3, $4, $5, 'loaded', 0, '{}', sha256('theirs'), 0, $6)",
            file_id, world.demo.partner_id, world.demo.programme_id, kind, NOON.date(), NOON,
        )  # fmt: skip
        await world.pool.execute(rows, file_id, NOON.date())
    for change in changes:
        await world.pool.execute(change)


async def compare(world: World, on: str = TODAY, **more: Any) -> httpx.Response:
    where = f"/v1/operator/programmes/{world.demo.programme_id}/reconciliations"
    return await world.operator.post(where, {"business_on": on} | more)


PLANTED = (
    "update partner_their_events set principal = principal - 100 where type = 'funding'",
    "delete from partner_their_events where type = 'repayment'",
    """insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on, principal,
                                         interest, fee, penalty, subsidy, currency)
       select file_id, 99, 'X1', plan_id, 'refund', business_on, value_on, 5000, 0, 0, 0, 0, currency
         from partner_their_events where type = 'funding'""",
    "update partner_their_positions set status = 'charged_off'",
)


async def planted(world: World) -> dict[str, Any]:
    """A day with four things wrong."""
    await bought(world)
    await make_day(world)
    await keeps_the_same_books(world, *PLANTED)
    compared = await compare(world)
    assert compared.status_code == 201, compared.text
    day: dict[str, Any] = compared.json()
    return day


@SHARED
async def test_a_day_that_is_the_same_on_both_sides_is_reconciled(world: World) -> None:
    await bought(world)
    await make_day(world)
    before = (await compare(world)).json()
    assert (before["verdict"], before["gaps"]) == ("incomplete", ["file_missing"])
    await keeps_the_same_books(world)
    day = (await compare(world)).json()
    assert (day["verdict"], day["number"], day["counts"], day["found"]) == ("reconciled", 2, {"exact": 2}, [])
    (bridge,) = day["bridges"]
    assert (bridge["ours"], bridge["net"], bridge["residual"]) == (bridge["theirs"], 0, 0)
    listed = (await world.partner.get("/v1/partner/reconciliations", business_on=TODAY)).json()["reconciliations"]
    assert sorted(listed, key=lambda one: one["number"]) == [before, day]
    assert (await world.partner.get(f"/v1/partner/reconciliations/{day['id']}")).json() == day
    assert (await world.operator.get(f"/v1/operator/reconciliations/{day['id']}")).json() == day


async def test_planted_breaks_are_found_and_named(world: World) -> None:
    day = await planted(world)
    assert day["verdict"] == "breaks"
    found = [(one["leg"], one["kind"], one["amount"]) for one in day["found"]]
    repayment = -await world.pool.fetchval("select principal + interest from partner_events where type = 'repayment'")
    assert found == [
        ("item", "missing_in_ledger", 50_00),
        ("position", "status_divergence", 0),
        ("item", "amount_diff", -1_00),
        ("item", "missing_in_partner", repayment),
    ]
    (bridge,) = day["bridges"]
    assert (bridge["net"], bridge["residual"]) == (50_00 - 1_00 + repayment, 0)
    quality = (await world.partner.get("/v1/partner/reconciliation-quality", month="2026-03")).json()["programmes"]
    assert [(one["days"], one["exceptions"], one["open_breaks"]) for one in quality] == [(1, 3, 4)]
    assert (await world.operator.get("/v1/operator/reconciliation-quality", month="2026-03")).json() == {
        "programmes": quality
    }


async def test_a_break_is_assigned_answered_and_resolved(world: World) -> None:
    await planted(world)
    breaks = (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]
    assert (await world.operator.get("/v1/operator/breaks", in_state="open")).json()["breaks"] == breaks
    found = next(one for one in breaks if one["key"] == "X1")
    assert (found["state"], found["owner"], found["priority"], found["age_days"]) == ("new", "operator", 1, 0)
    ours = f"/v1/operator/breaks/{found['id']}"
    assert (await world.operator.post(f"{ours}/assign", {"owner": "Ada"})).json()["owner"] == "Ada"
    answered = await world.partner.post(f"/v1/partner/breaks/{found['id']}/notes", {"note": "We take it back."})
    assert answered.status_code == 201, answered.text
    ended = await world.operator.post(f"{ours}/resolve", {"note": "They took it back."})
    assert (ended.json()["state"], ended.json()["resolved_by"]) == ("resolved", "They took it back.")
    again = await world.operator.post(f"{ours}/resolve", {"note": "Once more."})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    history = (await world.partner.get(f"/v1/partner/breaks/{found['id']}/history")).json()
    assert [one["what"] for one in history["steps"]] == ["opened", "assigned", "commented", "resolved"]
    assert (await world.operator.get(f"{ours}/history")).json() == history
    assert found not in (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]


async def test_a_partner_assigns_and_closes_its_own(world: World) -> None:
    await planted(world)
    breaks = (await world.partner.get("/v1/partner/breaks", in_state="open")).json()["breaks"]
    found = next(one for one in breaks if one["key"] == "X1")
    theirs = f"/v1/partner/breaks/{found['id']}"
    assert (await world.partner.post(f"{theirs}/assign", {"owner": "Mia"})).json()["owner"] == "Mia"
    ended = await world.partner.post(f"{theirs}/resolve", {"note": "It is not there; we take it back."})
    assert (ended.json()["state"], ended.json()["resolved_by"]) == ("resolved", "It is not there; we take it back.")
    refused = await world.partner.post(f"{theirs}/assign", {"owner": "Mia"})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    history = (await world.operator.get(f"/v1/operator/breaks/{found['id']}/history")).json()["steps"]
    assert [one["what"] for one in history] == ["opened", "assigned", "resolved"]
    assert {one["told_by"] for one in history[1:]} == {world.demo.partner_id}
    none = ids.new_id(ids.BREAK, 1, 1)
    for verb, body in (("assign", {"owner": "Mia"}), ("resolve", {"note": "It is ours."})):
        refused = await world.partner.post(f"/v1/partner/breaks/{none}/{verb}", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def test_what_is_paid_is_held_against_the_bank(world: World) -> None:
    assert (await opened(world)).status_code == 201
    await bought(world)
    await make_day(world)
    await keeps_the_same_books(world)
    (leg,) = await world.pool.fetch("select end_to_end_id, sum(amount)::bigint as net from daily_legs group by 1")
    day = (await compare(world)).json()
    assert (day["verdict"], day["pending"]) == ("pending", 1)  # the bank may tell it tomorrow
    got = f"{-leg['net'] // 100}.{-leg['net'] % 100:02}"
    assert (await hand_in(world, message([entry(got, leg["end_to_end_id"])], "0.00", got))).status_code == 201
    day = (await compare(world)).json()
    assert (day["verdict"], day["settlements_paid"]) == ("reconciled", 1)


@SHARED
@pytest.mark.parametrize(("on", "code"), [
    ("2026-03-03", "state_forbids"), ("1999-12-31", "invalid_field"),
])  # fmt: skip
async def test_a_day_that_is_not_there_is_refused(world: World, on: str, code: str) -> None:
    assert (await compare(world, on)).json()["code"] == code


async def test_another_partner_sees_none_of_it(world: World) -> None:
    day = await planted(world)
    made = (await world.operator.post("/v1/operator/partners", {"name": "Other"})).json()
    other = copy(world.partner)
    other._auth = {"Authorization": f"Bearer {await world.key(audience='partner', owner_id=made['id'])}"}
    broken = (await world.partner.get("/v1/partner/breaks")).json()["breaks"][0]["id"]
    assert (await other.get("/v1/partner/reconciliations")).json()["reconciliations"] == []
    assert (await other.get("/v1/partner/breaks")).json()["breaks"] == []
    assert (await other.get(f"/v1/partner/reconciliations/{day['id']}")).status_code == 404
    assert (await other.get(f"/v1/partner/breaks/{broken}/history")).status_code == 404
    assert (await other.post(f"/v1/partner/breaks/{broken}/notes", {"note": "mine?"})).status_code == 404


async def test_a_day_older(world: World) -> None:
    await planted(world)
    world.operator.now = world.partner.now = NOON + timedelta(days=3)
    ages = [one["age_days"] for one in (await world.partner.get("/v1/partner/breaks")).json()["breaks"]]
    assert ages == [3, 3, 3, 3]
