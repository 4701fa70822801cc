"""By what a gateway or a processor knows us: 256 random bits that we say with each call, and so must read again.

They are kept sealed, under a key that follows from a secret of the service, and open only for whom they were made.
"""

from base64 import urlsafe_b64encode

from service.access.key import Secrets
from service.sealed import key_for, seal, unseal


def said(bits: bytes) -> str:
    """How they are said."""
    return f"kb_{urlsafe_b64encode(bits).decode().rstrip('=')}"


def kept(secret: str, owner_id: str, bits: bytes) -> bytes:
    """How they are kept under a secret of the service."""
    return seal(key_for(secret, _PURPOSE), bits, owner_id.encode())


def read(under: Secrets, secret_mark: str, owner_id: str, sealed: bytes) -> bytes | None:
    """What is kept; None: it is not of this owner, or we have not the secret that it is kept under."""
    secret = under.by_mark().get(secret_mark)
    return unseal(key_for(secret, _PURPOSE), sealed, owner_id.encode()) if secret else None


_PURPOSE = "known by"
