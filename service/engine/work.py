"""What is handed to a lane, and what comes back."""

import asyncio
from datetime import datetime

from msgspec import Struct

from service import ids
from service.plans.book import Command


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


class DecisionRow(Struct, frozen=True):
    """A decision as it is logged: everything needed to replay it. The texts are JSON, byte for byte."""

    bucket: int
    decision_id: str
    merchant_id: str
    consumer_id: str
    merchant_reference: str
    currency: str
    outcome: str
    policy_id: str
    policy_version: int
    limit: int
    decided_at: datetime
    expires_at: datetime
    request: str
    snapshot: str
    answer: bytes  # as it is sent; kept packed
    funding: str
    opens_account: bool  # approved, and the consumer has no account in this currency yet; not a column
    rulebook: int | None  # the revision it was made under; None: a person's, who knew the policy. Not a column


class Answer(Struct, frozen=True):
    """An HTTP status and the bytes of the body: kept under the idempotency key, sent again when it is sent again."""

    status: int
    body: bytes


class RulebookChanged(Exception):
    """The decision was made under a rulebook that is not the present one. Nothing was logged; decide again."""


class Work(Struct, eq=False):
    """One thing to do, and who waits for it. Work without a key is our own (the day close)."""

    item: Command | DecisionRow
    key: Key | None
    now: datetime
    status: int  # of a success: 200 or 201
    answered: asyncio.Future[Answer]
