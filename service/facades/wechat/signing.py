"""Requests and answers of WeChat Pay's are signed: RSA, PKCS #1 v1.5, SHA-256. Pure.

    Authorization: WECHATPAY2-SHA256-RSA2048 mchid="...",nonce_str="...",signature="...",timestamp="...",serial_no="..."

The shop signs method, address with its query, timestamp, nonce and body, a line each; we timestamp, nonce and body.
"""

import re
from base64 import b64decode, b64encode
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)
from msgspec import Struct

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
APART_MAX_S: Final = 300  # between the shop's clock and ours
BITS_MIN: Final = 2048

_PART: Final = re.compile(r'(\w+)="([^"]*)"')


class Signed(Struct, frozen=True):
    """What a request says of who has signed it."""

    mchid: str
    serial_no: str
    nonce: str
    timestamp: str
    signature: str


def signed_of(authorization: str) -> Signed | None:
    """The header's parts; None: it has not all of them."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(_PART.findall(rest))
    names = ("mchid", "serial_no", "nonce_str", "timestamp", "signature")
    if scheme != SCHEME or not all(parts.get(name) for name in names):
        return None
    return Signed(*(parts[name] for name in names))


def is_signed(signed: Signed, public_key: str, method: str, address: str, body: bytes, now_s: int) -> bool:
    """Whether the owner of the key has sent exactly this, lately."""
    stamp = signed.timestamp
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12) or abs(int(stamp) - now_s) > APART_MAX_S:
        return False
    message = f"{method}\n{address}\n{stamp}\n{signed.nonce}\n".encode() + body + b"\n"
    key = public_key_of(public_key)
    assert key is not None  # it was looked at when it was registered
    try:
        key.verify(b64decode(signed.signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key_of(pem: str) -> rsa.RSAPublicKey | None:
    """An RSA key of 2048 bits or more; None: it is none."""
    try:
        key = load_pem_public_key(pem.encode())
    except Exception:  # what the library raises for what is no key is of many kinds
        return None
    return key if isinstance(key, rsa.RSAPublicKey) and BITS_MIN <= key.key_size <= 2 * BITS_MIN else None


def new_key() -> bytes:
    """A key of ours, PKCS #8."""
    made = rsa.generate_private_key(65_537, BITS_MIN)
    return made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_pem(own_key: bytes) -> str:
    """What the shop verifies our answers by."""
    pem = _own(own_key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def headers_of(own_key: bytes, key_id: str, body: bytes, nonce: str, now_s: int) -> dict[str, str]:
    """What goes with an answer."""
    message = f"{now_s}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Signature": b64encode(_own(own_key).sign(message, PKCS1v15(), SHA256())).decode(),
        "Wechatpay-Timestamp": str(now_s),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature-Type": SCHEME,
    }


def _own(own_key: bytes) -> rsa.RSAPrivateKey:
    key = load_der_private_key(own_key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
