"""A slice of the first day through the whole API. The invariants are checked after it, as after every flow."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from rich.console import Console

from service.demo.applications import read_applications
from service.demo.connections import Answered, Send
from service.demo.first_day import accounts_of_one_person, reconcile_yesterday
from service.demo.made_up import made_up
from service.demo.replay import Replay
from service.demo.summary import decisions_table, one_limit, plans_table
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


async def test_yesterday_is_reconciled_and_what_is_planted_is_found_and_named(world: World) -> None:
    for _ in range(3):
        await bought(world)
    await reconcile_yesterday(through(world), world.demo, NOON.date() + timedelta(days=1))
    (day,) = (await world.partner.get("/v1/partner/reconciliations")).json()["reconciliations"]
    assert (day["verdict"], day["our_items"], day["counts"]) == ("reconciled", 6, {"exact": 6})

    (txn,) = (await world.partner.get("/v1/partner/files", of_type="TXN")).json()["files"]
    names, *rows = (await world.partner.get(f"/v1/partner/files/{txn['id']}/content")).text.splitlines()
    fundings = [row for row in rows if ",funding," in row]
    rows.remove(fundings[0])  # one is missing
    rows[rows.index(fundings[1])] = fundings[1].replace("-420.00", "-421.00")  # one is another amount
    rows.append(fundings[2])  # and one is there twice
    where = f"/v1/partner/files/received?programme_id={world.demo.programme_id}&of_type=TXN&business_on={NOON.date()}"
    theirs = "\r\n".join([names, *rows, ""]).encode()
    sent = await world.partner.post(where, content=theirs, headers={"Content-Type": "text/csv"})
    assert sent.status_code == 201, sent.text
    asked = {"business_on": NOON.date().isoformat()}
    compared = f"/v1/operator/programmes/{world.demo.programme_id}/reconciliations"
    day = (await world.operator.post(compared, asked)).json()
    assert day["verdict"] == "breaks"
    assert [(one["kind"], one["amount"]) for one in day["found"]] == [
        ("amount_diff", -1_00),
        ("duplicate", -420_00),
        ("missing_in_partner", 420_00),
    ]
    assert day["bridges"][0]["residual"] == 0
