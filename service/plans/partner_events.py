"""What a change of a plan tells its partners: an event for each of them and each thing that happened. Pure.

It is read from the transfers, which say what moved at the partner's places, and from the fact, which says what it was.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from service.ledger.chart import LedgerAccount, Occasion
from service.partners.business_date import business_date
from service.partners.event import PartnerEvent
from service.partners.funding import Funding
from service.partners.layouts import TxnType
from service.plans.book import Moved
from service.plans.plan import Plan
from service.plans.running.facts import AnyFact, Paid, Refunded, undone_by
from service.plans.running.subsidy_facts import Subsidised
from service.terms.allocation_rule import PaymentKind

# Which component an occasion moves, and what it is; None: what the fact says.
_MEANS: Final[dict[Occasion, tuple[str, TxnType | None]]] = {
    Occasion.DRAWING: ("principal", TxnType.FUNDING),
    Occasion.PRINCIPAL_SHARE: ("principal", None),
    Occasion.INTEREST_SHARE: ("interest", None),
    Occasion.FEE_SHARE: ("fee", None),
    Occasion.PENALTY_SHARE: ("penalty", None),
    Occasion.SERVICING: ("fee", TxnType.FEE),
    Occasion.LOSS_SHARE: ("principal", TxnType.CHARGE_OFF),
    Occasion.RECOVERY_SHARE: ("principal", TxnType.RECOVERY),
}
# At these places it is due to the partner what is credited, and from it what is debited.
_DUE: Final = (LedgerAccount.PARTNER_PAYABLE, LedgerAccount.PARTNER_RECEIVABLE)
_LENT: Final = (LedgerAccount.PARTNER_PARTICIPATION,)  # a loss moves no money: it holds so much less
_OF_CONSUMER: Final = (PaymentKind.PAYMENT, PaymentKind.PAID_TO_MERCHANT, PaymentKind.DOWN_PAYMENT)


class _Share(Struct):
    """What one occasion, or several that belong together, came to for a partner."""

    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    subsidy: int = 0

    def add(self, component: str, amount: int) -> None:
        setattr(self, component, getattr(self, component) + amount)

    @property
    def amount(self) -> int:
        return self.principal + self.interest + self.fee + self.penalty + self.subsidy


def partner_events(changes: Iterable[Moved], cause_id: str, now: datetime) -> list[PartnerEvent]:
    """The events of a cause, in the order of what happened. The first has the cause's own id."""
    told: list[PartnerEvent] = []
    for moved in changes:
        if not moved.plan.funding.participations:
            continue
        for (partner_id, means), share in _shares(moved).items():
            if share != _Share():
                event_id = f"{cause_id}-{len(told)}" if told else cause_id
                told.append(_event(moved, event_id, partner_id, _type(moved, means, share), share, now))
    return told


def _shares(moved: Moved) -> dict[tuple[str, TxnType | None], _Share]:
    """By partner and by what it is."""
    shares: dict[tuple[str, TxnType | None], _Share] = {}
    by_fact = TxnType.RECOVERY if _recovers(moved) else None
    for one in moved.transfers:
        if one.occasion in _MEANS:
            component, means = _MEANS[one.occasion]
            for account, owner, amount in (
                (one.credit, one.credit_owner, one.amount), (one.debit, one.debit_owner, -one.amount)
            ):  # fmt: skip
                if owner is None:
                    continue
                if means is TxnType.CHARGE_OFF:
                    if account in _LENT:
                        shares.setdefault((owner, means), _Share()).add(component, -amount)
                elif account in _DUE:
                    kind = by_fact if means is None and one.occasion is not Occasion.PRINCIPAL_SHARE else means
                    shares.setdefault((owner, kind), _Share()).add(component, amount)
    return shares


def _recovers(moved: Moved) -> bool:
    """Whether it is about money that came after the plan was given up."""
    given_up_on, fact = moved.plan.standing.charged_off_on, _fact(moved)
    return given_up_on is not None and isinstance(fact, (Paid, Refunded)) and fact.on >= given_up_on


def programme_of(funding: Funding, partner_id: str) -> str | None:
    """Under whose contract a partner has, or had, a part of the plan."""
    for part in funding.participations:
        for owner in reversed(part.owners):
            if owner.partner_id == partner_id:
                return owner.programme_id or funding.programme_id
        if part.partner_id == partner_id:
            return part.programme_id or funding.programme_id
    return None


def _type(moved: Moved, means: TxnType | None, share: _Share) -> TxnType:
    fact = _fact(moved)
    if means is TxnType.FUNDING:
        return TxnType.FUNDING if share.amount < 0 else TxnType.ADJUSTMENT
    if means is not None:
        return means
    match fact:
        case Paid() if fact.kind in _OF_CONSUMER:
            if share.principal == share.interest == 0:
                return TxnType.FEE
            return TxnType.EARLY_SETTLEMENT if _is_early(moved.plan, fact.on) else TxnType.REPAYMENT
        case Subsidised():
            return TxnType.REPAYMENT
        case Paid() | Refunded():
            return TxnType.REFUND
        case _:
            return TxnType.ADJUSTMENT


def _is_early(plan: Plan, on: date) -> bool:
    """Whether it settled the plan with an instalment still to come."""
    return plan.amounts.outstanding == 0 and plan.remaining == 0 and any(line.due_on > on for line in plan.lines)


def _fact(moved: Moved) -> AnyFact | None:
    return moved.facts[-1].fact if moved.facts else None


def _event(moved: Moved, event_id: str, partner_id: str, kind: TxnType, share: _Share, now: datetime) -> PartnerEvent:
    plan, fact, funding = moved.plan, _fact(moved), moved.plan.funding
    programme_id = programme_of(funding, partner_id)
    assert programme_id is not None
    business_on = business_date(now, funding.time_zone or plan.offer.time_zone, funding.cut_off)
    return PartnerEvent(
        plan.bucket, event_id, partner_id, programme_id, plan.plan_id, kind, business_on,
        fact.on if fact else business_on, share.principal, share.interest, share.fee, share.penalty, share.subsidy,
        plan.currency, undone_by(fact) if fact else None, now,
    )  # fmt: skip
