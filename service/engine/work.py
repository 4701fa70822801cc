"""What is handed to a lane, and what comes back."""

import asyncio
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from service import ids


class Key(Struct, frozen=True):
    """An idempotency key with whose it is and the hash of what was sent under it."""

    owner_id: str
    key: str
    request_hash: bytes
    bucket: int

    @classmethod
    def of(cls, owner_id: str, key: str, request_hash: bytes) -> "Key":
        """The key's bucket comes from the key itself: it is known whatever the body says."""
        return cls(owner_id, key, request_hash, ids.bucket_for(owner_id, key))


class Answer(Struct, frozen=True):
    """An HTTP status and the bytes of the body: kept under the idempotency key, sent again when it is sent again."""

    status: int
    body: bytes


Item = TypeVar("Item")
Effect = TypeVar("Effect")


class Work(Struct, Generic[Item], eq=False):
    """One thing to do, and who waits for it. Work without a key is our own (the day close)."""

    item: Item
    key: Key | None
    now: datetime
    status: int  # of a success: 200 or 201
    answered: asyncio.Future[Answer]


class Done(Struct, Generic[Item, Effect]):
    """Work that was applied, and what it brought about; not saved yet."""

    work: Work[Item]
    effect: Effect


Answers = list[tuple[Work[Any], Answer]]
