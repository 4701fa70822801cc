"""Payouts to merchants become paid, or come back, by what the bank's statement shows; what was not ordered is found."""

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
from tests.flows.world import World
from tests.reconciling.messages import IBAN, batch, entry, message


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


async def cash(world: World) -> dict[str, Any]:
    (account,) = (await world.operator.get("/v1/operator/payout-cash")).json()["accounts"]
    one: dict[str, Any] = account
    return one


async def findings(world: World, **more: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await world.operator.get("/v1/operator/payout-findings", **more)).json()["findings"]
    return listed


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
    (0, "UNKNOWN", "unknown", None), (-5_00, None, "amount_differs", -5_00), (5_00, None, "amount_differs", 5_00),
])  # fmt: skip
async def test_what_was_not_ordered_is_found(
    world: World, change: int, name: str | None, kind: str, left: int | None
) -> None:
    payout = await ordered(world)
    moved = -payout["amount"] + change
    await told(world, (moved, name or named(payout), "B1"))
    (found,) = await findings(world, is_open=True)
    assert (found["kind"], found["moved"], found["amount"]) == (kind, moved, moved if left is None else left)
    assert (await payouts(world))[0]["state"] == "ordered"
    assert (await cash(world))["verdict"] == "breaks"
    path = f"/v1/operator/payout-findings/{found['entry_id']}/resolve"
    ended = await world.operator.post(path, {"note": "Our bank's error; it comes back tomorrow."})
    assert ended.status_code == 200, ended.text
    again = await world.operator.post(path, {"note": "Once more."})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    assert (await findings(world, is_open=True), await findings(world)) == ([], [ended.json()])


async def test_what_is_paid_twice_is_found(world: World) -> None:
    payout = await ordered(world)
    once, twice = ((-payout["amount"], named(payout), reference) for reference in ("B1", "B2"))
    await told(world, once)
    await told(world, twice)
    (found,) = await findings(world)
    assert (found["kind"], found["amount"], found["payouts"]) == ("out_of_turn", -payout["amount"], [payout["id"]])
    assert (await payouts(world))[0]["tries"] == 1


async def test_a_batch_is_opened_or_matched_by_its_order(world: World) -> None:
    first = await ordered(world)
    opened = batch(euros(-first["amount"] - 1_00), [(named(first), euros(-first["amount"])), ("X", "-1.00")], "B1")
    assert (await hand_in(world, message([opened], "0.00", euros(-first["amount"] - 1_00)))).status_code == 201
    assert (await payouts(world))[0]["state"] == "paid"
    assert [(one["kind"], one["amount"]) for one in await findings(world)] == [("unknown", -1_00)]


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
