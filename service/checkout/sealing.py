"""The personal parts of a logged decision, request and snapshot, sealed with the consumer's key. Pure."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from msgspec import Struct

from service.data_key import DataKey, DataSecrets, Place
from service.packed import pack, unpacked


class Row(Protocol):
    """A row of the log, with the consumer's key beside it: `wrapped`, `erased_at`, `erased_by`."""

    def __getitem__(self, name: str, /) -> Any: ...


class Erased(Struct, frozen=True):
    """That what was personal is gone."""

    at: datetime
    by: str  # a key


def seal_parts(key: DataKey, decision_id: str, **texts: bytes) -> dict[str, bytes]:
    """The request, the snapshot or both as they are kept: packed, then sealed."""
    places = [Place("decisions", part, decision_id) for part in texts]
    return dict(zip(texts, key.seal_all(zip(map(pack, texts.values()), places, strict=True)), strict=True))


def unseal_part(secrets: DataSecrets, row: Row, part: str) -> bytes | None:
    """The request or the snapshot of a row; None: it was erased."""
    if row["wrapped"] is None:
        return None
    key = secrets.unwrapped(row["consumer_id"], row["wrapped"])
    return unpacked(key.unseal(row[part], Place("decisions", part, row["decision_id"])))


def erased(row: Row) -> Erased | None:
    """When and by whom the consumer's key was destroyed, if it was."""
    return Erased(row["erased_at"], row["erased_by"]) if row["wrapped"] is None else None


def digest(row: Row, answer: bytes) -> str:
    """SHA-256 of request and snapshot as they are kept, sealed, and of the answer as it was sent.

    It is the same before and after an erasure, so it proves that the log still holds what was decided. Nobody can guess
    what was erased from it, as they could from a digest of the plain text: the seal has a nonce by chance.
    """
    return sha256(b"".join(sha256(part).digest() for part in (row["request"], row["snapshot"], answer))).hexdigest()
