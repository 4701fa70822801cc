"""Velocity: how often somebody tried, in the sliding windows of a policy. Redis keeps the attempts (`cache.py`).

What is counted is named by whose attempts they are and over how many minutes, `consumer/60`, and not by the name that
one policy gives the counter: so two policies that are compared read the same numbers.
"""

from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct

from service import ids
from service.checkout.request import Checkout
from service.policies.compile import CompiledPolicy
from service.policies.document import Per


class Window(Struct, frozen=True):
    """A stretch of time that ends now, and the name its count goes by."""

    name: str
    ms: int


class Subject(Struct, frozen=True):
    """Whose attempts: where they are kept, and the windows to count them in, the longest last."""

    place: str
    windows: tuple[Window, ...]


class Attempt(Struct, frozen=True):
    """A checkout on its way to be counted. Sent again under the same idempotency key, it has the same mark."""

    mark: bytes
    at_ms: int
    subjects: tuple[Subject, ...]


def attempt_of(
    policies: Iterable[CompiledPolicy], checkout: Checkout, person_id: str, merchant_id: str, key: str, at_ms: int
) -> Attempt | None:
    """What to count of this checkout for these policies; None if they count nothing.

    A consumer's attempts are the person's, at all merchants.
    A checkout that names no device has no attempts of its device: that counter is absent.
    """
    wanted: dict[Per, dict[str, Window]] = {}
    for policy in policies:
        for per, minutes in policy.windows:
            window = Window(f"{per}/{minutes}", minutes * 60_000)
            wanted.setdefault(per, {})[window.name] = window
    subjects = [
        Subject(place, tuple(sorted(windows.values(), key=lambda window: window.ms)))
        for per, windows in wanted.items()
        if (place := _place(per, checkout, person_id, merchant_id)) is not None
    ]
    if not subjects:
        return None
    return Attempt(_digest(merchant_id, key), at_ms, tuple(subjects))


def _place(per: Per, checkout: Checkout, person_id: str, merchant_id: str) -> str | None:
    """The bucket in braces is the slot in a Redis cluster. A device is known to one merchant, and kept as a digest."""
    match per:
        case Per.CONSUMER:
            return f"{{{ids.bucket_of(person_id)}}}attempts:{person_id}"
        case Per.MERCHANT:
            return f"{{{ids.bucket_for(merchant_id)}}}attempts:{merchant_id}"
        case Per.DEVICE:
            if not checkout.device:
                return None
            device = _digest(merchant_id, checkout.device).hex()
            return f"{{{ids.bucket_for(device)}}}attempts:device:{device}"


def _digest(*texts: str) -> bytes:
    return blake2b("\x00".join(texts).encode(), digest_size=12).digest()
