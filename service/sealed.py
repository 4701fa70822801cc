"""Bytes that lie where others can read or write them: nobody reads them without our key, and none but ours open.

AES-256-GCM, a nonce by chance in front. What the bytes are about (a name, a version) is sealed with them and not kept
in them: moved to another place, they do not open.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def key_for(secret: str, purpose: str) -> bytes:
    """The key of one purpose; who has it learns neither the secret nor the key of another purpose."""
    return HKDF(SHA256(), KEY_BYTES, None, purpose.encode()).derive(secret.encode())


class Sealer:
    """A key made ready, some 3 KB. At most 2^32 texts under one: their nonces are by chance."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: bytes, about: bytes) -> bytes:
        """`text` sealed."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, about)

    def unseal(self, sealed: bytes, about: bytes) -> bytes | None:
        """The text; None if we did not seal these bytes about this."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
        except (InvalidTag, ValueError):  # the second: shorter than a nonce
            return None


def seal(key: bytes, text: bytes, about: bytes) -> bytes:
    """`text` sealed once."""
    return Sealer(key).seal(text, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes | None:
    """The text; None if we did not seal these bytes about this."""
    return Sealer(key).unseal(sealed, about)
