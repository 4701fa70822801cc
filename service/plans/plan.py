"""The plan: one credit agreement of one kind, in four orthogonal states. Pure."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from service.merchants.merchant import MerchantFee
from service.partners.programme import Funding
from service.plans.bill import Bill
from service.plans.offer import Kind, Offer
from service.terms.apr import Apr
from service.terms.terms import Terms


class PlanState(StrEnum):
    """The commercial state. The check `plans_state_is_known` says the same."""

    AUTHORIZED = (
        "authorized"  # limit reserved, nothing owed -> PART_CAPTURED, ACTIVE, PAYMENT_DUE, CLOSED, VOIDED, EXPIRED
    )
    PART_CAPTURED = "part_captured"  # some is owed, more may be captured -> ACTIVE, PAYMENT_DUE, CLOSED, PAID_OFF
    ACTIVE = "active"  # instalments: all captured, owed in parts -> PAID_OFF
    PAYMENT_DUE = "payment_due"  # pay_after_use, deposit: one sum is owed -> PAID_OFF, CLOSED
    PAID_OFF = "paid_off"  # nothing is owed any more
    CLOSED = "closed"  # deposit: claimed or released, and nothing is owed
    VOIDED = "voided"  # given back before any capture
    EXPIRED = "expired"  # not captured in time


class CollectionState(StrEnum):
    """Money from the consumer. Due and overdue are computed from the schedule and today, never stored."""

    NOTHING_OWED = "nothing_owed"  # -> COLLECTING
    COLLECTING = "collecting"  # -> COLLECTED
    COLLECTED = "collected"  # -> COLLECTING, by a further capture


class SettlementState(StrEnum):
    """Money to the merchant."""

    NOTHING_DUE = "nothing_due"  # -> PAYABLE
    PAYABLE = "payable"  # -> SETTLED
    SETTLED = "settled"  # -> PAYABLE, by a further capture


class DisputeState(StrEnum):
    """A disagreement between consumer and merchant."""

    NONE = "none"  # -> OPEN
    OPEN = "open"  # -> UPHELD, REJECTED
    UPHELD = "upheld"
    REJECTED = "rejected"


class OwedInstalment(Struct, frozen=True, gc=False):
    """A row of the schedule as it stands: what is due, and what of it is paid. Minor units."""

    number: int  # 1, 2, 3 ... through all captures
    capture: int  # which capture it pays for
    due_on: date
    principal: int
    interest: int
    fee: int
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    paid_on: date | None = None

    @property
    def outstanding(self) -> int:
        """What is still to be paid, all components."""
        return self.principal + self.interest + self.fee - self.principal_paid - self.interest_paid - self.fee_paid


class Plan(Struct, frozen=True):
    """One plan as it is stored: a row of `plans` with its bills. Minor units; `version` counts every change."""

    bucket: int
    plan_id: str
    consumer_id: str
    merchant_id: str
    merchant_reference: str
    decision_id: str
    kind: Kind
    currency: str
    state: PlanState
    collection_state: CollectionState
    settlement_state: SettlementState
    dispute_state: DisputeState
    amount: int  # the most that may be captured; of a deposit: claimed
    captured: int
    voided: int  # given back uncaptured; of a deposit: released
    held: int  # of a deposit: still held on the consumer's card
    reserved: int  # exposure promised
    outstanding: int  # exposure used: principal owed
    principal_paid: int
    interest_paid: int
    fee_paid: int
    captures: int
    version: int
    offer: Offer
    funding: Funding
    authorized_at: datetime
    capture_by: datetime
    closed_at: datetime | None = None
    claimed_at: datetime | None = None  # of a deposit: the last claim
    bills: tuple[Bill, ...] = ()

    @property
    def remaining(self) -> int:
        """What may still be captured or claimed."""
        return self.amount - self.captured - self.voided

    @property
    def takes_reference(self) -> bool:
        """Whether its merchant reference is taken. It is free again once all was given back before any capture."""
        return self.state not in (PlanState.VOIDED, PlanState.EXPIRED)


class PlanView(Struct, frozen=True):
    """The plan as merchant and consumer see it: without whose money it is, with its schedule."""

    plan_id: str = field(name="id")
    kind: Kind
    consumer_id: str = field(name="consumer")
    merchant_reference: str
    offer_id: str
    currency: str
    time_zone: str  # IANA: whose midnight ends its days; the merchant's, when it was offered
    state: PlanState
    collection_state: CollectionState
    settlement_state: SettlementState
    dispute_state: DisputeState
    amount: int
    captured: int
    voided: int
    remaining: int
    held: int
    outstanding: int  # all components still to be paid, as scheduled
    paid: int
    overdue: int  # of the outstanding, what was due on a day that has ended
    bills: tuple[Bill, ...]  # one for each capture
    schedule: tuple[OwedInstalment, ...]  # of an uncaptured plan: as agreed, should all be captured on that day
    terms: Terms
    apr: Apr
    merchant_fee: MerchantFee
    authorized_at: datetime
    capture_by: datetime
    closed_at: datetime | None
    version: int
    next_actions: tuple[str, ...]


def view(plan: Plan, instalments: tuple[OwedInstalment, ...], today: date) -> PlanView:
    """What a merchant is shown of a plan on `today`."""
    offer = plan.offer
    owed = instalments
    if not plan.captures:
        owed = tuple(OwedInstalment(i.number, 1, i.due_on, i.principal, i.interest, i.fee) for i in offer.schedule)
    return PlanView(
        plan_id=plan.plan_id,
        kind=plan.kind,
        consumer_id=plan.consumer_id,
        merchant_reference=plan.merchant_reference,
        offer_id=offer.offer_id,
        currency=plan.currency,
        time_zone=offer.time_zone,
        state=plan.state,
        collection_state=plan.collection_state,
        settlement_state=plan.settlement_state,
        dispute_state=plan.dispute_state,
        amount=plan.amount,
        captured=plan.captured,
        voided=plan.voided,
        remaining=plan.remaining,
        held=plan.held,
        outstanding=sum(instalment.outstanding for instalment in instalments),
        paid=plan.principal_paid + plan.interest_paid + plan.fee_paid,
        overdue=sum(instalment.outstanding for instalment in instalments if instalment.due_on < today),
        bills=plan.bills,
        schedule=owed,
        terms=offer.terms,
        apr=offer.apr,
        merchant_fee=offer.merchant_fee,
        authorized_at=plan.authorized_at,
        capture_by=plan.capture_by,
        closed_at=plan.closed_at,
        version=plan.version,
        next_actions=next_actions(plan),
    )


def next_actions(plan: Plan) -> tuple[str, ...]:
    """The verbs the merchant may use now."""
    actions: list[str] = []
    if plan.state in (PlanState.AUTHORIZED, PlanState.PART_CAPTURED):
        actions += ["claim", "release"] if plan.kind is Kind.DEPOSIT else ["capture"]
        actions.append("void")
    if plan.outstanding or plan.collection_state is CollectionState.COLLECTING:
        actions.append("pay")
    return tuple(actions)


def capture_deadline(authorized_at: datetime, within_days: int) -> datetime:
    """The instant after which an authorization can no longer be captured."""
    return authorized_at + timedelta(days=within_days)


def business_day(now: datetime, time_zone: str) -> date:
    """The calendar day it is at `now` in an IANA time zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()
