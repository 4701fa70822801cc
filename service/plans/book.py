"""Command, Book, Change: the shape of everything that moves a consumer's money. Pure.

    Book (locked facts) + Command + now  ->  Change   (or Refused, and nothing happened)

Same book, command and now: same change. That is why a plan's life can be simulated, dry-run and replayed.
"""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from msgspec import Struct

from service import ids
from service.actor import THE_DAY, Actor, ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.chart import Transfer
from service.limits.account import Account
from service.partners.budget import Use
from service.plans.offer import Agreement
from service.plans.plan import Plan, next_actions
from service.plans.running.facts import AnyFact
from service.statement import Row, SmallInt
from service.subsidies.interest import Used

CAPTURES_MAX: Final = 99  # of one plan; a subscription is another product
EVERYBODY: Final = frozenset(ActorKind)
Began = tuple[datetime, ActorKind]  # since when a plan is in its state, and who has brought it there
OF_A_PLAN: Final = frozenset({
    Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_AUTHORIZED, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.IMPOSSIBLE_TERMS,
    Code.DUPLICATE_PAYMENT, Code.DUPLICATE_CAPTURE, Code.INVALID_FIELD, Code.LIMIT_EXCEEDED, Code.STALE_VERSION,
    Code.NOT_APPROVED,
})  # fmt: skip


class Event(Struct, frozen=True):
    """A fact in past tense, for those who listen; `data` is JSON-friendly."""

    type: EventType
    data: dict[str, Any]


class Recorded(Struct, frozen=True):
    """A fact as it is kept: which one of its plan, when it was written down, by whom, and by which command."""

    number: int  # 1, 2, 3 ... of the plan, without gaps
    recorded_at: datetime
    actor: Actor
    cause_id: str
    fact: AnyFact
    reference: str | None = None  # the payer's or processor's own, of a payment or a dispute


class Notice(Struct, frozen=True):
    """A payment with a reference that is on the plan already."""

    reference: str
    amount: int
    received_on: date


class Book(Struct):
    """What one command may read, loaded and locked together."""

    account: Account
    plan: Plan | None = None
    notices: tuple[Notice, ...] = ()  # of payments with the reference asked about
    agreement: Agreement | None = None  # only for a command that opens a plan
    is_accepted: bool = False  # an offer of the agreement's decision already opened a plan
    permission_id: str | None = None  # the consumer's, for orders such as the agreement's, if one is in force
    open_leases: frozenset[str] = frozenset()  # of those that its money was taken under; they stay so until it is done
    used_of_scheme: dict[str, Used] = {}  # by the account's person, of the agreement's scheme, by lender
    is_reference_used: bool = False  # the merchant reference, of the agreement or the plan, is taken by another plan


class Moved(Struct, frozen=True):
    """One plan after what happened to it, and all that goes with it."""

    plan: Plan
    facts: tuple[Recorded, ...]
    transfers: list[Transfer]
    events: tuple[Event, ...]
    before: Plan | None = None  # None: it was opened
    by: Actor | None = None  # who brought it about; None: who sent the command


class HeldWord(Row, frozen=True):
    """A row of `held_words`: a payment that a merchant tells of, and what it would free of the limit. Minor units."""

    bucket: SmallInt
    plan_id: str
    payment_id: str
    amount: int
    held_at: datetime


class Change(Struct, frozen=True):
    """What a command does, in one transaction: the account, and each plan it moved, in the order of what happened.

    What the command itself is about comes last: before it stands what time has brought about on the same plan.
    """

    account: Account
    moved: tuple[Moved, ...]
    uses: tuple[Use, ...] = ()  # of budgets, by the plan that it opens
    held: HeldWord | None = None  # what the account still has as used, though the plan owes it no more

    @property
    def plan(self) -> Plan:
        """The plan that the command is about."""
        return self.moved[-1].plan

    @property
    def own(self) -> tuple[Moved, ...]:
        """What the command itself is about first, then what followed from it: a scheme pays, or gets something back."""
        return tuple([one for one in self.moved if one.by != THE_DAY]) or self.moved[-1:]


class Command(Struct, frozen=True, kw_only=True):
    """A verb with its arguments. `command_id` is the cause of all it books; `actor` is who asks."""

    command_id: str
    actor: Actor

    loads: ClassVar[Literal["offer", "plan"]] = "plan"

    @property
    def target(self) -> str:
        """The id of the offer or plan whose book it needs."""
        raise NotImplementedError

    @property
    def leases(self) -> tuple[str, ...]:
        """Under which the money was taken that it needs."""
        return ()

    @property
    def bucket(self) -> int:
        """The bucket of all that it reads and writes."""
        return ids.bucket_of(self.target)

    def not_found(self) -> Refused:
        """What is said when the target does not exist, or is none of the actor's business."""
        return Refused(Code.NOT_FOUND, f"There is no {self.loads} {self.target}.", f"/{self.loads}_id")

    def apply(self, book: Book, now: datetime) -> Change:
        """The change, or `Refused`."""
        raise NotImplementedError


class PlanCommand(Command, frozen=True, kw_only=True):
    """A verb on an existing plan."""

    plan_id: str
    seen: int | None = None  # the plan's version that its sender goes by, of no other it is meant; None: of any

    who_may: ClassVar[frozenset[ActorKind]] = EVERYBODY

    @property
    def target(self) -> str:
        """The plan."""
        return self.plan_id

    @property
    def rewrites(self) -> bool:
        """Whether it needs all facts of the plan, wherever they stand in time."""
        return False

    @property
    def effective_on(self) -> date | None:
        """The day its fact takes effect, if it may be another than today: then facts after that day are loaded, too."""
        return None

    def plan_of(self, book: Book) -> Plan:
        """The plan, if it is the actor's business; another's is not found, like none."""
        plan = book.plan
        if plan is None or not concerns(self.actor, plan):
            raise self.not_found()
        if self.actor.kind not in self.who_may:
            raise Refused(Code.FORBIDDEN, f"This is not for a {self.actor.kind} to do.")
        return plan

    def require_seen(self, book: Book) -> None:
        """Refused: STALE_VERSION, where something has happened to the plan since its sender read it."""
        if self.seen is not None and (plan := self.plan_of(book)).version != self.seen:
            sentence = (
                f"You have seen version {self.seen} of this plan, and it is at {plan.version} now; read it again."
            )
            raise Refused(Code.STALE_VERSION, sentence, "/If-Match")


def concerns(actor: Actor, plan: Plan) -> bool:
    """Whether a plan is the actor's business: a merchant's and a consumer's are their own, and a platform
    acts for one seller."""
    match actor.kind:
        case ActorKind.MERCHANT | ActorKind.PLATFORM:
            return actor.merchant_id == plan.merchant_id
        case ActorKind.CONSUMER:
            return actor.actor_id == plan.consumer_id
        case _:
            return True


def refuse_state(plan: Plan, verb: str) -> Refused:
    """The plan's state does not allow the verb; says since when, what is left and what does go."""
    return Refused(Code.STATE_FORBIDS, f"{where_it_stands(plan)} It cannot be {verb}.", None, next_actions(plan))


def since_when(plan: Plan) -> Began:
    """Since when it is in its state, and who has brought it there."""
    return plan.began or (plan.changed_at, plan.changed_by)


def where_it_stands(plan: Plan) -> str:
    """The plan's state, since when and by whom, and what is left."""
    amounts, (since, by) = plan.amounts, since_when(plan)
    return (
        f"This plan of kind {plan.kind} is {plan.state} since {since.isoformat(timespec='seconds')}, by the {by};"
        f" {plan.remaining} minor units may still be captured, {amounts.outstanding} are owed,"
        f" {amounts.overpaid} are overpaid."
    )


def completed(refused: Refused, plan: Plan) -> Refused:
    """A refusal of a fact that cannot be, whichever rule it comes from: with where the plan stands and what does go.

    One that says nothing of the plan stays as it is: what is not there, and who may not.
    """
    if refused.code not in OF_A_PLAN or where_it_stands(plan) in refused.detail:
        return refused
    detail = f"{refused.detail} {where_it_stands(plan)}"
    return Refused(refused.code, detail, refused.pointer, refused.actions or next_actions(plan), refused.decided)


def require_confirmed(plan: Plan) -> None:
    """Refused: STATE_FORBIDS, while it waits for the consumer."""
    if plan.is_unconfirmed:
        raise refuse_state(
            plan, f"used or captured before the consumer confirms it, until {plan.capture_by.isoformat()}"
        )


def require_open(plan: Plan, now: datetime, verb: str) -> None:
    """Authorized, or partly captured, and still within its time, or what is tolerated after it."""
    if not plan.remaining:
        raise refuse_state(plan, verb)
    if len(plan.bills) >= CAPTURES_MAX:
        raise Refused(Code.STATE_FORBIDS, f"It was {verb} {CAPTURES_MAX} times, the most there are.")
    grace = plan.ends_at - plan.capture_by + timedelta(days=plan.offer.leeway.late_capture_grace_days)
    if now > plan.capture_until + grace:
        raise Refused(
            Code.STATE_FORBIDS, f"The authorization ended at {plan.ends_at.isoformat()}; ask for a new offer.", None
        )
