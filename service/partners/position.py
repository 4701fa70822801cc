"""Where the partner stands, as its files have told it: by programme, and by plan.

Amounts are its share, in minor units.
"""

from datetime import date, datetime

from msgspec import Struct, field


class Position(Struct, frozen=True):
    """A programme after its last file. `drawn - principal_repaid = outstanding`."""

    programme_id: str
    name: str
    currency: str
    business_on: date | None  # of the last file; null: none was made yet
    plans: int  # with principal still out
    drawn: int
    principal_repaid: int
    interest_repaid: int
    outstanding: int  # minor units: the partner's share of principal still out


class FundedPlan(Struct, frozen=True):
    """A plan on the partner's money; who the consumer is, is none of the partner's business."""

    plan_id: str = field(name="id")
    programme_id: str
    kind: str
    state: str
    currency: str
    authorized_at: datetime
    drawn: int
    principal_repaid: int
    interest_repaid: int
    outstanding: int  # minor units: the partner's share of principal still out
