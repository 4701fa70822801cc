"""An API key: whose it is and what it may do, and how it follows from its id. Pure."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """Who calls, by their key."""

    key_id: str
    audience: str
    owner_id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the key carries the scope; `*` carries all of its audience's."""
        return scope in self.scopes or "*" in self.scopes


def key_hmac(secret: str, key: str) -> bytes:
    """HMAC-SHA256 of a key under the service's secret: what is stored of it."""
    return hmac.digest(secret.encode(), key.encode(), hashlib.sha256)


def key_of(secret: str, key_id: str) -> str:
    """The key with this id. Nobody without the service's secret can work it out, and so it need not be kept."""
    digest = hmac.digest(secret.encode(), f"key {key_id}".encode(), hashlib.sha256)
    return f"sk_{urlsafe_b64encode(digest).decode().rstrip('=')}"
