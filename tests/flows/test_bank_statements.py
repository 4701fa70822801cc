"""Our bank's messages over HTTP: loaded whole, or refused whole and listed."""

from typing import Any

import httpx

from tests.flows.world import World
from tests.reconciling.messages import IBAN, OTHER_IBAN, entry, message

PATH = "/v1/operator/bank-statements"


async def opened(world: World, iban: str = IBAN) -> httpx.Response:
    account = {"holder": "Alster Credit AG", "iban": iban}
    asked = {"programme_id": world.demo.programme_id, "currency": "EUR", "account": account}
    return await world.operator.post("/v1/operator/bank-accounts", asked)


async def hand_in(world: World, content: bytes, media: str = "application/xml") -> httpx.Response:
    return await world.operator.post(PATH, content=content, headers={"Content-Type": media})


async def listed(world: World) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = (await world.operator.get(PATH)).json()["messages"]
    return messages


async def entries(world: World) -> list[tuple[str, int]]:
    rows = await world.pool.fetch("select reference, amount from bank_entries order by reference")
    return [(row["reference"], row["amount"]) for row in rows]


async def test_a_statement_is_loaded_once(world: World) -> None:
    made = await opened(world)
    assert made.status_code == 201, made.text
    assert (await world.operator.get("/v1/operator/bank-accounts")).json()["accounts"] == [made.json()]
    content = message([entry("10.00", "A"), entry("-3.00", "B", "R2")], "1.00", "8.00", sequence=4)
    loaded = await hand_in(world, content)
    assert loaded.status_code == 201, loaded.text
    (statement,) = loaded.json()["statements"]
    assert (statement["opening"], statement["closing"], statement["entries"], statement["missing"]) == (
        1_00,
        8_00,
        2,
        0,
    )
    again = await hand_in(world, content)
    assert again.json() == loaded.json() | {"is_known": True}
    assert await listed(world) == [loaded.json()]
    assert await entries(world) == [("R1#1", 10_00), ("R2#1", -3_00)]


async def test_what_was_notified_is_not_counted_again(world: World) -> None:
    await opened(world)
    await hand_in(world, message([entry("10.00", "A")], kind="054", message_id="N1"))
    whole = [entry("10.00", "A"), entry("2.00", "B", "R2")]
    assert (await hand_in(world, message(whole, "0.00", "12.00"))).status_code == 201
    assert await entries(world) == [("R1#1", 10_00), ("R2#1", 2_00)]


async def test_two_payments_that_are_alike_are_two(world: World) -> None:
    """The bank gives them no reference: each statement of the day has one, and both are booked. What was notified of
    them is told again by a statement, and a statement that comes again under another name tells nothing new."""
    await opened(world)
    one = entry("10.00", "A", "NONREF")
    await hand_in(world, message([one], kind="054", message_id="N1"))
    morning = message([one], "0.00", "10.00", message_id="M1")
    evening = message([one], "10.00", "20.00", message_id="M2")
    for content in (morning, evening, evening.replace(b"<MsgId>M2", b"<MsgId>M3")):
        assert (await hand_in(world, content)).status_code == 201
    assert await entries(world) == [("A|1000|2026-03-02#1", 10_00), ("A|1000|2026-03-02#2", 10_00)]


async def test_another_message_of_the_same_name_is_refused(world: World) -> None:
    await opened(world)
    await hand_in(world, message([entry("10.00", "A")], "0.00", "10.00"))
    again = message([entry("10.00", "A")], "0.00", "10.00").replace(b"T01:00:00Z", b"T02:00:00Z")
    assert (await hand_in(world, again)).json()["is_known"]  # made anew, and says the same
    refused = await hand_in(world, message([entry("7.00", "B", "R2")], "10.00", "17.00"))
    assert (refused.status_code, refused.json()["code"]) == (422, "duplicate_file")
    assert await entries(world) == [("R1#1", 10_00)]
    assert {one["refused_code"] for one in await listed(world)} == {None, "duplicate_file"}


async def test_a_gap_in_the_banks_count_is_an_alarm(world: World) -> None:
    await opened(world)
    counted = []
    for sequence in (4, 5, 9):
        name = f"M{sequence}"
        told = await hand_in(world, message([], message_id=name, sequence=sequence))
        counted.append(told.json()["statements"][0]["missing"])
    assert counted == [0, 0, 3]


async def test_what_opens_with_no_known_balance_is_an_alarm(world: World) -> None:
    """The bank does not count. A statement that comes late closes the gap, and opens none."""
    await opened(world)
    missing = []
    for opening, closing in ((0, 10), (10, 12), (50, 51), (12, 50)):
        moved = entry(f"{closing - opening}.00", "A", f"R{opening}")
        content = message([moved], f"{opening}.00", f"{closing}.00", message_id=f"M{opening}")
        missing.append((await hand_in(world, content)).json()["statements"][0]["missing"])
    assert missing == [0, 0, 1, 0]


async def test_what_is_refused_is_listed_and_nothing_of_it_is_loaded(world: World) -> None:
    await opened(world)
    await hand_in(world, message([entry("10.00", "A")], "0.00", "10.00"))
    before = await listed(world)
    wrong = [
        (message([entry("1.00", "C", "R3")], "0.00", "1.00", iban=OTHER_IBAN, message_id="M2"), "foreign_account"),
        (message([entry("1.00", "C", "R3")], "0.00", "2.00", message_id="M3"), "wrong_sum"),
        (message([entry("9.00", "A")], "0.00", "9.00", message_id="M4"), "amount_mismatch"),
        (b"<!DOCTYPE a []><a/>", "invalid_file"),
    ]
    for content, code in wrong:
        refused = await hand_in(world, content)
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
        await hand_in(world, content)  # once more: it is listed once
    refusals = [one for one in await listed(world) if one not in before]
    assert sorted(one["refused_code"] for one in refusals) == sorted(code for _, code in wrong)
    assert all(one["refused_detail"] and not one["statements"] for one in refusals)
    assert await entries(world) == [("R1#1", 10_00)]


async def test_only_xml_is_taken(world: World) -> None:
    assert (await hand_in(world, b"{}", "application/json")).status_code == 415


async def test_an_account_is_registered_once(world: World) -> None:
    assert (await opened(world, IBAN[:-1] + "1")).json()["code"] == "invalid_field"
    assert (await opened(world)).status_code == 201
    assert (await opened(world)).json()["code"] == "state_forbids"
