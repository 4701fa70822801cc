"""What WeChat Pay's clients are called with: encrypted by the shop's key (AES-256-GCM), signed by ours. Pure.

{"id": "...", "create_time": "2026-03-02T20:00:00+08:00", "event_type": "PAYSCORE.USER_PAID", "summary": "...",
 "resource_type": "encrypt-resource",
 "resource": {"algorithm": "AEAD_AES_256_GCM", "original_type": "payscore", "associated_data": "payscore",
              "nonce": "0123456789ab", "ciphertext": "base64"}}
"""

from base64 import b64encode
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.facades.wechat.wire import CHINA

ALGORITHM: Final = "AEAD_AES_256_GCM"
NONCE_CHARACTERS: Final = 12


def body_of(
    source_id: str, event: str, summary: str, kind: str, told: dict[str, Any], key: bytes, nonce: str, at: datetime
) -> bytes:
    """The request's body; `kind`: of what is told, `payscore` or `refund`; `key`: 32 bytes; `nonce`: 12 characters."""
    sealed = AESGCM(key).encrypt(nonce.encode(), msgspec.json.encode(told), kind.encode())
    resource = {
        "algorithm": ALGORITHM, "original_type": kind, "associated_data": kind, "nonce": nonce,
        "ciphertext": b64encode(sealed).decode(),
    }  # fmt: skip
    said = {
        "id": source_id, "create_time": at.astimezone(CHINA).isoformat(timespec="seconds"), "event_type": event,
        "summary": summary, "resource_type": "encrypt-resource", "resource": resource,
    }  # fmt: skip
    return msgspec.json.encode(said)
