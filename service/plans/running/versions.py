"""The fold: a plan's terms and facts make its schedule: what is owed and what is paid, instalment by instalment.

`replay` is the whole rule: the facts of a plan, in order of the day they take effect, always make the same lines.
`next_version` adds one fact and costs what that fact touches; a fact that arrives late takes its place in the past, and
everything after it is worked out anew. Step by step and at once give the same lines, byte for byte.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.errors import Code, Refused
from service.plans.running import (
    authorization,
    captures,
    changes,
    charge_off,
    claims,
    disputes,
    facts,
    levies,
    outlook,
    pauses,
    paying,
    re_aging,
    refunds,
    settling,
    subsidies,
    uses,
    withdrawing,
)
from service.plans.running.acceleration_fact import Accelerated
from service.plans.running.facts import AnyFact, undone_by
from service.plans.running.rows import Line, frozen
from service.plans.running.standing import Allocated, Place, Standing
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.running.when import (
    KEEPS_A_QUOTE,
    MOVES_MONEY,
    OF_A_CLAIM,
    OF_A_DISPUTE,
    OF_A_SCHEDULE,
    OF_A_USE,
    is_of_no_account,
    require_its_time,
)
from service.terms.terms import Captures, PaidEarly, Terms

# With `Captures.FORESEEN` in the terms these facts are folded before all others, whatever their day.
FORESEEN = (facts.Authorized, facts.Amended, facts.Captured, facts.GivenBack)

ROUNDINGS_MAX = 2  # how often the amount that settles a plan is raised by what rounding left open


class Version(Struct, frozen=True):
    """A schedule as it stands on a day. `lines` have interest on what is overdue up to `as_of`; `standing` has it only
    up to the last fact that moved money, and the next fact is folded into that.
    """

    terms: Terms
    facts: tuple[AnyFact, ...]  # in the order they were recorded
    as_of: date
    lines: tuple[Line, ...]
    allocations: tuple[Allocated, ...]
    overpaid: int
    standing: Standing

    @property
    def outstanding(self) -> int:
        return sum(line.outstanding for line in self.lines)

    @property
    def digest(self) -> str:
        """The same for the same lines, for ever: SHA-256 of their canonical JSON."""
        return sha256(msgspec.json.encode((self.lines, self.overpaid))).hexdigest()


def replay(terms: Terms, history: Sequence[AnyFact], as_of: date) -> Version:
    """The version that the facts make, with interest on what is overdue up to `as_of`.

    Refused: some fact is impossible after those before it, such as a capture of more than was authorized.
    """
    return _seen(standing_after(terms, in_order(terms, history)), tuple(history), as_of)


def next_version(version: Version, fact: AnyFact, as_of: date) -> Version:
    """The version after one more fact."""
    return _seen(after(version.standing, fact), (*version.facts, fact), as_of)


def after(standing: Standing, fact: AnyFact) -> Standing:
    """Where the plan stands after one more fact; `standing` itself stays as it is.

    A fact that comes last costs what it touches. For any other one all facts are folded anew, so `standing.done` must
    have been loaded. Refused: the fact is impossible, or it would make a change of the schedule impossible that has
    already taken effect.
    """
    if comes_last(standing, fact):
        following = standing.copy()
        _happen(following, fact)
        return following
    assert standing.done is not None, "the facts before it were not loaded"
    following, overtaken = _folded(standing.terms, in_order(standing.terms, [*standing.done, fact]))
    if overtaken and not isinstance(fact, facts.Paid):  # a payment has happened, and is never refused
        _, before = _folded(standing.terms, standing.done)
        for one in [each for each in overtaken if not any(each is known for known in before)]:
            if one is fact:
                raise Refused(Code.STATE_FORBIDS, "The schedule has ended, and stays as it is.")
            if one.on <= fact.recorded_on:
                sentence = f"Its schedule was changed with effect from {one.on}, which could not have been after that."
                raise Refused(Code.STATE_FORBIDS, sentence)
    return following


def before_what_comes(standing: Standing, on: date) -> Standing:
    """Where the plan stands by the end of a day, without the facts that take effect later.

    If there are such facts, `standing.done` must have been loaded.
    """
    if standing.last is None or standing.last[1] <= on:
        return standing
    assert standing.done is not None, "the facts before it were not loaded"
    foreseen = standing.terms.captures is Captures.FORESEEN
    known = [one for one in standing.done if one.on <= on or (foreseen and isinstance(one, FORESEEN))]
    return standing_after(standing.terms, known)


def comes_last(standing: Standing, fact: AnyFact) -> bool:
    """Whether the fact can be folded into the standing as it is.

    It cannot where its place is before another fact, nor where it changes how the facts before it are folded: the first
    rate above zero, a withdrawal, or a fact that undoes another.
    """
    if standing.last is None:
        return False
    begins_to_cost = isinstance(fact, facts.RateChanged) and fact.rate_percent > 0 and not standing.bears_interest
    is_known_before = begins_to_cost or isinstance(fact, facts.Withdrawn) or undone_by(fact) is not None
    return not is_known_before and _place(standing.terms, fact) >= standing.last


def lines_on(standing: Standing, as_of: date) -> tuple[Line, ...]:
    """The lines as they stand on a day, with interest on what is overdue up to it."""
    if not standing.has_overdue(as_of):
        return lines_of(standing)
    seen = standing.copy()
    seen.bear_overdue(as_of)
    return lines_of(seen)


def lines_of(standing: Standing) -> tuple[Line, ...]:
    """The lines as the last fact left them."""
    return tuple([frozen(number, row) for number, row in enumerate(standing.rows, 1)])


def _seen(standing: Standing, history: tuple[AnyFact, ...], as_of: date) -> Version:
    """The version of a standing on a day."""
    lines, allocations = lines_on(standing, as_of), tuple(standing.allocations.values())
    return Version(standing.terms, history, as_of, lines, allocations, standing.overpaid, standing)


def amount_to_settle(version: Version, on: date) -> int:
    """What pays everything off on `on`: interest runs to that day, or to the next due date where the terms say so."""
    standing = version.standing.copy()
    standing.bear_overdue(on)
    if not standing.recalculates:
        return sum(max(0, row.outstanding) for row in standing.rows)
    at_once = version.terms.paid_early is PaidEarly.AT_ONCE
    owed = sum(row.left_beside_course for row in standing.rows)
    for course in standing.courses:
        left = outlook.left_if_settled(course, on) if at_once else paying.left_at_end_of_period(course, on)
        owed += sum(left)
    return _exactly(version, on, owed) if owed else 0


def settling_amount(standing: Standing, on: date) -> int:
    """What pays a standing off on a day, as `amount_to_settle`."""
    return amount_to_settle(_seen(standing, (), on), on)


def _exactly(version: Version, on: date, owed: int) -> int:
    """The amount, near `owed`, that leaves nothing open and nothing overpaid.

    `owed` may be off by a little: each line rounds its interest, and what is paid of one course may save interest of
    another. So the payment is tried: what it leaves open is added, what it overpays is taken off.
    """

    def settled(amount: int) -> Version:
        return next_version(version, facts.Paid(id="settlement", recorded_on=on, on=on, amount=amount), on)

    for _ in range(ROUNDINGS_MAX):
        owed += settled(owed).outstanding
    less = owed - (settled(owed).overpaid - version.overpaid)
    return less if 0 < less < owed and settled(less).outstanding == 0 else owed


def in_order(terms: Terms, history: Iterable[AnyFact]) -> list[AnyFact]:
    """By the day they take effect; on one day what was known first goes first. Captures foreseen go before all else."""
    return sorted(history, key=lambda fact: _place(terms, fact))


def _place(terms: Terms, fact: AnyFact) -> Place:
    foreseen = terms.captures is Captures.FORESEEN
    return not (foreseen and isinstance(fact, FORESEEN)), fact.on, fact.recorded_on


def standing_after(terms: Terms, history: Sequence[AnyFact]) -> Standing:
    """Where the plan stands after the facts, in the order given; those that were undone have not happened.

    A change of the schedule is of no account where the plan was given up, called due or settled before the day on which
    it takes effect, and that is told later than the change: so it holds up nothing that happens before its day.
    """
    return _folded(terms, history)[0]


def _folded(terms: Terms, history: Sequence[AnyFact]) -> tuple[Standing, list[AnyFact]]:
    """Where the plan stands after the facts, and the changes of the schedule among them that are of no account."""
    rates = [fact.rate_percent for fact in history if isinstance(fact, facts.RateChanged)]
    never = {undone: fact for fact in history if (undone := undone_by(fact))}
    withdrawal = next((one for one in history if isinstance(one, facts.Withdrawn) and one.id not in never), None)
    bears_interest = any(rate > 0 for rate in (terms.rate_percent, *rates))
    standing = Standing(terms, bears_interest=bears_interest, withdrawal=withdrawal)
    ended_by: AnyFact | None = None
    overtaken: list[AnyFact] = []
    for fact in history:
        if fact.id in never or undone_by(fact):
            standing.captures += isinstance(never.get(fact.id), facts.CaptureReversed)  # it keeps its number
            _note(standing, fact)
        elif ended_by is not None and isinstance(fact, OF_A_SCHEDULE) and _is_overtaken(fact, ended_by):
            overtaken.append(fact)
            _note(standing, fact)
        else:
            _happen(standing, fact)
            if ended_by is None and standing.rows_stand_alone:
                ended_by = fact
    return standing, overtaken


def _is_overtaken(change: AnyFact, ended_by: AnyFact) -> bool:
    """Whether the change was recorded before the fact that ended the schedule.

    If both were recorded on one day, a change that takes effect after that day counts as recorded before.
    """
    told_on = change.recorded_on
    return told_on < ended_by.recorded_on or (told_on == ended_by.recorded_on and change.on > told_on)


def _happen(standing: Standing, fact: AnyFact) -> None:
    """Fold one more fact. If it moves money, principal past due bears interest up to its day first."""
    if isinstance(fact, MOVES_MONEY):
        standing.bear_overdue(fact.on)
    apply(standing, fact)
    _note(standing, fact)


def _note(standing: Standing, fact: AnyFact) -> None:
    """Remember the place of a fact, and the fact itself where all facts are loaded."""
    place = _place(standing.terms, fact)
    standing.last = place if standing.last is None else max(place, standing.last)
    if standing.done is not None:
        standing.done.append(fact)


def apply(standing: Standing, fact: AnyFact) -> None:
    """Change the standing by what one fact does. Refused: STATE_FORBIDS, where it comes too early or too late."""
    if is_of_no_account(standing, fact):
        return
    require_its_time(standing, fact)
    if standing.quote is not None and fact.on <= standing.quote.good_until and not isinstance(fact, KEEPS_A_QUOTE):
        standing.quote = None
    for rule in DOES[type(fact)]:
        rule(standing, fact)


def _refunded(standing: Standing, fact: facts.Refunded) -> None:
    refunds.refunded(standing, fact, standing_after)
    if not fact.lowers:
        pauses.end(standing, facts.PauseReason.RETURN, fact.on)


# The rules of each kind of fact, in the order in which they are applied.
DOES: Final[dict[type[AnyFact], tuple[Callable[[Standing, Any], None], ...]]] = {
    facts.Authorized: (authorization.authorized,),
    facts.Amended: (authorization.amended, captures.amended),
    facts.AuthorizationExtended: (authorization.extended,),
    facts.ExpiryAnnounced: (authorization.expiry_announced,),
    facts.Captured: (authorization.promised, captures.captured, authorization.captured, claims.settled),
    facts.GivenBack: (authorization.given_back,),
    facts.Withdrawn: (withdrawing.withdrawn,),
    facts.Paid: (paying.paid,),
    facts.OverpaidReturned: (paying.overpaid_returned,),
    facts.Refunded: (_refunded,),
    facts.ChargedBack: (levies.charged_back,),
    facts.Levied: (levies.levied,),
    **dict.fromkeys(
        (facts.RateChanged, facts.InterestPaused, facts.Extended, facts.HolidayGranted, facts.DueMoved),
        (changes.changed,),
    ),
    facts.ReAmortized: (re_aging.re_amortized,),
    facts.ReAged: (re_aging.re_aged,),
    facts.SettlementQuoted: (settling.quoted,),
    **dict.fromkeys(OF_A_USE, (uses.went_on,)),
    **dict.fromkeys(OF_A_DISPUTE, (disputes.went_on,)),
    **dict.fromkeys(OF_A_CLAIM, (claims.went_on,)),
    facts.CollectionPaused: (pauses.paused,),
    facts.CollectionResumed: (pauses.resumed,),
    Accelerated: (charge_off.accelerated,),
    facts.ChargedOff: (charge_off.charged_off,),
    Subsidised: (subsidies.subsidised,),
    SubsidyReturned: (subsidies.returned,),
    BoughtDown: (subsidies.bought_down,),
    facts.Forgiven: (charge_off.forgiven,),
}
