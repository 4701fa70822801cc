"""Command, Book, Change: the shape of everything that moves a consumer's money. Pure.

    Book (locked facts) + Command + now  ->  Change   (or Refused, and nothing happened)

Same book, command and now: same change. That is why a plan's life can be simulated, dry-run and replayed.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Literal

from msgspec import Struct

from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.transfers import Transfer
from service.limits.account import Account
from service.plans.offer import Agreement
from service.plans.plan import OwedInstalment, Plan, PlanState, PlanView, next_actions, view

CAPTURES_MAX = 99  # of one plan; a subscription is another product


class Event(Struct, frozen=True):
    """A fact in past tense, for those who listen; `data` is JSON-friendly."""

    type: EventType
    data: dict[str, Any]


class Payment(Struct, frozen=True):
    """Money from the consumer and what it settled: `principal + interest + fee = amount`, minor units."""

    payment_id: str
    amount: int
    principal: int
    interest: int
    fee: int
    received_on: date
    reference: str | None


class Book(Struct):
    """What one command may read, loaded and locked together."""

    account: Account
    plan: Plan | None = None
    instalments: tuple[OwedInstalment, ...] = ()
    payment_references: frozenset[str] = frozenset()  # of those asked about, the ones already on the plan
    agreement: Agreement | None = None  # only for a command that opens a plan
    is_accepted: bool = False  # an offer of the agreement's decision already opened a plan
    is_reference_used: bool = False  # the agreement's merchant reference is taken by a plan


class Change(Struct, frozen=True):
    """What a command does, all of it in one transaction."""

    account: Account
    plan: Plan
    transfers: list[Transfer]
    event: Event
    instalments: tuple[OwedInstalment, ...]  # all of the plan's, after it
    payment: Payment | None = None

    def answer(self, today: date) -> PlanView:
        """What the caller is told."""
        return view(self.plan, self.instalments, today)


class Command(Struct, frozen=True, kw_only=True):
    """A verb with its arguments. `command_id` is the cause of all it books; `merchant_id` is who asks."""

    command_id: str
    merchant_id: str

    loads: ClassVar[Literal["offer", "plan"]] = "plan"

    @property
    def target(self) -> str:
        """The id of the offer or plan whose book it needs; its bucket is the lane."""
        raise NotImplementedError

    def not_found(self) -> Refused:
        """What is said when the target does not exist, or is another merchant's."""
        return Refused(Code.NOT_FOUND, f"There is no {self.loads} {self.target}.", f"/{self.loads}_id")

    def apply(self, book: Book, now: datetime) -> Change:
        """The change, or `Refused`."""
        raise NotImplementedError


class PlanCommand(Command, frozen=True, kw_only=True):
    """A verb on an existing plan."""

    plan_id: str

    @property
    def target(self) -> str:
        """The plan."""
        return self.plan_id

    def plan_of(self, book: Book) -> Plan:
        """The plan, if it is this merchant's; another's is not found, like none."""
        plan = book.plan
        if plan is None or plan.merchant_id != self.merchant_id:
            raise self.not_found()
        return plan


def refuse_state(plan: Plan, verb: str) -> Refused:
    """The plan's state does not allow the verb; says what does go."""
    return Refused(
        Code.STATE_FORBIDS,
        f"This plan of kind {plan.kind} is {plan.state}; it cannot be {verb}.",
        None,
        next_actions(plan),
    )


def require_open(plan: Plan, now: datetime, verb: str) -> None:
    """Authorized, or partly captured, and still within its time."""
    if plan.state not in (PlanState.AUTHORIZED, PlanState.PART_CAPTURED):
        raise refuse_state(plan, verb)
    if plan.captures >= CAPTURES_MAX:
        raise Refused(Code.STATE_FORBIDS, f"It was {verb} {CAPTURES_MAX} times, the most there are.")
    if now > plan.capture_by:
        raise Refused(
            Code.STATE_FORBIDS, f"The authorization ended at {plan.capture_by.isoformat()}; ask for a new offer.", None
        )
