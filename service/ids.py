"""Identifiers: `prefix_` and 26 characters that hold the time, the bucket and chance.

    pl_ 01JD8Q4Z7K  7M  8W3N5V2C9XTB  00
        48 bits ms  10  60 of chance  10      (Crockford base32, as in ULID)

Sorting by id sorts by time of making; characters 11 and 12 are the bucket, so any id finds its shard without a
look-up. What one cause makes shares its stem, the last two characters counting (`derive`): a retry cannot make a
second set, and an offer's id names its decision (`origin`).
"""

import hashlib
import os
import re
import zlib
from typing import Final

BUCKETS: Final = 1024

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIR: Final = [high + low for high in _ALPHABET for low in _ALPHABET]  # ten bits are two letters
_SHAPE: Final = re.compile(f"[0-7][{_ALPHABET}]{{25}}")  # 26 letters hold 130 bits; the first two must be zero

ACCOUNT: Final = "ac"
COMMAND: Final = "cm"
CONSUMER: Final = "co"
DECISION: Final = "de"
EVENT: Final = "ev"
FACT: Final = "fa"
KEY: Final = "ke"
MERCHANT: Final = "me"
OFFER: Final = "of"
PARTNER: Final = "pa"
PAYMENT: Final = "py"
PERSON: Final = "pe"
PLAN: Final = "pl"
POLICY: Final = "po"
PROGRAMME: Final = "pr"
FILE: Final = "fi"
RECONCILIATION: Final = "rc"
BREAK: Final = "br"
TRIAL: Final = "tr"
GATEWAY: Final = "ga"
CONSENT: Final = "cs"
ENQUIRY: Final = "en"
ACCRUAL: Final = "ai"
PROCESSOR: Final = "ps"
INSTRUMENT: Final = "in"
CHARGE: Final = "ch"
HOLD: Final = "ho"
PAYBACK: Final = "pb"
PERMISSION: Final = "pm"
AUDIT: Final = "au"
DOUBT: Final = "do"
MOVE: Final = "mo"
APPROVAL: Final = "ap"
AUTHENTICATION: Final = "at"
SETTLEMENT: Final = "se"
PAYOUT: Final = "pt"
PAYMENT_ORDER: Final = "or"
PAYOUT_STEP: Final = "su"
PARTNER_PAYOUT: Final = "pp"
LEASE: Final = "le"
ADJUSTMENT: Final = "aj"
SCHEME: Final = "sc"
VOUCHER: Final = "vo"
VOUCHER_STEP: Final = "vs"
BANK_MESSAGE: Final = "bm"
ENDPOINT: Final = "ep"
SIGNING: Final = "es"
BANK_ENTRY: Final = "be"
OWNERSHIP_TRANSFER: Final = "ow"
SUPPORT_PARTY: Final = "sp"
ARRANGEMENT: Final = "sa"
WATERFALL: Final = "wf"
INSURANCE: Final = "ip"
DEBTOR: Final = "db"
DECLARATION: Final = "dc"
INSURED_LOSS: Final = "il"
INSURED_RECOVERY: Final = "ir"
INSURER_SETTLEMENT: Final = "iy"
PACK: Final = "ik"
BUYER: Final = "by"
RECEIVABLE: Final = "rv"
RECEIVABLE_PAYMENT: Final = "rm"
ASSIGNMENT: Final = "as"
ASSIGNMENT_STEP: Final = "ax"
ASSIGNMENT_BATCH: Final = "ab"
COVER_SET: Final = "cv"
SUPPORT_FUNDING: Final = "sf"
LOSS: Final = "lo"
LOSS_STEP: Final = "lt"
BUSINESS_RECORD: Final = "bc"
BUSINESS_REPORT: Final = "rp"
REPORT_ACCESS: Final = "ra"
REPORT_VIEW: Final = "rw"
REPORT_CONSENT: Final = "rn"
CLAIM: Final = "cl"
CLAIM_STEP: Final = "ct"
EFFORT: Final = "ef"
POOL_FUNDER: Final = "pf"
POOL_STEP: Final = "pc"


def new_id(prefix: str, bucket: int, at_ms: int) -> str:
    """A new id of `prefix` in `bucket`, made at `at_ms` (milliseconds of Unix time)."""
    chance = int.from_bytes(os.urandom(8)) >> 4
    pair = _PAIR
    return (
        f"{prefix}_{pair[at_ms >> 40 & 1023]}{pair[at_ms >> 30 & 1023]}{pair[at_ms >> 20 & 1023]}"
        f"{pair[at_ms >> 10 & 1023]}{pair[at_ms & 1023]}{pair[bucket]}"
        f"{pair[chance >> 50]}{pair[chance >> 40 & 1023]}{pair[chance >> 30 & 1023]}"
        f"{pair[chance >> 20 & 1023]}{pair[chance >> 10 & 1023]}{pair[chance & 1023]}00"
    )


def lowest(prefix: str, at_ms: int) -> str:
    """Below every id of `prefix` made at `at_ms` or later, above all made before; none were made before 1970."""
    at_ms, pair = max(at_ms, 0), _PAIR
    return (
        f"{prefix}_{pair[at_ms >> 40 & 1023]}{pair[at_ms >> 30 & 1023]}{pair[at_ms >> 20 & 1023]}"
        f"{pair[at_ms >> 10 & 1023]}{pair[at_ms & 1023]}"
    )


def derive(prefix: str, cause: str, index: int = 0) -> str:
    """The id of the `index`-th thing of kind `prefix` that `cause` makes: always the same one."""
    assert 0 <= index < 1024
    return f"{prefix}_{cause[cause.index('_') + 1 : -2]}{_PAIR[index]}"


def named(prefix: str, beside: str, *words: str) -> str:
    """The id of what somebody else names by `words`: always the same one, of the bucket and the time of `beside`."""
    start = beside.index("_") + 1
    chance = int.from_bytes(hashlib.sha256("\x1f".join(words).encode()).digest()[:8]) >> 4
    pairs = [_PAIR[chance >> shift & 1023] for shift in range(50, -1, -10)]
    return f"{prefix}_{beside[start : start + 12]}{''.join(pairs)}00"


def origin(prefix: str, derived: str) -> str:
    """The id of kind `prefix` that `derived` was derived from: the decision of an offer."""
    return derive(prefix, derived)


def index_of(derived: str) -> int:
    """Which of the things of its cause it is: the index that it was derived with."""
    return _VALUE[derived[-2]] << 5 | _VALUE[derived[-1]]


def random_bucket() -> int:
    """A bucket drawn by lot."""
    return int.from_bytes(os.urandom(2)) % BUCKETS


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of an id of `prefix`; says nothing about whether it exists."""
    head = len(prefix) + 1
    return text[:head] == f"{prefix}_" and _SHAPE.fullmatch(text, head) is not None


def made_at_ms(identifier: str) -> int:
    """When an id was made, in milliseconds of Unix time; what was derived from it says the same."""
    stem, value = identifier.index("_") + 1, 0
    for letter in identifier[stem : stem + 10]:
        value = value << 5 | _VALUE[letter]
    return value


def bucket_of(identifier: str) -> int:
    """The bucket an id was made in, 0..1023."""
    stem = identifier.index("_") + 1
    return _VALUE[identifier[stem + 10]] << 5 | _VALUE[identifier[stem + 11]]


def bucket_in(text: str) -> int | None:
    """The bucket of an id that somebody else wrote; None if it has the shape of none."""
    head = text.find("_") + 1
    return bucket_of(text) if head and _SHAPE.fullmatch(text, head) else None


def packed(identifier: str) -> bytes:
    """An id in 18 bytes: its two letters, and its 128 bits."""
    prefix, _, letters = identifier.partition("_")
    assert len(prefix) == 2
    value = 0
    for letter in letters:
        value = value << 5 | _VALUE[letter]
    return prefix.encode() + value.to_bytes(16)


def unpacked(short: bytes) -> str:
    """The id again."""
    value = int.from_bytes(short[2:])
    return f"{short[:2].decode()}_" + "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(26)))


def bucket_for(*parts: str) -> int:
    """The bucket of something named by words alone (a consumer's reference), evenly spread."""
    return zlib.crc32("\x1f".join(parts).encode()) % BUCKETS
