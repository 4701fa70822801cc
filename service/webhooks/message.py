"""What is sent to an endpoint, by the Standard Webhooks specification. Pure.

webhook-id: ev_01JD8Q4Z7K7M8W3N5V2C9XTB00        the event's id, the same at each attempt
webhook-timestamp: 1774000000                    of the attempt
webhook-signature: v1,K5oZfz... v1,Qm9...        one for each secret in use

{"type": "plan.captured", "timestamp": "...", "id": "ev_...", "number": 7, "actor": "merchant", "plan_id": "pl_...",
 "data": {...}}
"""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw, Struct, field
from standardwebhooks import Webhook

PREFIX: Final = "whsec_"


class Message(Struct, frozen=True, omit_defaults=True):
    """The body: an event as it is listed, and the specification's `timestamp`, which is when it happened."""

    type: str
    timestamp: datetime
    event_id: str = field(name="id")
    number: int
    actor: str
    data: Raw
    plan_id: str | None = None
    decision_id: str | None = None
    consumer_id: str | None = field(name="consumer", default=None)


def secret_text(bits: bytes) -> str:
    """A secret as it is shown, and as libraries of the specification take it."""
    return PREFIX + b64encode(bits).decode()


def body_of(message: Message) -> bytes:
    """The bytes that are signed and sent."""
    return msgspec.json.encode(message)


def headers_of(event_id: str, body: bytes, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    """What goes with the body; `secrets` are those in use, the newest first."""
    signatures = [Webhook(bits).sign(event_id, now, body.decode()) for bits in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
