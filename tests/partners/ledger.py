"""A small world to file about: a partner, its programme, and plans whose bookings go by the ledger's own functions."""

from datetime import UTC, date, datetime, time

import msgspec

from service import ids
from service.db import Connection, Pool
from service.ledger import transfers
from service.partners import flow
from service.partners.file import Manifest
from service.partners.programme import Funding

PARTNER = ids.new_id(ids.PARTNER, 0, 1)
PROGRAMME = ids.new_id(ids.PROGRAMME, 0, 1)
MERCHANT = ids.new_id(ids.MERCHANT, 0, 1)
FUNDING = Funding(PROGRAMME, 1, PARTNER, 7_000)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))


def evening(on: date) -> datetime:
    """Late on a day in Berlin, when its file is made."""
    return datetime.combine(on, time(22), UTC)


async def open_world(connection: Connection, zone: str = "Europe/Berlin") -> None:
    """A merchant, and a partner that funds 70 % of instalments in euros."""
    now = evening(MONDAY)
    await connection.execute("insert into partners values ($1, 'Sparfonds', $2)", PARTNER, now)
    await connection.execute(
        "insert into programmes values ($1, 1, $2, 'Instalments 70', '{instalments}', 'EUR', 7000, $3, true, $4)",
        PROGRAMME, PARTNER, zone, now,
    )  # fmt: skip
    await connection.execute(
        "insert into merchants values ($1, 'Moebel Krause', 'DE', 'Europe/Berlin', '{}', true, $2)", MERCHANT, now
    )


async def make_file(pool: Pool, programme_id: str, on: date, now: datetime) -> Manifest:
    """On a connection of its own, as a request has it."""
    async with pool.acquire() as connection:
        return await flow.make_file(connection, programme_id, on, now)


class FundedPlan:
    """A plan of 1,000.00 that lives in the ledger; what it does is written when it does it."""

    def __init__(self, name: int, funding: Funding = FUNDING) -> None:
        self.bucket = name % ids.BUCKETS
        self.plan_id = ids.new_id(ids.PLAN, self.bucket, name + 1)
        self.funding = funding
        self.captured = self.principal = self.interest = 0

    async def authorize(self, connection: Connection) -> "FundedPlan":
        """The plan's row, and the promise in the books."""
        decision = ids.derive(ids.DECISION, self.plan_id)
        await connection.execute(
            """
            insert into plans (bucket, plan_id, consumer_id, merchant_id, merchant_reference, decision_id, kind,
                currency, state, collection_state, settlement_state, dispute_state, amount, captured, voided, held,
                reserved, outstanding, principal_paid, interest_paid, fee_paid, captures, version, offer, funding,
                authorized_at, capture_by)
            values ($1, $2::text, $3, $4, $2::text, $5, 'instalments',
                'EUR', 'authorized', 'nothing_owed', 'nothing_due', 'none',
                100000, 0, 0, 0, 100000, 0, 0, 0, 0, 0, 1, '{}', $6, $7, $7)
            """,
            self.bucket, self.plan_id, ids.derive(ids.CONSUMER, self.plan_id), MERCHANT, decision,
            msgspec.json.encode(self.funding).decode(), evening(MONDAY),
        )  # fmt: skip
        await self.book(connection, transfers.authorized(100_000, 0), MONDAY)
        return self

    async def capture(self, connection: Connection, amount: int, on: date) -> None:
        """Goods of `amount` minor units are shipped; 3 % is our fee."""
        fee = amount * 3 // 100
        booked = transfers.captured(amount, fee, self.captured, self.funding.funding_bps)
        self.captured += amount
        await self.book(connection, booked, on)

    async def pay(self, connection: Connection, principal: int, interest: int, on: date) -> None:
        """The consumer pays."""
        before = (self.principal, self.interest)
        self.principal += principal
        self.interest += interest
        await self.book(connection, transfers.paid(principal, interest, 0, before, self.funding.funding_bps), on)

    async def book(self, connection: Connection, booked: list[transfers.Transfer], on: date) -> None:
        """One cause and its legs."""
        cause = ids.new_id(ids.COMMAND, self.bucket, 1)
        await connection.executemany(
            "insert into transfers values ($1, $2, $3, $4, $5, $6, 'EUR', $7, $8, $9, $10, $11)",
            [
                (self.bucket, cause, leg, one.debit, one.credit, one.amount, self.plan_id, MERCHANT,
                 self.funding.partner_id, on, evening(on))
                for leg, one in enumerate(booked)
            ],
        )  # fmt: skip
