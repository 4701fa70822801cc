"""Our signature under what partners get: Ed25519, the key following from the secret that seals the audit log. Pure."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.sealed import key_for

_PURPOSE: Final = "signature under partners' files"


class Signer:
    """Signs bytes. The same secret makes the same key, and the same bytes have the same signature."""

    def __init__(self, secret: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key_for(secret, _PURPOSE))

    @property
    def public_key(self) -> str:
        """What others check signatures with, in hexadecimal."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, text: bytes) -> str:
        """The signature in hexadecimal."""
        return self._key.sign(text).hex()
