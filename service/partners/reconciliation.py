"""Reconciliation: our file of a day against the partner's, and what does not match. Pure.

The breaks explain the totals: by currency, the partner's sums less ours are, to the cent, the sum over all breaks of
theirs less ours. The order of rows never matters.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import astuple

from service.partners.file import COMPONENTS, NOTHING, Amounts, Row

BREAKS_MAX: Final = 10_000  # of one file: nobody resolves more one by one


class Outcome(StrEnum):
    """The verdict in a word; the check `reconciliations_outcome_is_known` says the same."""

    MATCHED = "matched"
    BREAKS = "breaks"


class BreakKind(StrEnum):
    """What does not match; the check `breaks_kind_is_known` says the same."""

    MISSING_AT_PARTNER = "missing_at_partner"  # our file has the plan, theirs has not
    MISSING_HERE = "missing_here"  # theirs has it, ours has not
    CURRENCY_DIFFERS = "currency_differs"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"  # theirs has the plan more than once: the rows too many


class BreakState(StrEnum):
    """The life of a break; the check `breaks_state_is_known` says the same."""

    OPEN = "open"  # somebody must look -> RESOLVED
    RESOLVED = "resolved"  # explained, or gone from a corrected file -> OPEN, if a later file has it again


# Who acts first, until somebody else takes it.
FIRST_OWNER: Final = {
    BreakKind.MISSING_AT_PARTNER: "partner",
    BreakKind.MISSING_HERE: "operator",
    BreakKind.CURRENCY_DIFFERS: "operator",
    BreakKind.AMOUNT_DIFFERS: "operator",
    BreakKind.DUPLICATE: "partner",
}


class Difference(Struct, frozen=True, gc=False):
    """One component on which the two sides disagree, in minor units; `difference` is theirs less ours."""

    component: str
    ours: int
    theirs: int
    difference: int


class Break(Struct, frozen=True):
    """One plan that does not match, in one way. A side that has no row has no currency, and amounts of nothing."""

    kind: BreakKind
    plan_id: str
    our_currency: str | None
    their_currency: str | None
    ours: Amounts = NOTHING
    theirs: Amounts = NOTHING

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The components that differ."""
        pairs = zip(COMPONENTS, astuple(self.ours), astuple(self.theirs), strict=True)
        return tuple(
            Difference(component, ours, theirs, theirs - ours) for component, ours, theirs in pairs if ours != theirs
        )


class Verdict(Struct, frozen=True):
    """What comparing two files came to: counts and sums of both sides, and every break, by plan."""

    outcome: Outcome
    our_rows: int
    their_rows: int
    our_totals: dict[str, Amounts]  # by currency
    their_totals: dict[str, Amounts]
    breaks: tuple[Break, ...]  # BREAKS_MAX + 1 of them stand for any number above

    @property
    def counts(self) -> dict[str, int]:
        """How many breaks there are of each kind that occurs."""
        return dict(sorted(Counter(one.kind.value for one in self.breaks).items()))


def reconcile(ours: Iterable[Row], theirs: Iterable[Row]) -> Verdict:
    """Compare our file (a plan at most once) with the partner's. Of their rows only those that differ are kept.

    A row of nothing but zeros says nothing: where the other side has no row for the plan, it is not missing. More than
    BREAKS_MAX breaks are not counted on.
    """
    our, their = _Side(), _Side()
    left: dict[str, Row | None] = {}  # our rows; None, once a row of theirs is the very same
    for row in ours:
        our.add(row)
        left[row.plan_id] = row
    assert len(left) == our.rows, "a plan is twice in our own file"
    others: dict[str, Row] = {}
    more: defaultdict[str, list[Row]] = defaultdict(list)
    for row in theirs:
        their.add(row)
        if row == left.get(row.plan_id):
            left[row.plan_id] = None
        elif row.plan_id in others:
            more[row.plan_id].append(row)
        else:
            others[row.plan_id] = row
    found: list[Break] = []
    for one in _breaks(left, others, more):  # to the end: what was read is let go a row at a time, not all at once
        if len(found) <= BREAKS_MAX:
            found.append(one)
    found.sort(key=lambda one: one.plan_id)
    outcome = Outcome.BREAKS if found else Outcome.MATCHED
    return Verdict(outcome, our.rows, their.rows, our.totals, their.totals, tuple(found))


class _Side:
    """What rows come to, one after the other."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: dict[str, Amounts] = {}

    def add(self, row: Row) -> None:
        self.rows += 1
        self._sums[row.currency] = self._sums.get(row.currency, NOTHING) + row.amounts

    @property
    def totals(self) -> dict[str, Amounts]:
        """The sums of all components, by currency."""
        return dict(sorted(self._sums.items()))


def _breaks(left: dict[str, Row | None], others: dict[str, Row], more: dict[str, list[Row]]) -> Iterator[Break]:
    """Of all plans, in any order; all three are empty afterwards."""
    while others:
        plan_id, first = others.popitem()
        rows = [first, *more.pop(plan_id, ())]
        is_met = plan_id in left and left[plan_id] is None
        our = left.pop(plan_id, None)
        yield from _duplicates(plan_id, rows) if is_met else _breaks_of_plan(our, rows)
    while left:
        _, our = left.popitem()
        yield from _missing(our, None)


def _breaks_of_plan(our: Row | None, theirs: list[Row]) -> Iterator[Break]:
    """None of their rows is the very same as ours: the first by content is held against it."""
    first, *more = sorted(theirs, key=lambda row: (row.currency, astuple(row.amounts)))
    if our is None:
        yield from _missing(None, first)
    else:
        kind = BreakKind.AMOUNT_DIFFERS if our.currency == first.currency else BreakKind.CURRENCY_DIFFERS
        yield Break(kind, our.plan_id, our.currency, first.currency, our.amounts, first.amounts)
    yield from _duplicates(first.plan_id, more)


def _duplicates(plan_id: str, rows: list[Row]) -> Iterator[Break]:
    """The rows too many of a plan: one break for each currency."""
    side = _Side()
    for row in rows:
        side.add(row)
    for currency, amounts in side.totals.items():
        yield Break(BreakKind.DUPLICATE, plan_id, None, currency, NOTHING, amounts)


def _missing(our: Row | None, their: Row | None) -> Iterator[Break]:
    if our is not None and our.amounts != NOTHING:
        yield Break(BreakKind.MISSING_AT_PARTNER, our.plan_id, our.currency, None, our.amounts)
    if their is not None and their.amounts != NOTHING:
        yield Break(BreakKind.MISSING_HERE, their.plan_id, None, their.currency, NOTHING, their.amounts)


# As they are kept -----------------------------------------------------------------------------------------------------


class Reconciliation(Struct, frozen=True):
    """A verdict on one file of the partner's; a corrected file for the same day is a further `number`."""

    reconciliation_id: str = field(name="id")
    partner_id: str
    programme_id: str
    business_on: date
    file_id: str  # our file, against which theirs was held
    number: int  # 1, 2, 3 ... of the files that were held against ours of that day
    outcome: Outcome
    our_rows: int
    their_rows: int
    our_totals: dict[str, Amounts]
    their_totals: dict[str, Amounts]
    counts: dict[str, int]
    sha256: str  # of their bytes
    received_at: datetime


class FoundBreak(Struct, frozen=True):
    """A break as the sender of a file is told of it."""

    kind: BreakKind
    plan_id: str
    our_currency: str | None
    their_currency: str | None
    differences: tuple[Difference, ...]


class Receipt(Struct, frozen=True):
    """The answer to a file: the verdict, and its first breaks; all of them can be listed."""

    reconciliation: Reconciliation
    unknown_columns: tuple[str, ...]  # of theirs: nobody compares them
    breaks: tuple[FoundBreak, ...]


class FilePreview(Struct, frozen=True, kw_only=True):
    """What would come of a file: the verdict, and its first breaks. Nothing of it is kept."""

    dry_run: bool = True
    outcome: Outcome
    our_rows: int
    their_rows: int
    our_totals: dict[str, Amounts]
    their_totals: dict[str, Amounts]
    counts: dict[str, int]
    unknown_columns: tuple[str, ...]  # of theirs: nobody compares them
    breaks: tuple[FoundBreak, ...]


class BreakNoteKind(StrEnum):
    """What was done about a break."""

    ASSIGNED = "assigned"
    COMMENTED = "commented"
    RESOLVED = "resolved"  # by an operator, or because a corrected file no longer has it
    REOPENED = "reopened"  # a corrected file has it again


class BreakNote(Struct, frozen=True):
    """Something said or done about a break."""

    number: int  # counts on through all breaks
    what: BreakNoteKind
    owner: str | None  # of an assignment: who must act from then on
    note: str | None  # in words; null: there were none
    noted_by: str | None  # the person; null: a partner's file did it
    noted_at: datetime  # when


class OpenedBreak(Struct, frozen=True):
    """A break on record: who must act, since when, and how it ended. It goes on through the files of other days that
    have it too, and through corrected files."""

    break_id: str = field(name="id")
    partner_id: str
    programme_id: str
    first_business_on: date  # of the first file that had it
    business_on: date  # of the last file that has it; what follows is what that one says
    file_id: str  # our file, against which theirs was held
    reconciliation_id: str  # the last that found it
    plan_id: str
    kind: BreakKind
    our_currency: str | None
    their_currency: str | None
    differences: tuple[Difference, ...]
    owner: str
    state: BreakState
    opened_on: date
    age_days: int  # until today, or until it was resolved
    resolved_on: date | None
    note: str | None
