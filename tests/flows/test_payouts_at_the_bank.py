"""Payouts to merchants become paid, or come back, by what the bank's statement shows; what was not ordered is found."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from service.alone import AloneMax
from service.config import Settings
from service.db import Pool
from tests.flows.conftest import world_on
from tests.flows.test_bank_statements import hand_in
from tests.flows.test_paying_merchants import order, owed, payouts, tell
from tests.flows.world import NOON, World
from tests.reconciling.messages import IBAN, batch, entry, message

BREAKS = "/v1/operator/breaks"


async def opened_for_merchants(world: World, iban: str = IBAN) -> httpx.Response:
    asked = {"currency": "EUR", "account": {"holder": "Alster Credit AG", "iban": iban}}
    return await world.operator.post("/v1/operator/bank-accounts", asked)


async def ordered(world: World) -> dict[str, Any]:
    """A payout that is ordered, and the account that it leaves from."""
    made = await opened_for_merchants(world)
    assert (made.status_code, made.json()["programme_id"]) == (201, None), made.text
    assert (await opened_for_merchants(world)).json()["code"] == "state_forbids"
    payout = await owed(world)
    assert (await order(world)).status_code == 200
    return payout


def named(payout: dict[str, Any], tries: int = 1) -> str:
    return f"{payout['id'][3:]}-{tries}"


def euros(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02}"


async def told(world: World, *entries: tuple[int, str, str]) -> None:
    """A statement with these payments: amount, end-to-end id, the bank's reference."""
    shown = [entry(euros(amount), name, reference) for amount, name, reference in entries]
    closing = euros(sum(amount for amount, *_ in entries))
    loaded = await hand_in(world, message(shown, "0.00", closing, message_id=f"M-{entries[0][2]}"))
    assert loaded.status_code == 201, loaded.text


async def told_on(world: World, day: str, *entries: tuple[int, str, str]) -> None:
    """What the bank notifies of a day, on that day."""
    world.operator.now = datetime.combine(date.fromisoformat(day), NOON.timetz())
    shown = [entry(euros(amount), name, reference).replace("2026-03-02", day) for amount, name, reference in entries]
    loaded = await hand_in(world, message(shown, kind="054", message_id=f"N-{entries[0][2]}"))
    assert loaded.status_code == 201, loaded.text


async def cash(world: World) -> dict[str, Any]:
    (account,) = (await world.operator.get("/v1/operator/payout-cash")).json()["accounts"]
    one: dict[str, Any] = account
    return one


async def findings(world: World, **more: Any) -> list[dict[str, Any]]:
    """Breaks of payouts."""
    listed: list[dict[str, Any]] = (await world.operator.get(BREAKS, leg="payout", **more)).json()["breaks"]
    return listed


def said_of(one: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """What a break says, by field: ours and the bank's."""
    return {said["field"]: (said["ours"], said["theirs"]) for said in one["differences"]}


async def booked(world: World) -> dict[str, int]:
    rows = await world.pool.fetch(
        "select place, sum(amount)::bigint as amount from (select credit as place, amount from transfers where occasion"
        " like 'payout%' union all select debit, - amount from transfers where occasion like 'payout%') t"
        " where place in ('payout_clearing', 'cash') group by place having sum(amount) <> 0"
    )
    return {row["place"]: row["amount"] for row in rows}


async def test_what_the_statement_shows_is_paid(world: World) -> None:
    payout = await ordered(world)
    assert (await cash(world))["verdict"] == "pending"
    await told(world, (-payout["amount"], named(payout), "B1"))
    (paid,) = await payouts(world)
    assert (paid["state"], paid["word_of"], paid["reference"]) == ("paid", "bank", "B1#1")
    assert await booked(world) == {"cash": payout["amount"]}
    account = await cash(world)
    assert (account["verdict"], account["ordered"], account["closing"]) == ("reconciled", 0, -payout["amount"])
    assert await findings(world) == []
    events = (await world.merchant.get("/v1/events")).json()["events"]
    (said,) = [one["data"] for one in events if one["type"] == "payout.paid"]
    assert (said["payout_id"], said["word_of"], said["reference"]) == (payout["id"], "bank", "B1#1")
    notified = message([entry(euros(-payout["amount"]), named(payout), "B1")], kind="054", message_id="N")
    assert (await hand_in(world, notified)).status_code == 201  # the same payment once more: it is known
    assert (await payouts(world), await findings(world)) == ([paid], [])


async def test_what_comes_back_is_sent_once_more_and_then_owed_again(world: World) -> None:
    payout = await ordered(world)
    await told(world, (payout["amount"], named(payout), "B2"), (-payout["amount"], named(payout), "B1"))
    (due,) = await payouts(world)
    assert (due["state"], due["tries"], due["word_of"]) == ("due", 1, "bank")
    assert (await order(world)).status_code == 200
    await told(world, (-payout["amount"], named(payout, 2), "B3"))
    assert (await payouts(world))[0]["state"] == "paid"
    await told(world, (payout["amount"], named(payout, 2), "B4"))
    (given_up,) = await payouts(world)
    assert (given_up["state"], given_up["tries"]) == ("given_up", 2)
    assert await booked(world) == {}
    assert (await cash(world))["verdict"] == "reconciled"


async def test_what_an_operator_said_stands_as_their_word_until_the_bank_shows_it(world: World) -> None:
    payout = await ordered(world)
    said = (await tell(world, payout, "paid", "by telephone")).json()
    assert (said["state"], said["word_of"]) == ("paid", "operator")
    account = await cash(world)
    assert (account["verdict"], account["unshown"]) == ("warnings", 1)
    await told(world, (-payout["amount"], named(payout), "B1"))
    (paid,) = await payouts(world)
    assert (paid["state"], paid["word_of"]) == ("paid", "bank")
    assert (await cash(world))["verdict"] == "reconciled"
    assert await booked(world) == {"cash": payout["amount"]}  # once


@pytest.mark.parametrize(("change", "name", "kind", "left"), [
    (0, "UNKNOWN", "cash_unexplained", None), (-5_00, None, "amount_diff", 5_00), (5_00, None, "amount_diff", -5_00),
])  # fmt: skip
async def test_what_was_not_ordered_is_a_break(
    world: World, change: int, name: str | None, kind: str, left: int | None
) -> None:
    payout = await ordered(world)
    moved = -payout["amount"] + change
    await told(world, (moved, name or named(payout), "B1"))
    (found,) = await findings(world, in_state="open")
    assert (found["kind"], found["amount"]) == (kind, -moved if left is None else left)
    said = said_of(found)
    assert said["amount"] == ("0" if left is None else str(payout["amount"]), str(-moved))
    assert (said["reference"], said["booked_on"]) == ((None, "B1#1"), (None, "2026-03-02"))
    assert said.get("payout_id") == (None if name else (payout["id"], None))
    assert (found["state"], found["owner"], found["opened_on"]) == ("new", "operator", "2026-03-02")
    assert (found["partner_id"], found["programme_id"], found["reconciliation_id"]) == (None, None, None)
    assert (await payouts(world))[0]["state"] == "ordered"
    account = await cash(world)
    assert (account["verdict"], account["breaks"], account["breaks_amount"]) == ("breaks", 1, abs(found["amount"]))


async def test_a_break_of_payouts_has_an_owner_and_a_history_for_life(world: World) -> None:
    """It is the same on a later day, a day older, until a person closes it: nobody else does."""
    await ordered(world)
    await told(world, (-5_00, "UNKNOWN", "B1"))
    (new,) = await findings(world)
    path = f"{BREAKS}/{new['id']}"
    assert (await world.operator.post(f"{path}/assign", {"owner": "Ada"})).json()["owner"] == "Ada"
    assert (await world.operator.post(f"{path}/notes", {"note": "The bank is asked."})).status_code == 201
    await told_on(world, "2026-03-03", (1_00, "SOMETHING", "B2"))
    found = {one["id"]: one for one in await findings(world, owner="Ada")}
    assert list(found) == [new["id"]]
    assert (found[new["id"]]["state"], found[new["id"]]["last_on"], found[new["id"]]["due_on"]) == (
        "persisting", "2026-03-03", "2026-03-03"
    )  # fmt: skip
    ended = await world.operator.post(f"{path}/resolve", {"note": "A fee of the bank, booked by hand."})
    assert (ended.json()["state"], ended.json()["resolved_by"]) == ("resolved", "A fee of the bank, booked by hand.")
    again = await world.operator.post(f"{path}/resolve", {"note": "Once more."})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    await told_on(world, "2026-03-04", (2_00, "SOMETHING", "B3"))
    assert [one["id"] for one in await findings(world, in_state="resolved")] == [new["id"]]
    steps = (await world.operator.get(f"{path}/history")).json()["steps"]
    assert [(one["what"], one["note"]) for one in steps] == [
        ("opened", None), ("assigned", None), ("commented", "The bank is asked."),
        ("resolved", "A fee of the bank, booked by hand."),
    ]  # fmt: skip
    assert steps[0]["bank_message_id"] == new["bank_message_id"]
    told_of = "select type from events where merchant_id = 'operators' and data ->> 'break_id' = $1 order by told"
    assert [row["type"] for row in await world.pool.fetch(told_of, new["id"])] == [
        "break.opened", "break.changed", "break.commented", "break.resolved",
    ]  # fmt: skip


async def test_a_payout_that_the_bank_does_not_show_is_a_break_until_it_does(world: World) -> None:
    payout = await ordered(world)
    on = payout["pays_on"]
    await told_on(world, on, (1_00, "SOMETHING", "B1"))
    assert [one["kind"] for one in await findings(world)] == ["cash_unexplained"]  # of its own day it may still come
    days = [(date.fromisoformat(on) + timedelta(days=n)).isoformat() for n in (1, 2, 3)]
    for day, state in zip(days, ("new", "persisting"), strict=False):
        await told_on(world, day, (1_00, "SOMETHING", f"B{day}"))
        (late,) = await findings(world, kind="cash_short")
        assert (late["key"], late["state"], late["amount"]) == (payout["id"], state, -payout["amount"])
        assert (late["opened_on"], late["last_on"]) == (days[0], day)
    await told_on(world, days[2], (-payout["amount"], named(payout), "B9"))
    (shown,) = await findings(world, kind="cash_short")
    assert (shown["id"], shown["state"], shown["resolved_on"]) == (late["id"], "resolved", days[2])
    steps = (await world.operator.get(f"{BREAKS}/{late['id']}/history")).json()["steps"]
    assert [one["what"] for one in steps] == ["opened", "resolved"]
    assert (await payouts(world))[0]["state"] == "paid"


async def test_what_is_shown_in_two_parts_is_paid_with_the_second(world: World) -> None:
    payout = await ordered(world)
    await told(world, (-1_00, named(payout), "B1"))
    (short,) = await findings(world)
    assert (short["kind"], short["amount"]) == ("amount_diff", 1_00 - payout["amount"])
    assert (await payouts(world))[0]["state"] == "ordered"
    await told(world, (1_00 - payout["amount"], named(payout), "B2"))
    assert (await payouts(world))[0]["state"] == "paid"
    assert await booked(world) == {"cash": payout["amount"]}
    (ended,) = await findings(world)
    assert (ended["id"], ended["state"]) == (short["id"], "resolved")
    steps = (await world.operator.get(f"{BREAKS}/{short['id']}/history")).json()["steps"]
    assert [one["what"] for one in steps] == ["opened", "resolved"]
    assert ended["resolved_by"] == steps[-1]["bank_message_id"]
    assert (await cash(world))["verdict"] == "reconciled"


async def test_what_is_booked_ahead_tells_of_no_day_yet(world: World) -> None:
    """A bank books over its holidays: what it pays then is paid, and nothing is late by that. Of a day that is too far
    ahead nothing is taken."""
    payout = await ordered(world)
    ahead = (date.fromisoformat(payout["pays_on"]) + timedelta(days=5)).isoformat()
    shown = entry("1.00", "SOMETHING", "B1").replace("2026-03-02", ahead)
    assert (await hand_in(world, message([shown], kind="054", message_id="N1"))).status_code == 201
    assert [one["kind"] for one in await findings(world)] == ["cash_unexplained"]
    account = await cash(world)
    assert (account["late"], account["until"], account["ordered"]) == (0, None, 1)
    await told_on(world, payout["pays_on"], (1_00, "SOMETHING", "B2"))
    account = await cash(world)
    assert (account["late"], account["until"]) == (0, payout["pays_on"])
    paid = entry(euros(-payout["amount"]), named(payout), "B3").replace("2026-03-02", ahead)
    assert (await hand_in(world, message([paid], kind="054", message_id="N3"))).status_code == 201
    assert (await payouts(world))[0]["state"] == "paid"
    for day, code in (("2026-03-31", "invalid_file"), ("2099-01-01", "invalid_file")):
        far = entry("1.00", "SOMETHING", "B4").replace("2026-03-02", day)
        refused = await hand_in(world, message([far], kind="054", message_id="N4"))
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
        assert day in refused.json()["detail"]


async def test_what_is_paid_twice_is_a_break(world: World) -> None:
    payout = await ordered(world)
    once, twice = ((-payout["amount"], named(payout), reference) for reference in ("B1", "B2"))
    await told(world, once)
    await told(world, twice)
    (found,) = await findings(world)
    assert (found["kind"], found["amount"]) == ("out_of_turn", payout["amount"])
    assert said_of(found)["payout_id"] == (payout["id"], None)
    assert (await payouts(world))[0]["tries"] == 1


async def test_what_left_without_an_order_is_paid_once_and_a_break(world: World) -> None:
    assert (await opened_for_merchants(world)).status_code == 201
    payout = await owed(world)
    await told(world, (-payout["amount"], named(payout), "B1"))
    assert [(one["state"], one["tries"]) for one in await payouts(world)] == [("paid", 0)]
    assert await booked(world) == {"cash": payout["amount"]}
    (found,) = await findings(world)
    assert (found["kind"], found["amount"]) == ("out_of_turn", payout["amount"])
    assert (await order(world)).status_code == 409


async def test_a_batch_is_opened_or_matched_by_its_order(world: World) -> None:
    first = await ordered(world)
    opened = batch(euros(-first["amount"] - 1_00), [(named(first), euros(-first["amount"])), ("X", "-1.00")], "B1")
    assert (await hand_in(world, message([opened], "0.00", euros(-first["amount"] - 1_00)))).status_code == 201
    assert (await payouts(world))[0]["state"] == "paid"
    assert [(one["kind"], one["amount"]) for one in await findings(world)] == [("cash_unexplained", 1_00)]


async def test_one_sum_of_an_order_pays_all_of_it(world: World) -> None:
    payout = await ordered(world)
    order_id = (await payouts(world))[0]["order_id"]
    one_sum = entry(euros(-payout["amount"]), reference="B1")
    whole = one_sum.replace("<NtryDtls>", f"<NtryDtls><Btch><PmtInfId>{order_id.replace('_', '-')}-1</PmtInfId></Btch>")
    assert (await hand_in(world, message([whole], "0.00", euros(-payout["amount"])))).status_code == 201
    assert [(one["state"], one["word_of"]) for one in await payouts(world)] == [("paid", "bank")]


async def test_a_large_one_takes_two_people(settings: Settings, pool: Pool) -> None:
    async with world_on(replace(settings, alone_max=AloneMax(500_00)), pool) as world:
        payout = await ordered(world)
        waits = await tell(world, payout, "paid", "bank 77")
        assert waits.status_code == 202, waits.text
        assert (await payouts(world))[0]["state"] == "ordered"
        approved = await world.seconded(waits)
        assert (approved.json()["state"], approved.json()["word_of"]) == ("paid", "operator")
        again = await tell(world, payout, "paid")
        assert (again.status_code, again.json()["code"]) == (409, "state_forbids")  # at once
