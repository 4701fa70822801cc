"""The digest of what a fact has made of a plan: kept with it, told with it, and proved by `tenor check`.

It is made of the plan's lines, amounts and exposure: the first 8 bytes of the SHA-256 of their canonical MessagePack.
So it is the same for the same projection, for ever.
"""

from hashlib import sha256
from typing import Final

import msgspec

from service.plans.amounts import Amounts, amounts_of
from service.plans.plan import Plan
from service.plans.running.rows import Line
from service.plans.running.standing import Standing
from service.plans.running.versions import lines_of

DIGEST_BYTES: Final = 8


def digest_of(plan: Plan) -> bytes:
    """What its last fact has made of a plan."""
    return _digest(plan.version, plan.lines, plan.amounts)


def digest_after(number: int, standing: Standing) -> bytes:
    """What the fact of this number has made of a plan."""
    return _digest(number, lines_of(standing), amounts_of(standing))


def _digest(number: int, lines: tuple[Line, ...], amounts: Amounts) -> bytes:
    return sha256(_encode((number, lines, amounts))).digest()[:DIGEST_BYTES]


_encode: Final = msgspec.msgpack.Encoder().encode
