"""What a batch of commands leaves, as rows: plans, lines, facts, references, transfers, events. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import takewhile
from typing import Any

import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.engine.events import Told
from service.engine.work import Done
from service.ledger.store import BookedTransfer
from service.limits.account import Account
from service.limits.store import last_of_each
from service.packed import pack
from service.partners import funding
from service.partners.business_date import business_date
from service.partners.event import PartnerEvent
from service.plans.book import Change, Command, Event, Moved, Recorded
from service.plans.days import next_day_at
from service.plans.digest import digest_of
from service.plans.line_rows import Cut, LineRow, changed_lines
from service.plans.offer import Kind, Scenario
from service.plans.partner_events import partner_events
from service.plans.plan import Plan
from service.plans.proof import columns_of
from service.plans.running.facts import ChargedOff
from service.plans.running.kept import keep
from service.plans.state import CollectionState, PlanState
from service.statement import Int, Json, Row, SmallInt
from service.support.enrolling_store import MovedPlan as CoveredPlan
from service.support.loss import OpenedLoss

Doings = list[Done[Command, Change]]


class NamedPlan(Row, frozen=True):
    """A plan that takes its merchant's reference, or gives it free."""

    bucket: SmallInt
    merchant_id: str
    merchant_reference: str
    plan_id: str


class MovedPlan(Row, frozen=True):
    """What facts change of a plan's row."""

    bucket: SmallInt
    plan_id: str
    state: PlanState
    collection_state: CollectionState
    amount: int
    captured: int
    voided: int
    held: int
    reserved: int
    used: int
    outstanding: int
    principal_paid: int
    interest_paid: int
    fee_paid: int
    penalty_paid: int
    refunded: int
    overpaid: int
    captures: SmallInt
    capture_by: datetime
    guard_at: datetime | None
    version: Int
    changed_at: datetime
    changed_by: ActorKind
    state_since: datetime | None
    state_by: ActorKind | None
    closed_at: datetime | None
    claimed_at: datetime | None
    interest_settled: int
    interest_runs: bool
    passed_on: date
    day_at: datetime | None
    standing: bytes


class PassedPlan(Struct, frozen=True):
    """What a day changes of a plan's row on which it only announces something."""

    bucket: SmallInt
    plan_id: str
    passed_on: date
    day_at: datetime | None


class OpenedPlan(MovedPlan, frozen=True, kw_only=True):
    """All of a plan, as it is opened."""

    consumer_id: str
    person_id: str
    merchant_id: str
    merchant_reference: str
    decision_id: str
    kind: Kind
    currency: str
    authorized_at: datetime
    accepted: bytes  # the offer, kept packed
    scenario: Scenario | None
    funding: Json


class FactRow(Row, frozen=True):
    """A fact, as it is kept."""

    bucket: SmallInt
    plan_id: str
    number: Int
    fact_id: str
    fact: str
    effective_on: date
    recorded_at: datetime
    actor: ActorKind
    actor_id: str
    cause_id: str
    reference: str | None
    body: Json
    digest: bytes | None  # of what it has made of the plan; None where another followed at once


class Changed(Struct, frozen=True):
    """All that a batch leaves of plans and their accounts, but for the answers."""

    plans: list[Plan]  # each as it is after the last command
    freed: list[NamedPlan]
    retaken: list[NamedPlan]
    opened: list[Plan]
    passed: list[PassedPlan]
    cut: list[Cut]
    added: list[LineRow]
    changed: list[LineRow]
    moved: list[MovedPlan]
    recorded: list[FactRow]
    accounts: list[Account]
    booked: list[BookedTransfer]
    told: list[Told]
    partnered: list[PartnerEvent]
    lost: list[OpenedLoss]  # of plans that were given up
    ended: list[CoveredPlan]  # of those whose money is counted: nothing is owed of them any more
    reopened: list[CoveredPlan]  # plans that had ended, and owe again

    @property
    def takes_steps(self) -> bool:
        """Whether it takes statements that others do not: a reference that is given free may be taken again at once."""
        counted = any(plan.funding.is_counted or plan.offer.subsidy is not None for plan in self.plans)
        return bool(counted or self.freed or self.retaken or self.passed or self.cut or self.lost or self.reopened)


def changed_by(done: Doings, found: Mapping[str, Plan]) -> Changed:
    """The rows of a batch; `found` are the plans as they were loaded."""
    moved = [(one, each) for one in done for each in one.effect.moved]
    plans = list({each.plan.plan_id: each.plan for _, each in moved}.values())
    with_facts = [plan for plan in plans if _has_new_fact(found.get(plan.plan_id), plan)]
    lines = [changed_lines(found.get(plan.plan_id), plan) for plan in with_facts]
    return Changed(
        plans=plans,
        freed=[named(plan) for plan in plans if not plan.takes_reference],
        retaken=[named(plan) for plan in plans if _takes_again(found.get(plan.plan_id), plan)],
        opened=[plan for plan in plans if plan.plan_id not in found],
        passed=[_passed(plan) for plan in plans if not _has_new_fact(found.get(plan.plan_id), plan)],
        cut=[one.cut for one in lines if one.cut],
        added=[row for one in lines for row in one.added],
        changed=[row for one in lines for row in one.changed],
        moved=[MovedPlan(**_row(plan)) for plan in with_facts if plan.plan_id in found],
        recorded=[_recorded(each.plan, fact) for _, each in moved for fact in each.facts],
        accounts=last_of_each(one.effect.account for one in done),
        booked=[row for one, each in moved for row in _booked(one, each)],
        told=[_told(one, *each, number) for one in done for number, each in enumerate(_events(one.effect))],
        partnered=[row for one in done for row in partner_events(one.effect.moved, one.work.item.command_id, one.now)],
        lost=[_lost(each.plan, fact) for _, each in moved for fact in each.facts if isinstance(fact.fact, ChargedOff)],
        ended=[_covered(plan) for plan in plans if plan.funding.is_counted and plan.closed_at is not None],
        reopened=[_covered(plan) for plan in plans if _owes_again(found.get(plan.plan_id), plan)],
    )


def _owes_again(found: Plan | None, plan: Plan) -> bool:
    return found is not None and found.closed_at is not None and plan.closed_at is None


def _covered(plan: Plan) -> CoveredPlan:
    return CoveredPlan(plan.bucket, plan.plan_id, plan.changed_at)


def _lost(plan: Plan, one: Recorded) -> OpenedLoss:
    loss_id, fact = ids.derive(ids.LOSS, plan.plan_id), one.fact
    assert isinstance(fact, ChargedOff)
    return OpenedLoss(
        plan.bucket, loss_id, plan.plan_id, plan.merchant_id, plan.currency, fact.cause, fact.on, one.recorded_at
    )


def named(plan: Plan) -> NamedPlan:
    """A plan with its reference."""
    return NamedPlan(plan.bucket, plan.merchant_id, plan.merchant_reference, plan.plan_id)


def _takes_again(found: Plan | None, plan: Plan) -> bool:
    """Whether a plan that had expired was captured after all."""
    return found is not None and plan.takes_reference and not found.takes_reference


def _has_new_fact(found: Plan | None, plan: Plan) -> bool:
    """False where only days were passed on it: its standing, and all that follows from that, is as it was."""
    return found is None or found.version != plan.version


def _passed(plan: Plan) -> PassedPlan:
    return PassedPlan(plan.bucket, plan.plan_id, plan.passed_on, next_day_at(plan))


def opened(plan: Plan) -> OpenedPlan:
    """A plan's row, as it is opened."""
    return OpenedPlan(
        **_row(plan),
        consumer_id=plan.consumer_id,
        person_id=plan.person_id,
        merchant_id=plan.merchant_id,
        merchant_reference=plan.merchant_reference,
        decision_id=plan.decision_id,
        kind=plan.kind,
        currency=plan.currency,
        authorized_at=plan.authorized_at,
        accepted=pack(_encode(plan.offer)),
        scenario=plan.offer.use.scenario,
        funding=funding.kept(plan.funding),
    )


def _row(plan: Plan) -> dict[str, Any]:
    kept = {"bucket": plan.bucket, "plan_id": plan.plan_id, "standing": pack(keep(plan.standing))}
    return kept | columns_of(plan)


def _recorded(plan: Plan, one: Recorded) -> FactRow:
    digest = digest_of(plan) if one.number == plan.version else None
    return FactRow(
        plan.bucket, plan.plan_id, one.number, one.fact.id, str(one.fact.__struct_config__.tag), one.fact.on,
        one.recorded_at, one.actor.kind, one.actor.actor_id, one.cause_id, one.reference, _json(one.fact), digest,
    )  # fmt: skip


def _booked(one: Done[Command, Change], moved: Moved) -> list[BookedTransfer]:
    plan, now = moved.plan, one.now
    on = booked_on(plan, now)
    first = sum(len(each.transfers) for each in takewhile(lambda each: each is not moved, one.effect.moved))
    return [
        BookedTransfer(
            plan.bucket, one.work.item.command_id, leg, transfer.occasion, transfer.debit, transfer.debit_owner,
            transfer.credit, transfer.credit_owner, transfer.amount, plan.currency, plan.plan_id, plan.merchant_id,
            transfer.partner_id, on, now,
        )
        for leg, transfer in enumerate(moved.transfers, first)
    ]  # fmt: skip


def booked_on(plan: Plan, now: datetime) -> date:
    """The business day of what is booked of a plan."""
    return business_date(now, plan.funding.time_zone or plan.offer.time_zone, plan.funding.cut_off)


def _events(change: Change) -> list[tuple[Moved, Event]]:
    return [(moved, event) for moved in change.moved for event in moved.events]


def _told(one: Done[Command, Change], moved: Moved, event: Event, number: int) -> Told:
    plan, actor = moved.plan, moved.by or one.work.item.actor
    data = {"plan_id": plan.plan_id, "state": plan.state, "version": plan.version, **event.data}
    data["outstanding"] = plan.amounts.outstanding
    return Told(
        plan.bucket, ids.derive(ids.EVENT, one.work.item.command_id, number), plan.merchant_id, event.type, one.now,
        actor.kind, _json(data), plan_id=plan.plan_id,
    )  # fmt: skip


_encode = msgspec.json.Encoder().encode


def _json(value: Any) -> str:
    return _encode(value).decode()
