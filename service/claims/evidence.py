"""What a claim shows: put together from what we hold of the plan, and what was added by hand. Pure.

It names nobody: whose it is stands there as an id, and of who agreed only how that was proved.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
from msgspec import Struct, field

from service.plans.amounts import amounts_of
from service.plans.book import Recorded
from service.plans.plan import Plan
from service.plans.running.facts import Captured, CaptureReversed, ChargedOff
from service.plans.running.versions import lines_of
from service.plans.timeline import Step, recorded_fact, steps
from service.support.claim_terms import EffortKind, Evidence


class Contract(Struct, frozen=True):
    """What was agreed, and when."""

    offer_id: str
    decision_id: str
    amount: int  # minor units
    total_payable: int  # minor units
    rate_percent: str  # a year
    apr: str  # in percent, as it was printed
    agreed_at: datetime  # when


class DueLine(Struct, frozen=True):
    """What was due on a day; minor units."""

    due_on: date
    amount: int
    paid: int


class Delivered(Struct, frozen=True):
    """Goods that were shipped, or a use that ended."""

    on: date  # when
    amount: int  # minor units
    reference: str  # the merchant's own


class Moved(Struct, frozen=True):
    """What happened to what is owed."""

    on: date  # when
    fact: str  # which
    amount: int | None  # minor units; null: it has none
    outstanding: int  # minor units, after it


class Effort(Struct, frozen=True):
    """How somebody tried to have the money paid."""

    effort_id: str = field(name="id")
    kind: EffortKind
    on: date  # when
    reference: str  # of the letter, the call or the court
    said_by: str  # who wrote it down


class Identified(Struct, frozen=True):
    """Who agreed, by ids, and how it is known that it was they."""

    consumer_id: str = field(name="consumer")
    person_id: str = field(name="person")
    known_by: tuple[str, ...]  # which kinds of identifiers the merchant gave
    proved_by: str | None  # `passkey` or `code`; null: nothing was proved


class Document(Struct, frozen=True):
    """Evidence that is kept elsewhere."""

    kind: Evidence
    reference: str  # where it is kept
    sha256: str | None  # of its bytes; null: not told
    added_by: str  # who
    added_at: datetime  # when


class StoppedSupply(Struct, frozen=True):
    """An order that was declined because the debtor was too late: the log has the decision, and supply was stopped."""

    decision_id: str
    decided_at: datetime  # when
    amount: int  # minor units that were asked for


class EvidencePack(Struct, frozen=True, omit_defaults=True):
    """All that a claim shows."""

    contract: Contract
    schedule: list[DueLine]
    delivery: list[Delivered]
    statement: list[Moved]
    dunning: list[Effort]
    identity: Identified
    documents: list[Document]
    stops: list[StoppedSupply] = []  # orders that were declined meanwhile, where a policy of credit insurance says so


class Known(Struct, frozen=True):
    """What is known of a plan besides its facts."""

    efforts: Sequence[Effort]
    documents: Sequence[Document]
    known_by: tuple[str, ...]
    proved_by: str | None
    stops: Sequence[StoppedSupply] = ()


def assemble(plan: Plan, facts: Sequence[Recorded], known: Known) -> EvidencePack:
    """The pack as it is now."""
    life = list(steps(plan.kind, plan.offer.terms, facts))
    offer = plan.offer
    contract = Contract(
        offer.offer_id, plan.decision_id, offer.amount, offer.total_payable, f"{offer.terms.rate_percent}",
        offer.apr.printed, plan.authorized_at,
    )  # fmt: skip
    return EvidencePack(
        contract, _schedule(life), _delivered(facts), [_moved(step) for step in life if step.amount is not None],
        list(known.efforts), Identified(plan.consumer_id, plan.person_id, known.known_by, known.proved_by),
        list(known.documents), list(known.stops),
    )  # fmt: skip


def missing_of(pack: EvidencePack, wanted: Iterable[Evidence]) -> list[Evidence]:
    """What of it is wanted and not there, in the order in which it is wanted."""
    there = {
        Evidence.CONTRACT: True,
        Evidence.SCHEDULE: bool(pack.schedule),
        Evidence.DELIVERY: bool(pack.delivery) and all(one.reference for one in pack.delivery),
        Evidence.STATEMENT: bool(pack.statement),
        Evidence.DUNNING: bool(pack.dunning),
        Evidence.IDENTITY: bool(pack.identity.known_by) or pack.identity.proved_by is not None,
    }
    added = {one.kind for one in pack.documents}
    return [one for one in wanted if not there[one] and one not in added]


def digest_of(pack: EvidencePack) -> tuple[str, str]:
    """Its JSON, always the same bytes, and their sha256."""
    content = msgspec.json.encode(pack, order="deterministic")
    return content.decode(), hashlib.sha256(content).hexdigest()


def due_since(plan: Plan, facts: Sequence[Recorded]) -> date | None:
    """The oldest due date that was missed when the plan was given up; None: none was."""
    due = _schedule(list(steps(plan.kind, plan.offer.terms, facts)))
    return min((one.due_on for one in due if one.paid < one.amount), default=None)


def _schedule(life: Sequence[Step]) -> list[DueLine]:
    """As it stood before it was given up."""
    before = next((step.before for step in life if isinstance(step.fact, ChargedOff)), None) or life[-1].after
    return [DueLine(one.due_on, one.total, one.paid + one.forgiven) for one in lines_of(before)]


def _delivered(facts: Iterable[Recorded]) -> list[Delivered]:
    taken = [one.fact for one in facts]
    reversed_ = {one.capture_id for one in taken if isinstance(one, CaptureReversed)}
    return [
        Delivered(one.on, one.amount, one.reference)
        for one in taken
        if isinstance(one, Captured) and one.id not in reversed_
    ]


def _moved(step: Step) -> Moved:
    told = recorded_fact(step)
    return Moved(told.effective_on, told.fact, told.amount, amounts_of(step.after).outstanding)
