"""The digest of what a fact has made of a plan: kept with it, told with it, and proved by `tenor check`."""

from hashlib import sha256
from typing import Final

import msgspec

from service.plans.amounts import amounts_of
from service.plans.running.standing import Standing
from service.plans.running.versions import lines_of

DIGEST_BYTES: Final = 8


def digest_after(number: int, standing: Standing) -> bytes:
    """What the fact of this number has made of a plan, in 8 bytes: of its lines, amounts and exposure.

    They are the first of the SHA-256 of their canonical MessagePack, so the same for the same projection, for ever.
    """
    return sha256(_encode((number, lines_of(standing), amounts_of(standing)))).digest()[:DIGEST_BYTES]


_encode: Final = msgspec.msgpack.Encoder().encode
