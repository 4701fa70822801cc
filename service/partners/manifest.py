"""What proves a daily file: counts, sums, a hash of its rows in any order, and our signature. Pure."""

import hashlib
import json
from datetime import date, datetime
from itertools import compress
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from service.money import decimal_text
from service.partners.layout_texts import Columns, money_of
from service.partners.layouts import FileType
from service.partners.signing import Signer

HASH_MODULUS: Final = 10**12

# The columns by which a row is known. The hash total is over them, joined by a slash.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    FileType.TXN: ("event_id",),
    FileType.POS: ("plan_id",),
    FileType.STL: ("settlement_id", "leg"),
    FileType.CHG: ("plan_id", "field"),
    "ACK": ("file_id", "code"),
}

Sums = dict[str, dict[str, int]]  # by currency and column, in minor units


class Cut(Struct, frozen=True):
    """The partner's events that were there when the day was closed: those after one number, up to another."""

    after: int  # the last number before
    until: int  # the last number of all


class DailyManifest(Struct, frozen=True):
    """What goes with a daily file so that both sides can prove it whole.

    The signature is Ed25519 over this very object as JSON without `signature`: keys sorted, no white space, UTF-8.
    """

    file_id: str = field(name="id")
    file: str  # its name
    partner_id: str
    programme_id: str
    type: FileType
    number: int  # 1, 2, 3 ... of the partner's files of this type, without gaps
    business_on: date
    layout: int  # the version of its columns
    records: int  # how many rows, without the first line
    sums: dict[str, dict[str, str]]  # by currency, of each column of money: decimal text
    hash_total: int  # sum over the rows of the first 12 hex digits of the SHA-256 of their id, modulo 10^12
    sha256: str  # of the CSV's bytes, in hexadecimal
    previous_sha256: str | None  # of the file of this type before, number - 1
    bytes: int  # how long the CSV is
    cut: Cut  # which of the partner's events were there when the day was closed
    made_at: datetime
    key: str  # the public half of the key that signs, in hexadecimal
    signature: str = ""  # in hexadecimal

    def signed(self, signer: Signer) -> "DailyManifest":
        """The same, signed."""
        return replace(self, signature=signer.sign(signed_text(msgspec.to_builtins(self))))


def signed_text(manifest: dict[str, Any]) -> bytes:
    """What a signature is over."""
    named = {name: value for name, value in manifest.items() if name != "signature"}
    return json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(key: str) -> int:
    """What a row adds to the hash total."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6])


class Tally:
    """Counts, sums and hashes of rows, batch by batch, in any order."""

    def __init__(self, kind: str) -> None:
        self._keys = KEYS[kind]
        self._money = money_of(kind)
        self.records = 0
        self._hashes = 0
        self.sums: Sums = {}

    def add(self, columns: Columns) -> None:
        """Count rows in, given by columns."""
        keys = [columns[name] for name in self._keys]
        self.records += len(keys[0])
        self._hashes += sum(map(hash_of, keys[0] if len(keys) == 1 else map("/".join, zip(*keys, strict=True))))
        if not self._money:
            return
        currencies = columns["currency"]
        for currency in sorted(set(currencies)):
            sums = self.sums.setdefault(currency, dict.fromkeys(self._money, 0))
            is_its = [one == currency for one in currencies]
            for name in self._money:
                sums[name] += sum(compress(columns[name], is_its))

    @property
    def hash_total(self) -> int:
        """The same in whatever order the rows came."""
        return self._hashes % HASH_MODULUS

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """The sums as decimal text."""
        return {
            currency: {name: decimal_text(amount, currency) for name, amount in sums.items()}
            for currency, sums in sorted(self.sums.items())
        }
