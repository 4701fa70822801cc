"""What the partner sends: what a file was sent as, whether it is that, and what became of it. Pure."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, field

from service.errors import Code, Refused
from service.money import decimal_text
from service.partners.manifest import Sums, Tally


class ReceivedType(StrEnum):
    """What a file of the partner's holds: the four layouts, and what it says to ours."""

    TXN = "TXN"
    POS = "POS"
    STL = "STL"
    CHG = "CHG"
    ACK = "ACK"  # a line for each line of ours that it answers


class ReceivedState(StrEnum):
    """What became of a file. The check `received_files_state_is_known` says the same."""

    LOADED = "loaded"  # its rows count -> SUPERSEDED, WITHDRAWN
    REFUSED = "refused"  # it cannot be what it was sent as; none of its rows were kept
    SUPERSEDED = "superseded"  # a corrected file took its place
    WITHDRAWN = "withdrawn"  # the partner took it back


class ReceivedFile(Struct, frozen=True):
    """A file of the partner's: what it was sent as, and what became of it."""

    file_id: str = field(name="id")
    programme_id: str
    type: ReceivedType
    business_on: date
    number: int | None  # as the partner counts its files of this type; null: it does not
    state: ReceivedState
    fault: Code | None  # why it was refused, for programs
    detail: str | None  # ... in a sentence
    rows: int
    sums: dict[str, dict[str, int]]  # by currency and column, in minor units
    sha256: str  # of its bytes, in hexadecimal
    bytes: int  # how long it is
    received_at: datetime
    ended_at: datetime | None  # when another one took its place, or it was withdrawn; null: it did not end


class PartnersFile(ReceivedFile, frozen=True):
    """The same, as an operator sees it."""

    partner_id: str  # who sent it


class Proof(Struct, frozen=True):
    """What was said of a file that proves it whole; what is None was not said."""

    number: int | None = None  # as the partner counts its files of this type
    rows: int | None = None
    total: str | None = None  # decimal text: of the amounts of all rows
    hash_total: int | None = None  # as our manifests have it
    sha256: str | None = None  # of its bytes, in hexadecimal
    signature: str | None = None  # Ed25519 over the 32 bytes of its SHA-256, in hexadecimal
    confirmed: bool = False  # it is right, although it looks like another file


# The columns that `total` is the sum of.
TOTAL_OF: Final = {
    ReceivedType.TXN: ("principal", "interest", "fee", "penalty", "subsidy"),
    ReceivedType.POS: ("closing",),
    ReceivedType.STL: ("amount",),
}


def require_proven(proof: Proof, kind: ReceivedType, read: Tally, sha256: str, *, ends_a_line: bool) -> None:
    """Refused where the file is not what its proof says: ALTERED_FILE, WRONG_COUNT, WRONG_SUM; CUT_SHORT where nothing
    proves that a last line without an end is whole."""
    if proof.sha256 not in (None, sha256):
        sentence = f"The SHA-256 of what came is {sha256}: these are not the bytes that were sent."
        raise Refused(Code.ALTERED_FILE, sentence)
    if proof.rows not in (None, read.records):
        raise Refused(Code.WRONG_COUNT, f"The file has {read.records} rows, and was sent as one of {proof.rows}.")
    totals = _totals(kind, read.sums)
    if proof.total is not None and Decimal(proof.total) not in map(Decimal, totals or ["0"]):
        sentence = (
            f"The amounts of the file come to {' and '.join(totals) or 'nothing'}, and were sent as {proof.total}."
        )
        raise Refused(Code.WRONG_SUM, sentence)
    if proof.hash_total not in (None, read.hash_total):
        sentence = f"The hash total of the rows is {read.hash_total}, and was sent as {proof.hash_total}."
        raise Refused(Code.WRONG_SUM, sentence)
    if not ends_a_line and proof.rows is None and proof.sha256 is None and proof.hash_total is None:
        sentence = "The last line has no end: the file may be cut short. End it, or say its rows or sha256."
        raise Refused(Code.CUT_SHORT, sentence)


class Signing(Struct, frozen=True):
    """What the programme says of a partner's signatures."""

    file_key: str | None = None  # Ed25519, in hexadecimal
    must_sign: bool = False


def require_signed(signature: str | None, sha256: bytes, signing: Signing) -> None:
    """Refused: WRONG_SIGNATURE, where it is not by the key that the programme names, or is missing where it must be."""
    if signature is None:
        if signing.must_sign:
            raise Refused(Code.WRONG_SIGNATURE, "Your files of this programme must be signed, and this one is not.")
        return
    if signing.file_key is None:
        raise Refused(Code.WRONG_SIGNATURE, "The programme names no key of yours that could have signed it.")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signing.file_key))
        key.verify(bytes.fromhex(signature), sha256)
    except (InvalidSignature, ValueError):
        sentence = f"The signature over the SHA-256 {sha256.hex()} is not by the key {signing.file_key}."
        raise Refused(Code.WRONG_SIGNATURE, sentence) from None


def _totals(kind: ReceivedType, sums: Sums) -> list[str]:
    columns = TOTAL_OF.get(kind, ())
    return sorted(
        {decimal_text(sum(by_column[name] for name in columns), currency) for currency, by_column in sums.items()}
    )
