"""A consumer: a merchant's reference to a person, with what a policy may use. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from service.data_key import DataKey, DataSecrets, Place

Attribute = str | int | bool | None


class Consumer(Struct, frozen=True):
    """As its merchant registered it. Of one that was erased reference and attributes are gone."""

    consumer_id: str
    reference: str
    attributes: dict[str, Attribute]
    persona: str | None  # of a test merchant's: what it is there to show
    version: int
    created_at: datetime
    updated_at: datetime
    erased_at: datetime | None = None  # null: it was not


def reference_indexes(secrets: DataSecrets, merchant_id: str, reference: str) -> list[bytes]:
    """The blind indexes by which a merchant's reference is found, the present one first."""
    return secrets.blinds("reference", f"{merchant_id}\x1f{reference}")


def seal_reference(key: DataKey, reference: str) -> bytes:
    """As it is kept."""
    return key.seal(reference.encode(), Place("consumers", "reference", key.key_id))


def unseal_reference(key: DataKey, sealed: bytes) -> str:
    """The reference again."""
    return key.unseal(sealed, Place("consumers", "reference", key.key_id)).decode()


def seal_attributes(key: DataKey, attributes: Mapping[str, Any]) -> bytes:
    """As they are kept."""
    return key.seal(msgspec.json.encode(attributes), Place("consumers", "attributes", key.key_id))


def unseal_attributes(key: DataKey, sealed: bytes) -> dict[str, Attribute]:
    """The attributes again."""
    return _decode(key.unseal(sealed, Place("consumers", "attributes", key.key_id)))


_decode = msgspec.json.Decoder(dict[str, Attribute]).decode
