"""An event of the partner's sub-ledger: what one cause did to one partner's share of one plan. Pure."""

from datetime import date, datetime

from msgspec import Struct, field

from service.partners.layouts import TxnType
from service.statement import Row, SmallInt


class PartnerEvent(Row, frozen=True, gc=False):
    """A row of `partner_events`, as it is written. Amounts are minor units: above nothing is due to the partner."""

    bucket: SmallInt
    event_id: str
    partner_id: str
    programme_id: str
    plan_id: str
    type: TxnType
    business_on: date
    value_on: date
    principal: int
    interest: int
    fee: int
    penalty: int
    subsidy: int
    currency: str
    undoes_fact: str | None  # the fact whose event it reverses
    booked_at: datetime


class PartnerEventView(Struct, frozen=True):
    """An event as the partner reads it, numbered without gaps."""

    number: int  # 1, 2, 3 ... of the partner's events, without gaps
    event_id: str = field(name="id")
    programme_id: str
    plan_id: str
    type: TxnType
    business_on: date  # by when it was booked, and the programme's cut-off
    filed_on: date  # the day in whose file it stands: later than its own, where that was signed before
    value_on: date  # the day from which it counts
    principal: int  # minor units; above nothing is due to the partner, below nothing is due from it
    interest: int
    fee: int
    penalty: int
    subsidy: int  # minor units
    currency: str
    reverses_event_id: str | None  # the event that this one takes back; null: it takes back none
    booked_at: datetime
