"""A plan against its facts: what the database holds of it, held against what its facts say. Pure.

The facts are the truth. The plan's row, its lines, the bytes of its standing and its balances in the ledger are copies,
and each is made anew here by folding the facts from the first.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from service.plans.accrual import runs, settled_interest
from service.plans.book import Recorded
from service.plans.bookkeeping import books_of
from service.plans.days import next_day_at
from service.plans.digest import digest_after
from service.plans.guard import next_look
from service.plans.lost import lost_by_partners
from service.plans.past import plan_after
from service.plans.plan import Plan
from service.plans.running.kept import is_of_this_shape, keep
from service.plans.running.rows import Line
from service.plans.timeline import steps
from service.support import bearing
from service.support.bearing import Bearing
from service.support.recovering import Recovery
from service.support.waterfall import Allocation, Tier

Balances = dict[tuple[str, str, str | None], int]  # debit less credit, by occasion, account and owner

# A line as it is stored: its columns, in the order of `line_of`.
LINE_COLUMNS = (
    "number", "capture", "begin_on", "due_on", "principal", "interest", "fee", "penalty", "principal_paid",
    "interest_paid", "fee_paid", "penalty_paid", "forgiven", "paid_on",
)  # fmt: skip


class LossBorne(Struct, frozen=True):
    """Who bears a loss of it, and the version of the plan that they were asked for."""

    version: int
    tiers: tuple[Tier, ...]
    allocation: Allocation
    recoveries: tuple[Recovery, ...]


class Stored(Struct, frozen=True):
    """What the database holds of a plan."""

    agreed: Plan | None  # None: offer or funding cannot be read
    facts: Sequence[Recorded] | None  # as they were recorded; None: they cannot be read
    columns: dict[str, Any]  # of its row
    lines: tuple[tuple[Any, ...], ...]
    balances: Balances
    borne: LossBorne | None = None  # None: nobody bears a loss of it
    digests: Sequence[bytes | None] = ()  # beside each fact, of what it made of the plan; None: recorded without one


class Difference(Struct, frozen=True):
    """What is stored is not what the facts say."""

    plan_id: str
    place: str
    stored: Any
    proved: Any


def differences(plan_id: str, stored: Stored) -> list[Difference]:
    """All that is stored of a plan and is not what its facts say; nothing is right."""
    if stored.agreed is None or not stored.facts:
        return [Difference(plan_id, "facts", "they, or the offer, cannot be read, or there are none", None)]
    numbers = [one.number for one in stored.facts]
    if numbers != list(range(1, len(numbers) + 1)):
        return [Difference(plan_id, "facts", f"numbered {numbers}", f"1 to {len(numbers)}")]
    try:
        plan = plan_after(stored.agreed, stored.facts)
        digests = list(_digests(stored.agreed, stored))
    except Exception as error:  # whatever damaged facts lead to: other plans are still to be proved
        return [Difference(plan_id, "facts", f"they cannot be folded: {str(error) or type(error).__name__}", None)]
    found = [
        *digests,
        *_columns(stored, plan),
        *_standing(stored, plan),
        *_lines(stored, plan),
        *_balances(stored, plan),
    ]
    return [Difference(plan_id, *each) for each in found]


def columns_of(plan: Plan) -> dict[str, Any]:
    """What facts change of a plan's row, but for the bytes of its standing."""
    since, by = plan.began or (None, None)
    return structs.asdict(plan.amounts) | {
        "state": plan.state,
        "collection_state": plan.collection_state,
        "captures": len(plan.standing_bills),
        "capture_by": plan.capture_by,
        "guard_at": next_look(plan),
        "version": plan.version,
        "changed_at": plan.changed_at,
        "changed_by": plan.changed_by,
        "state_since": since,
        "state_by": by,
        "closed_at": plan.closed_at,
        "claimed_at": plan.claimed_at,
        "interest_settled": settled_interest(plan.standing),
        "interest_runs": runs(plan.standing),
        "passed_on": plan.passed_on,
        "day_at": next_day_at(plan),
    }


def line_of(line: Line) -> tuple[Any, ...]:
    """A line as it is stored."""
    return (
        line.number, line.capture, line.begin_on, line.due_on, line.principal, line.interest, line.fee, line.penalty,
        line.paid_principal, line.paid_interest, line.paid_fee, line.paid_penalty, line.forgiven, line.settled_on,
    )  # fmt: skip


def balances_of(plan: Plan) -> Balances:
    """What the ledger says of a plan, without what is zero."""
    return {
        (occasion, place.account, place.owner): amount
        for occasion, balances in books_of(plan).items()
        for place, amount in balances.items()
        if amount
    }


def borne_of(plan: Plan, borne: LossBorne) -> Balances:
    """What the ledger says of who bears its loss, beyond what its own shares say, without what is zero."""
    partners = lost_by_partners(plan)
    books = bearing.books_of(
        Bearing(plan.merchant_id, borne.tiers, borne.allocation, borne.recoveries, partners)
    )  # fmt: skip
    return {
        (occasion, place.account, place.owner): amount
        for occasion, balances in books.items()
        for place, amount in balances.items()
    }


Unlike = Iterator[tuple[str, Any, Any]]  # where, what is stored, what the facts say


def _digests(agreed: Plan, stored: Stored) -> Unlike:
    """Nobody can write another beside a fact: one that differs tells that facts are folded otherwise than they were."""
    told = zip(steps(agreed.kind, agreed.offer.terms, stored.facts or ()), stored.digests, strict=True)
    for step, digest in told:
        number = step.recorded.number
        if digest is not None and digest != (proved := digest_after(number, step.after)):
            yield f"digest of fact {number}", digest.hex(), proved.hex()


def _columns(stored: Stored, plan: Plan) -> Unlike:
    found = columns_of(plan)
    if not _counts(stored):  # a version wrote it that may not have known of these
        del found["state_since"], found["state_by"]
    for name, proved in found.items():
        if stored.columns[name] != proved:
            yield name, stored.columns[name], proved


def _standing(stored: Stored, plan: Plan) -> Unlike:
    """Bytes of another shape are not read, so they may say anything."""
    kept, proved = stored.columns["standing"], keep(plan.standing)
    if _counts(stored) and kept != proved:
        yield "standing", f"{len(kept)} bytes", f"{len(proved)} bytes, others"


def _counts(stored: Stored) -> bool:
    """Whether the bytes of its standing are to be these: they are of the present shape, or damaged."""
    try:
        return is_of_this_shape(stored.columns["standing"])
    except msgspec.DecodeError:
        return True


def _lines(stored: Stored, plan: Plan) -> Unlike:
    proved = {line.number: line_of(line) for line in plan.lines}
    told = {line[0]: line for line in stored.lines}
    for number in sorted(proved.keys() | told.keys()):
        if number not in told or number not in proved:
            yield f"line {number}", told.get(number), proved.get(number)
            continue
        for name, left, right in zip(LINE_COLUMNS, told[number], proved[number], strict=True):
            if left != right:
                yield f"line {number}, {name}", left, right


def _balances(stored: Stored, plan: Plan) -> Unlike:
    told, proved = defaultdict(int, stored.balances), defaultdict(int, balances_of(plan))
    if stored.borne is not None and stored.borne.version == plan.version:
        proved |= borne_of(plan, stored.borne)
    elif stored.borne is not None:  # the plan has moved since: who looks at the loss next books the difference
        told = defaultdict(int, {place: told[place] for place in told if place[0] not in bearing.OCCASIONS})
    for place in sorted(told.keys() | proved.keys(), key=str):
        if told[place] != proved[place]:
            occasion, account, owner = place
            yield f"ledger, {occasion}: {account}" + (f" of {owner}" if owner else ""), told[place], proved[place]
