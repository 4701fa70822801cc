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
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct, field
from standardwebhooks import Webhook

from service.event_type import EventType

PREFIX: Final = "whsec_"


class Message(Struct, frozen=True, omit_defaults=True):
    """What is sent to an endpoint: an event as it is listed, and when it happened under the name that the specification
    has for it."""

    type: EventType
    timestamp: datetime  # when it happened
    event_id: str = field(name="id")  # the same at each attempt
    number: int  # of the event
    actor: str | None  # in what role somebody brought it about; null: what a partner is told
    data: Annotated[Raw, Meta(extra_json_schema={"type": "object"})]  # what else there is to know; `type` says what
    plan_id: str | None = None  # absent: about something else
    decision_id: str | None = None  # absent: about something else
    consumer_id: str | None = field(name="consumer", default=None)  # whose account it is about; absent: something else
    merchant_id: str | None = None  # of a platform: which of its sellers it happened to; absent: itself


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
