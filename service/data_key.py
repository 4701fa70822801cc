"""Personal data is sealed under a key of the one whom it is about, and that key is wrapped by the service's secret.

    secrets = DataSecrets(settings.data_secret, settings.data_secret_before)
    key, wrapped = secrets.new_key("co_01JD...")         # kept: the wrapped bytes, a row of `data_keys`
    key = secrets.unwrapped("co_01JD...", wrapped)       # read with the row that is sealed; remembered in the process
    sealed = key.seal(b"Ada", Place("consumers", "reference", "co_01JD..."))
    b"Ada" == key.unseal(sealed, Place("consumers", "reference", "co_01JD..."))

    version | key id | nonce | ciphertext | tag
      1 byte      18      12                 16            the place is authenticated with them, and not kept

What was altered, or moved to another row or column, does not open (`DoesNotOpen`). Whoever destroys the wrapped key has
erased all that was sealed with it, in copies and backups that have no copy of that row, too.

To find what is sealed there is `secrets.blind(purpose, text)`: equal texts have equal blind indexes, which nobody can
work out without the secret.

Two secrets may be in use while one follows the other: new keys are wrapped by the first, both unwrap.
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Final, NamedTuple

from service import ids
from service.remembered import remembered
from service.sealed import KEY_BYTES, Sealer, key_for, seal, unseal

_VERSION: Final = b"\x01"
_KEY_ID: Final = 18  # bytes, here and below
_SECRET_ID: Final = 4
UNWRAPPED_MAX: Final = 20_000  # keys remembered by a process, some 400 bytes each
MARK: Final = "sealed."


class DoesNotOpen(Exception):
    """This was not sealed here: it was altered, moved to another place, or is of another key."""


class Place(NamedTuple):
    """Where something sealed is kept. It opens nowhere else."""

    table: str
    column: str
    row: str

    @property
    def words(self) -> bytes:
        """As it is authenticated. No name holds the character between them."""
        return f"{self.table}\x1f{self.column}\x1f{self.row}".encode()


class DataKey:
    """The key of one consumer, or of one person. `key_id` is that consumer's or person's own id."""

    __slots__ = ("_head", "_secret", "key_id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.key_id = key_id
        self._head = _VERSION + ids.packed(key_id)
        self._secret = secret

    def seal(self, plain: bytes, place: Place) -> bytes:
        """The sealed bytes, 47 more than the plain ones."""
        return self._head + seal(self._secret, plain, place.words)

    def seal_all(self, plain: Iterable[tuple[bytes, Place]]) -> list[bytes]:
        """Several texts sealed, each for its place."""
        sealer = Sealer(self._secret)
        return [self._head + sealer.seal(text, place.words) for text, place in plain]

    def unseal(self, sealed: bytes, place: Place) -> bytes:
        """What was sealed. Raises `DoesNotOpen`."""
        after = len(self._head)
        plain = unseal(self._secret, sealed[after:], place.words) if sealed[:after] == self._head else None
        if plain is None:
            raise DoesNotOpen
        return plain


class DataSecrets:
    """What follows from TENOR_DATA_SECRET, and from the one before it while both are in use."""

    def __init__(self, secret: str, before: str = "") -> None:
        assert secret
        self._secrets = tuple(text for text in (secret, before) if text)
        self._wraps = {key_for(one, "name of the secret")[:_SECRET_ID]: key_for(one, "wrap") for one in self._secrets}
        self._now = next(iter(self._wraps))
        self.unwrapped = remembered(UNWRAPPED_MAX, lambda _key_id, _wrapped: 1)(self._unwrapped)
        self._blinds = remembered(100, lambda _purpose: 1)(self._keys_for_blind)

    @property
    def mark(self) -> bytes:
        """By which a wrapped key names the present secret."""
        return self._now

    def new_key(self, key_id: str) -> tuple[DataKey, bytes]:
        """A key for this consumer or person, by chance, and the same key wrapped: what the database keeps."""
        secret = os.urandom(KEY_BYTES)
        return DataKey(key_id, secret), self._wrapped(key_id, secret)

    def wrapped_anew(self, key_id: str, wrapped: bytes) -> bytes | None:
        """The same key wrapped by the present secret; None if it is already."""
        is_present = wrapped[1 : 1 + _SECRET_ID] == self._now
        return None if is_present else self._wrapped(key_id, self._secret_in(key_id, wrapped))

    def blind(self, purpose: str, text: str) -> bytes:
        """The blind index of a text: 32 bytes by which equal texts of one purpose are found."""
        return self.blinds(purpose, text)[0]

    def blinds(self, purpose: str, text: str) -> list[bytes]:
        """All under which the text may be found while one secret follows another, the present one first."""
        return [hmac.digest(key, text.encode(), hashlib.sha256) for key in self._blinds(purpose)]

    def _unwrapped(self, key_id: str, wrapped: bytes) -> DataKey:
        """The key that was wrapped for this consumer or person. Raises `DoesNotOpen`."""
        return DataKey(key_id, self._secret_in(key_id, wrapped))

    def _keys_for_blind(self, purpose: str) -> list[bytes]:
        return [key_for(one, f"blind {purpose}") for one in self._secrets]

    def _wrapped(self, key_id: str, secret: bytes) -> bytes:
        return _VERSION + self._now + seal(self._wraps[self._now], secret, _wrapped_in(key_id))

    def _secret_in(self, key_id: str, wrapped: bytes) -> bytes:
        after = 1 + _SECRET_ID
        wrap = self._wraps.get(wrapped[1:after])
        secret = unseal(wrap, wrapped[after:], _wrapped_in(key_id)) if wrap and wrapped[:1] == _VERSION else None
        if secret is None:
            raise DoesNotOpen
        return secret


def key_id_of(sealed: bytes) -> str:
    """Whose key it was sealed with."""
    if sealed[:1] != _VERSION or len(sealed) <= _KEY_ID:
        raise DoesNotOpen
    return ids.unpacked(sealed[1 : 1 + _KEY_ID])


def as_text(sealed: bytes) -> str:
    """Sealed bytes as a word of letters, digits, `-` and `_`: what stands within JSON."""
    return MARK + urlsafe_b64encode(sealed).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """The sealed bytes again. Raises `DoesNotOpen` for another text."""
    if not text.startswith(MARK):
        raise DoesNotOpen
    word = text[len(MARK) :]
    try:
        return urlsafe_b64decode(word + "=" * (-len(word) % 4))
    except ValueError:
        raise DoesNotOpen from None


def _wrapped_in(key_id: str) -> bytes:
    return Place("data_keys", "wrapped", key_id).words
