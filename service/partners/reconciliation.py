"""Reconciliation: our file of a day against the partner's, and what does not match. Pure.

The breaks explain the totals: by currency, the partner's sums less ours are, to the cent, the sum over all breaks of
theirs less ours. The order of rows never matters.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import astuple

from service.partners.file import COMPONENTS, NOTHING, Amounts, Row, totals


class Outcome(StrEnum):
    """The verdict in a word; the SQL enum `reconciliation_outcome` says the same."""

    MATCHED = "matched"
    BREAKS = "breaks"


class BreakKind(StrEnum):
    """What does not match; the SQL enum `break_kind` says the same."""

    MISSING_AT_PARTNER = "missing_at_partner"  # our file has the plan, theirs has not
    MISSING_HERE = "missing_here"  # theirs has it, ours has not
    CURRENCY_DIFFERS = "currency_differs"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"  # theirs has the plan more than once: the rows too many


class BreakState(StrEnum):
    """The life of a break; the SQL enum `break_state` says the same."""

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
    breaks: tuple[Break, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many breaks there are of each kind that occurs."""
        return dict(sorted(Counter(one.kind.value for one in self.breaks).items()))


def reconcile(ours: list[Row], theirs: list[Row]) -> Verdict:
    """Compare our file (a plan at most once) with the partner's.

    A row of nothing but zeros says nothing: where the other side has no row for the plan, it is not missing.
    """
    our_row = {row.plan_id: row for row in ours}
    assert len(our_row) == len(ours), "a plan is twice in our own file"
    their_rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in theirs:
        their_rows[row.plan_id].append(row)
    breaks = tuple(
        one
        for plan_id in sorted(our_row.keys() | their_rows.keys())
        for one in _breaks_of_plan(our_row.get(plan_id), their_rows.get(plan_id, []))
    )
    return Verdict(
        Outcome.BREAKS if breaks else Outcome.MATCHED, len(ours), len(theirs), totals(ours), totals(theirs), breaks
    )


def _breaks_of_plan(our: Row | None, theirs: list[Row]) -> Iterable[Break]:
    """One row of theirs is held against ours: the very same if there is one, else the first by content."""
    theirs = sorted(theirs, key=lambda row: (row != our, row.currency, astuple(row.amounts)))
    if our is None or not theirs:
        yield from _missing(our, theirs[0] if theirs else None)
    elif our != theirs[0]:
        same_currency = our.currency == theirs[0].currency
        kind = BreakKind.AMOUNT_DIFFERS if same_currency else BreakKind.CURRENCY_DIFFERS
        yield Break(kind, our.plan_id, our.currency, theirs[0].currency, our.amounts, theirs[0].amounts)
    for currency, amounts in totals(theirs[1:]).items():
        yield Break(BreakKind.DUPLICATE, theirs[0].plan_id, None, currency, NOTHING, amounts)


def _missing(our: Row | None, their: Row | None) -> Iterable[Break]:
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
    number: int
    outcome: Outcome
    our_rows: int
    their_rows: int
    our_totals: dict[str, Amounts]
    their_totals: dict[str, Amounts]
    counts: dict[str, int]
    unknown_columns: tuple[str, ...]  # of theirs: nobody compares them
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
    breaks: tuple[FoundBreak, ...]


class OpenedBreak(Struct, frozen=True):
    """A break on record: who must act, since when, and how it ended."""

    break_id: str = field(name="id")
    partner_id: str
    programme_id: str
    business_on: date
    file_id: str
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
