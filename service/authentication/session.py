"""A session: that a page may have one consumer agree to one plan, without the shop's server between them. Pure.

    the shop's server    POST /v1/plans/{id}/sessions    the session, for pages of one origin, for half an hour
    the page             POST /v1/sessions/ask           with its publishable key and the session: what the device signs
    the page             POST /v1/sessions/answer        what the device gave: the plan is confirmed

The session says which plan, for pages of which origin, until when, and is sealed under a secret of the service: nothing
is kept of it. Alone it does nothing: it needs a key of those pages, and the consumer's own device or code.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

LASTS: Final = timedelta(minutes=30)
PREFIX: Final = "cst_"
_MAC_BYTES: Final = 32


class Session(Struct, frozen=True, array_like=True):
    """Which plan, on pages of which origin, until when."""

    plan_id: str
    origin: str
    expires_at: datetime


def token_of(session: Session, secret: str) -> str:
    """The session as the page is given it."""
    said = msgspec.msgpack.encode(session)
    return PREFIX + urlsafe_b64encode(_seal(said, secret) + said).decode().rstrip("=")


def read_token(token: str, secrets: Iterable[str]) -> Session | None:
    """The session, made under one of these secrets; None: it is none of ours."""
    text = token.removeprefix(PREFIX)
    try:
        whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    seal, said = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
    if not any(hmac.compare_digest(seal, _seal(said, secret)) for secret in secrets if secret):
        return None
    return _decode(said)


def _seal(said: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"session\x1f" + said, hashlib.sha256)


_decode: Final = msgspec.msgpack.Decoder(Session).decode
