"""Whose money a plan is: what it keeps for life of the contract it was signed under, and each partner's part. Pure."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.money import BPS


class ScheduleType(StrEnum):
    """How a partner's part of what the consumer pays is reckoned."""

    SAME_INSTALMENT = "same_instalment"  # of every component its share, each by a percentage of its own
    SHARE_OF_COLLECTION = "share_of_collection"  # `principal_bps` of what is collected, principal and interest together
    OWN_RATE = "own_rate"  # `principal_bps` of principal, and of interest the part that its own rate had at the start


class Totals(Struct):
    """What a plan comes to that its partners share."""

    lent: int = 0  # minor units
    principal: int = 0  # minor units that were settled
    interest: int = 0  # ... of interest
    fee: int = 0  # ... of fees
    penalty: int = 0  # ... of penalties
    returned: int = 0  # minor units of interest that went back
    returned_fee: int = 0  # ... of fees
    collected_principal: int = 0  # minor units that the consumer paid of it
    collected_interest: int = 0  # ... of interest
    lost_principal: int = 0  # minor units given up or let go, whether or not they were recovered
    lost_interest: int = 0  # ... of interest
    recovered_principal: int = 0  # minor units settled after that
    recovered_interest: int = 0  # ... of interest
    recovered_fee: int = 0  # ... of fees
    recovered_penalty: int = 0  # ... of penalties


class Owner(Struct, frozen=True, gc=False):
    """Who has a participation since it was sold: everything that the plan comes to after `since` is the new owner's."""

    transfer_id: str  # by which it changed hands
    is_buy_back: bool  # by who had it before
    seller_id: str  # empty: ours
    partner_id: str  # empty: ours
    programme_id: str | None  # whose contract the new owner has it under; null: the funding's
    on: date  # the last day of the one before
    principal: int  # minor units that it held on that day
    interest: int  # that had been earned for it and not paid
    price: int  # minor units
    earned: int  # all interest that had been earned for it
    spread: int  # ... and for our servicing it
    since: Totals  # what the plan came to by then


class Participation(Struct, frozen=True, gc=False):
    """A partner's share in one plan, by component. What no partner has is ours."""

    partner_id: str  # who had it first; empty: it was ours until it was sold
    principal_bps: int
    interest_bps: int = 0
    fee_bps: int = 0
    penalty_bps: int = 0
    schedule_type: ScheduleType = ScheduleType.SAME_INSTALMENT
    rate_percent: Decimal | None = None  # a year, of the partner's own; null but with `own_rate`
    servicing_bps: int = 0  # of the principal and interest it is paid: kept by us, who collect it
    own_rate: tuple[int, int] | None = None  # with `own_rate`: its part of the plan's interest, as a fraction
    programme_id: str | None = None  # whose contract it is; null: the funding's
    owners: tuple[Owner, ...] = ()  # after it, in their order

    @property
    def holder_id(self) -> str:
        """Whose it is now; empty: ours."""
        return self.owners[-1].partner_id if self.owners else self.partner_id

    @property
    def interest_of_bps(self) -> int:
        """Of how much of the interest it has a part: at its own rate it shares that with us."""
        return self.interest_bps if self.schedule_type is ScheduleType.SAME_INSTALMENT else self.principal_bps

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

    @property
    def lender(self) -> str:
        """Whose credit it is, for schemes that count by lender: of the partner with the largest share, where that is
        larger than ours; empty: ours."""
        largest = max(self.participations, key=lambda part: part.principal_bps, default=None)
        ours = BPS - sum(part.principal_bps for part in self.participations)
        return largest.partner_id if largest is not None and largest.principal_bps > ours else ""


OWN_MONEY: Final = Funding()

_READ_IN_SQL: Final = {"participations", "partner_id", "principal_bps", "interest_bps", "schedule_type"}
_PLAIN: Final = msgspec.to_builtins(OWN_MONEY)
_PLAIN_PART: Final = msgspec.to_builtins(Participation("", 0))


def kept(funding: Funding) -> str:
    """The JSON that each plan keeps: without what reads the same when it is left out, but for what SQL counts with.

    Most plans of a programme have the same.
    """
    is_sold = any(part.owners for part in funding.participations)
    return _text(funding) if is_sold else _text_of_many(funding)


def _text(funding: Funding) -> str:
    bare = _bare(msgspec.to_builtins(funding), _PLAIN)
    bare["participations"] = [_bare(part, _PLAIN_PART) for part in bare["participations"]]
    return msgspec.json.encode(bare).decode()


def _bare(full: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in full.items() if name in _READ_IN_SQL or value != plain[name]}


_text_of_many: Final = lru_cache(maxsize=1_024)(_text)
