"""Who gets what is recovered after the insurer has paid: by the limit over the debt. Pure.

    insured part = R x min(1, limit / debt)      the insurer gets its cover rate of that, the insured the rest

Debt 30,000, limit 25,000, cover 90 %, recovered 10,000: the insured part is 8,333.33, the insurer gets 7,500.00, the
insured 2,500.00. The shares are always of all that came, so that no cent is lost by paying in parts.
"""

from msgspec import Struct

from service.money import BPS, Rounding, quotient


class Shared(Struct, frozen=True):
    """What came, in minor units."""

    to_insurer: int
    to_insured: int


class Lost(Struct, frozen=True):
    """A loss that the insurer bears a part of. The first two are of one currency, the last of what is recovered."""

    debt: int  # minor units
    insured: int  # minor units of it: within the limit
    cover_bps: int
    paid: int  # minor units by the insurer; it gets no more back


def share_salvage(lost: Lost, before: int, net: int) -> Shared:
    """Shares what came of a loss, after `before` minor units that came earlier."""
    to_insurer = _insurers(lost, before + net) - _insurers(lost, before)
    return Shared(to_insurer, net - to_insurer)


def _insurers(lost: Lost, recovered: int) -> int:
    assert lost.debt > 0
    part = quotient(recovered * lost.insured * lost.cover_bps, lost.debt * BPS, Rounding.HALF_UP)
    return min(part, lost.paid)
