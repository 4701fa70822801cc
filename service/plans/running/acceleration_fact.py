"""All that is owed falls due on one day."""

from datetime import date
from enum import StrEnum

from service.plans.running.fact import Fact


class AccelerationReason(StrEnum):
    """Why the lender does not wait for the schedule any more."""

    LATE = "late"  # an instalment is overdue
    FRAUD = "fraud"  # the credit was got by false statements


class Accelerated(Fact, frozen=True, tag="accelerated"):
    """The schedule ends: all that is owed falls due on one day, and no interest is asked for the days after it."""

    on: date
    due_on: date
    why: AccelerationReason
