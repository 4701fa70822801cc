"""Days of a partner by chance, through the API alone: what happened, what its files say otherwise, what the bank shows.

Each plan has one thing that differs, or none, of a class drawn by chance, with amounts by chance. What the comparison
must say of it (the break, its amount, the rule that matched, the bridge and the verdict) is reckoned here, without it.
"""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.flows.day_by_chance import (
    MENUS,
    NOWHERE,
    PLANS,
    TOLERATED,
    WAITS,
    Partner,
    Row,
    Said,
    amount_of,
    cents,
    euros,
    same,
)
from tests.flows.published import policy_of, publish
from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_daily_files_over_http import make
from tests.flows.test_reconciling import compare
from tests.flows.test_worked_day_over_http import (
    BEFORE,
    BOUGHT,
    DAY,
    NINE,
    PLAIN,
    POS,
    TXN,
    Rows,
    act,
    captured,
    it_is,
    our_rows,
    sent,
)
from tests.flows.world import World
from tests.reconciling.messages import entry, message

# The day --------------------------------------------------------------------------------------------------------------


async def bought_before(world: World) -> list[str]:
    """Plans of a month ago; the day before is the same on both sides."""
    await publish(world, policy_of({"nine": (NINE, 6_000_00), "plain": (PLAIN, 1_500_00)}))
    it_is(world, BOUGHT)
    assert (await opened(world)).status_code == 201
    plans = [await captured(world, "nine", 6_000_00), *[await captured(world, "plain", 1_500_00) for _ in range(PLANS)]]
    await make(world, BOUGHT.isoformat())
    it_is(world, BEFORE)
    ours = await our_rows(world, BEFORE)
    await sent(world, "TXN", ours["TXN"], TXN, BEFORE)
    await sent(world, "POS", ours["POS"], POS, BEFORE)
    assert (await compare(world, BEFORE.isoformat())).json()["verdict"] == "reconciled"
    return plans


async def happens(world: World, plans: list[str], chance: Random) -> dict[str, Rows]:
    """Something on each plan but the last three, of which nothing is heard; and one more is bought."""
    it_is(world, DAY)
    for plan in plans[:-3]:
        if chance.random() < 0.2:
            await act(world, plan, "refunds", amount=chance.randrange(30_00, 300_00))
        else:
            for _ in range(chance.choice((1, 1, 2))):
                await act(world, plan, "payments", amount=chance.randrange(60_00, 300_00))
    await captured(world, "plain", 1_500_00)
    return await our_rows(world, DAY)


def positions(ours: dict[str, Rows], book: Partner, menu: str) -> Rows:
    """The partner's positions: they follow from its rows. Where anything may differ, four of them do by themselves."""
    moved: Counter[str] = Counter()
    for row in ours["TXN"]:
        moved[row["plan_id"]] += cents(row["principal"])
    for row in book.rows:
        moved[row["plan_id"]] -= cents(row["principal"]) if row["currency"] == "EUR" else 0
    rows = [dict(row) for row in ours["POS"]]
    for row in rows:
        shift(row, moved[row["plan_id"]])
    if menu == "every":
        quiet = [row for row in rows if row["plan_id"] not in moved]
        assert len(quiet) == 3
        apart = book.chance.choice((-1, 1)) * book.chance.randrange(1, 50_00)
        shift(quiet[0], apart)
        book.said.append(Said("position", quiet[0]["plan_id"], "amount_diff", apart))
        quiet[1] |= book.chance.choice(({"status": "charged_off"}, {"days_past_due": "77"}, {"owner": "SOMEBODY"}))
        book.said.append(Said("position", quiet[1]["plan_id"], "status_divergence", 0))
        rows.remove(quiet[2])
        book.said.append(Said("position", quiet[2]["plan_id"], "missing_in_partner", -cents(quiet[2]["closing"])))
        rows.append(quiet[2] | {"plan_id": NOWHERE})
        book.said.append(Said("position", NOWHERE, "missing_in_ledger", cents(quiet[2]["closing"])))
    return rows


def shift(row: Row, apart: int) -> None:
    for name in ("adjusted", "closing"):
        row[name] = euros(cents(row[name]) + apart)


async def at_the_bank(world: World, ours: dict[str, Rows], book: Partner, how: str) -> None:
    """What our account gets for the day, or pays."""
    (name,) = {row["end_to_end_id"] for row in ours["STL"]}
    due = -sum(cents(row["amount"]) for row in ours["STL"])
    kept = book.chance.randrange(1, 10_00)
    half = due // 2
    shown = {
        "whole": [(due, name)], "parts": [(half, name), (due - half, name)], "fee": [(due - kept, name)],
        "late": [], "more": [(due, name), (kept, "SOMEBODY")],
    }[how]  # fmt: skip
    if how == "fee":
        book.said.append(Said("cash", "", "bank_fee", kept))
    if how == "late":
        book.said.append(Said("cash", "", "cash_short", due))
    if how == "more":
        book.said.append(Said("cash", "", "cash_unexplained", -kept))
    entries = [entry(euros(amount), of, f"R{place}") for place, (amount, of) in enumerate(shown)]
    closing = euros(sum(amount for amount, _ in shown))
    assert (await hand_in(world, message(entries, "0.00", closing))).status_code == 201


def verdict_of(book: Partner) -> str:
    kinds = {one.kind for one in book.said}
    if kinds - TOLERATED - WAITS.keys():
        return "breaks"
    if kinds & TOLERATED or book.counts["suggested"]:
        return "warnings"
    return "pending" if kinds else "reconciled"


def bridges_of(ours: Rows, book: Partner) -> dict[str, dict[str, Any]]:
    items = [one for one in book.said if one.leg == "item"]
    bridges = {}
    for currency in sorted({"EUR", *[row["currency"] for row in book.rows]}):
        sums = [sum(amount_of(row) for row in rows if row["currency"] == currency) for rows in (ours, book.rows)]
        found = [one for one in items if one.currency == currency]
        lines = {
            kind: (sum(one.kind == kind for one in found), sum(one.amount for one in found if one.kind == kind))
            for kind in {one.kind for one in found}
        }
        bridges[currency] = {
            "ours": sums[0], "theirs": sums[1], "net": sums[1] - sums[0], "carried": 0, "residual": 0,
            "gross": sum(abs(one.amount) for one in found), "lines": lines,
        }  # fmt: skip
    return bridges


def told_bridges(day: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = ("ours", "theirs", "net", "carried", "residual", "gross")
    return {
        bridge["currency"]: {name: bridge[name] for name in names}
        | {"lines": {line["kind"]: (line["count"], line["amount"]) for line in bridge["lines"]}}
        for bridge in day["bridges"]
    }


@pytest.mark.parametrize(("seed", "menu", "bank"), [
    (1, "every", "fee"), (2, "every", "more"), (3, "every", "late"), (4, "every", "parts"), (5, "mild", "fee"),
    (6, "waits", "late"), (7, "matched", "parts"), (8, "matched", "whole"),
])  # fmt: skip
async def test_a_day_by_chance_is_told_to_the_cent(world: World, seed: int, menu: str, bank: str) -> None:
    chance = Random(seed)
    book = Partner(chance)
    plans = await bought_before(world)
    ours = await happens(world, plans, chance)
    of_plan: dict[str, Rows] = {}
    for row in ours["TXN"]:
        of_plan.setdefault(row["plan_id"], []).append(row)
    classes = [chance.choice(MENUS[menu]) for _ in of_plan]
    if menu == "every":
        classes = chance.sample(MENUS[menu], len(MENUS[menu]))
        assert len(of_plan) > len(classes)
    for what, rows in zip((*classes, *[same] * len(of_plan)), of_plan.values(), strict=False):
        what(book, rows)
    book.rows.sort(key=lambda _: chance.random())
    theirs = positions(ours, book, menu)
    await sent(world, "TXN", book.rows, TXN, DAY)
    await sent(world, "POS", theirs, POS, DAY)
    await at_the_bank(world, ours, book, bank)

    day = (await compare(world, DAY.isoformat())).json()
    found = Counter(
        Said(one["leg"], one["plan_id"] or "", one["kind"], one["amount"], one["currency"]) for one in day["found"]
    )
    assert found == Counter(book.said)
    assert {rule: count for rule, count in day["counts"].items() if count} == +book.counts
    assert told_bridges(day) == bridges_of(ours["TXN"], book)
    assert (day["verdict"], day["gaps"]) == (verdict_of(book), [])
    assert day["pending"] == sum(one.kind in WAITS for one in book.said)

    kept = (await world.partner.get("/v1/partner/breaks", in_state="open", limit=100)).json()["breaks"]
    told = Counter((one["leg"], one["kind"], one["amount"], one["due_on"]) for one in kept)
    assert told == Counter(
        (one.leg, one.kind, one.amount, (DAY + timedelta(days=WAITS.get(one.kind, 0))).isoformat())
        for one in book.said
        if one.kind not in TOLERATED
    )
