"""Whose money a plan is: what it keeps for life of the contract it was signed under, and each partner's part. Pure."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct


class ScheduleType(StrEnum):
    """How a partner's part of what the consumer pays is reckoned."""

    SAME_INSTALMENT = "same_instalment"  # of every component its share, each by a percentage of its own
    SHARE_OF_COLLECTION = "share_of_collection"  # `principal_bps` of what is collected, principal and interest together
    OWN_RATE = "own_rate"  # `principal_bps` of principal, and interest on that at the partner's own rate


class Participation(Struct, frozen=True, gc=False):
    """A partner's share in one plan, by component. What no partner has is ours."""

    partner_id: str
    principal_bps: int
    interest_bps: int = 0
    fee_bps: int = 0
    penalty_bps: int = 0
    schedule_type: ScheduleType = ScheduleType.SAME_INSTALMENT
    rate_percent: Decimal | None = None  # a year, of the partner's own; null but with `own_rate`
    servicing_bps: int = 0  # of the principal and interest it is paid: kept by us, who collect it
    own_rate: tuple[int, int] | None = None  # with `own_rate`: its part of the plan's interest, as a fraction
    programme_id: str | None = None  # whose contract it is; null: the funding's

    @property
    def interest_follows_principal(self) -> bool:
        """Whether a cent of interest depends on how much principal is paid beside it."""
        return self.schedule_type is ScheduleType.SHARE_OF_COLLECTION


class Funding(Struct, frozen=True, gc=False):
    """Whose money a plan is, as on the day it was signed. No programme: all of it is ours."""

    programme_id: str | None = None
    programme_version: int = 0  # of its terms
    time_zone: str | None = None  # the programme's: its bookings are of this calendar's days
    cut_off: str = "24:00"  # HH:MM in that zone: what is booked later is of the next business day
    participations: tuple[Participation, ...] = ()
    is_counted: bool = False  # it took room in budgets, and what comes back is counted there


OWN_MONEY: Final = Funding()
