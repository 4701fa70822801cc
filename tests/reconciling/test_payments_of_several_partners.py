"""Partners of one programme have one end-to-end id a day: whose payment a bank shows follows from how much it is."""

from collections.abc import AsyncIterator

import pytest

from service import ids
from service.db import Connection, Pool
from service.merchants.payout import PayoutState
from service.reconciling.payouts import Shown
from service.reconciling.payouts_flow import PayingAccount, settle
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, TUESDAY, open_world
from tests.reconciling.days import OTHER, noon, our_file
from tests.reconciling.messages import IBAN

ACCOUNT = PayingAccount(IBAN, "EUR", PROGRAMME)
NAME = f"{PROGRAMME[3:]}N20260302"


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        await open_world(connection)
        await connection.execute("insert into partners values ($1, 'Another', $2)", OTHER, noon(MONDAY))
        yield connection


async def owe(conn: Connection, partner_id: str, amount: int, state: PayoutState = PayoutState.ORDERED) -> str:
    """What a day's settlement comes to with a partner; above nothing it is a payout, and its id is given back."""
    file_id = await our_file(conn, "STL", MONDAY, partner_id)
    payout_id = ids.derive(ids.PARTNER_PAYOUT, file_id, 0)
    await conn.execute(
        "insert into daily_legs values ($1, 'net', 'S', $2, $3, 1, 'E1', 'E9', 'EUR')", file_id, NAME, amount
    )
    if amount > 0:
        await conn.execute(
            """insert into partner_payouts (payout_id, file_id, end_to_end_id, settlement_id, partner_id, programme_id,
                   business_on, currency, amount, pays_on, made_at, state, tries, changed_at)
               values ($1, $2, $3, 'S', $4, $5, $6, 'EUR', $7, $8, $9, $10, 1, $9)""",
            payout_id, file_id, NAME, partner_id, PROGRAMME, MONDAY, amount, TUESDAY, noon(MONDAY), state,
        )  # fmt: skip
    return payout_id


async def shown(conn: Connection, amount: int, reason: str | None = None) -> None:
    one = Shown("be_1", "B1", amount, (NAME,), TUESDAY, reason)
    async with conn.transaction():
        await settle(conn, ACCOUNT, [one], "bm_1", "ada", noon(TUESDAY))


async def state_of(conn: Connection, payout_id: str) -> str:
    return str(await conn.fetchval("select state from partner_payouts where payout_id = $1", payout_id))


async def test_each_is_paid_by_its_own_payment(conn: Connection) -> None:
    first, second = await owe(conn, PARTNER, 70_00), await owe(conn, OTHER, 30_00)
    await shown(conn, -30_00)
    assert (await state_of(conn, first), await state_of(conn, second)) == ("ordered", "paid")
    await shown(conn, -70_00)
    assert await state_of(conn, first) == "paid"


async def test_two_of_one_amount_are_told_apart_by_nobody(conn: Connection) -> None:
    """One payment of 70.00 for two payouts of 70.00 pays neither: the day's comparison has what is short."""
    both = [await owe(conn, partner, 70_00) for partner in (PARTNER, OTHER)]
    await shown(conn, -70_00)
    assert [await state_of(conn, one) for one in both] == ["ordered", "ordered"]
    await shown(conn, -140_00)
    assert [await state_of(conn, one) for one in both] == ["paid", "paid"]


async def test_what_another_owes_us_is_no_return(conn: Connection) -> None:
    """70.00 that come may be the other's; with the bank's reason for a return they are none."""
    payout = await owe(conn, PARTNER, 70_00, PayoutState.PAID)
    await owe(conn, OTHER, -70_00)
    await shown(conn, 70_00)
    assert await state_of(conn, payout) == "paid"
    await shown(conn, 70_00, "AC04")
    assert await state_of(conn, payout) == "due"
