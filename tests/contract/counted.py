"""Ids that count instead of throwing dice."""

import hashlib
from collections import Counter

from service import ids

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Counted:
    """A story that is told again has the same ids, and what is listed by them has the same order."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def new_id(self, prefix: str, bucket: int, at_ms: int) -> str:
        """As `ids.new_id`: of one instant and bucket in the order in which they were made."""
        self._made[prefix] += 1
        low = _number(prefix) % (1 << 28)  # so that what is derived from the stem of another kind is never the same
        made = ids.lowest(prefix, at_ms) + _letters(bucket, 2) + _letters(self._made[prefix] << 28 | low, 12)
        return f"{made}00"

    def random_bucket(self) -> int:
        """As `ids.random_bucket`."""
        self._made["bucket"] += 1
        return _number(f"bucket {self._made['bucket']}") % ids.BUCKETS


def _letters(value: int, many: int) -> str:
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(many)))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
