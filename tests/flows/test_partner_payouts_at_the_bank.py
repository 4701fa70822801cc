"""Payouts to partners become paid, or come back, by what the bank's statement shows, once; all else is a break."""

from datetime import date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from service.alone import AloneMax
from service.config import Settings
from service.db import Pool
from tests.flows.conftest import world_on
from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_partner_news import news
from tests.flows.test_paying_partners import FIRST, PAYER, agree, balances, order, ordered_on, owed_on, payouts, tell
from tests.flows.test_payouts_at_the_bank import findings, opened_for_merchants, said_of, told
from tests.flows.world import World
from tests.reconciling.messages import IBAN, OTHER_IBAN, entry, message

ORDERED = {"payer": PAYER | {"iban": IBAN}}


@pytest.fixture(params=["programme", "merchants"])
async def account(world: World, request: pytest.FixtureRequest) -> str:
    """The account that partners are paid from, at IBAN: the programme's, or the one of no programme."""
    made = await (opened(world) if request.param == "programme" else opened_for_merchants(world))
    assert made.status_code == 201
    return str(request.param)


async def ordered(world: World) -> dict[str, Any]:
    """What a day owes the partner, 70.00, is ordered from the account."""
    await agree(world)
    await owed_on(world, FIRST)
    assert (await order(world, **ORDERED)).status_code == 200
    return (await payouts(world))[-1]


async def now(world: World) -> tuple[str, int, str | None]:
    one = (await payouts(world))[-1]
    return one["state"], one["tries"], one["word_of"]


async def test_what_the_statement_shows_is_paid_and_comes_back_once(world: World, account: str) -> None:
    payout = await ordered(world)
    name = payout["end_to_end_id"]
    await told(world, (-70_00, name, "B1"))
    assert await now(world) == ("paid", 1, "bank")
    assert await balances(world) == {"cash": 70_00}
    notified = message([entry("-70.00", name, "B1")], kind="054", message_id="N")
    assert (await hand_in(world, notified)).status_code == 201  # the same payment once more: it is known
    assert await now(world) == ("paid", 1, "bank")
    await told(world, (70_00, name, "B2"))
    assert await now(world) == ("due", 1, "bank")
    assert await balances(world) == {"partner_payable": 70_00}
    assert (await order(world, **ORDERED)).status_code == 200
    await told(world, (-70_00, name, "B3"))
    assert await now(world) == ("paid", 2, "bank")
    await told(world, (70_00, name, "B4"))
    assert await now(world) == ("given_up", 2, "bank")
    assert await findings(world) == []
    steps = [one for one in await news(world) if one["type"].startswith("partner_payout.")]
    assert [(one["type"].partition(".")[2], one["data"].get("word_of")) for one in steps] == [
        ("ordered", None), ("paid", "bank"), ("returned", "bank"), ("ordered", None), ("paid", "bank"),
        ("returned", "bank"),
    ]  # fmt: skip


async def test_an_operators_word_stands_until_the_bank_shows_it(world: World, account: str) -> None:
    payout = await ordered(world)
    assert (await tell(world, payout, "paid", "by telephone")).json()["word_of"] == "operator"
    await told(world, (-70_00, payout["end_to_end_id"], "B1"))
    assert await now(world) == ("paid", 1, "bank")
    assert await balances(world) == {"cash": 70_00}  # once
    assert await findings(world) == []


async def test_what_left_without_an_order_is_paid_and_a_break(world: World, account: str) -> None:
    """Somebody paid it by hand: it is not ordered once more, and somebody must tell why."""
    await agree(world)
    await owed_on(world, FIRST)
    payout = (await payouts(world))[-1]
    await told(world, (-70_00, payout["end_to_end_id"], "B1"))
    assert await now(world) == ("paid", 0, "bank")
    assert await balances(world) == {"cash": 70_00}
    assert (await order(world, **ORDERED)).status_code == 409
    (found,) = await findings(world)
    assert (found["kind"], found["amount"]) == ("out_of_turn", 70_00)
    assert said_of(found)["payout_id"] == (payout["id"], None)


async def test_the_settlement_in_its_text_is_enough_for_what_leaves(world: World, account: str) -> None:
    payout = await ordered(world)
    shown = entry("-70.00", text=f"Settlement {payout['settlement_id']}")
    assert (await hand_in(world, message([shown], "0.00", "-70.00"))).status_code == 201
    assert await now(world) == ("paid", 1, "bank")
    came = entry("70.00", text=f"Settlement {payout['settlement_id']}", reference="R2")
    assert (await hand_in(world, message([came], "-70.00", "0.00", message_id="M2"))).status_code == 201
    assert await now(world) == ("paid", 1, "bank")  # it may be what the partner owes us


async def test_one_sum_of_an_order_pays_all_of_it(world: World, account: str) -> None:
    payout = await ordered(world)
    group = f"<NtryDtls><Btch><PmtInfId>{payout['order_id'].replace('_', '-')}-1</PmtInfId></Btch>"
    whole = entry("-70.00").replace("<NtryDtls>", group)
    assert (await hand_in(world, message([whole], "0.00", "-70.00"))).status_code == 201
    assert await now(world) == ("paid", 1, "bank")


async def test_what_is_not_as_much_stays_on_its_way(world: World, account: str) -> None:
    """On the programme's account the day's comparison finds it; on the other there is none."""
    payout = await ordered(world)
    await told(world, (-60_00, payout["end_to_end_id"], "B1"))
    assert await now(world) == ("ordered", 1, None)
    found = [(one["kind"], one["amount"]) for one in await findings(world)]
    assert found == ([] if account == "programme" else [("amount_diff", -10_00)])


async def test_what_is_shown_in_parts_is_paid_with_the_last_and_comes_back_so(world: World, account: str) -> None:
    """The first part is a break where no day is compared, and the same break until the last part has come."""
    name = (await ordered(world))["end_to_end_id"]
    breaks = []
    for part, reference in ((-40_00, "B1"), (-20_00, "B2")):
        await told(world, (part, name, reference))
        assert await now(world) == ("ordered", 1, None)
        breaks += [(one["id"], one["amount"], one["state"]) for one in await findings(world, in_state="open")]
    if account == "merchants":
        assert [amount for _, amount, _ in breaks] == [-30_00, -10_00]
        assert len({key for key, *_ in breaks}) == 1
    else:
        assert breaks == []
    await told(world, (-10_00, name, "B3"))
    assert await now(world) == ("paid", 1, "bank")
    assert await balances(world) == {"cash": 70_00}
    assert await findings(world, in_state="open") == []
    back = [entry("45.00", name, "B4"), entry("25.00", name, "B5")]  # both in one statement
    assert (await hand_in(world, message(back, "0.00", "70.00", message_id="M-back"))).status_code == 201
    assert await now(world) == ("due", 1, "bank")
    assert await balances(world) == {"partner_payable": 70_00}
    assert await findings(world, in_state="open") == []
    assert (await order(world, **ORDERED)).status_code == 200
    await told(world, (-69_00, name, "B6"), (69_00, name, "B7"), (-70_00, name, "B8"))  # wrong, put right, and paid
    assert await now(world) == ("paid", 2, "bank")
    assert await findings(world, in_state="open") == []


async def test_what_the_bank_keeps_of_a_settlement_is_its_fee(world: World) -> None:
    """70.00 were ordered and 75.00 left: within the 10.00 that the day's comparison takes for the bank's fee."""
    assert (await opened(world)).status_code == 201
    payout = await ordered(world)
    await told(world, (-80_01, payout["end_to_end_id"], "B1"))
    assert (await now(world))[0] == "ordered"
    await told(world, (-75_00, payout["end_to_end_id"], "B2"))
    assert await now(world) == ("paid", 1, "bank")


async def test_a_late_one_is_a_break_where_no_day_is_compared(world: World) -> None:
    assert (await opened_for_merchants(world)).status_code == 201
    payout = await ordered(world)
    later = date.fromisoformat(payout["pays_on"]).replace(day=20).isoformat()
    world.operator.now = datetime.fromisoformat(f"{later}T12:00:00+00:00")
    shown = entry("1.00").replace("2026-03-02", later)
    assert (await hand_in(world, message([shown], "0.00", "1.00"))).status_code == 201
    assert [one["key"] for one in await findings(world, kind="cash_short")] == [payout["id"]]


async def test_a_programme_that_has_an_account_is_paid_from_it(world: World) -> None:
    assert (await opened(world)).status_code == 201
    await agree(world)
    await owed_on(world, FIRST)
    refused = await order(world, payer=PAYER | {"iban": OTHER_IBAN})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    assert (await order(world, **ORDERED)).status_code == 200


async def test_a_large_one_takes_two_people(settings: Settings, pool: Pool) -> None:
    async with world_on(replace(settings, alone_max=AloneMax(50_00)), pool) as world:
        payout = await ordered_on(world, FIRST)
        waits = await tell(world, payout, "paid", "bank 77")
        assert waits.status_code == 202, waits.text
        assert (await payouts(world))[-1]["state"] == "ordered"
        approved = await world.seconded(waits)
        assert (approved.json()["state"], approved.json()["word_of"]) == ("paid", "operator")
