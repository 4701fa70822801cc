"""The plan: one credit agreement of one kind, what was agreed and where it stands; and how it is shown. Pure."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from service.actor import ActorKind
from service.merchants.fee import MerchantFee
from service.partners.funding import Funding
from service.plans.amounts import Amounts
from service.plans.bill import Bill
from service.plans.billed import CaptureOfPlan, shown
from service.plans.claimed import DepositOfPlan, deposited
from service.plans.disputed import DisputeOfPlan, disputed, next_of_dispute
from service.plans.offer import Kind, Leeway, Offer
from service.plans.owed import OwedInstalment, agreed_instalment, instalment_of
from service.plans.postponable import next_of_due_dates
from service.plans.quoted import SettlementQuote, quoted
from service.plans.running.deposit_facts import ClaimState
from service.plans.running.dispute_facts import DisputeState
from service.plans.running.facts import Amended, PauseReason, Why
from service.plans.running.pauses import days_past_due
from service.plans.running.rows import Line
from service.plans.running.standing import Standing
from service.plans.running.versions import lines_on
from service.plans.state import (
    CollectionState,
    PlanState,
    SettlementState,
    collection_state_of,
    dispute_state_of,
    state_of,
)
from service.plans.subsidy import SubsidyOfPlan, subsidy_of
from service.plans.used import UseOfPlan, awaits_word, captured_by, is_unconfirmed, is_unproved, next_of_use, used
from service.plans.waiting import while_waiting
from service.plans.withdrawn import WithdrawalOfPlan, withdrawal_of
from service.terms.apr import Apr
from service.terms.terms import Terms
from service.terms.withdrawal import withdrawable_until


class Plan(Struct, frozen=True):
    """One plan. What was agreed never changes; `standing` is what its facts have made of it, `version` how many."""

    bucket: int
    plan_id: str
    consumer_id: str
    person_id: str
    merchant_id: str
    merchant_reference: str
    decision_id: str
    kind: Kind
    currency: str
    offer: Offer
    funding: Funding
    authorized_at: datetime
    standing: Standing
    amounts: Amounts
    lines: tuple[Line, ...]  # as the last fact left them
    version: int
    changed_at: datetime  # when its last fact was recorded
    changed_by: ActorKind  # by whom
    passed_on: date  # the last day of which all was done that time alone brings about
    closed_at: datetime | None = None
    claimed_at: datetime | None = None  # of a deposit: the last claim
    bills: tuple[Bill, ...] = ()  # of all captures, with those that were reversed
    began: tuple[datetime, ActorKind] | None = None  # since when it is in its state, by whom; None: by its last fact

    @property
    def state(self) -> PlanState:
        """The commercial state."""
        return state_of(self.kind, self.standing, self.amounts)

    @property
    def collection_state(self) -> CollectionState:
        """Where the money from the consumer stands."""
        return collection_state_of(self.standing, self.amounts)

    @property
    def remaining(self) -> int:
        """What may still be captured or claimed."""
        return self.standing.remaining

    @property
    def standing_bills(self) -> tuple[Bill, ...]:
        """Of the captures that were not reversed."""
        return tuple([bill for bill in self.bills if not bill.is_reversed])

    @property
    def agreed(self) -> Offer | Amended:
        """What was agreed last: its amount, its schedule if all were captured on that day, its rate."""
        return self.standing.amended or self.offer

    @property
    def capture_by(self) -> datetime:
        """The last instant for a capture."""
        by = captured_by(self.offer, self.standing, self.authorized_at)
        return by + timedelta(days=self.standing.extended_days)

    @property
    def extendable_days(self) -> int:
        """By how many days that may still be put off."""
        if awaits_word(self.offer, self.standing):
            return 0
        return max(0, self.offer.leeway.extend_days_max - self.standing.extended_days)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it waits for the consumer: until then nothing is used or captured."""
        return is_unconfirmed(self.offer, self.standing)

    @property
    def capture_until(self) -> datetime:
        """The same if the day has extended it, as it does by itself where the product says so."""
        days = self.extendable_days if self.offer.leeway.extends_by_itself else 0
        return self.capture_by + timedelta(days=days)

    @property
    def released_at(self) -> datetime | None:
        """When a deposit that nobody has claimed is given back by itself; None where its product does not say so."""
        days = self.offer.servicing.release_days if self.kind is Kind.DEPOSIT else None
        return None if days is None else self.capture_by + timedelta(days=days)

    @property
    def ends_at(self) -> datetime:
        """When what is left is given back."""
        return self.released_at or self.capture_by

    @property
    def late_capture_until(self) -> datetime | None:
        """Until when a capture of what has expired is tried anew; None of a plan that was ended by something else."""
        days, standing = self.offer.leeway.late_capture_grace_days, self.standing
        has_expired = standing.ended_by is Why.EXPIRED and not self.is_unconfirmed
        if not days or not has_expired or standing.remaining or not standing.given_back:
            return None
        return self.capture_until + timedelta(days=days)

    @property
    def withdrawable_until(self) -> date | None:
        """The last day on which the consumer may withdraw from the credit; None where no law gives a right to."""
        offer, agreed_on = self.offer, business_day(self.authorized_at, self.offer.time_zone)
        until = withdrawable_until(offer.jurisdiction, offer.product_class, agreed_on)
        return None if self.kind is Kind.DEPOSIT else until

    @property
    def takes_reference(self) -> bool:
        """Whether its merchant reference is taken. It is free again once all was given back before any capture."""
        standing = self.standing
        return bool(standing.lent or standing.remaining) or standing.ended_by in (Why.RELEASED, Why.UNCLAIMED)


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
    dispute: DisputeOfPlan | None  # the last one, open or closed
    amount: int  # minor units: the most that may be captured or claimed
    captured: int
    voided: int
    remaining: int
    held: int
    deposit: DepositOfPlan | None  # by its sources; null: of another kind
    outstanding: int  # all components still to be paid, as scheduled
    paid: int
    refunded: int  # by the merchant
    overpaid: int  # more than was owed: to be returned to the consumer
    days_past_due: int  # of the oldest instalment that is overdue, without days on which collection rested
    paused_for: tuple[PauseReason, ...]  # why nothing is collected; empty: it is
    overdue: int  # of the outstanding, what was due on a day that has ended
    captures: tuple[CaptureOfPlan, ...]  # in their order, those that were reversed as well
    schedule: tuple[OwedInstalment, ...]  # of an uncaptured plan: as agreed, should all be captured on that day
    terms: Terms
    apr: Apr
    merchant_fee: MerchantFee
    authorized_at: datetime
    capture_by: datetime
    extendable_days: int
    leeway: Leeway
    use: UseOfPlan | None  # null: of instalments
    must_authenticate: bool  # before anything is captured the consumer proves that it is they who agree to the amount
    late_capture_until: datetime | None  # until when a capture is still tried, now that the plan has expired
    closed_at: datetime | None
    version: int  # how many facts it has
    settlement_quote: SettlementQuote | None  # the last one, while it binds
    withdrawable_until: date | None  # the last day on which the consumer may withdraw from the credit; null: by no law
    withdrawal: WithdrawalOfPlan | None  # from the credit, by the consumer
    subsidy: SubsidyOfPlan | None  # who bears interest of it besides the consumer; null: nobody
    next_actions: tuple[str, ...]


class OperatorPlan(PlanView, frozen=True):
    """The plan as an operator sees it: with whose it is, and whose money."""

    merchant_id: str = field(name="merchant")  # the merchant's id
    decision_id: str = field(name="checkout")  # the id of the checkout it was offered in
    funding: Funding


V = TypeVar("V", bound=PlanView)


def view(plan: Plan, today: date) -> PlanView:
    """What a merchant is shown of a plan on `today`."""
    return view_as(PlanView, plan, today)


def view_as(kind: type[V], plan: Plan, today: date, **more: Any) -> V:
    """The same with more beside it."""
    offer, amounts = plan.offer, plan.amounts
    owed = schedule_of(plan, today)
    schedule = owed
    if not (plan.standing.lent or owed):
        schedule = tuple([agreed_instalment(*one) for one in enumerate(plan.agreed.schedule, 1)])
    late = [one for one in owed if one.due_on < today and one.outstanding]
    return kind(
        plan_id=plan.plan_id,
        kind=plan.kind,
        consumer_id=plan.consumer_id,
        merchant_reference=plan.merchant_reference,
        offer_id=offer.offer_id,
        currency=plan.currency,
        time_zone=offer.time_zone,
        state=plan.state,
        collection_state=plan.collection_state,
        settlement_state=SettlementState.PAYABLE if amounts.captured else SettlementState.NOTHING_DUE,
        dispute_state=dispute_state_of(plan.standing),
        dispute=disputed(plan.standing),
        amount=amounts.amount,
        captured=amounts.captured,
        voided=amounts.voided,
        remaining=plan.remaining,
        held=amounts.held,
        deposit=deposit_of(plan),
        outstanding=sum([one.outstanding for one in owed]),
        paid=amounts.paid,
        refunded=amounts.refunded,
        overpaid=amounts.overpaid,
        days_past_due=max([days_past_due(plan.standing, one.due_on, today) for one in late], default=0),
        paused_for=tuple([one.why for one in plan.standing.pauses if one.end is None]),
        overdue=sum([one.outstanding for one in late]),
        captures=tuple([shown(bill, plan.standing) for bill in plan.bills]),
        schedule=schedule,
        terms=offer.terms,
        apr=plan.agreed.apr,
        merchant_fee=offer.merchant_fee,
        authorized_at=plan.authorized_at,
        capture_by=plan.capture_by,
        extendable_days=plan.extendable_days,
        leeway=offer.leeway,
        use=used(offer, plan.standing, plan.authorized_at),
        must_authenticate=bool(plan.remaining) and is_unproved(offer, plan.standing),
        late_capture_until=plan.late_capture_until,
        closed_at=plan.closed_at,
        version=plan.version,
        settlement_quote=quoted(plan.standing, plan.amounts.outstanding, today),
        withdrawable_until=plan.withdrawable_until,
        withdrawal=withdrawal_of(plan.standing),
        subsidy=subsidy_of(offer, plan.standing),
        next_actions=next_actions(plan, today),
        **more,
    )


def deposit_of(plan: Plan) -> DepositOfPlan | None:
    """The deposit by its sources; None of a plan of another kind."""
    return deposited(plan.standing, plan.released_at) if plan.kind is Kind.DEPOSIT else None


def schedule_of(plan: Plan, on: date) -> tuple[OwedInstalment, ...]:
    """The lines as they stand on a day."""
    lines = lines_on(plan.standing, on) if plan.standing.recalculates else plan.lines
    return tuple([instalment_of(line) for line in lines])


def next_actions(plan: Plan, on: date | None = None) -> tuple[str, ...]:
    """The verbs that may be used now: on a day, or on the last that the plan knows of."""
    actions: list[str] = []
    if (claim := plan.standing.open_claim) is not None:
        actions += ["contest_claim"] if claim.state is ClaimState.MADE else ["decide_claim"]
        actions += ["lower_claim", "withdraw_claim"]
    elif plan.remaining and plan.is_unconfirmed:
        actions += [*while_waiting(plan.offer, plan.standing, plan.amounts.captured), *_changes(plan)]
    elif plan.remaining:
        actions += ["claim", "release"] if plan.kind is Kind.DEPOSIT else ["capture"]
        if not (plan.standing.use_started_at and plan.standing_bills):
            actions.append("void")
        if plan.kind is not Kind.INSTALMENTS:
            actions += next_of_use(plan.standing)
        actions += _changes(plan)
    if plan.remaining and plan.extendable_days:
        actions.append("extend_authorization")
    if plan.amounts.outstanding:
        actions += ["pay", *next_of_due_dates(plan.offer.servicing, plan.standing, plan.lines, on or plan.passed_on)]
    return (*actions, *next_of_dispute(plan.standing))


def _changes(plan: Plan) -> list[str]:
    if plan.kind is Kind.DEPOSIT:
        return ["top_up"] if plan.amounts.amount < plan.offer.amount_max else []
    return ["amend"] if plan.offer.amount_max else []


@lru_cache(maxsize=1024)
def business_day(now: datetime, time_zone: str) -> date:
    """The calendar day it is at `now` in an IANA time zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()
