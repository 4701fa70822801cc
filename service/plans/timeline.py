"""What happened to a plan, fact by fact in the order it was recorded, and what each one changed. Pure.

number  fact        on           changed
1       authorized  2026-03-02   600.00 may be captured
2       captured    2026-03-02   outstanding 0.00 -> 600.00
3       paid        2026-03-16   outstanding 600.00 -> 450.00
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from msgspec import Struct, field, structs

from service.actor import ActorKind
from service.plans.amounts import amounts_of
from service.plans.book import Recorded
from service.plans.digest import digest_after
from service.plans.offer import Kind
from service.plans.plan import PlanView
from service.plans.running.acceleration_fact import Accelerated
from service.plans.running.deposit_facts import ClaimClosed, ClaimContested, ClaimLowered
from service.plans.running.dispute_facts import DisputeAnswered, DisputeAskedAgain, DisputeClosed
from service.plans.running.facts import (
    Amended,
    AnyFact,
    Authorized,
    Captured,
    CaptureReversed,
    ChargedBack,
    ChargedOff,
    Corrected,
    Forgiven,
    GivenBack,
    Levied,
    Paid,
    PaymentReturned,
    Waived,
)
from service.plans.running.rows import Line
from service.plans.running.standing import Dispute, Standing
from service.plans.running.versions import after, lines_of, standing_after
from service.plans.state import PlanState, state_of
from service.terms.terms import Terms


class Settled(Struct, frozen=True):
    """What money settled, by component; what went back counts negative."""

    principal: int
    interest: int
    fee: int
    penalty: int
    overpaid: int


class Step(Struct, frozen=True):
    """A fact, and where its plan stood before and after it."""

    kind: Kind
    recorded: Recorded
    before: Standing | None  # None: it opened the plan
    after: Standing

    @property
    def fact(self) -> AnyFact:
        return self.recorded.fact

    @property
    def about(self) -> AnyFact | None:
        """The payment, the fee, or whatever it undoes, that the fact is about."""
        about_id = about_of(self.fact)
        known = self.before.done if self.before and about_id else None
        return next((one for one in known or () if one.id == about_id), None)

    @property
    def amount(self) -> int | None:
        """How much it is about; None of a fact without an amount."""
        match self.fact:
            case Authorized(amount=amount, held=more) | Amended(amount=amount, held=more):
                return amount + more
            case Captured(amount=amount, from_held=more):
                return amount + more
            case GivenBack(amount=amount, from_held=more):
                return amount + more
            case PaymentReturned() | Waived():
                about = self.about
                return about.amount if isinstance(about, Paid | Levied) else None
            case CaptureReversed():
                return getattr(self.about, "amount", None)
            case Corrected():
                return getattr(self.about, "amount", None)
            case Accelerated():
                return amounts_of(self.after).outstanding
            case ChargedOff() | Forgiven():
                return amounts_of(self.before).outstanding if self.before else None
        return getattr(self.fact, "amount", None)

    @property
    def settled(self) -> Settled | None:
        """What the money of the fact settled; None where it moved none."""
        if allocated := self.after.allocations.get(self.fact.id):
            sign = 1
        elif isinstance(self.fact, PaymentReturned | Corrected) and self.before:
            allocated, sign = self.before.allocations.get(about_of(self.fact) or ""), -1
        if allocated is None:
            return None
        return Settled(
            sign * allocated.principal, sign * allocated.interest, sign * allocated.fee, sign * allocated.penalty,
            sign * allocated.overpaid,
        )  # fmt: skip


class RecordedFact(Struct, frozen=True):
    """A fact of a plan. What its money settled, by component: null where it moved none; what went back is negative."""

    number: int  # 1, 2, 3 ... of its plan: the plan's version after it
    fact_id: str = field(name="id")  # of a payment the payment's, of a fee the fee's
    fact: str  # what happened, in a word: `captured`, `paid`, `due_moved` ...
    effective_on: date  # the day it counts from
    amount: int | None  # minor units; null where it has none
    principal: int | None
    interest: int | None
    fee: int | None
    penalty: int | None
    overpaid: int | None  # minor units: more than was owed, kept for the consumer; negative where it was used


class Stand(Struct, frozen=True):
    """Where a plan stands: its state and what it comes to."""

    state: PlanState
    outstanding: int
    used: int  # of the limit, in minor units
    overpaid: int  # minor units: to be returned to the consumer


class Entry(RecordedFact, frozen=True):
    """What happened to a plan at one time, by whom, and what it changed."""

    recorded_at: datetime  # when it became known
    actor: ActorKind  # in what role somebody brought it about
    reference: str | None  # of a payment, or of a dispute that a processor opened: the payer's or processor's own
    about: str | None  # the id of the payment, fee or other fact that it is about
    before: Stand | None  # null: it opened the plan
    after: Stand  # ... it
    changed_schedule: bool  # whether amounts owed or due dates are others since: `number` is that schedule's version
    digest: str  # 16 hexadecimal digits: of the instalments, amounts and exposure after it, the same for ever
    sentence: str  # the same in words


class OperatorEntry(Entry, frozen=True):
    """The same, and who it was."""

    actor_id: str  # a merchant's id, the person who holds an operator's key; empty: nobody, time has passed


class PlanAnswer(PlanView, frozen=True):
    """The plan after a verb, and the fact that the verb has recorded."""

    recorded: RecordedFact


def steps(kind: Kind, terms: Terms, facts: Iterable[Recorded]) -> Iterator[Step]:
    """The facts of a plan in the order they were recorded. One that took effect late is seen with all it changed."""
    before: Standing | None = None
    for recorded in facts:
        fact = recorded.fact
        following = standing_after(terms, [fact]) if before is None else after(before, fact)
        yield Step(kind, recorded, before, following)
        before = following


def last_of_dispute(told: Iterable[Step], dispute_id: str) -> Dispute | None:
    """Where a dispute stood last, whatever was disputed after it; None if there was none of this id."""
    known = [step.after.dispute for step in told if step.after.dispute and step.after.dispute.id == dispute_id]
    return known[-1] if known else None


def recorded_fact(step: Step) -> RecordedFact:
    """What a verb tells of the fact it has recorded."""
    settled = step.settled
    parts = structs.astuple(settled) if settled else (None,) * len(Settled.__struct_fields__)
    word = str(step.fact.__struct_config__.tag)
    return RecordedFact(step.recorded.number, step.fact.id, word, step.fact.on, step.amount, *parts)


def entry_of(step: Step, sentence: str) -> Entry:
    """The step as a merchant sees it."""
    return Entry(
        **structs.asdict(recorded_fact(step)),
        recorded_at=step.recorded.recorded_at,
        actor=step.recorded.actor.kind,
        reference=step.recorded.reference,
        about=about_of(step.fact),
        before=None if step.before is None else _stand(step.kind, step.before),
        after=_stand(step.kind, step.after),
        changed_schedule=_asked(step.before) != _asked(step.after),
        digest=digest_after(step.recorded.number, step.after).hex(),
        sentence=sentence,
    )


def operator_entry(step: Step, sentence: str) -> OperatorEntry:
    """The step as an operator sees it."""
    return OperatorEntry(**structs.asdict(entry_of(step, sentence)), actor_id=step.recorded.actor.actor_id)


def about_of(fact: AnyFact) -> str | None:
    """The id of the payment, fee or other fact that a fact is about."""
    match fact:
        case (
            PaymentReturned(payment_id=about)
            | ChargedBack(payment_id=about)
            | Waived(levy_id=about)
            | CaptureReversed(capture_id=about)
            | Corrected(fact_id=about)
            | DisputeAnswered(dispute_id=about)
            | DisputeAskedAgain(dispute_id=about)
            | DisputeClosed(dispute_id=about)
            | ClaimContested(claim_id=about)
            | ClaimLowered(claim_id=about)
            | ClaimClosed(claim_id=about)
        ):
            return about
    return None


def _stand(kind: Kind, standing: Standing) -> Stand:
    amounts = amounts_of(standing)
    return Stand(state_of(kind, standing, amounts), amounts.outstanding, amounts.used, amounts.overpaid)


def _asked(standing: Standing | None) -> list[tuple[date, int, int, int, int, int]]:
    """What a schedule asks for, and when."""
    lines: tuple[Line, ...] = () if standing is None else lines_of(standing)
    return [(one.due_on, one.principal, one.interest, one.fee, one.penalty, one.forgiven) for one in lines]
