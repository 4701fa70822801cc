"""What is handed to a lane, and what comes back."""

import asyncio
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from service import ids
from service.data_key import DataKey
from service.trace import Trace


class Key(Struct, frozen=True):
    """An idempotency key with whose it is and the hash of what was sent under it.

    It is kept in the `bucket` of the consumer that the request is about, with all that the request writes. Owners are
    merchants, partners, processors by their ids, and `operator ada`: no two audiences share one.
    """

    owner_id: str
    key: str
    request_hash: bytes
    bucket: int

    @classmethod
    def of(cls, owner_id: str, key: str, request_hash: bytes, bucket: int | None) -> "Key":
        """The bucket is that of the consumer; of a request that is about none, it follows from the key."""
        return cls(owner_id, key, request_hash, ids.bucket_for(owner_id, key) if bucket is None else bucket)


class Answer(Struct, frozen=True):
    """An HTTP status and the bytes of the body: kept under the idempotency key, sent again when it is sent again."""

    status: int
    body: bytes
    key: DataKey | None = None  # of the consumer of whom it tells what is personal: it is kept sealed

    @property
    def is_not_now(self) -> bool:
        """Whether the same request may be answered otherwise in a moment: it is not kept, and its key stays free."""
        return self.status >= 500


Item = TypeVar("Item")
Effect = TypeVar("Effect")


class Work(Struct, Generic[Item], eq=False):
    """One thing to do, and who waits for it. Work without a key is our own (the day close)."""

    item: Item
    key: Key | None
    now: datetime
    status: int  # of a success: 200 or 201
    answered: asyncio.Future[Answer]
    until: float  # on the clock that only goes forward: so long its caller waits
    trace: Trace | None = None  # of the request it is done for


class Done(Struct, Generic[Item, Effect]):
    """Work that was applied, and what it brought about; not saved yet."""

    work: Work[Item]
    effect: Effect
    now: datetime  # when: the family's time, which may be later than the caller's


Answers = list[tuple[Work[Any], Answer]]
