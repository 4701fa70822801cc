"""A standing as bytes, so that the next fact goes on from where the last one left off.

The bytes are a copy of what the facts say, and may be thrown away: bytes that were written by another shape of the code
are not read, and the facts are folded anew. They hold no facts and no terms, which are kept beside them.
"""

import zlib
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from service.plans.bill import BillLine, LoweredBill
from service.plans.running.course import Course, Credit
from service.plans.running.deposit_facts import Claim, ClaimMade
from service.plans.running.facts import Amended, SettlementQuoted, Withdrawn
from service.plans.running.period import Period
from service.plans.running.rows import PartPaid, Row
from service.plans.running.standing import Allocated, Dispute, Pause, Standing
from service.plans.running.subsidy_facts import BuyDown
from service.terms.terms import Terms

# Count up whenever the code makes another standing of the same facts, or keeps more of it: then the bytes from before
# are not read.
RULES: Final = 13


class _Kept(Struct, array_like=True):
    shape: int
    standing: Standing
    places: list[tuple[int, int]]  # of each row: its course and its period, -1 for none


def _shape() -> int:
    kinds: tuple[type[Struct], ...] = (
        Standing, Row, PartPaid, Course, Period, Credit, Allocated, Pause, Dispute, SettlementQuoted, Amended,
        Claim, ClaimMade, BillLine, LoweredBill, Withdrawn, BuyDown,
    )  # fmt: skip
    names = [f"{kind.__name__} {' '.join(kind.__struct_fields__)}" for kind in kinds]
    return zlib.crc32(f"{RULES} {names}".encode())


SHAPE: Final = _shape()


def keep(standing: Standing) -> bytes:
    """The bytes of a standing."""
    course_of = {id(course): index for index, course in enumerate(standing.courses)}
    period_of = {id(period): index for course in standing.courses for index, period in enumerate(course.periods)}
    places = [(course_of.get(id(row.course), -1), period_of.get(id(row.period), -1)) for row in standing.rows]
    bare = structs.replace(
        standing,
        terms=_NO_TERMS,
        rows=[structs.replace(row, course=None, period=None, asked=None) for row in standing.rows],
        courses=[
            structs.replace(one, terms=_NO_TERMS, periods=[period.bare for period in one.periods])
            for one in standing.courses
        ],
        done=None,
    )
    return _encoder.encode(_Kept(SHAPE, bare, places))


def recall(kept: bytes, terms: Terms) -> Standing | None:
    """The standing of these bytes; None if they are of another shape."""
    if not is_of_this_shape(kept):
        return None
    found = _decode(kept)
    standing = found.standing
    standing.terms = terms
    for course in standing.courses:
        course.terms = terms
    for row, (course_index, period_index) in zip(standing.rows, found.places, strict=True):
        if course_index >= 0:
            row.course = standing.courses[course_index]
            row.period = row.course.periods[period_index]
    return standing


def is_of_this_shape(kept: bytes) -> bool:
    """Whether the present code wrote these bytes, or one that writes the same."""
    return _decode_shape(kept)[0] == SHAPE


def _plain(value: Any) -> Any:
    assert isinstance(value, Fraction)
    return value.numerator, value.denominator


def _read(kind: type, value: Any) -> Any:
    assert kind is Fraction
    return _fraction(*value)


@lru_cache(1_000)  # a rate, or a day's share of a year: the same ones again and again
def _fraction(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator, denominator)


_NO_TERMS: Final = Terms()
_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_plain)
_decode: Final = msgspec.msgpack.Decoder(_Kept, dec_hook=_read).decode
_decode_shape: Final = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw, msgspec.Raw]).decode
