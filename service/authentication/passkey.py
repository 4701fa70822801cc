"""Passkeys: keys on a consumer's own device, by Web Authentication (W3C); `proving.py` proves what they say. Pure.

What the page gives to the browser, and gets from it, is named as W3C names it (`PublicKeyCredentialCreationOptionsJSON`
and so on). Whoever holds the device unlocks it for each answer (`userVerification`). A device that counts its answers,
and counts back, was copied: what it says is not the answer.
"""

import re
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from service import ids
from service.errors import Code, Refused

PATIENCE_MS: Final = 120_000  # that the browser gives the consumer
LOCALHOST: Final = "localhost"

Base64 = Annotated[str, Meta(min_length=1, max_length=4_096, pattern=r"^[A-Za-z0-9_\-]+=*\Z")]  # base64url
Transports = Annotated[tuple[Annotated[str, Meta(pattern=r"^[a-z\-]{1,32}\Z")], ...], Meta(max_length=20)]
Extensions = Annotated[dict[Annotated[str, Meta(max_length=100)], Any], Meta(max_length=20)]
PublicKey = Literal["public-key"]
Required = Literal["required"]


class Passkey(Struct, frozen=True):
    """A consumer's passkey, which answers on pages of one origin."""

    credential_id: bytes  # the device's own name for it
    public_key: bytes  # COSE
    counted: int  # answers, as the device said last; 0: it does not count
    origin: str  # https://shop.example
    added_at: datetime


# What the page gives to the browser ----------------------------------------------------------------------------------


class Party(Struct, frozen=True):
    """On whose pages the passkey answers."""

    domain: str = field(name="id")
    name: str


class User(Struct, frozen=True, rename="camel"):
    """Whom the device says it is of: no name of the person is told to it."""

    handle: str = field(name="id")
    name: str
    display_name: str  # the shop


class Algorithm(Struct, frozen=True):
    """A kind of key, by its COSE number."""

    alg: int  # -8: Ed25519, -7: ECDSA with SHA-256, -257: RSA with SHA-256
    type: PublicKey = "public-key"  # always so


class Known(Struct, frozen=True):
    """A passkey by the device's own name for it."""

    credential_id: str = field(name="id")
    type: PublicKey = "public-key"  # always so


class Selection(Struct, frozen=True, rename="camel"):
    """What the device must do."""

    user_verification: Required = "required"  # whoever holds the device unlocks it


class CreationOptions(Struct, frozen=True, rename="camel"):
    """For `navigator.credentials.create()`."""

    rp: Party
    user: User
    challenge: str  # base64url: what is signed
    pub_key_cred_params: tuple[Algorithm, ...]
    exclude_credentials: tuple[Known, ...]  # that the consumer has already
    authenticator_selection: Selection = Selection()
    timeout: int = PATIENCE_MS  # milliseconds


class RequestOptions(Struct, frozen=True, rename="camel"):
    """For `navigator.credentials.get()`."""

    challenge: str  # base64url: what is signed
    rp_id: str  # the domain of the page
    allow_credentials: tuple[Known, ...]  # one of them is to answer
    user_verification: Required = "required"  # whoever holds the device unlocks it
    timeout: int = PATIENCE_MS  # milliseconds


def options_to_add(consumer_id: str, shop: str, origin: str, challenge: bytes, known: list[Passkey]) -> CreationOptions:
    """What a page of `origin` gives to the browser to make a passkey for a consumer."""
    return CreationOptions(
        Party(domain_of(origin), shop),
        User(as_text(ids.packed(consumer_id)), shop, shop),
        as_text(challenge),
        _ALGORITHMS,
        tuple(Known(as_text(one.credential_id)) for one in known),
    )


def options_to_answer(origin: str, challenge: bytes, known: list[Passkey]) -> RequestOptions:
    """What a page of `origin` gives to the browser to have one of the consumer's passkeys answer."""
    return RequestOptions(
        as_text(challenge), domain_of(origin), tuple(Known(as_text(one.credential_id)) for one in known)
    )


def require_origin(origin: str, *, is_test: bool) -> None:
    """Passkeys are made on pages that nobody can have changed on their way. Refused: INVALID_FIELD."""
    found = _ORIGIN.fullmatch(origin)
    if not found or (found["scheme"] == "http" and not (is_test and found["host"] == LOCALHOST)):
        sentence = "The origin is that of the page: https:// and its host, and nothing after it."
        raise Refused(Code.INVALID_FIELD, sentence, "/origin")


# What the browser gives to the page -----------------------------------------------------------------------------------


class AddedResponse(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The new key, and what the device says of it. What has a default is not read: the attestation says it, too."""

    client_data: Base64 = field(
        name="clientDataJSON"
    )  # base64url of JSON: the challenge, and the page it was answered on
    attestation_object: Base64  # base64url of CBOR: the new key
    authenticator_data: Base64 | None = None  # base64url: who was there, and how often it has answered
    public_key: Base64 | None = None  # base64url: the new key
    public_key_algorithm: Annotated[int, Meta(ge=-65_536, le=65_535)] | None = None  # its COSE number
    transports: Transports = ()  # how the device is reached


class Added(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `navigator.credentials.create()` gave, by its `toJSON()`."""

    credential_id: Base64 = field(name="id")
    raw_id: Base64  # the same again
    response: AddedResponse
    type: PublicKey = "public-key"  # always so
    authenticator_attachment: Literal["platform", "cross-platform"] | None = None  # not read, like the next
    client_extension_results: Extensions = {}  # what extensions said


class AnsweredResponse(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The signature, and what was signed."""

    client_data: Base64 = field(
        name="clientDataJSON"
    )  # base64url of JSON: the challenge, and the page it was answered on
    authenticator_data: Base64  # base64url: who was there, and how often it has answered
    signature: Base64  # base64url: over both
    user_handle: Base64 | None = None  # not read


class Answered(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `navigator.credentials.get()` gave, by its `toJSON()`."""

    credential_id: Base64 = field(name="id")
    raw_id: Base64  # the same again
    response: AnsweredResponse
    type: PublicKey = "public-key"  # always so
    authenticator_attachment: Literal["platform", "cross-platform"] | None = None  # not read, like the next
    client_extension_results: Extensions = {}  # what extensions said


def domain_of(origin: str) -> str:
    """The host of an origin."""
    found = _ORIGIN.fullmatch(origin)
    assert found
    return found["host"]


def as_text(raw: bytes) -> str:
    """Bytes as base64url, without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


_ORIGIN: Final = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9]+([.-][a-z0-9]+)*)(:[0-9]{1,5})?")
_ALGORITHMS: Final = tuple(map(Algorithm, (-8, -7, -257)))  # Ed25519, ECDSA with SHA-256, RSA with SHA-256
