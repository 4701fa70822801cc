"""Payments that a merchant has told of, and that an operator has seen come: only then do they count for a limit."""

from datetime import date, datetime

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection
from service.errors import Code, Refused
from service.plans.past_flow import count_plan_anew
from service.plans.reading_store import Q


class PaymentProof(Struct, frozen=True):
    """A payment, and what proves it."""

    plan_id: str
    payment_id: str
    received_on: date  # as the merchant has told it
    amount: int
    evidence: str  # by what it is found at the bank or the processor
    proved_by: str  # the key of who has seen it
    proved_at: datetime  # when it was first said


class Provable(Struct, frozen=True):
    """A payment that a merchant has told of."""

    received_on: date
    amount: int
    currency: str
    is_proved: bool


async def provable(conn: Connection, plan_id: str, payment_id: str) -> Provable:
    """A payment that may be proved. Refused: NOT_FOUND, STATE_FORBIDS."""
    found = await conn.fetchrow(Q.load_payment, ids.bucket_of(plan_id), plan_id, payment_id)
    if found is None:
        raise Refused(Code.NOT_FOUND, f"There is no payment {payment_id!r} on this plan.", "/payment_id")
    if not found["is_told"]:
        sentence = "This payment needs no proof: it is the lender's own word, or a processor's."
        raise Refused(Code.STATE_FORBIDS, sentence, "/payment_id")
    if found["is_returned"]:
        raise Refused(Code.STATE_FORBIDS, "The bank has returned this payment: it never came.", "/payment_id")
    return Provable(*_decode(found["body"]), found["currency"], found["is_proved"])


async def prove(conn: Connection, plan_id: str, payment_id: str, evidence: str, by: str, now: datetime) -> PaymentProof:
    """Writes down that it came. Said again, the first proof is answered. Refused: NOT_FOUND, STATE_FORBIDS."""
    bucket, one = ids.bucket_of(plan_id), await provable(conn, plan_id, payment_id)
    await conn.execute(Q.prove_payment, bucket, plan_id, payment_id, evidence, by, now)
    await count_plan_anew(conn, plan_id)
    row = await conn.fetchrow(Q.load_payment_proof, bucket, plan_id, payment_id)
    assert row is not None
    return PaymentProof(plan_id, payment_id, one.received_on, one.amount, *row)


class _Told(Struct):
    amount: int
    on: date
    received_on: date | None = None


def _decode(body: str) -> tuple[date, int]:
    told = msgspec.json.decode(body, type=_Told)
    return told.received_on or told.on, told.amount
