"""Processors of payments, and the protocol that one of our own kind speaks: plain HTTP and JSON. Pure.

    POST <its URL>charges        Authorization: Bearer <the secret shown when it was registered>
                                 Idempotency-Key: ch_...
    {"charge_id": "ch_...", "token": "...", "amount": 15000, "currency": "EUR", "plan_id": "pl_..."}

    GET  <its URL>charges/ch_... the same authorization

    200  {"charge_id": "ch_...", "state": "succeeded", "amount": 15000, "currency": "EUR", "received_on": "2026-03-02"}
    200  {..., "state": "declined", "reason": "insufficient_funds"}      a word of `Reason`; another one: `declined`
    200  {..., "state": "pending"}                                       ask again, or wait for a notification
    200  {..., "state": "returned", "reason": "account_closed", "received_on": "2026-03-02"}
    404                                                                  there is no such charge

Holds are spoken of as `hold_protocol.py` says, and what goes back as `payback_protocol.py` does.

`charge_id` names the charge for good: a processor that is sent it twice pulls the money once, and answers what has
become of it. Every other status or body, and an answer about another amount, leaves open what happened: the charge
stays pending, and we ask again. A processor that has news says so with its key, by `POST
/v1/processor/notifications`; then we ask it, so that what comes twice, late or in another order does no harm.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from service.payments.charge import Charge, Reason


class Protocol(StrEnum):
    """How a processor is spoken to. The check `processors_protocol_is_known` says the same."""

    TENOR = "tenor"  # as above
    STRIPE = "stripe"  # service/payments/stripe.py


class Address(Struct, frozen=True):
    """A processor as an operator registered it: nothing is ever sent anywhere else."""

    processor_id: str
    name: str
    url: str
    protocol: Protocol
    is_retired: bool = False  # nothing new is charged there; what is pending is still asked about


class Said(StrEnum):
    """What a processor says of a charge."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    RETURNED = "returned"  # it had succeeded, and the bank took it back
    NO_CHARGE = "no_charge"  # it has never heard of it: nothing was pulled
    UNHEARD = "unheard"  # nothing that we understand: it may have been done or not


class Heard(Struct, frozen=True):
    """An answer, reduced to what follows from it."""

    said: Said
    reason: Reason | None = None  # of what was declined or returned
    received_on: date | None = None  # the money's value date
    received_at: datetime | None = None  # the instant, where it is told: of which day it is, the plan's place says


PENDING: Final = Heard(Said.PENDING)
NO_CHARGE: Final = Heard(Said.NO_CHARGE)
UNHEARD: Final = Heard(Said.UNHEARD)


class Call(Struct, frozen=True):
    """A request to a processor: below which path of its URL, with which headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None = None


class Order(Struct, frozen=True):
    """The body of a request to pull money."""

    charge_id: str
    token: str
    amount: int
    currency: str
    plan_id: str


class Reply(Struct, frozen=True, omit_defaults=True):
    """What is answered of a charge."""

    charge_id: str
    state: str
    amount: int
    currency: str
    received_on: date | None = None
    reason: str | None = None


def pull(charge: Charge, secret: str) -> Call:
    """The request to pull a charge's money: sent again, it is the same request."""
    order = Order(charge.charge_id, charge.token, charge.amount, charge.currency, charge.plan_id)
    headers = _headers(secret) | {"Idempotency-Key": charge.charge_id, "Content-Type": "application/json"}
    return Call("POST", "charges", headers, _encode(order))


def ask(charge: Charge, secret: str) -> Call:
    """The request to say what has become of a charge."""
    return Call("GET", f"charges/{charge.charge_id}", _headers(secret))


def read_reply(charge: Charge, status: int, body: bytes) -> Heard:
    """A processor's answer, trusted in nothing."""
    if status == 404:
        return NO_CHARGE
    if status != 200:
        return UNHEARD
    try:
        reply = _decode(body)
        said = Said(reply.state)
    except (ValueError, RecursionError):
        return UNHEARD
    if (reply.charge_id, reply.amount, reply.currency) != (charge.charge_id, charge.amount, charge.currency):
        return UNHEARD
    reason = reason_of(reply.reason) if said in (Said.DECLINED, Said.RETURNED) else None
    return Heard(said, reason, reply.received_on)


def reason_of(word: str | None) -> Reason:
    """The reason a processor names; one that we do not know is no reason."""
    return Reason(word) if word in set(Reason) else Reason.DECLINED


def _headers(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Reply).decode
