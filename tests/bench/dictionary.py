"""Makes the dictionary that JSON is packed with (service/packed.py), from what a first day of trade has left.

    make run                                         until the day is replayed, then Ctrl-C
    .venv/bin/python -m tests.bench.dictionary 2     writes service/packed_2.zdict, from the data in .local

A dictionary holds what is alike, and nothing that is somebody's: before anything is learned from the samples, ids,
dates, amounts and texts in them are replaced by others of the same form, by chance.
"""

import asyncio
import os
import random
import re
import string
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from service import config, db, embedded
from service.checkout.sealing import unseal_part
from service.data_key import DataSecrets
from service.packed import unpack, unpacked

BYTES: Final = 16_384
LEVEL: Final = 1
EACH: Final = 1_500  # samples of a kind, at most
SMALL: Final = 1_000  # numbers below are counts, days and rates
SERVICE: Final = Path(config.__file__).parent

_ANSWERS: Final = (
    "select answer from idempotency where answer is not null and sealed_for = '' and status < 300"
    " order by random() limit $1"
)
_DECISIONS: Final = (
    "select d.*, coalesce(d.takers, convert_to(d.funding, 'UTF8')) as fundings, k.wrapped"
    "  from decisions d join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id"
    " order by random() limit $1"
)
_PLANS: Final = (
    "select coalesce(accepted, convert_to(offer::text, 'UTF8')), convert_to(funding::text, 'UTF8'), standing"
    "  from plans order by random() limit $1"
)

_WORD: Final = re.compile(r"[a-z_]+|[A-Z]{2,4}|[A-Z][a-z]+/[A-Z][a-z]+")  # of an enum; a country; a zone of time
_BEGINS: Final = re.compile(r"(?:[a-z]{2}_01|20(?=\d\d-))?")  # as an id does, or a date
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CLASSES: Final = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def main() -> int:
    """The exit code."""
    number = int(sys.argv[1])
    settings = config.with_secrets(config.read(os.environ))
    with embedded.running(settings) as servers:
        samples = asyncio.run(_samples(servers.settings))
    made = zstandard.train_dictionary(BYTES, list(samples), dict_id=number, level=LEVEL).as_bytes()
    (SERVICE / f"packed_{number}.zdict").write_bytes(made)
    print(f"{len(samples):,} samples of {sum(map(len, samples)):,} bytes: {len(made):,} bytes.")
    return 0


async def _samples(settings: config.Settings) -> list[bytes]:
    connection, chance = await db.connect(settings.owner_url), random.Random(1)
    try:
        found = [alike(text, chance) async for text in _texts(connection, DataSecrets(settings.data_secret))]
    finally:
        await connection.close()
    chance.shuffle(found)
    return found


async def _texts(connection: db.Connection, secrets: DataSecrets) -> AsyncIterator[bytes]:
    """What is packed, of each kind."""
    for (answer,) in await connection.fetch(_ANSWERS, EACH):
        yield unpacked(answer)
    for row in await connection.fetch(_DECISIONS, EACH):
        parts = [unseal_part(secrets, row, part) for part in ("request", "snapshot")]
        for text in (unpack(row["answer"]), unpacked(row["fundings"]), *parts):
            if text:
                yield text
    for row in await connection.fetch(_PLANS, EACH):
        for kept in row:
            yield unpacked(kept)


def alike(text: bytes, chance: random.Random) -> bytes:
    """JSON or MessagePack of the same form, with nothing in it that is somebody's. What was equal in it still is."""
    is_json = text[:1] in (b"{", b"[")
    others = _Others(chance).of(msgspec.json.decode(text) if is_json else msgspec.msgpack.decode(text))
    return msgspec.json.encode(others) if is_json else msgspec.msgpack.encode(others)


class _Others:
    """Other values of the same form; the same for the same."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._known: dict[str, str] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.of(key): {} if key == "attributes" else self.of(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.of(one) for one in value]
        if isinstance(value, str) and not _WORD.fullmatch(value):
            return self._text(value)
        if isinstance(value, int) and abs(value) >= SMALL:
            return int(self._text(str(value)))
        return value

    def _text(self, text: str) -> str:
        if text not in self._known:
            begun, kinds = _BEGINS.match(text), _CLASSES[:1] if _DATE.match(text) else _CLASSES
            rest = begun.end() if begun else 0
            others = [next((self._chance.choice(kind) for kind in kinds if one in kind), one) for one in text[rest:]]
            self._known[text] = text[:rest] + "".join(others)
        return self._known[text]


if __name__ == "__main__":
    sys.exit(main())
