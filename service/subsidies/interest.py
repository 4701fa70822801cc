"""Interest that a scheme pays for a consumer: at which rate, of how much of the purchase, and up to which caps. Pure.

12,000.00 at 6 % in 12: interest 393.58, of which a scheme of 1 % pays 65.60: 59.04 and 6.56 at 90 to 10
a contract at 1.5 %, at most half of it                0.75 %
a car of 80,000.00, of which 50,000.00 count           62.5 % of what is owed
2,950.00 of 3,000.00 used: an accrual of 120.00 pays   50.00
"""

from fractions import Fraction

from msgspec import Struct

from service.money import BPS, Rounding, quotient
from service.subsidies.scheme import NO_CAP, InterestPart


class Used(Struct, frozen=True):
    """What a scheme has paid for one person at one lender, in minor units."""

    total: int = 0
    small: int = 0  # of it for small purchases


class OwedSpan(Struct, frozen=True):
    """So much principal was owed for some days of a year of so many: 30 of 360, or 31 of 365."""

    owed: int
    days: int
    year: int = 360
    is_overdue: bool = False


def rate_of(part: InterestPart, contract_bps: int) -> Fraction:
    """The rate a year: the scheme's, and at most its share of the contract's."""
    return min(Fraction(part.rate_bps, BPS), Fraction(contract_bps * part.contract_share_bps, BPS * BPS))


def counted_share(part: InterestPart, spend: int) -> Fraction:
    """The share of a purchase that counts."""
    return min(Fraction(part.spend_max, spend), Fraction(1)) if part.spend_max else Fraction(1)


def is_small(part: InterestPart, spend: int) -> bool:
    """Whether a purchase is a small one."""
    return spend < part.small_max


def earned(part: InterestPart, contract_bps: int, spend: int, spans: list[OwedSpan]) -> int:
    """What the scheme pays of these spans together, half a minor unit up, before any cap."""
    base = sum(
        (Fraction(one.owed * one.days, one.year) for one in spans if not (part.current_only and one.is_overdue)),
        Fraction(0),
    )
    amount = base * rate_of(part, contract_bps) * counted_share(part, spend)
    return quotient(amount.numerator, amount.denominator, Rounding.HALF_UP)


def within_caps(part: InterestPart, used: Used, wanted: int, *, small: bool) -> int:
    """What of an accrual is paid: the cap of small purchases first, then the person's."""
    left = (part.person_max or NO_CAP) - used.total
    if small and part.small_person_max:
        left = min(left, part.small_person_max - used.small)
    return max(0, min(wanted, left))
