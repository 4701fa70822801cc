"""How a plan is looked after: when the consumer is reminded, what paying late costs, when collection is given up."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from service.money import BPS
from service.terms.terms import Amount, BasisPoints

REMINDERS_MAX = 5
RETRY_HOURS_MAX = 720  # from the first try to the last
TRIES_MAX = 8  # again, after the first

DaysBefore = Annotated[int, Meta(ge=1, le=60)]
DaysLate = Annotated[int, Meta(ge=0, le=365)]


class ShareOf(StrEnum):
    """What of an overdue instalment a late fee is a share of."""

    PRINCIPAL_AND_INTEREST = "principal_and_interest"
    PRINCIPAL = "principal"


class AskedWith(StrEnum):
    """On which line of the schedule a late fee stands."""

    NEXT = "next"  # the instalment whose period runs; behind the last one a line of its own
    LATE = "late"  # the instalment that is late: it is owed at once


class LateFee(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What paying late costs, levied once for each instalment: an amount, and a share of its principal and interest
    that is overdue, or of its principal alone. Fees and penalties bear none, so nothing is compounded. Amounts are
    minor units.
    """

    amount: Annotated[int, Meta(ge=0, le=1_000_000_000_000)] = 0  # minor units, for each instalment
    bps: BasisPoints = 0  # of what of the instalment is overdue, as `share_of` says
    grace_days: DaysLate = 0  # after the due date, in which paying late costs nothing
    each_max: Amount | None = None  # minor units, the most for one instalment
    each_bps_max: BasisPoints | None = None  # the most for one instalment, as a share of what of it is overdue
    year_max: Amount | None = None  # minor units, the most in any 365 days
    total_max: Amount | None = None  # minor units, the most in the plan's life
    share_of: ShareOf = ShareOf.PRINCIPAL_AND_INTEREST
    asked_with: AskedWith = AskedWith.NEXT

    def overdue(self, principal: int, interest: int) -> int:
        """What shares are taken of, where so much of an instalment is overdue."""
        return principal if self.share_of is ShareOf.PRINCIPAL else principal + interest

    def of(self, overdue: int, in_a_year: int, in_all: int, of_it: int = 0) -> int:
        """What may still be levied for an instalment of which `overdue` is late, after so much was in a year, in all
        and for itself: minor units, 0 for none."""
        fee, most = max(0, self.fee(overdue) - of_it), self.most(overdue, of_it, in_a_year, in_all)
        return fee if most is None else min(fee, most)

    def fee(self, overdue: int) -> int:
        """What it comes to without its caps."""
        return self.amount + overdue * self.bps // BPS

    def most(self, overdue: int, of_it: int, in_a_year: int, in_all: int) -> int | None:
        """The most that may still be levied, after so much was for this instalment, in a year and in all; None: it is
        not bounded."""
        share = None if self.each_bps_max is None else overdue * self.each_bps_max // BPS
        bounds = (self.each_max, of_it), (share, of_it), (self.year_max, in_a_year), (self.total_max, in_all)
        return min([max(0, most - levied) for most, levied in bounds if most is not None], default=None)


Hours = Annotated[tuple[Annotated[int, Meta(ge=1, le=RETRY_HOURS_MAX)], ...], Meta(max_length=TRIES_MAX)]


class Retry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a charge that was declined is tried again: hours after the first try, by its reason; none: not again."""

    insufficient_funds: Hours = (24, 72, 168)  # or a limit was reached
    declined: Hours = (24, 72)  # by the bank, which does not say why
    processor_away: Hours = (1, 4, 24)  # the processor or the bank behind it could not be reached


class Servicing(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What time brings about on a plan that is owed. Days count in the plan's time zone."""

    remind_days: Annotated[tuple[DaysBefore, ...], Meta(max_length=REMINDERS_MAX)] = (3,)  # before each due date
    late_fee: LateFee | None = None  # null: paying late costs nothing
    retry: Retry = Retry()  # of what autopay could not take
    return_days: Annotated[int, Meta(ge=1, le=180)] = 30  # after a return was announced, in which collection rests
    dispute_days: Annotated[int, Meta(ge=1, le=180)] = 21  # for the merchant's answer to a dispute
    contest_days: Annotated[int, Meta(ge=0, le=90)] = 0  # to contest a claim on a deposit; 0: it is taken at once
    release_days: Annotated[int, Meta(ge=1, le=365)] | None = None  # to claim a deposit after its use; null: none
    charge_off_days: Annotated[int, Meta(ge=1, le=3660)] | None = None  # past due; null: only a person gives up
    postpone_days_max: Annotated[int, Meta(ge=0, le=90)] = 0  # by which the consumer may put a due date off, each time
    postpone_times_max: Annotated[int, Meta(ge=0, le=24)] = 0  # so often in a plan's life; 0: not at all
