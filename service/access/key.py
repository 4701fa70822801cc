"""An API key: what it looks like, what is stored of it, whose it is and what it may do. Pure.

    sk_live_ 3fH9...    a merchant's: secret, all that a merchant may do; sk_test_ of a test merchant
    rk_live_            a merchant's: restricted to the scopes it names
    pk_live_            a merchant's: publishable, for pages at the origins it names
    ptk_                a partner's
    opk_                an operator's
    psk_                a processor's
    spk_                of a party that bears losses: an insurer, a guarantor

What follows are 256 random bits. A scope is a thing and maybe a verb: `plans`, `plans:read`, `*`, `*:read`.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct


class Audience(StrEnum):
    """Who calls. Each has routes of its own."""

    MERCHANT = "merchant"
    PARTNER = "partner"
    OPERATOR = "operator"
    PROCESSOR = "processor"
    SUPPORT = "support"  # insurers, guarantors and whoever else bears losses


class KeyKind(StrEnum):
    """What sort of key it is; it follows from its scopes and origins."""

    FULL = "secret"  # all that its audience may do
    RESTRICTED = "restricted"  # what its scopes name
    PUBLISHABLE = "publishable"  # what a browser may ask, from the origins that it names


class Principal(Struct, frozen=True, gc=False):
    """Who calls, by their key."""

    key_id: str
    audience: str
    owner_id: str
    scopes: frozenset[str]
    origins: frozenset[str] = frozenset()  # of a publishable key
    expires_at: datetime | None = None
    platform_id: str | None = None  # who acts for the owner, its seller

    @property
    def asks_as(self) -> str:
        """Whose idempotency keys it uses: a platform's are others for each seller, and than the seller's own.

        What pages send is never taken for what the server has sent.
        """
        if self.audience == "operator":
            return f"operator {self.owner_id}"
        if self.origins:
            return f"pages of {self.owner_id}"
        return f"{self.platform_id} for {self.owner_id}" if self.platform_id is not None else self.owner_id

    def may(self, thing: str, verb: str) -> bool:
        """Whether the key carries the scope for `read` or `write`."""
        return "*" in self.scopes or covers(self.scopes, f"{thing}:{verb}")


class Secrets(Struct, frozen=True):
    """What keys are stored under: the present secret of the service, and another that still counts."""

    present: str
    before: str = ""  # empty: there is none

    def by_mark(self) -> dict[str, str]:
        """The secrets by their marks, the present one first."""
        return {mark_of(secret): secret for secret in (self.present, self.before) if secret}


def covers(held: Collection[str], wanted: str) -> bool:
    """Whether one of these scopes allows all that `wanted` allows."""
    thing, _, verb = wanted.partition(":")
    return not {"*", thing, wanted, f"*:{verb}"}.isdisjoint(held)


def kind_of(scopes: Collection[str], origins: Collection[str]) -> KeyKind:
    """What sort of key has these scopes and origins."""
    if origins:
        return KeyKind.PUBLISHABLE
    return KeyKind.FULL if "*" in scopes else KeyKind.RESTRICTED


def is_wide(audience: str, scopes: Collection[str], written: Collection[str]) -> bool:
    """Whether so much can be done with such a key that one person alone is not to make it, or another in its place:
    anything of an operator's; else changes of more than half of the things that its audience changes (`written`).
    """
    if audience == "operator" or "*" in scopes:
        return True
    return 2 * sum(covers(scopes, f"{thing}:write") for thing in written) > len(written)


def first_half_of(secret: str, approval_id: str) -> str:
    """What an operator's key begins with, after its prefix, that waits for a second person.

    It is shown to who proposed the key, and kept nowhere.
    The rest is shown to who approves it. So neither of the two has the key of a third person.
    """
    return hmac.digest(secret.encode(), f"half of {approval_id}".encode(), hashlib.sha256).hex()[:32]


def prefix_of(audience: str, kind: KeyKind, *, is_test: bool) -> str:
    """What a key begins with."""
    if audience == "merchant":
        return f"{_MERCHANTS[kind]}_{'test' if is_test else 'live'}_"
    return _OTHERS[audience]


_MERCHANTS: Final = {KeyKind.FULL: "sk", KeyKind.RESTRICTED: "rk", KeyKind.PUBLISHABLE: "pk"}
_OTHERS: Final = {"partner": "ptk_", "operator": "opk_", "processor": "psk_", "support": "spk_"}


def key_hmac(secret: str, key: str) -> bytes:
    """HMAC-SHA256 of a key under a secret of the service: what is stored of it."""
    return hmac.digest(secret.encode(), key.encode(), hashlib.sha256)


def mark_of(secret: str) -> str:
    """Names a secret of the service without telling it."""
    return hmac.digest(secret.encode(), b"which secret", hashlib.sha256).hex()[:16]


def person_of(name: str) -> str | None:
    """The one spelling of an operator's name, so that nobody is two people; None: no name.

    `Ada`, full-width `ada` and `ada` are one. What cannot be seen is in no name, and none looks like an id of ours.
    """
    person = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    is_plain = all(unicodedata.category(letter) not in _UNSEEN for letter in person)
    return person if is_plain and person == " ".join(person.split()) and not _LIKE_AN_ID.fullmatch(person) else None


_UNSEEN: Final = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_LIKE_AN_ID: Final = re.compile(r"[a-z]{2}_[0-9a-z]{26}")
