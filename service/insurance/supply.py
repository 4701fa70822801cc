"""When a debtor is supplied no more: later than the insurer lets it be extended. Pure.

An insurer does not pay for what was sold to a debtor who was that late, so the next order is declined. The decision is
in the log, and proves that supply was stopped.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct


class SupplyTerms(Struct, frozen=True):
    """Under which policy a debtor is insured, and until when it may be supplied."""

    policy_id: str
    extension_days_max: int  # past due
    ends_on: date  # the last day of the policy


def stopping(terms: Iterable[SupplyTerms], next_due_on: date | None, today: date) -> str | None:
    """The first policy that stops the supply of a debtor whose earliest unpaid due date this is. None: none does."""
    if next_due_on is None:
        return None
    late = (today - next_due_on).days
    return next((one.policy_id for one in terms if late > one.extension_days_max and today <= one.ends_on), None)
