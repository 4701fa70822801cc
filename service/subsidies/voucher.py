"""A voucher of a scheme: a part of the price, so that less is financed. Pure.

    7,999.00 of grade 1 (20 %)    1,599.80, financed 6,399.20
    12,500.00 of grade 1          2,000.00, for that is the most of one item
    3,299.00 of grade 2 (15 %)    494.85

What comes back gives the voucher back to the scheme, and never to the consumer: of 7,999.00 at most 6,399.20.
"""

from msgspec import Struct

from service.errors import Code, Refused
from service.money import Rounding, quotient, take_bps
from service.subsidies.scheme import VoucherPart


class Back(Struct, frozen=True):
    """What of a price that came back goes to whom, in minor units."""

    to_scheme: int
    to_consumer: int


def worth(part: VoucherPart, price: int, grade: str) -> int:
    """What a voucher is worth. Refused: INVALID_FIELD, a grade or price that the scheme does not know."""
    if grade not in part.grades:
        raise Refused(Code.INVALID_FIELD, f"The scheme has nothing for goods of grade {grade[:50]!r}.", "/grade")
    if part.price_max and price > part.price_max:
        raise Refused(Code.INVALID_FIELD, f"The scheme has nothing for goods above {part.price_max}.", "/price")
    amount = take_bps(price, part.grades[grade])
    return min(amount, part.maximum) if part.maximum else amount


def times_of(part: VoucherPart, type_: str) -> int:
    """How many vouchers of a type one person may have."""
    return part.times.get(type_, 1)


def back(price: int, voucher: int, refunded_before: int, refunded: int) -> Back:
    """Who gets a refund of so much of the price. Over all refunds the scheme gets the voucher's share, to the cent."""
    assert 0 <= refunded_before <= refunded_before + refunded <= price

    def share(amount: int) -> int:
        return quotient(amount * voucher, price, Rounding.HALF_UP)

    to_scheme = share(refunded_before + refunded) - share(refunded_before)
    return Back(to_scheme, refunded - to_scheme)
