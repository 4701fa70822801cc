"""Whom a policy would have treated otherwise: groups of people by a column that it may not use. Pure.

approval ratio    the best group's approval rate over this group's: above 1.25 is the four-fifths rule of
                  29 CFR 1607.4(D), seen from the other side
false-bad ratio   of those who paid everything, the share not approved, over that of the group best off

A group is flagged where a ratio is above 1.25 and its 95 % interval lies above 1: a large ratio of a few people proves
nothing, and is told as `is_open`, to be looked at again with more of them.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from service.checkout.answer import Outcome
from service.checkout.measures import UNFAIR, Judged, Treatment, fairness
from service.errors import Code, Refused
from service.learning.backtest import bps_of
from service.learning.past import Past
from service.learning.replaying import Replayed
from service.learning.spread import chance, ratio_interval
from service.policies.document import Policy, Source


class Grouping(Struct, frozen=True):
    """A column whose words are groups, or whose whole numbers are cut into some."""

    column: str
    cuts: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """The names of the groups that numbers are cut into, from the lowest."""
        return tuple(self.group_of(str(number)) for number in (self.cuts[0] - 1, *self.cuts)) if self.cuts else ()

    def group_of(self, cell: str) -> str:
        """The name of a cell's group."""
        if not cell:
            return "(not known)"
        if not self.cuts:
            return cell
        try:
            place = bisect_right(self.cuts, int(cell))
        except ValueError:
            raise Refused(
                Code.INVALID_FILE, f"{self.column!r} is {cell!r}, which is no whole number to be cut."
            ) from None
        if place == 0:
            return f"below {self.cuts[0]}"
        return f"{self.cuts[place - 1]} " + (f"to {self.cuts[place] - 1}" if place < len(self.cuts) else "and above")


class Group(Struct, frozen=True, kw_only=True):
    """One group. A ratio is None where nothing can be divided: nobody approved here, or nobody mistaken there.

    `low` to `high` is the ratio's 95 % interval; `chance` is how often so great a distance to the group best off comes
    by chance alone (Fisher's exact test).
    """

    name: str
    rows: int
    good: int
    approval_bps: int
    approval_ratio: float | None
    approval_low: float
    approval_high: float
    approval_chance: float
    false_bad_bps: int
    false_bad_ratio: float | None
    false_bad_low: float
    false_bad_high: float
    false_bad_chance: float
    is_flagged: bool  # a ratio is above 1.25, and its interval above 1
    is_open: bool  # a ratio is above 1.25, and its interval is not: too few people to tell


class GroupedColumn(Struct, frozen=True, kw_only=True):
    """All groups of a column; those with too few rows, or none that ended well, are named and not judged."""

    column: str
    features: tuple[str, ...]  # of the policy that read it all the same
    groups: tuple[Group, ...]
    too_few: dict[str, int]


class Fairness(Struct, frozen=True, kw_only=True):
    """One policy on the purchases of one file."""

    policy: str
    policy_id: str
    version: int
    rows: int
    flagged_above: float
    rows_min: int
    columns: tuple[GroupedColumn, ...]
    flagged: int


def grouping_of(text: str) -> Grouping:
    """`foreign_worker`, or `age_in_years:25:40:60`."""
    column, *cuts = text.split(":")
    try:
        edges = [int(cut) for cut in cuts]
    except ValueError:
        edges = [0, 0]
    if not column or edges != sorted(set(edges)):
        raise Refused(Code.INVALID_FIELD, f"{text!r} is no COLUMN or COLUMN:25:40:60 with rising whole numbers.")
    return Grouping(column, tuple(edges))


def hold_fair(
    policy: Policy, past: Sequence[Past], replayed: Sequence[Replayed], groupings: Sequence[Grouping], rows_min: int
) -> Fairness:
    """The policy's treatment of the groups of each column; those with fewer than `rows_min` rows are left aside."""
    columns = tuple(_column(policy, past, replayed, grouping, rows_min) for grouping in groupings)
    return Fairness(
        policy=policy.name,
        policy_id=policy.policy_id,
        version=policy.version,
        rows=len(past),
        flagged_above=float(UNFAIR),
        rows_min=rows_min,
        columns=columns,
        flagged=sum(group.is_flagged for column in columns for group in column.groups),
    )


def _column(
    policy: Policy, past: Sequence[Past], replayed: Sequence[Replayed], grouping: Grouping, rows_min: int
) -> GroupedColumn:
    names = [grouping.group_of(one.cells[grouping.column]) for one in past]
    rows = Counter(names)
    with_good = {name for one, name in zip(past, names, strict=True) if one.is_good}
    judged = {name for name, count in rows.items() if count >= rows_min and name in with_good}
    cases = [
        Judged(one.score, one.is_good, one.outcome is Outcome.APPROVED, group=name)
        for one, name in zip(replayed, names, strict=True)
        if name in judged
    ]
    if not cases:
        raise Refused(
            Code.INVALID_FILE,
            f"No group of {grouping.column!r} has {rows_min} rows; cut numbers as {grouping.column}:25:40, "
            "or lower --rows-min.",
        )
    return GroupedColumn(
        column=grouping.column,
        features=tuple(
            feature.name
            for feature in policy.features
            if feature.source is Source.ATTRIBUTE and (feature.of or feature.name) == grouping.column
        ),
        groups=tuple(sorted(_groups(cases), key=lambda group: _place(group.name, grouping.order))),
        too_few={name: count for name, count in sorted(rows.items()) if name not in judged},
    )


def _groups(cases: Sequence[Judged]) -> tuple[Group, ...]:
    treatments = fairness(cases)
    by_name = {one.group: _Tally.of([case for case in cases if case.group == one.group]) for one in treatments}
    best = by_name[max(treatments, key=lambda one: (one.approval_rate, one.count)).group]
    kindest = by_name[min(treatments, key=lambda one: (one.false_bad_rate, -one.count)).group]
    return tuple(_group(one, by_name[one.group], best, kindest) for one in treatments)


def _place(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


class _Tally(Struct, frozen=True):
    rows: int
    approved: int
    good: int
    mistaken: int

    @classmethod
    def of(cls, cases: Sequence[Judged]) -> "_Tally":
        good = [case for case in cases if case.is_good]
        return cls(
            len(cases), sum(case.is_approved for case in cases), len(good), sum(not case.is_approved for case in good)
        )


def _group(treatment: Treatment, its: _Tally, best: _Tally, kindest: _Tally) -> Group:
    approval = _interval((best.approved, best.rows), (its.approved, its.rows), is_best=its is best)
    mistaken = _interval((its.mistaken, its.good), (kindest.mistaken, kindest.good), is_best=its is kindest)
    proved = []  # of each ratio that is too large, whether its interval says so too
    if treatment.approval_ratio is None or treatment.approval_ratio > UNFAIR:
        proved.append(approval[0] > 1)
    if its.mistaken and (treatment.false_bad_ratio is None or treatment.false_bad_ratio > UNFAIR):
        proved.append(mistaken[0] > 1)
    return Group(
        name=treatment.group,
        rows=its.rows,
        good=its.good,
        approval_bps=bps_of(treatment.approval_rate),
        approval_ratio=_rounded(treatment.approval_ratio),
        approval_low=approval[0],
        approval_high=approval[1],
        approval_chance=round(float(chance(its.approved, its.rows, best.approved, best.rows)), 4),
        false_bad_bps=bps_of(treatment.false_bad_rate),
        false_bad_ratio=_rounded(treatment.false_bad_ratio),
        false_bad_low=mistaken[0],
        false_bad_high=mistaken[1],
        false_bad_chance=round(float(chance(its.mistaken, its.good, kindest.mistaken, kindest.good)), 4),
        is_flagged=any(proved),
        is_open=bool(proved) and not any(proved),
    )


def _interval(one: tuple[int, int], other: tuple[int, int], *, is_best: bool) -> tuple[float, float]:
    """Of a ratio of two rates; 1 and nothing else of the group best off, which is held against itself."""
    low, high = (1.0, 1.0) if is_best else ratio_interval(*one, *other)
    return round(low, 4), round(high, 4)


def _rounded(ratio: Fraction | None) -> float | None:
    return None if ratio is None else round(float(ratio), 4)
