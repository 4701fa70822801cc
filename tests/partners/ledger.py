"""A small world to file about: a partner, its programme, and plans whose bookings go by the ledger's own functions."""

from datetime import UTC, date, datetime, time

import msgspec

from service import ids
from service.db import Connection
from service.ledger import booking
from service.ledger.booking import Books
from service.ledger.chart import Occasion
from service.money import take_bps
from service.partners.event import PartnerEvent
from service.partners.events_store import TELL_PARTNERS
from service.partners.funding import Funding, Participation
from service.partners.layouts import TxnType
from tests.partners.contracts import participant, terms

PARTNER = ids.new_id(ids.PARTNER, 0, 1)
PROGRAMME = ids.new_id(ids.PROGRAMME, 0, 1)
MERCHANT = ids.new_id(ids.MERCHANT, 0, 1)
BPS = 7_000
FUNDING = Funding(PROGRAMME, 1, participations=(Participation(PARTNER, BPS, BPS),))
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))


def evening(on: date) -> datetime:
    """Late on a day in Berlin, when its file is made."""
    return datetime.combine(on, time(22), UTC)


def document(zone: str, name: str = "Instalments 70") -> str:
    """The programme's, as it is kept."""
    parts = [participant(7_000, PARTNER, interest_bps=7_000)]
    return msgspec.json.encode(terms(name=name, participants=parts, time_zone=zone)).decode()


async def open_world(connection: Connection, zone: str = "Europe/Berlin", on: date = MONDAY) -> None:
    """A merchant, and a partner that funds 70 % of instalments in euros from a day on."""
    now = evening(on)
    await connection.execute("insert into partners values ($1, 'Sparfonds', $2)", PARTNER, now)
    await connection.execute(
        "insert into programmes values ($1, 1, $2, 'Instalments 70', 'EUR', $3, $4, true, $5)",
        PROGRAMME, PARTNER, zone, document(zone), now,
    )  # fmt: skip
    await connection.execute(
        "insert into merchants (merchant_id, name, country, time_zone, fees, created_at)"
        " values ($1, 'Moebel Krause', 'DE', 'Europe/Berlin', '{}', $2)",
        MERCHANT,
        now,
    )


class FundedPlan:
    """A plan of 1,000.00 that lives in the ledger; what it does is written when it does it."""

    def __init__(self, name: int, funding: Funding = FUNDING) -> None:
        self.bucket = name % ids.BUCKETS
        self.plan_id = ids.new_id(ids.PLAN, self.bucket, name + 1)
        self.funding = funding
        self.captured = self.principal = self.interest = 0
        self.books: Books = {}
        self.told = (0, 0, 0)

    async def authorize(self, connection: Connection) -> "FundedPlan":
        """The plan's row, and the promise in the books."""
        decision = ids.derive(ids.DECISION, self.plan_id)
        await connection.execute(
            """
            insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id,
                kind, currency, state, collection_state, amount, captured, voided, held, reserved, used, outstanding,
                principal_paid, interest_paid, fee_paid, penalty_paid, refunded, overpaid, captures, version, offer,
                funding, authorized_at, capture_by, changed_at, changed_by, passed_on, standing)
            values ($1, $2::text, $3, $8, $4, $2::text, $5,
                'instalments', 'EUR', 'authorized', 'nothing_owed', 100000, 0, 0, 0, 100000, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 1, '{}', $6, $7, $7, $7, 'merchant', $9, '')
            """,
            self.bucket, self.plan_id, ids.derive(ids.CONSUMER, self.plan_id), MERCHANT, decision,
            msgspec.json.encode(self.funding).decode(), evening(MONDAY), ids.derive(ids.PERSON, self.plan_id), MONDAY,
        )  # fmt: skip
        await self.move(connection, MONDAY)
        return self

    async def capture(self, connection: Connection, amount: int, on: date) -> None:
        """Goods of `amount` minor units are shipped; 3 % is our fee."""
        self.captured += amount
        await self.move(connection, on)

    async def pay(self, connection: Connection, principal: int, interest: int, on: date) -> None:
        """The consumer pays."""
        self.principal += principal
        self.interest += interest
        await self.move(connection, on)

    async def move(self, connection: Connection, on: date) -> None:
        """One cause: the books go from where they were to what is true now."""
        before, self.books = self.books, self.true_books()
        cause = ids.new_id(ids.COMMAND, self.bucket, 1)
        await self.tell(connection, cause, on)
        await connection.executemany(
            "insert into transfers values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'EUR', $10, $11, $12, $13, $14)",
            [
                (self.bucket, cause, leg, one.occasion, one.debit, one.debit_owner, one.credit, one.credit_owner,
                 one.amount, self.plan_id, MERCHANT, one.partner_id, on, evening(on))
                for leg, one in enumerate(booking.transfers(before, self.books))
            ],
        )  # fmt: skip

    async def tell(self, connection: Connection, cause: str, on: date) -> None:
        """The partner's events of it."""
        now = self.shares()
        drawn, principal, interest = (after - before for after, before in zip(now, self.told, strict=True))
        self.told = now
        events: list[PartnerEvent] = []
        for kind, principal_due, interest_due in (
            (TxnType.FUNDING, -drawn, 0), (TxnType.REPAYMENT, principal, interest)
        ):  # fmt: skip
            if (principal_due or interest_due) and self.funding.participations and self.funding.programme_id:
                events.append(PartnerEvent(
                    self.bucket, f"{cause}-{len(events)}" if events else cause,
                    self.funding.participations[0].partner_id,
                    self.funding.programme_id, self.plan_id, kind, on, on, principal_due, interest_due, 0, 0, 0, "EUR",
                    None, evening(on),
                ))  # fmt: skip
        await TELL_PARTNERS.execute(connection, partnered=events)

    def shares(self) -> tuple[int, int, int]:
        """The partner's of what was lent, of principal and of interest that were paid."""
        if not self.funding.participations:
            return 0, 0, 0
        part = self.funding.participations[0]
        return (
            take_bps(self.captured, part.principal_bps), take_bps(self.principal, part.principal_bps),
            take_bps(self.interest, part.interest_bps),
        )  # fmt: skip

    def true_books(self) -> Books:
        """What the books say of it."""
        parts = (self.principal, self.interest, 0, 0)
        books: Books = {
            Occasion.PROMISE: booking.promise(100_000 - self.captured),
            Occasion.PURCHASE: booking.purchase(self.plan_id, MERCHANT, self.captured, 0, self.captured * 3 // 100),
            Occasion.PAYMENT: booking.settled(booking.CLEARING, self.plan_id, MERCHANT, parts),
        }
        for part in self.funding.participations:
            partner, bps = part.partner_id, part.principal_bps
            interest = take_bps(self.interest, bps)
            books[Occasion.DRAWING] = booking.drawing(partner, take_bps(self.captured, bps))
            books[Occasion.PRINCIPAL_SHARE] = booking.principal_share(partner, take_bps(self.principal, bps))
            books[Occasion.INTEREST_SHARE] = booking.interest_share(partner, interest, interest, 0, 0)
        return books
