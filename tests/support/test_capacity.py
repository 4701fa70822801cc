"""What an arrangement has to pay with: reserved, paid, released, returned, and never less than nothing."""

import asyncio
from datetime import date

import pytest
from msgspec.structs import replace

from service import clock, ids
from service.db import Pool
from service.errors import Code, Refused
from service.support import capacity_flow as flow
from service.support import documents_flow
from service.support.capacity import (
    ArrangementState,
    Capacity,
    Hold,
    allocated,
    converted,
    given_back,
    released,
    reserved,
)
from service.support.cover import Used, returned
from tests.support.worked import arrangement, loss

HAS = Capacity("sa", ArrangementState.OPEN, True, False, 1_000, 0, 0, 0, 1_000)
ROUNDS = 50


@pytest.mark.parametrize(("available", "held", "wanted", "holds"), [
    (1_000, Hold(), 800, 800),
    (200, Hold(), 800, 200),
    (200, Hold(reserved=800), 800, 800),
    (200, Hold(reserved=800), 1_000, 1_000),
    (0, Hold(reserved=800), 1_000, 800),
    (0, Hold(reserved=300, paid=500), 800, 300),
])  # fmt: skip
def test_what_is_reserved_is_what_there_is(available: int, held: Hold, wanted: int, holds: int) -> None:
    assert reserved(replace(HAS, available=available), held, wanted) == replace(held, reserved=holds)


def test_without_a_fund_as_much_is_reserved_as_is_wanted() -> None:
    assert reserved(replace(HAS, is_funded=False, available=-5), Hold(), 800) == Hold(800)


def test_nothing_is_reserved_of_nothing() -> None:
    with pytest.raises(Refused) as refused:
        reserved(replace(HAS, available=0), Hold(), 800)
    assert refused.value.code is Code.CAPACITY_EXCEEDED
    with pytest.raises(Refused) as refused:
        reserved(replace(HAS, state=ArrangementState.CLOSED), Hold(), 800)
    assert refused.value.code is Code.STATE_FORBIDS


def test_what_is_reserved_is_paid_in_parts_or_released() -> None:
    part = converted(Hold(800), 300)
    assert part == Hold(500, 300)
    assert released(part) == Hold(0, 300)
    assert released(part, 100) == Hold(400, 300)
    assert given_back(part, 300) == Hold(500, 300, 300)
    for refuse, amount in ((converted, 501), (released, 501), (given_back, 301)):
        with pytest.raises(Refused) as refused:
            refuse(part, amount)
        assert refused.value.code is Code.CAPACITY_EXCEEDED


@pytest.mark.parametrize(("before", "amount", "back", "at_once", "after"), [
    (Hold(), 2_880, 0, False, Hold(2_880)),
    (Hold(2_880), 2_560, 0, False, Hold(2_560)),
    (Hold(880, 2_000), 2_560, 0, False, Hold(560, 2_000)),
    (Hold(0, 2_880), 2_560, 0, False, Hold(0, 2_560)),
    (Hold(880, 2_000), 2_880, 555, False, Hold(325, 2_555, 555, 555)),
    (Hold(325, 2_555, 555, 555), 2_880, 0, False, Hold(880, 2_000)),
    (Hold(0, 2_880), 2_880, 555, False, Hold(0, 2_880, 555)),
    (Hold(2_880), 2_880, 555, False, Hold(2_325, 555, 555, 555)),
    (Hold(2_325, 555, 555, 555), 2_880, 0, False, Hold(2_880)),
    (Hold(), 350, 0, True, Hold(0, 350)),
    (Hold(0, 350), 350, 67, True, Hold(0, 350, 67)),
    (Hold(0, 350), 0, 0, True, Hold()),
])  # fmt: skip
def test_a_loss_holds_what_it_was_allocated(
    before: Hold, amount: int, back: int, at_once: bool, after: Hold
) -> None:  # fmt: skip
    assert allocated(before, amount, back, at_once=at_once) == after


def test_what_comes_back_is_paid_again_only_where_that_was_agreed() -> None:
    one, used = loss(1_000), Used(available=0, paid=388_00, paid_by_year={2026: 388_00}, paid_by_debtor={"a": 1})
    assert returned(arrangement(), used, one, 74_83) == used
    again = returned(arrangement(reinstatable=True), used, one, 74_83)
    assert (again.available, again.paid, again.paid_by_year) == (74_83, 313_17, {2026: 313_17})


async def test_two_claims_of_800_on_1000(pool: Pool) -> None:
    """Fifty times beside each other: 800 and 200 are reserved, never more, and the database never has to refuse it."""
    for _ in range(ROUNDS):
        one = await _funded(pool, 1_000)
        held = await asyncio.gather(_reserve(pool, one, 800), _reserve(pool, one, 800))
        assert sorted(hold.reserved for hold in held) == [200, 800]
        has = await flow.capacity_of(pool, one)
        assert (has.reserved, has.available) == (1_000, 0)


async def test_the_life_of_a_reservation(pool: Pool) -> None:
    one, lost = await _funded(pool, 1_000), _id(ids.LOSS)
    async with pool.acquire() as conn, conn.transaction():
        await flow.reserve(conn, one, lost, 800, clock.now())
        await flow.convert(conn, one, lost, 500, clock.now())
        assert await flow.release(conn, one, lost, clock.now()) == Hold(0, 500)
        await flow.give_back(conn, one, lost, 100, clock.now())
        has = await flow.capacity_of(conn, one)
        assert (has.funded, has.reserved, has.paid, has.returned, has.available) == (1_000, 0, 500, 100, 500)
        with pytest.raises(Refused) as refused:
            await flow.fund(conn, one, _id(ids.SUPPORT_FUNDING), -501, "", "ke_1", clock.now())
        assert refused.value.code is Code.CAPACITY_EXCEEDED
        await flow.fund(conn, one, _id(ids.SUPPORT_FUNDING), -500, "", "ke_1", clock.now())
        assert (await flow.set_state(conn, one, ArrangementState.CLOSED)).available == 0
        with pytest.raises(Refused):
            await flow.set_state(conn, one, ArrangementState.OPEN)


async def _funded(pool: Pool, amount: int) -> str:
    one, now = _id(ids.ARRANGEMENT), clock.now()
    async with pool.acquire() as conn, conn.transaction():
        await documents_flow.agree(conn, one, arrangement(funded=True, begins_on=date(2026, 1, 1)), now)
        await flow.fund(conn, one, _id(ids.SUPPORT_FUNDING), amount, "paid in", "ke_1", now)
    return one


async def _reserve(pool: Pool, arrangement_id: str, wanted: int) -> Hold:
    async with pool.acquire() as conn, conn.transaction():
        return await flow.reserve(conn, arrangement_id, _id(ids.LOSS), wanted, clock.now())


def _id(prefix: str) -> str:
    return ids.new_id(prefix, ids.random_bucket(), int(clock.now().timestamp() * 1000))
