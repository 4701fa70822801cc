"""What a comparison was made of: enough to make it again, to the byte. Pure."""

import hashlib
from datetime import date, datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, field
from msgspec.structs import replace

from service.partners.signing import Signer
from service.reconciling.items import Tolerances
from service.reconciling.verdict import Result, Verdict


class Cuts(Struct, frozen=True, omit_defaults=True):
    """What was there when a day was compared: later files and statements do not change what came of it."""

    since: date  # the first day of its items: the day after the last complete comparison
    previous: str | None  # that comparison: what it left open is looked for again
    our_files: dict[str, str]  # SHA-256 by id
    their_files: dict[str, str]  # the same
    bank_after: int  # bank statements after this number ...
    bank_until: int  # ... up to this one
    set_aside: list[str]  # breaks that a person resolved: they are not looked for again
    opened: dict[str, date]  # since when what is found is open, where that is before the day
    confirmed: bool  # the partner's files were said to be right
    settled_with: dict[str, str] = {}  # SHA-256 by id of the programme's other partners' STL, paid on the same account


class RunManifest(Struct, frozen=True):
    """The signature is Ed25519 over this very object as JSON without `signature`: keys sorted, no white space."""

    reconciliation_id: str = field(name="id")
    partner_id: str
    programme_id: str
    business_on: date
    number: int  # 1, 2, 3 ... of the day
    rules: int  # the version of the rules
    tolerances: Tolerances
    cuts: Cuts
    our_items: int  # how many in our files
    their_items: int  # how many in the partner's
    verdict: Verdict
    result_sha256: str  # of all that it came to, in hexadecimal
    previous_sha256: str | None  # of the manifest of the comparison before
    made_at: datetime
    key: str  # the public half of the key that signs, in hexadecimal
    signature: str = ""  # in hexadecimal

    def signed(self, signer: Signer) -> "RunManifest":
        """The same, signed."""
        return replace(self, signature=signer.sign(self.text))

    @property
    def is_signed(self) -> bool:
        """Whether its signature is that of its own key."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.text)
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def text(self) -> bytes:
        """What the signature is over."""
        named = {name: value for name, value in msgspec.to_builtins(self).items() if name != "signature"}
        return msgspec.json.encode(named, order="sorted")


def result_bytes(result: Result) -> bytes:
    """All that a comparison came to, always the same bytes."""
    return msgspec.json.encode(result, order="sorted")


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()
