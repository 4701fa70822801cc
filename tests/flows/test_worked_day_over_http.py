"""The worked day of a partner, through the API alone: plans bought, paid and refunded, files and statements sent.

What the partner has differs in five ways from what we have, and the bank keeps 5.00 of what it was asked for. The same
day stands in tests/reconciling/test_worked_day.py as the rules see it.
"""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from service.terms.terms import Terms, Unit
from tests.flows.published import policy_of, publish
from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_daily_files_over_http import FILES, make
from tests.flows.test_reconciling import compare
from tests.flows.test_sending_files import send
from tests.flows.world import NOON, World
from tests.reconciling.messages import entry, message

NINE = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(9))
PLAIN = Terms(instalments=12, every=1, unit=Unit.MONTH)
BOUGHT, BEFORE, DAY, NEXT = (date(2026, 3, 2), date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3))

Rows = list[dict[str, str]]


def it_is(world: World, on: date) -> None:
    now = NOON + timedelta(days=(on - NOON.date()).days)
    world.merchant.now = world.operator.now = world.second_operator.now = world.partner.now = now


async def captured(world: World, category: str, amount: int) -> str:
    plan = await world.plan(await world.consumer(limit=amount), amount, category=category)
    await act(world, plan["id"], "capture", amount=amount)
    return str(plan["id"])


async def act(world: World, plan_id: str, verb: str, **body: Any) -> dict[str, Any]:
    done = await world.merchant.post(f"/v1/plans/{plan_id}/{verb}", body)
    assert done.is_success, done.text
    plan: dict[str, Any] = done.json()
    return plan


async def our_rows(world: World, on: date) -> dict[str, Rows]:
    """The files of a day are made, and fetched by the partner."""
    made = await make(world, on.isoformat())
    return {
        kind: list(csv.DictReader(io.StringIO((await world.partner.get(f"{FILES}/{one['id']}/content")).text)))
        for kind, one in made.items()
    }


async def sent(world: World, kind: str, rows: Rows, names: list[str], on: date) -> None:
    """The partner sends its own rows: semicolons, the columns the other way round, lines ended as Windows does."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names[::-1], delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    loaded = await send(world, text.getvalue().encode("utf-8-sig"), of_type=kind, business_on=on.isoformat(),
                        rows=len(rows))  # fmt: skip
    assert loaded.status_code == 201, loaded.text


TXN = ["event_id", "plan_id", "partner_reference", "type", "business_on", "value_on", "side", "principal", "interest",
       "fee", "penalty", "subsidy", "currency", "reverses_event_id", "settlement_id"]  # fmt: skip
POS = ["plan_id", "owner", "share_bps", "opening", "funded", "repaid", "refunded", "adjusted", "charged_off", "closing",
       "accrued_interest", "next_due_on", "days_past_due", "bucket", "status", "currency"]  # fmt: skip
STL = ["settlement_id", "end_to_end_id", "leg", "amount", "side", "count", "first_event_id", "last_event_id",
       "currency"]  # fmt: skip
ACK = ["file_id", "line", "code", "partner_value"]


async def until_the_day(world: World) -> dict[str, str]:
    """Six plans of a month ago, of which one was given up at once; the day before is the same on both sides."""
    await publish(world, policy_of({"nine": (NINE, 6_000_00), "plain": (PLAIN, 1_500_00)}))
    it_is(world, BOUGHT)
    assert (await opened(world)).status_code == 201
    plans = {"P2": await captured(world, "nine", 6_000_00)}
    plans |= {name: await captured(world, "plain", 1_500_00) for name in ("P3", "P4", "P5", "P6")}
    given_up = await world.operator.post(f"/v1/operator/plans/{plans['P6']}/charge_off", {"on": BOUGHT.isoformat()})
    assert given_up.is_success, given_up.text
    await make(world, BOUGHT.isoformat())
    it_is(world, BEFORE)
    ours = await our_rows(world, BEFORE)
    await sent(world, "TXN", ours["TXN"], TXN, BEFORE)
    await sent(world, "POS", ours["POS"], POS, BEFORE)
    compared = (await compare(world, BEFORE.isoformat())).json()
    assert (compared["verdict"], ours["TXN"], len(ours["POS"])) == ("reconciled", [], 4)
    return plans


async def the_day(world: World, plans: dict[str, str]) -> dict[str, Rows]:
    """What happens on it, and our files of it. What still comes in of P6 goes back the same day."""
    it_is(world, DAY)
    plans["P1"] = await captured(world, "nine", 6_000_00)
    await act(world, plans["P2"], "payments", amount=524_71)
    await act(world, plans["P3"], "refunds", amount=1_000_00)
    await act(world, plans["P5"], "payments", amount=300_00)
    late = await act(world, plans["P6"], "payments", amount=100_00)
    body = {"payment_id": late["recorded"]["id"]}
    returned = await world.operator.post(f"/v1/operator/plans/{plans['P6']}/payments/return", body)
    assert returned.is_success, returned.text
    return await our_rows(world, DAY)


def theirs(ours: Rows, plans: dict[str, str]) -> Rows:
    """What the partner booked on it: 0.01 more of P2, no refund of P3, P4 settled early, the payment of P5 twice."""
    of = {row["plan_id"]: row for row in ours}
    funding, repayment, second = (of[plans[name]] for name in ("P1", "P2", "P5"))
    early = second | {"event_id": "PARTNER-4711", "plan_id": plans["P4"], "type": "early_settlement"}
    late = [row for row in ours if row["plan_id"] == plans["P6"]]
    return [
        funding, repayment | {"principal": "335.81"}, early | {"principal": "1050.00"}, second, second, *late,
    ]  # fmt: skip


def positions(ours: Rows, plans: dict[str, str], *, is_next: bool = False) -> Rows:
    """What the partner's positions are then; on the next day what differed is in both balances."""
    apart = {"P2": ("repaid", "-0.01"), "P3": ("refunded", "700.00"), "P4": ("repaid", "-1050.00"),
             "P5": ("repaid", "-210.00")}  # fmt: skip
    rows = {row["plan_id"]: dict(row) for row in ours}
    for name, (column, differs) in apart.items():
        row, less = rows[plans[name]], Decimal(differs)
        row["closing"] = f"{Decimal(row['closing']) + less:.2f}"
        if is_next:
            row["opening"] = f"{Decimal(row['opening']) + less:.2f}"
        else:
            row[column] = f"{Decimal(row[column]) - less:.2f}"
    rows[plans["P6"]]["status"] = "active"
    return list(rows.values())


async def test_the_worked_day_comes_out_to_the_cent_over_http(world: World) -> None:
    plans = await until_the_day(world)
    ours = await the_day(world, plans)
    assert [list(one[0]) for one in (ours["TXN"], ours["POS"], ours["STL"])] == [TXN, POS, STL]
    (txn,) = (await world.partner.get(FILES, of_type="TXN", business_on=DAY.isoformat())).json()["files"]
    await sent(world, "ACK", [{"file_id": txn["id"], "code": "ok"}], ACK, DAY)
    await sent(world, "TXN", theirs(ours["TXN"], plans), TXN, DAY)
    await sent(world, "POS", positions(ours["POS"], plans), POS, DAY)
    await sent(world, "STL", ours["STL"], STL, DAY)
    (named,) = {row["end_to_end_id"] for row in ours["STL"]}
    assert sum(Decimal(row["amount"]) for row in ours["STL"]) == Decimal("-2922.70")
    told = await hand_in(world, message([entry("2917.70", named)], "0.00", "2917.70"))
    assert told.status_code == 201, told.text
    again = await hand_in(world, message([entry("2917.70", named)], kind="054", message_id="N1"))
    assert again.status_code == 201, again.text  # notified and stated: one payment

    day = (await compare(world, DAY.isoformat())).json()
    assert (day["verdict"], day["gaps"], day["pending"]) == ("breaks", [], 1)
    (bridge,) = day["bridges"]
    assert {name: bridge[name] for name in ("ours", "theirs", "net", "carried", "residual", "gross")} == {
        "ours": -2_922_70, "theirs": -2_362_69, "net": 560_01, "carried": 0, "residual": 0, "gross": 1_960_01
    }  # fmt: skip
    assert {line["kind"]: line["amount"] for line in bridge["lines"]} == {
        "rounding": 1, "missing_in_partner": -700_00, "missing_in_ledger": 1_050_00, "duplicate": 210_00
    }  # fmt: skip
    plan_of = {row["event_id"]: row["plan_id"] for row in ours["TXN"]} | {"PARTNER-4711": plans["P4"]}
    name_of = {plan_id: name for name, plan_id in plans.items()}
    found = [
        (one["leg"], name_of.get(plan_of.get(one["key"], one["key"]), "cash"), one["kind"], one["amount"])
        for one in day["found"]
    ]
    assert found == [
        ("item", "P4", "missing_in_ledger", 1_050_00),
        ("position", "P6", "status_divergence", 0),
        ("item", "P5", "duplicate", 210_00),
        ("item", "P3", "missing_in_partner", -700_00),
        ("cash", "cash", "bank_fee", 5_00),
        ("item", "P2", "rounding", 1),
    ]

    it_is(world, NEXT)
    first = {one["id"]: one for one in (await world.partner.get("/v1/partner/breaks")).json()["breaks"]}
    (kept,) = [row for row in ours["POS"] if row["plan_id"] == plans["P6"]]  # with the partner it is still there
    ours = await our_rows(world, NEXT)
    assert ours["TXN"] == []
    ours["POS"].append(kept)
    await sent(world, "TXN", [], TXN, NEXT)
    await sent(world, "POS", positions(ours["POS"], plans, is_next=True), POS, NEXT)
    day = (await compare(world, NEXT.isoformat())).json()
    (bridge,) = day["bridges"]
    assert (day["verdict"], bridge["carried"], bridge["net"], bridge["residual"]) == ("breaks", 560_00, 0, 0)
    assert day["pending"] == 0  # what was missing at the partner may wait no longer
    later = {one["id"]: one for one in (await world.partner.get("/v1/partner/breaks")).json()["breaks"]}
    assert later.keys() == first.keys()
    assert [(one["state"], one["age_days"]) for one in later.values()] == [("persisting", 1)] * 4
