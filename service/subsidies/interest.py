"""Interest that a scheme pays for a consumer: which part, of how much of the purchase, and up to which caps. Pure.

    rate = min(the scheme's, its share of the contract's)
    paid = interest x rate / contract's rate x min(1, spend_max / spend)

So a scheme counts the days as the contract does, and pays of the interest that is really charged: of a refund or an
early settlement nothing.

12,000.00 at 6 % in 12: interest 393.58, of which a scheme of 1 % pays 65.60: 59.04 and 6.56 at 90 to 10
a contract at 1.5 %, at most half of it                0.75 %
a car of 80,000.00, of which 50,000.00 count           62.5 % of what is owed
2,950.00 of 3,000.00 used: of 120.00 it pays           50.00
"""

from fractions import Fraction

from msgspec import Struct

from service.money import BPS, Rounding, quotient
from service.subsidies.scheme import NO_CAP, InterestPart


class Used(Struct, frozen=True):
    """What a scheme holds or has paid for one person at one lender, in minor units."""

    total: int = 0
    small: int = 0  # of it for small purchases

    def more(self, amount: int, *, small: bool) -> "Used":
        """With so much more."""
        return Used(self.total + amount, self.small + (amount if small else 0))


def rate_of(part: InterestPart, contract_bps: Fraction | int) -> Fraction:
    """The rate a year: the scheme's, and at most its share of the contract's."""
    return min(Fraction(part.rate_bps, BPS), Fraction(contract_bps) * part.contract_share_bps / (BPS * BPS))


def counted_share(part: InterestPart, spend: int) -> Fraction:
    """The share of a purchase that counts."""
    return min(Fraction(part.spend_max, spend), Fraction(1)) if part.spend_max else Fraction(1)


def is_small(part: InterestPart, spend: int) -> bool:
    """Whether a purchase is a small one."""
    return spend < part.small_max


def share_paid(part: InterestPart, contract_bps: Fraction | int, spend: int) -> Fraction:
    """The share of a plan's interest that the scheme pays: of a contract without interest nothing."""
    if not contract_bps:
        return Fraction(0)
    return rate_of(part, contract_bps) * BPS / Fraction(contract_bps) * counted_share(part, spend)


def paid_of(share: Fraction, interest: Fraction | int) -> int:
    """What it pays of so much interest in all, half a minor unit up, before any cap."""
    amount = share * interest
    return quotient(amount.numerator, amount.denominator, Rounding.HALF_UP)


def room_for(part: InterestPart, used: Used, *, small: bool) -> int:
    """What a person may still get: the cap of small purchases first, then the person's."""
    left = (part.person_max or NO_CAP) - used.total
    if small and part.small_person_max:
        left = min(left, part.small_person_max - used.small)
    return max(0, left)


def within_caps(part: InterestPart, used: Used, wanted: int, *, small: bool) -> int:
    """What of an amount is paid."""
    return min(wanted, room_for(part, used, small=small))
