"""A slice of the first day through the whole API. The invariants are checked after it, as after every flow."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from rich.console import Console

from service.demo.applications import read_applications
from service.demo.bearing import bear_losses
from service.demo.connections import Answered, Send
from service.demo.evening import file_days, reconcile_day, settle_merchants
from service.demo.first_day import accounts_of_one_person, first_day_before
from service.demo.made_up import made_up
from service.demo.planted import planted
from service.demo.replay import Replay
from service.demo.summary import decisions_table, found_lines, losses_table, one_limit, payout_lines, plans_table
from service.money import decimal_text
from tests.flows.test_partner import bought
from tests.flows.world import NOON, World

FIRST_DAY_ON = date(2025, 3, 31)
TODAY = date(2026, 3, 31)


def through(world: World) -> Send:
    """To the service in this process."""

    async def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        answered = await world.http.request(method, path, headers=headers, content=body)
        return Answered(answered.status_code, answered.content)

    return send


async def test_a_slice_of_the_first_day_and_again(world: World) -> None:
    applications = read_applications()[:24]
    told: Counter[str] = Counter()
    replay = Replay(through(world), world.demo, FIRST_DAY_ON, TODAY)
    await replay.run(applications, lambda step: told.update([step]))
    assert told == {"decided": 24, "done": 24}

    summary = (await world.operator.get("/v1/operator/summary")).json()
    assert sum(row["decisions"] for row in summary["decisions"]) == 24
    assert sum(row["plans"] for row in summary["plans"]) > 0
    assert (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["total"] == 0

    await replay.run(applications, lambda _: None)  # cut short and started again: nothing doubles
    assert (await world.operator.get("/v1/operator/summary")).json() == summary


async def test_what_nobody_pays_is_given_up_and_borne(world: World) -> None:
    applications = [one for one in read_applications()[:60] if not one.is_good]
    replay = Replay(through(world), world.demo, FIRST_DAY_ON, TODAY)
    await replay.run(applications, lambda _: None)
    assert replay.given_up
    for _ in range(2):  # done again, it changes nothing
        borne = await bear_losses(through(world), world.demo, replay.given_up)
    losses = (await world.operator.get("/v1/operator/losses", in_state="allocated")).json()["losses"]
    assert {one["plan_id"] for one in losses} == set(replay.given_up)
    lost = 0
    for one in losses:
        (version,) = (await world.operator.get(f"/v1/operator/losses/{one['id']}")).json()["versions"]
        lost += version["allocation"]["loss"]
    assert sum(row["amount"] for row in borne) == lost > 0
    assert {row["name"] for row in borne if row["name"]} == {
        "Dealers' share", "Insurance of consumer plans", "Compensation pool",
    }  # fmt: skip
    shown = Console(width=120, record=True)
    shown.print(losses_table(borne, world.demo))
    text = shown.export_text()
    assert "Spree Bank, by its share" in text
    assert decimal_text(lost, "EUR") in text.replace(",", "")


async def test_what_is_made_up_shows_the_other_kinds_in_all_their_endings(world: World) -> None:
    await Replay(through(world), world.demo, FIRST_DAY_ON, TODAY).run(made_up(), lambda _: None)
    world.operator.now = None
    summary = (await world.operator.get("/v1/operator/summary")).json()
    states = {(row["kind"], row["state"]): (row["plans"], row["overdue_plans"] > 0) for row in summary["plans"]}
    assert states == {
        ("pay_after_use", "paid_off"): (25, False),
        ("pay_after_use", "payment_due"): (3, True),
        ("pay_after_use", "voided"): (4, False),
        ("deposit", "closed"): (13, False),
        ("deposit", "payment_due"): (1, True),
    }
    shown = Console(width=120, record=True)
    shown.print(decisions_table(summary["decisions"]), plans_table(summary["plans"]))
    assert "All made up" in shown.export_text()


async def test_one_person_at_two_shops_has_one_limit(world: World) -> None:
    accounts = await accounts_of_one_person(through(world), world.demo)
    said = "known at 2 shops by one number: a limit of 1,000.00, 1,000.00 of it available"
    assert one_limit(accounts) == said
    plan = await world.plan(accounts[0]["consumer"], 400_00)
    assert plan["state"] == "authorized"
    again = await accounts_of_one_person(through(world), world.demo)
    assert one_limit(again) == said.replace("1,000.00 of", "600.00 of")


async def test_three_planted_faults_are_found_and_named_and_then_the_day_is_reconciled(world: World) -> None:
    for _ in range(3):
        await bought(world)
    yesterday = NOON.date()
    for _ in range(2):  # done again, it changes nothing
        await file_days(through(world), world.demo, yesterday + timedelta(days=1))
        await reconcile_day(through(world), world.demo, yesterday + timedelta(days=1))
        wrong, right = (await world.partner.get("/v1/partner/reconciliations")).json()["reconciliations"]
        assert (wrong["verdict"], wrong["our_items"], wrong["their_items"]) == ("breaks", 6, 6)
        assert (right["verdict"], right["our_items"], right["counts"]) == ("reconciled", 6, {"exact": 6})
    assert wrong["bridges"][0]["residual"] == 0

    (txn,) = (await world.partner.get("/v1/partner/files", of_type="TXN", business_on=yesterday)).json()["files"]
    content = (await world.partner.get(f"/v1/partner/files/{txn['id']}/content")).content
    assert {one["key"]: one["kind"] for one in wrong["found"]} == planted(content).kinds
    found = (await world.partner.get("/v1/partner/breaks")).json()["breaks"]
    assert {one["state"] for one in found} == {"resolved"}
    assert len(found_lines(wrong["found"])) == 3


async def test_merchants_are_settled_and_paid(world: World) -> None:
    await bought(world)
    for _ in range(2):
        paid = await settle_merchants(through(world), world.demo, world.pool, NOON + timedelta(days=7))
        assert [(one["merchant_id"], one["state"]) for one in paid] == [(world.demo.merchant_id, "paid")]
    (settled,) = (await world.merchant.get("/v1/settlements")).json()["settlements"]
    assert (settled["captured"], settled["payout"], settled["closing"]) == (600_00, paid[0]["amount"], 0)
    assert payout_lines(paid) == [f"1 payouts paid: {paid[0]['amount'] / 100:.2f}"]


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 29), date(2025, 11, 27)),  # what arrived on the 28th falls due on each 28th
        (date(2026, 3, 1), date(2025, 2, 27)),
        (date(2028, 3, 1), date(2027, 2, 27)),  # 28 February, where yesterday was the 29th
        (date(2027, 1, 1), date(2025, 12, 30)),
    ],
)
def test_instalments_fell_due_yesterday(today: date, first: date) -> None:
    assert first_day_before(today) == first
