"""`tenor verify FILE MANIFEST`: whether a daily file is what its manifest says, and who signed that.

It stands alone: it needs Python and the package `cryptography`, no database, no settings and nothing else of ours. So a
partner may keep a copy of this one file, and run `python verify.py FILE MANIFEST --key HEX`. FILE is the CSV or its
NDJSON twin. Everything that does not hold is printed, and the exit code is 1.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEYS = {"TXN": ["event_id"], "POS": ["plan_id"], "STL": ["settlement_id", "leg"], "CHG": ["plan_id", "field"]}
NEEDED = ("id", "file", "type", "records", "sums", "hash_total", "sha256", "bytes", "key", "signature")


def main(argv: list[str]) -> int:
    """The exit code: 0, everything holds; 1, something does not; 2, it could not be tried."""
    parser = argparse.ArgumentParser(prog="tenor verify", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="the CSV or the NDJSON")
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="the JSON that came with it")
    parser.add_argument("--key", help="the public key that must have signed, in hexadecimal")
    given = parser.parse_args(argv)
    try:
        manifest = json.loads(given.manifest.read_bytes())
        faults = found(given.file, manifest, given.key)
    except (OSError, ValueError) as error:
        print(f"tenor verify: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    if faults:
        return 1
    print(f"{manifest['file']}: {manifest['records']} records, sums, hash total, SHA-256 and signature hold.")
    if given.key is None:
        print(f"Signed with the key {manifest['key']}: compare it with the one you were told, or give it with --key.")
    return 0


def found(file: Path, manifest: Any, key: str | None = None) -> list[str]:
    """What does not hold, a sentence each."""
    if not isinstance(manifest, dict) or (missing := [name for name in NEEDED if name not in manifest]):
        return [f"The manifest lacks {', '.join(missing)}." if isinstance(manifest, dict) else "It is no manifest."]
    if manifest["type"] not in KEYS:
        return [f"The manifest is of type {manifest['type']!r}, which is none of {', '.join(KEYS)}."]
    faults = [*_signature(manifest, key)]
    with file.open("rb") as opened:
        is_twin = opened.read(1) == b"{" or file.suffix == ".ndjson"
    if not is_twin:
        faults += _bytes(file, manifest)
    try:
        faults += _rows(_twin(file) if is_twin else _csv(file), manifest)
    except UnicodeDecodeError as error:
        faults.append(f"The file is not UTF-8: {error.reason}.")
    except (csv.Error, json.JSONDecodeError, InvalidOperation, KeyError, TypeError) as error:
        faults.append(f"The file cannot be read: {type(error).__name__}: {error}.")
    return faults


def _signature(manifest: dict[str, Any], key: str | None) -> Iterator[str]:
    if key is not None and key.lower() != manifest["key"]:
        yield f"The manifest is signed with another key, {manifest['key']}."
    named = {name: value for name, value in manifest.items() if name != "signature"}
    text = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(manifest["key"])).verify(
            bytes.fromhex(manifest["signature"]), text
        )
    except (InvalidSignature, ValueError, TypeError):
        yield "The signature does not hold: the manifest is not what was signed."


def _bytes(file: Path, manifest: dict[str, Any]) -> Iterator[str]:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as opened:
        while part := opened.read(1 << 20):
            digest.update(part)
            size += len(part)
    if size != manifest["bytes"]:
        yield f"The file has {size} bytes, and the manifest says {manifest['bytes']}."
    if digest.hexdigest() != manifest["sha256"]:
        yield f"The SHA-256 of the file is {digest.hexdigest()}, and the manifest says {manifest['sha256']}."


Rows = Iterator[dict[str, str]]


def _csv(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, strict=True):
            yield {name: _plain(text) for name, text in row.items()}


def _plain(text: str) -> str:
    """Without the mark that keeps a sheet from taking the text for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@\t\r'") else text


def _twin(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="\n") as opened:
        for line in opened:
            yield json.loads(line)


def _rows(rows: Rows, manifest: dict[str, Any]) -> Iterator[str]:
    keys, records, hashes = KEYS[manifest["type"]], 0, 0
    money = {name for sums in manifest["sums"].values() for name in sums}
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        records += 1
        key = "/".join(row[name] for name in keys)
        hashes += int(hashlib.sha256(key.encode()).hexdigest()[:12], 16)
        for name in money:
            place = (row["currency"], name)
            sums[place] = sums.get(place, Decimal(0)) + Decimal(row[name])
    if records != manifest["records"]:
        yield f"The file has {records} records, and the manifest says {manifest['records']}."
    if hashes % 10**12 != manifest["hash_total"]:
        yield f"The hash total is {hashes % 10**12}, and the manifest says {manifest['hash_total']}."
    told = {
        (currency, name): Decimal(text)
        for currency, columns in manifest["sums"].items()
        for name, text in columns.items()
    }
    for place in sorted(told.keys() | sums.keys()):
        if told.get(place, Decimal(0)) != sums.get(place, Decimal(0)):
            currency, name = place
            yield (
                f"The sum of {name} in {currency} is {sums.get(place, Decimal(0))}, "
                f"and the manifest says {told.get(place, Decimal(0))}."
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
