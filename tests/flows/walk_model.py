"""A plan of the walk: what was agreed, its facts, what time brings about on it, and how it is shown."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.flows.walk_facts import ROUNDS, Fact, Refusal, Shown, Stand, stand_after

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
    interest: int  # of all of it, captured on the day of the offer
    costs: int  # ... beside that
    subsidy: int  # what a scheme bears of it at most
    rate: Decimal  # per cent a year
    recalculates: bool  # interest follows what is really paid
    prove_above: int | None  # the consumer proves that it is they who agree to more than this

    @classmethod
    def of(cls, offer: dict[str, Any]) -> "Agreed":
        """As a checkout shows it."""
        days = [date.fromisoformat(one["due_on"]) for one in offer["schedule"]]
        opened_on = datetime.fromisoformat(offer["expires_at"]).date()
        return cls(
            offer["kind"], offer["amount"], offer["held"], offer["waived_bps"], offer["amount_min"],
            offer["amount_max"], offer["capture_within_days"], offer["time_zone"], (days[-1] - opened_on).days,
            offer["leeway"], offer["use"], offer["servicing"], sum(one["interest"] for one in offer["schedule"]),
            sum(one["fee"] for one in offer["schedule"]), (offer["subsidy"] or {}).get("amount", 0),
            Decimal(offer["terms"].get("rate_percent", 0)), offer["terms"].get("recalculate", False),
            (offer.get("authentication") or {}).get("above"),
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
    rows: list[dict[str, Any]] = field(default_factory=list)  # the schedule, as it was shown last
    looked_on: date = date.min  # when it was shown last
    seen: int = 0  # so many facts were there then
    before_seen: int = 0  # ... as it was checked what of them may change interest
    shown_interest: Shown | None = None
    farthest: date = date.min  # the last day on which something was ever to fall due
    subsidised: int = 0  # as it was shown last
    card: Any = None  # what it is paid with, of `walk_cards`; None: by hand
    unsure: set[str] = field(default_factory=set)  # codes that the step may be refused with, for all the model knows

    def __post_init__(self) -> None:
        self.stand = self._folded()

    def copy(self) -> "Plan":
        """Another one just like it."""
        card = self.card and self.card.copy()
        return replace(self, facts=self.facts[:], bills=self.bills[:], card=card, unsure=set())

    # What happens ------------------------------------------------------------------------------------------------

    def happens(self, fact: Fact) -> None:
        """One more fact. Refusal, and then the plan is as it was."""
        if self._may_have_been_in_time(fact):
            raise Refusal("unsure")  # what is left of a late fee depends on rows as they were
        self.facts.append(fact)
        try:
            self.stand = self._folded()
        except Refusal:
            self.facts.pop()
            raise

    def _may_have_been_in_time(self, fact: Fact) -> bool:
        """Whether something that was late for a fee was not, with this fact of a day before the fee's."""
        undone = next((one for one in self.facts if fact.undoes and one.name == fact.undoes), None)
        kind = "" if undone is None else undone.kind
        if self.serving("late_fee", None) is None:
            return False
        if kind in ("charged_off", "forgiven"):  # what was told in between is looked at now
            return bool(self.stand.late_fees)
        settles = fact.kind in ("paid", "refunded", "paused") or kind == "levied"
        return settles and any(fact.on <= levied for levied, _, _ in self.stand.late_fees) and fact.on < fact.told_on

    def _folded(self) -> Stand:
        stand = stand_after(self.agreed.amount - self.agreed.held, self.agreed.held, self.facts)
        stand.shown = self.shown_interest
        return stand

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
        for fact in late_fees_of(self, day):
            self._may_happen(fact)

    def _may_happen(self, fact: Fact) -> None:
        with suppress(Refusal):
            self.happens(fact)

    def closing(self, dispute: dict[str, Any], outcome: str, day: date, today: date) -> list[Fact]:
        """What the end of a dispute brings about."""
        facts = [Fact("dispute_closed", day, today, more={"dispute": dispute["name"], "outcome": outcome})]
        came_back = max(0, self.stand.refunded - dispute["refunded_before"])
        left = min(max(0, dispute["amount"] - came_back), self.stand.refundable)
        amount = left if outcome in ("lost", "accepted") else 0
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
    def waits(self) -> bool:
        """Nothing is captured before the consumer has agreed, and proved that it is they where that is asked for."""
        return self.waits_for_consumer or self.must_prove

    @property
    def must_prove(self) -> bool:
        """They prove that it is they who agree to this amount."""
        above = self.agreed.prove_above
        return above is not None and above < self.amount != self.stand.proved

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
        if not days or self.waits or stand.ended_by != "expired" or stand.remaining:
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
        elif stand.remaining and self.waits:
            actions += ["authenticate" if self.must_prove else "confirm", "void", *change]
        elif stand.remaining:
            actions += ["claim", "release"] if kind == "deposit" else ["capture"]
            actions += [] if stand.used_from and self.standing_bills else ["void"]
            if kind != "instalments":
                actions += [] if stand.used_until else ["end_use" if stand.used_from else "start_use"]
            actions += change
        actions += ["extend_authorization"] if stand.remaining and self.extendable else []
        if stand.outstanding:
            actions += ["pay", *([] if self.why_not_postponed else ["postpone_due_date"])]
        return actions + self._next_of_dispute

    @property
    def why_not_postponed(self) -> bool:
        """Whether the consumer may put no due date off: by the day of what was shown last."""
        stand, on = self.stand, self.looked_on
        left = self.serving("postpone_times_max", 0) - stand.postponed if self.serving("postpone_days_max", 0) else 0
        if left <= 0 or stand.given_up or stand.schedule_ended or stand.is_withdrawn or stand.rests_on(on):
            return True
        grace = (self.serving("late_fee", None) or {}).get("grace_days", 0)
        open_rows = [date.fromisoformat(row["due_on"]) for row in self.rows if row["paid_on"] is None]
        return any(stand.days_past_due(due_on, on) > grace for due_on in open_rows if due_on < on)

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
        said = {
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
            "must_authenticate": bool(stand.remaining) and self.must_prove,
        }  # fmt: skip
        return said if stand.shown is None else {name: value for name, value in said.items() if name != "paid"}


def late_fees_of(plan: Plan, day: date) -> list[Fact]:
    """What time asks for because something is late: once for each row, as far as its caps go."""
    terms, stand = plan.serving("late_fee", None), plan.stand
    if terms is None or stand.given_up or stand.rests_on(day) or not stand.outstanding:
        return []
    facts: list[Fact] = []
    for row in plan.rows:
        due_on = date.fromisoformat(row["due_on"])
        left = row["principal"] + row["interest"] - row["principal_paid"] - row["interest_paid"] - row["forgiven"]
        days = stand.days_past_due(due_on, day) if row["paid_on"] is None else 0
        known = [(on, amount, since) for on, amount, since in stand.late_fees]
        known += [(one.on, one.amount, one.get("late_since")) for one in facts]
        if left > 0 and days == terms["grace_days"] + 1 and due_on not in [since for _, _, since in known]:
            if plan.seen != len(plan.facts) and any(one.kind == "refunded" for one in plan.facts[plan.seen :]):
                raise Refusal("unsure")  # the rows are others by then
            fee = min(terms["amount"], most_late(terms, known, day))
            if fee > 0:
                facts.append(Fact("levied", day, day, amount=fee, more={"is_penalty": True, "late_since": due_on}))
    return facts


def most_late(terms: dict[str, Any], known: list[tuple[date, int, date]], on: date, since: date | None = None) -> int:
    """How much more may be asked for what is late, after what was: for the same row, in a year, and in all."""
    in_a_year = sum(amount for day, amount, _ in known if day > on - timedelta(365))
    of_it = sum(amount for _, amount, of in known if of == since)
    in_all = sum(amount for _, amount, _ in known)
    asked = {"amount": of_it, "each_max": of_it, "year_max": in_a_year, "total_max": in_all}
    return min(max(0, int(terms[name]) - before) for name, before in asked.items() if terms.get(name) is not None)
