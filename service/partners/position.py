"""Where the partner's plans stand: at the end of a day as its files told it, and by all that happened until now.

Amounts are its share, in minor units. Who the consumer is, is none of its business.
"""

from datetime import date, datetime

from msgspec import Struct, field


class PlanPosition(Struct, frozen=True):
    """A plan at the end of a day, as the partner was told. Amounts are minor units of its share of principal."""

    programme_id: str
    business_on: date  # of the file that told it
    plan_id: str
    owner: str  # whose share it is
    share_bps: int  # basis points of the plan's principal
    opening: int  # minor units: what the day before closed with
    funded: int  # minor units drawn that day
    repaid: int  # minor units paid by the consumer
    refunded: int  # minor units given back by the merchant, or by us
    adjusted: int  # minor units: what was put right; above nothing it raises the balance
    charged_off: int  # minor units given up
    closing: int  # minor units at the end of the day
    accrued_interest: int  # minor units earned by time, not paid yet
    next_due_on: date | None  # the day the next instalment is due; null: none is
    days_past_due: int  # of the oldest instalment that is not paid
    age_bucket: str  # `current`, `1-30`, `31-60`, `61-90` or `over_90` days past due
    status: str  # the commercial state of the plan
    currency: str


class FundedPlan(Struct, frozen=True):
    """A plan of which the partner has, or had, a share; all amounts until now.

    outstanding = funded - repaid - refunded + adjusted - charged_off.
    """

    plan_id: str = field(name="id")
    programme_id: str
    kind: str
    state: str
    currency: str
    authorized_at: datetime
    share_bps: int  # basis points of the plan's principal; 0: the share is another's by now
    funded: int  # minor units drawn
    repaid: int  # minor units of principal paid by the consumer
    refunded: int  # minor units given back by the merchant, or by us
    adjusted: int  # minor units: what was put right, bought or sold; above nothing it raises the balance
    charged_off: int  # minor units given up
    outstanding: int  # minor units: the partner's share of principal still out
    interest: int  # minor units of interest that came to it
