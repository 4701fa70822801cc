"""What a plan of the walk is paid with: which tries are made of what falls due, and what goes back to the card.

The sandbox processor does what the ending of the token says: `ok` pulls the money, `insufficient2` declines twice
before it does, `closed` declines for good.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.flows.walk_facts import Fact, Refusal
from tests.flows.walk_model import ENDED, Plan

LADDER: Final = (0, 24, 72, 168)  # hours after the first try of what fell due, where there was no money
DECLINES: Final = {"insufficient2": "insufficient_funds", "closed": "account_closed"}
TWICE: Final = 2


@dataclass
class Card:
    """An instrument, and how far the tries with it have come."""

    ending: str
    declined: int = 0  # by its processor, so often
    is_stopped: bool = False
    for_due_on: date | None = None
    began_at: datetime | None = None
    tries: int = 0
    retry_at: datetime | None = None
    charges: dict[str, tuple[int, bool]] = field(
        default_factory=dict
    )  # by their names: of how much, and whether it came
    came: tuple[tuple[str, int], ...] = ()  # payments by their names, and of how much
    went_back: dict[str, int] = field(default_factory=dict)  # ... and what of each went back to the card

    def copy(self) -> "Card":
        """Another one just like it."""
        return replace(self, went_back=self.went_back.copy(), charges=self.charges.copy())

    def another(self, now: datetime) -> "Card":
        """The plan is paid with another one: what is due is tried with it at once."""
        return replace(self.copy(), ending="ok", declined=0, is_stopped=False, began_at=None, tries=0, retry_at=now)

    def shown(self) -> dict[str, Any]:
        """As the service shows how the plan is collected."""
        at = None if self.retry_at is None else self.retry_at
        return {"is_stopped": self.is_stopped, "tries": self.tries, "retry_at": at}

    def pull(self) -> str | None:
        """Why the processor declines; None: it pulls the money."""
        reason = DECLINES.get(self.ending)
        if reason is None or (self.ending.endswith("2") and self.declined >= TWICE):
            return None
        self.declined += 1
        return reason

    def has_paid(self, name: str, amount: int, now: datetime) -> None:
        """Money came: what is still due may be tried at once."""
        self.came += ((name, amount),)
        self.began_at, self.tries, self.retry_at = None, 0, now

    def tries_anew(self, last: date, now: datetime) -> None:
        """One more try of what is due by itself; what was not due before begins the ladder anew."""
        if self.for_due_on is None or last > self.for_due_on or self.began_at is None:
            self.began_at, self.tries = now, 1
        else:
            self.tries += 1
        self.for_due_on, self.retry_at = last, None

    def was_declined(self, reason: str, now: datetime) -> None:
        """A try by itself came to nothing: when the next is made."""
        assert self.began_at is not None
        if reason == "account_closed":
            self.is_stopped = True
            return
        times = [self.began_at + timedelta(hours=hours) for hours in LADDER[self.tries - 1 :]]
        self.retry_at = next((at for at in times if at > now), None)


def left_of(row: dict[str, Any]) -> int:
    """What is owed of a row."""
    parts = ("principal", "interest", "fee", "penalty")
    return int(sum(row[one] - row[f"{one}_paid"] for one in parts) - row["forgiven"])


def due_by(plan: Plan, today: date) -> list[tuple[date, int]]:
    """What is due by the end of a day, as the rows were shown last."""
    if plan.seen != len(plan.facts):
        raise Refusal("unsure")  # they are others by now
    if not plan.stand.outstanding:
        return []  # they are shown as they were agreed
    days = [(date.fromisoformat(row["due_on"]), left_of(row)) for row in plan.rows if row["paid_on"] is None]
    return [(due_on, left) for due_on, left in days if due_on <= today]


def pay_back(plan: Plan, card: Card, today: date) -> None:
    """What was paid too much goes back to the charges that it came by, the last first."""
    while plan.stand.overpaid and plan.state in ENDED and not plan.stand.dispute.get("is_open"):
        for name, amount in reversed(card.came):
            left = min(amount, plan.stand.left.get(name, 0)) - card.went_back.get(name, 0)
            if left > 0:
                back = min(left, plan.stand.overpaid)
                plan.happens(Fact("sent_back", today, today, amount=back))
                card.went_back[name] = card.went_back.get(name, 0) + back
                break
        else:
            return


def is_due(plan: Plan, card: Card, today: date, now: datetime) -> bool:
    """Whether a try is made by itself."""
    if card.is_stopped or plan.collection_state != "collecting":
        return False
    may_again = card.retry_at is not None and card.retry_at <= now
    return any(may_again or card.for_due_on is None or on > card.for_due_on for on, _ in due_by(plan, today))
