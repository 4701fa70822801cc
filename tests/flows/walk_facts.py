"""What a plan is after its facts: a small model of its own, which knows nothing of the service.

Nearly everything is one equation, in cents:

net = lent + fees + taken back + sent back - paid - refunded - credited - let go
outstanding = net, overpaid = 0          where net is positive
outstanding = 0,   overpaid = - net      where it is negative

Interest and costs it takes from the rows that are shown, as `walk_interest.py` bounds them; then net has those as well,
less what of them came back with refunds, and what a scheme has paid.

Facts go by the day they take effect, then by the day they were told, then as they were told. One that was undone has
not happened.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

NEEDS_A_CAPTURE = {"refunded", "quoted", "rescheduled", "accelerated"}
NOT_ONCE_ITS_SCHEDULE_ENDED = {
    "amended", "extended", "captured", "withdrawn", "rescheduled", "accelerated", "claim_made",
}  # fmt: skip
NOT_ONCE_GIVEN_UP = NOT_ONCE_ITS_SCHEDULE_ENDED | {"charged_off"}
NEVER_AGREED = {"levied", "rescheduled", "quoted", "accelerated"}  # of a schedule that the consumer withdrew from
OVER_BY_THEN = {"amended", "extended", "given_back"}  # of what was authorized, after the withdrawal
UNDO = {"undone", "reversed", "corrected"}
WAITS_FOR_A_CLAIM = {"captured", "given_back", "amended"}
ROUNDS = 2  # of a dispute


class Refusal(Exception):
    """The model would refuse this."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Fact:
    """Something that happened: `name` is how the walk calls it, `undoes` the name of what has not happened any more."""

    kind: str
    on: date
    told_on: date
    name: str = ""
    amount: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    undoes: str = ""

    def get(self, name: str) -> Any:
        """One of its other words; None if it has no such word."""
        return self.more.get(name)


@dataclass(frozen=True)
class Shown:
    """What the rows of a plan that bears interest or costs say, and no fact does."""

    interest: int = 0  # and the costs of the product
    let_go: int = 0
    returned: int = 0  # of both: what came back with refunds, as if it had been paid
    subsidised: int = 0  # paid by a scheme, less what it got back
    again: int = 0  # of the interest: what is asked for once more, because the scheme got it back


@dataclass
class Claim:
    """What is claimed of a deposit, and not taken yet."""

    amount: int
    until: date
    final: bool
    is_contested: bool = False
    reference: str | None = None


@dataclass
class Stand:
    """Where a plan stands."""

    authorized: int = 0
    held: int = 0
    from_held: int = 0
    held_back: int = 0
    given_back: int = 0
    ended_by: str = ""
    captures: int = 0  # with those that were reversed
    captured: dict[int, int] = field(default_factory=dict)
    lent: list[int] = field(default_factory=list)
    owed: int = 0  # ever, of all rows
    forgiven: int = 0
    net: int = 0
    all_in_all: int = 0  # the same, where nothing is let go
    shown: Shown | None = None  # None: it bears no interest
    fees: int = 0
    penalties: int = 0  # part of them
    refunded: int = 0
    refunded_of: dict[int, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)  # of each payment
    pauses: list[tuple[str, date, date | None]] = field(default_factory=list)
    dispute: dict[str, Any] = field(default_factory=dict)
    confirmed_at: datetime | None = None
    proved: int | None = None  # the amount to which the consumer agreed, and proved that it was they
    used_from: datetime | None = None
    used_until: datetime | None = None
    claim: Claim | None = None
    has_claimed: bool = False
    extended_days: int = 0
    agreed: int | None = None  # amended to
    is_withdrawn: bool = False
    schedule_ended: bool = False
    given_up: bool = False
    is_charged_off: bool = False
    is_forgiven: bool = False
    is_rescheduled: bool = False
    postponed: int = 0  # due dates that the consumer has put off
    late_fees: list[tuple[date, int, date]] = field(default_factory=list)  # of each its day, amount, what was late

    @property
    def outstanding(self) -> int:
        """What the consumer owes."""
        return max(0, self.balance)

    @property
    def overpaid(self) -> int:
        """What is owed to the consumer."""
        return max(0, -self.balance)

    @property
    def balance(self) -> int:
        """What they owe, less what they have paid too much."""
        if self.shown is None:
            return self.net
        shown = self.shown
        return self.all_in_all + shown.interest - shown.again - shown.let_go - shown.returned - shown.subsidised

    def owe(self, amount: int) -> None:
        """So much more is owed, or less."""
        self.net += amount
        self.all_in_all += amount

    @property
    def reserved(self) -> int:
        """Promised, and not lent."""
        return self.authorized - sum(self.lent) - self.given_back

    @property
    def remaining(self) -> int:
        """What may still be captured or claimed."""
        return self.reserved + self.held

    @property
    def all_captured(self) -> int:
        """What was captured or claimed."""
        return sum(self.lent) + self.from_held

    @property
    def refundable(self) -> int:
        """What was captured, and has not come back."""
        return self.all_captured - self.refunded

    @property
    def used(self) -> tuple[int, int]:
        """The least and the most of the limit that it takes: fees take none, and a payment may have settled some."""
        interest = 0 if self.shown is None else self.shown.interest
        return max(0, self.outstanding - self.fees - interest), self.outstanding

    def days_past_due(self, due_on: date, on: date) -> int:
        """On how many days since then it was collected."""
        return sum(not self.rests_on(due_on + timedelta(day)) for day in range(1, (on - due_on).days + 1))

    def rests_on(self, on: date) -> bool:
        """Whether nothing is collected on a day."""
        return any(begin <= on and (end is None or on < end) for _, begin, end in self.pauses)

    @property
    def resting(self) -> list[str]:
        """Why nothing is collected."""
        return [why for why, _, end in self.pauses if end is None]


def stand_after(authorized: int, held: int, facts: list[Fact]) -> Stand:
    """Where a plan stands. Refusal, if one of its facts cannot be."""
    stand = Stand(authorized=authorized, held=held)
    undone = {fact.undoes: fact.kind for fact in facts if fact.undoes}
    withdrawn = [fact for fact in facts if fact.kind == "withdrawn" and fact.name not in undone]
    stand.is_withdrawn = bool(withdrawn)
    for fact in in_order(facts):
        if fact.name and fact.name in undone:
            stand.captures += undone[fact.name] == "reversed"
        elif fact.kind == "rescheduled" and fact is not facts[-1] and (stand.schedule_ended or stand.given_up):
            continue  # told before what ended the schedule, and of a later day
        elif fact.kind not in UNDO:
            _happens(stand, fact)
    return stand


def in_order(facts: list[Fact]) -> list[Fact]:
    """As they take effect."""
    return sorted(facts, key=lambda fact: (fact.on, fact.told_on))


def _happens(stand: Stand, fact: Fact) -> None:
    if stand.is_withdrawn and fact.kind in (OVER_BY_THEN if stand.schedule_ended else NEVER_AGREED):
        return
    has_begun = any(stand.lent) or (stand.is_withdrawn and bool(stand.lent))
    has_begun = has_begun or (fact.kind == "refunded" and stand.from_held > 0)
    too_late = stand.given_up and fact.kind in NOT_ONCE_GIVEN_UP
    if (not has_begun and fact.kind in NEEDS_A_CAPTURE) or too_late:
        raise Refusal("state_forbids")
    if stand.schedule_ended and fact.kind in NOT_ONCE_ITS_SCHEDULE_ENDED:
        raise Refusal("state_forbids")
    settles = fact.kind == "captured" and fact.get("settles")
    if fact.kind in WAITS_FOR_A_CLAIM and (stand.claim is not None) != bool(settles):
        raise Refusal("state_forbids")
    RULES[fact.kind](stand, fact)


def _amended(stand: Stand, fact: Fact) -> None:
    stand.authorized = fact.amount
    stand.held = (fact.get("held") or 0) - stand.from_held - stand.held_back
    stand.agreed = fact.amount


def _extended(stand: Stand, fact: Fact) -> None:
    stand.extended_days += fact.amount


def _captured(stand: Stand, fact: Fact) -> None:
    """What of a capture is lent is owed; of a deposit the part that was held is not."""
    stand.authorized += fact.get("beyond") or 0
    stand.given_back -= fact.get("anew") or 0
    from_held = fact.get("from_held") or 0
    stand.captures += 1
    stand.captured[stand.captures] = fact.amount + from_held
    stand.lent.append(fact.amount)
    stand.owed += fact.amount
    stand.owe(fact.amount)
    stand.held -= from_held
    stand.from_held += from_held
    if fact.get("final"):
        stand.ended_by = ""
        _end(stand)
    if fact.get("settles"):
        stand.claim = None


def _given_back(stand: Stand, fact: Fact) -> None:
    from_held = fact.get("from_held") or 0
    stand.given_back += fact.amount
    stand.held -= from_held
    stand.held_back += from_held
    stand.ended_by = fact.get("why")


def _end(stand: Stand) -> None:
    stand.given_back += stand.reserved
    stand.held_back += stand.held
    stand.held = 0


def _withdrawn(stand: Stand, _: Fact) -> None:
    _end(stand)
    stand.ended_by = "withdrawn"
    stand.schedule_ended = True


def _paid(stand: Stand, fact: Fact) -> None:
    stand.owe(-fact.amount)
    stand.left[fact.name] = fact.amount


def _refunded(stand: Stand, fact: Fact) -> None:
    if fact.amount > stand.refundable:
        raise Refusal("amount_exceeds_outstanding")
    stand.refunded += fact.amount
    made_up = min(fact.amount, stand.forgiven)  # what was let go is made up for first
    stand.forgiven -= made_up
    stand.net += made_up
    stand.owe(-fact.amount)
    _bind(stand, fact)
    if not fact.get("lowers"):
        _stop(stand, "return", fact.on)


def _bind(stand: Stand, fact: Fact) -> None:
    """Lines come back of their captures, less the fee that is kept; all else of the first ones that have any left."""
    kept, rest, back = fact.get("fee") or 0, 0, stand.refunded_of
    bound = fact.get("lines") or fact.get("lowers") or ()
    for capture, amount in bound:
        part = max(0, amount - kept)
        kept -= amount - part
        back[capture] = back.get(capture, 0) + part
    if not bound:
        rest = fact.amount
    for capture in back:
        over = max(0, back[capture] - stand.captured[capture])
        back[capture] -= over
        rest += over
    for capture, amount in stand.captured.items():
        part = min(rest, amount - back.get(capture, 0))
        if part:
            back[capture] = back.get(capture, 0) + part
            rest -= part


def _sent_back(stand: Stand, fact: Fact) -> None:
    """An overpayment; what turns out not to have been overpaid is owed."""
    stand.owed += fact.amount - min(fact.amount, stand.overpaid)
    stand.owe(fact.amount)


def _charged_back(stand: Stand, fact: Fact) -> None:
    payment = fact.get("payment")
    if payment not in stand.left:
        raise Refusal("not_found")
    if fact.amount > stand.left[payment]:
        raise Refusal("amount_exceeds_outstanding")
    stand.left[payment] -= fact.amount
    stand.owed += fact.amount - min(fact.amount, stand.overpaid)
    stand.owe(fact.amount)


def _levied(stand: Stand, fact: Fact) -> None:
    stand.fees += fact.amount
    stand.penalties += fact.amount if fact.get("is_penalty") else 0
    if fact.get("late_since"):
        stand.late_fees.append((fact.on, fact.amount, fact.get("late_since")))
    stand.owed += fact.amount
    stand.owe(fact.amount)


def _paused(stand: Stand, fact: Fact) -> None:
    why = fact.get("why")
    if why in stand.resting:
        raise Refusal("state_forbids")
    stand.pauses.append((why, fact.on, None))


def _resumed(stand: Stand, fact: Fact) -> None:
    why = fact.get("why")
    if why not in stand.resting:
        raise Refusal("state_forbids")
    if fact.on < next(begin for one, begin, end in stand.pauses if one == why and end is None):
        raise Refusal("invalid_field")
    _stop(stand, why, fact.on)


def _stop(stand: Stand, why: str, on: date) -> None:
    stand.pauses = [
        (one, begin, max(begin, on)) if one == why and end is None else (one, begin, end)
        for one, begin, end in stand.pauses
    ]


def _dispute_opened(stand: Stand, fact: Fact) -> None:
    if stand.dispute and stand.dispute["is_open"]:
        raise Refusal("state_forbids")
    if fact.amount > stand.refundable:
        raise Refusal("amount_exceeds_outstanding")
    stand.dispute = {
        "name": fact.name, "amount": fact.amount, "state": "needs_response", "round": 1, "is_open": True,
        "until": fact.get("until"), "refunded_before": stand.refunded,
    }  # fmt: skip
    if "dispute" not in stand.resting:
        stand.pauses.append(("dispute", fact.on, None))


def _open_dispute(stand: Stand, fact: Fact) -> dict[str, Any]:
    if not stand.dispute or stand.dispute["name"] != fact.get("dispute"):
        raise Refusal("not_found")
    if not stand.dispute["is_open"]:
        raise Refusal("state_forbids")
    return stand.dispute


def _dispute_answered(stand: Stand, fact: Fact) -> None:
    dispute = _open_dispute(stand, fact)
    if dispute["state"] != "needs_response":
        raise Refusal("state_forbids")
    stand.dispute = dispute | {"state": "under_review", "until": None}


def _dispute_asked(stand: Stand, fact: Fact) -> None:
    dispute = _open_dispute(stand, fact)
    if dispute["state"] != "under_review" or dispute["round"] >= ROUNDS:
        raise Refusal("state_forbids")
    stand.dispute = dispute | {
        "state": "needs_response", "round": dispute["round"] + 1, "until": fact.get("until")
    }  # fmt: skip


def _dispute_closed(stand: Stand, fact: Fact) -> None:
    dispute = _open_dispute(stand, fact)
    stand.dispute = dispute | {"state": fact.get("outcome"), "until": None, "is_open": False}
    _stop(stand, "dispute", fact.on)


def _confirmed(stand: Stand, fact: Fact) -> None:
    stand.confirmed_at, stand.proved = fact.get("at"), fact.get("proved")


def _use_started(stand: Stand, fact: Fact) -> None:
    stand.used_from, stand.used_until = fact.get("at"), None


def _use_ended(stand: Stand, fact: Fact) -> None:
    if stand.used_from is None or fact.get("at") < stand.used_from:
        raise Refusal("state_forbids")
    stand.used_until = fact.get("at")


def _claim_made(stand: Stand, fact: Fact) -> None:
    if stand.claim is not None:
        raise Refusal("state_forbids")
    if fact.amount > stand.remaining:
        raise Refusal("amount_exceeds_authorized")
    stand.claim = Claim(fact.amount, fact.get("until"), fact.get("final"), reference=fact.get("reference"))
    stand.has_claimed = True


def _open_claim(stand: Stand) -> Claim:
    if stand.claim is None:
        raise Refusal("state_forbids")
    return stand.claim


def _claim_contested(stand: Stand, fact: Fact) -> None:
    claim = _open_claim(stand)
    if claim.is_contested or fact.on > claim.until:
        raise Refusal("state_forbids")
    stand.claim = replace(claim, is_contested=True)


def _claim_lowered(stand: Stand, fact: Fact) -> None:
    claim = _open_claim(stand)
    if fact.amount >= claim.amount:
        raise Refusal("amount_exceeds_authorized")
    stand.claim = replace(claim, amount=fact.amount)


def _claim_closed(stand: Stand, _: Fact) -> None:
    _open_claim(stand)
    stand.claim = None


def _accelerated(stand: Stand, _: Fact) -> None:
    stand.schedule_ended = True


def _charged_off(stand: Stand, _: Fact) -> None:
    stand.given_up = stand.is_charged_off = True


def _forgiven(stand: Stand, _: Fact) -> None:
    stand.forgiven += stand.outstanding
    stand.net = min(0, stand.net)
    stand.given_up = stand.is_forgiven = True


def _rescheduled(stand: Stand, fact: Fact) -> None:
    stand.is_rescheduled = True
    stand.postponed += bool(fact.get("postponed"))


def _quoted(_: Stand, __: Fact) -> None:
    """A quote that gives nothing up changes nothing."""


def _subsidy_returned(_: Stand, __: Fact) -> None:
    """What is owed for it is read from the rows."""


RULES = {
    "amended": _amended, "extended": _extended, "captured": _captured, "given_back": _given_back,
    "withdrawn": _withdrawn, "paid": _paid, "refunded": _refunded, "sent_back": _sent_back,
    "charged_back": _charged_back, "levied": _levied, "paused": _paused, "resumed": _resumed,
    "dispute_opened": _dispute_opened, "dispute_answered": _dispute_answered, "dispute_asked": _dispute_asked,
    "dispute_closed": _dispute_closed, "confirmed": _confirmed, "use_started": _use_started, "use_ended": _use_ended,
    "claim_made": _claim_made, "claim_contested": _claim_contested, "claim_lowered": _claim_lowered,
    "claim_closed": _claim_closed, "accelerated": _accelerated, "charged_off": _charged_off, "forgiven": _forgiven,
    "rescheduled": _rescheduled, "quoted": _quoted, "subsidy_returned": _subsidy_returned,
}  # fmt: skip
