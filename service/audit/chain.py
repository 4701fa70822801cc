"""The chain of the audit log: an entry is marked when it is written, and sealed with all before it after its commit.

    mark    HMAC-SHA256(secret, "mark", entry)                           made by whoever writes it
    seal n  HMAC-SHA256(secret, "seal", n, seal n-1, entry), seal 0 = 0  made by whoever numbers it

The secret stands outside the database, so nobody who can only write there makes a mark or a seal. What was edited or
added has the wrong mark; what was moved, renumbered or follows on a deletion has the wrong seal. Only the end of the
chain looks like any other place: whoever cuts it off is found by a head that was kept elsewhere.

    proof   HMAC-SHA256(secret, "begins", n, seal n, first, until, at)   made by whoever forgets the entries up to n

What is old enough is forgotten from the first entry on. The chain begins then at the seal of the last one that is gone,
and the proof shows that we have made it begin there. Pure.
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from service.audit.entry import Entry


class Head(Struct, frozen=True):
    """The end of a chain: the number and the seal of its last entry. Written as `12:9f3c...`."""

    number: int
    seal: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.seal.hex()}"


BEGINNING: Final = Head(0, bytes(32))


class Sealed(Struct, frozen=True):
    """An entry as it stands in the database."""

    number: int
    entry: Entry
    mark: bytes
    seal: bytes


class Gone(Struct, frozen=True):
    """The first entries of the log, which are not kept any more. The next one follows on `head`."""

    head: Head
    first: int
    until: datetime  # the latest instant of those that went together
    at: datetime  # when they went


class Bad(Struct, frozen=True):
    """The first place at which the log is not what was written."""

    number: int
    why: str


def mark_of(secret: str, entry: Entry) -> bytes:
    """What shows that we wrote this entry, and that nobody has changed it since."""
    return _hmac(secret, b"mark", _content(entry))


def next_head(secret: str, before: Head, entry: Entry) -> Head:
    """The chain with one entry more."""
    number = before.number + 1
    return Head(number, _hmac(secret, b"seal", number.to_bytes(8), before.seal, _content(entry)))


def proof_of(secret: str, gone: Gone) -> bytes:
    """What shows that we have forgotten these, and nobody else."""
    says = _encode((gone.head.number, gone.head.seal, gone.first, gone.until, gone.at))
    return _hmac(secret, b"begins", says)


def begins_after(secret: str, gone: Gone, proof: bytes) -> Bad | Head:
    """Where the log begins, or that it does not begin there."""
    if not hmac.compare_digest(proof, proof_of(secret, gone)):
        return Bad(gone.head.number + 1, "the log does not begin here: Tenor has not forgotten the entries before it")
    return gone.head


def check(secret: str, before: Head, found: Sealed) -> Bad | Head:
    """The chain with the entry that was found after `before`, or what is wrong with it."""
    if found.number != before.number + 1:
        return Bad(before.number + 1, f"it is missing; the next entry that is there has number {found.number}")
    if not hmac.compare_digest(found.mark, mark_of(secret, found.entry)):
        return Bad(found.number, "it was edited, or was not written by Tenor")
    after = next_head(secret, before, found.entry)
    if not hmac.compare_digest(found.seal, after.seal):
        return Bad(found.number, "it does not follow on the entry before it: entries were moved, added or taken out")
    return after


def read_head(text: str) -> Head | None:
    """The head that was written as `text`; None: it is none."""
    match = _HEAD.fullmatch(text)
    return Head(int(match[1]), bytes.fromhex(match[2])) if match else None


_HEAD: Final = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def _content(entry: Entry) -> bytes:
    """The entry as bytes: its fields in their order, as JSON. Its instant is in UTC, to the microsecond."""
    return _encode(msgspec.structs.astuple(entry))


def _hmac(secret: str, *parts: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"\0".join(parts), hashlib.sha256)


_encode = msgspec.json.Encoder().encode
