"""A plan of the walk: what was agreed, its facts, what time brings about on it, and how it is shown."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.flows.walk_facts import ROUNDS, Fact, Refusal, Stand, stand_after

ENDED = {"paid_off", "closed", "refunded", "overpaid", "recovered", "forgiven", "voided", "expired"}


@dataclass(frozen=True)
class Agreed:
    """What was agreed, as the offer says it."""

    kind: str
    amount: int
    held: int
    waived_bps: int
    least: int
    most: int
    capture_days: int
    zone: str
    lasts: int  # days from a capture to its last instalment
    leeway: dict[str, Any]
    use: dict[str, Any]
    servicing: dict[str, Any]

    @classmethod
    def of(cls, offer: dict[str, Any]) -> "Agreed":
        """As a checkout shows it."""
        days = [date.fromisoformat(one["due_on"]) for one in offer["schedule"]]
        opened_on = datetime.fromisoformat(offer["expires_at"]).date()
        return cls(
            offer["kind"], offer["amount"], offer["held"], offer["waived_bps"], offer["amount_min"],
            offer["amount_max"], offer["capture_within_days"], offer["time_zone"], (days[-1] - opened_on).days,
            offer["leeway"], offer["use"], offer["servicing"],
        )  # fmt: skip


@dataclass(frozen=True)
class Bill:
    """A capture, or a claim that was taken."""

    number: int
    amount: int
    on: date
    fact: str
    reference: str | None = None
    lines: tuple[int, ...] = ()
    is_reversed: bool = False


@dataclass
class Plan:
    """One plan; a step works on a copy of it, which is kept if the step is accepted."""

    agreed: Agreed
    opened_at: datetime
    passed_on: date
    facts: list[Fact] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    steps: int = 0  # names the facts
    limit_room: tuple[int, int] = (0, 0)  # of the account, the least and the most, before the step
    is_overdue: bool = False  # by the rows that were shown last: the policy approves of nothing more
    unsure: set[str] = field(default_factory=set)  # codes that the step may be refused with, for all the model knows

    def __post_init__(self) -> None:
        self.stand = self._folded()

    def copy(self) -> "Plan":
        """Another one just like it."""
        return replace(self, facts=self.facts[:], bills=self.bills[:], unsure=set())

    # What happens ------------------------------------------------------------------------------------------------

    def happens(self, fact: Fact) -> None:
        """One more fact. Refusal, and then the plan is as it was."""
        self.facts.append(fact)
        try:
            self.stand = self._folded()
        except Refusal:
            self.facts.pop()
            raise

    def _folded(self) -> Stand:
        return stand_after(self.agreed.amount - self.agreed.held, self.agreed.held, self.facts)

    def today(self, now: datetime) -> date:
        """The plan's day."""
        return now.astimezone(ZoneInfo(self.agreed.zone)).date()

    @property
    def opened_on(self) -> date:
        """The day of the agreement."""
        return self.today(self.opened_at)

    def pass_days(self, now: datetime) -> None:
        """What the days bring about that have begun: a dispute that nobody answers, a claim that nobody contests."""
        today = self.today(now)
        while self.passed_on < today:
            self.passed_on += timedelta(1)
            self._pass(self.passed_on, today)

    def _pass(self, day: date, today: date) -> None:
        for why, begin, end in self.stand.pauses:
            if why == "return" and end is None and day == begin + timedelta(self.serving("return_days", 30)):
                self._may_happen(Fact("resumed", day, today, more={"why": "return"}))
                break
        dispute = self.stand.dispute
        if dispute.get("until") is not None and day == dispute["until"] + timedelta(1):
            for fact in self.closing(dispute, "lost", day, today):
                self._may_happen(fact)
        claim = self.stand.claim
        if claim is not None and not claim.is_contested and day == claim.until + timedelta(1):
            self.settle_claim(claim.amount, day, today)

    def _may_happen(self, fact: Fact) -> None:
        with suppress(Refusal):
            self.happens(fact)

    def closing(self, dispute: dict[str, Any], outcome: str, day: date, today: date) -> list[Fact]:
        """What the end of a dispute brings about."""
        facts = [Fact("dispute_closed", day, today, more={"dispute": dispute["name"], "outcome": outcome})]
        amount = min(dispute["amount"], self.stand.refundable) if outcome in ("lost", "accepted") else 0
        return facts + ([Fact("refunded", day, today, amount=amount)] if amount else [])

    def settle_claim(self, amount: int, day: date, today: date, name: str = "") -> None:
        """So much of a claim is taken, the held part first; nothing, and no more will come: it is rejected."""
        claim = self.stand.claim
        assert claim is not None
        if self.stand.given_up or self.stand.schedule_ended or not (amount or claim.final):
            self.happens(Fact("claim_closed", day, today, name))
            return
        name = name or f"claim of {day}"
        self.take(amount, claim.final, day, today, name, claim.reference, settles=True)

    def take(
        self, amount: int, final: bool, day: date, today: date, name: str, reference: str | None, **more: Any
    ) -> None:
        """A deposit is taken from: the held part first."""
        from_held = min(amount, self.stand.held)
        more |= {"from_held": from_held, "final": final}
        self.happens(Fact("captured", day, today, name, amount - from_held, more))
        self.bills.append(Bill(len(self.bills) + 1, amount, today, name, reference))

    def guard(self, now: datetime) -> None:
        """The day looks at what is left of the authorization: it is extended, or ends."""
        today, extended = self.today(now), self.agreed.leeway["extends_by_itself"]
        if not self.stand.remaining or self.stand.claim is not None:
            return
        if extended and self.extendable and self.capture_by - timedelta(1) <= now <= self.capture_until + self._release:
            self.happens(Fact("extended", today, today, amount=self.extendable))
        if now > self.ends_at:
            why = "unclaimed" if self._release else "expired"
            self.give_back(today, why)

    def give_back(self, today: date, why: str, name: str = "") -> None:
        """All that is left."""
        more = {"why": why, "from_held": self.stand.held}
        self.happens(Fact("given_back", today, today, name, self.stand.reserved, more))

    # Until when --------------------------------------------------------------------------------------------------

    def serving(self, name: str, otherwise: Any) -> Any:
        """A word of its servicing."""
        return self.agreed.servicing.get(name, otherwise)

    @property
    def waits_for_consumer(self) -> bool:
        """The order is to be confirmed first."""
        return bool(self.agreed.use.get("confirm_days")) and self.stand.confirmed_at is None

    @property
    def capture_by(self) -> datetime:
        """The last instant for a capture."""
        use, stand = self.agreed.use, self.stand
        bill = timedelta(use.get("bill_days", 30))
        if stand.used_until is not None:
            by = stand.used_until + bill
        elif stand.used_from is not None:
            by = stand.used_from + timedelta(use.get("days_max", 365)) + bill
        else:
            days = self.agreed.capture_days
            by = self.opened_at + timedelta(min(days, use["confirm_days"]) if self.waits_for_consumer else days)
        return by + timedelta(stand.extended_days)

    @property
    def extendable(self) -> int:
        """By so many days that may be put off."""
        if self.waits_for_consumer:
            return 0
        return max(0, int(self.agreed.leeway["extend_days_max"]) - self.stand.extended_days)

    @property
    def capture_until(self) -> datetime:
        """With what the day extends by itself."""
        return self.capture_by + timedelta(self.extendable if self.agreed.leeway["extends_by_itself"] else 0)

    @property
    def _release(self) -> timedelta:
        is_deposit = self.agreed.kind == "deposit"
        return timedelta(self.serving("release_days", None) or 0) if is_deposit else timedelta()

    @property
    def ends_at(self) -> datetime:
        """When what is left is given back."""
        return self.capture_by + self._release

    @property
    def late_until(self) -> datetime | None:
        """Until when a capture of what has expired is tried anew."""
        days, stand = self.agreed.leeway["late_capture_grace_days"], self.stand
        if not days or self.waits_for_consumer or stand.ended_by != "expired" or stand.remaining:
            return None
        return self.capture_until + timedelta(days) if stand.given_back else None

    # How it is shown ---------------------------------------------------------------------------------------------

    @property
    def amount(self) -> int:
        """The most that may be captured or claimed."""
        stand = self.stand
        return stand.authorized + stand.held + stand.from_held + stand.held_back

    @property
    def standing_bills(self) -> list[Bill]:
        """Those that were not reversed."""
        return [bill for bill in self.bills if not bill.is_reversed]

    @property
    def state(self) -> str:
        """The commercial state."""
        stand, kind = self.stand, self.agreed.kind
        if stand.claim is not None:
            return "assessing"
        if stand.remaining:
            before = "in_use" if stand.used_from else "authorized"
            return "part_captured" if stand.lent else before
        if not stand.lent and not (stand.outstanding or stand.is_charged_off or stand.is_forgiven):
            ended = {"expired": "expired", "released": "closed", "unclaimed": "closed"}
            return ended.get(stand.ended_by, "voided")
        if stand.is_forgiven and not stand.outstanding:
            return "forgiven"
        if stand.is_charged_off:
            return "charged_off" if stand.outstanding else "recovered"
        if stand.outstanding:
            return "active" if kind == "instalments" else "payment_due"
        if stand.overpaid:
            return "overpaid"
        if 0 < stand.all_captured <= stand.refunded:
            return "refunded"
        return "closed" if kind == "deposit" else "paid_off"

    @property
    def collection_state(self) -> str:
        """Where the consumer's money stands."""
        stand = self.stand
        if not stand.owed:
            return "nothing_owed"
        if not stand.outstanding:
            return "collected"
        if stand.is_charged_off:
            return "given_up"
        return "paused" if stand.resting else "collecting"

    @property
    def next_actions(self) -> list[str]:
        """The verbs that may be used now."""
        stand, kind, actions = self.stand, self.agreed.kind, list[str]()
        changes = self.amount < self.agreed.most if kind == "deposit" else True
        change = ["top_up" if kind == "deposit" else "amend"] if changes else []
        if stand.claim is not None:
            answer = "decide_claim" if stand.claim.is_contested else "contest_claim"
            actions += [answer, "lower_claim", "withdraw_claim"]
        elif stand.remaining and self.waits_for_consumer:
            actions += ["confirm", "void", *change]
        elif stand.remaining:
            actions += ["claim", "release"] if kind == "deposit" else ["capture"]
            actions += [] if stand.used_from and self.standing_bills else ["void"]
            if kind != "instalments":
                actions += [] if stand.used_until else ["end_use" if stand.used_from else "start_use"]
            actions += change
        actions += ["extend_authorization"] if stand.remaining and self.extendable else []
        return actions + (["pay"] if stand.outstanding else []) + self._next_of_dispute

    @property
    def _next_of_dispute(self) -> list[str]:
        dispute = self.stand.dispute
        if not dispute.get("is_open"):
            return []
        may = ["answer_dispute"] if dispute["state"] == "needs_response" else ["ask_again"][: ROUNDS - dispute["round"]]
        return [*may, "accept_dispute", "decide_dispute"]

    def shown(self) -> dict[str, Any]:
        """What of the plan's view the model knows."""
        stand = self.stand
        return {
            "state": self.state, "collection_state": self.collection_state, "amount": self.amount,
            "dispute_state": stand.dispute.get("state", "none"), "captured": stand.all_captured,
            "voided": stand.given_back + stand.held_back, "remaining": stand.remaining, "held": stand.held,
            "outstanding": stand.outstanding, "overpaid": stand.overpaid, "refunded": stand.refunded,
            "paid": stand.owed - stand.forgiven - stand.outstanding, "paused_for": sorted(stand.resting),
            "next_actions": sorted(self.next_actions), "extendable_days": self.extendable,
            "capture_by": self.capture_by, "late_capture_until": self.late_until,
            "captures": [
                (one.number, one.amount, stand.refunded_of.get(one.number, 0), one.is_reversed) for one in self.bills
            ],
        }  # fmt: skip
