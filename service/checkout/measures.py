"""How well a policy tells good from bad, what it earns, and whom it treats otherwise. Exact: fractions, no floats.

AUC   the chance that a good case has the higher score than a bad one; a tie counts half
Gini  2 AUC - 1
KS    the largest distance between the shares of bad and of good cases at or below a score
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from msgspec import Struct

UNFAIR: Fraction = Fraction(5, 4)  # a group's ratio to the best off above this is flagged: 1.25


class Judged(Struct, frozen=True):
    """One case whose ending is known. `profit` is what a yes brought, in minor units; negative where it lost."""

    score: int
    is_good: bool
    is_approved: bool
    profit: int = 0
    group: str = ""


class Power(Struct, frozen=True):
    """How well the score separates."""

    auc: Fraction
    gini: Fraction
    ks: Fraction


class Line(Struct, frozen=True):
    """Cases counted: a band of scores, a purpose, a group."""

    name: str
    count: int
    approved: int
    bad: int
    bad_approved: int

    @property
    def approval_rate(self) -> Fraction:
        """The share approved."""
        return Fraction(self.approved, self.count)

    @property
    def bad_rate(self) -> Fraction:
        """The share of the approved that ended badly."""
        return Fraction(self.bad_approved, self.approved) if self.approved else Fraction(0)


class CutOff(Struct, frozen=True):
    """What would be if every score from here on were approved."""

    score_min: int
    approved: int
    bad: int
    profit: int


class Treatment(Struct, frozen=True):
    """How a group is treated. The ratios are to the group best off: 1 is the same, above 1.25 may be unfair."""

    group: str
    count: int
    approval_rate: Fraction
    false_bad_rate: Fraction  # of those who would have paid, the share declined
    approval_ratio: Fraction | None  # the best group's rate over this one's; None: nobody is approved
    false_bad_ratio: Fraction | None  # this group's rate over the best one's; None: the best group has none


def power_of(cases: Sequence[Judged]) -> Power:
    """The measures of separation. There must be good and bad cases."""
    good = Counter(case.score for case in cases if case.is_good)
    bad = Counter(case.score for case in cases if not case.is_good)
    goods, bads = good.total(), bad.total()
    assert goods, "no case is good"
    assert bads, "no case is bad"
    won, bads_below, goods_below, ks = 0, 0, 0, Fraction(0)
    for score in sorted(good | bad):
        won += good[score] * (2 * bads_below + bad[score])  # in halves
        bads_below += bad[score]
        goods_below += good[score]
        ks = max(ks, abs(Fraction(bads_below, bads) - Fraction(goods_below, goods)))
    auc = Fraction(won, 2 * goods * bads)
    return Power(auc, 2 * auc - 1, ks)


def by_band(cases: Iterable[Judged], width: int) -> list[Line]:
    """Cases by stretch of the score, from the lowest; `width` points a band."""
    return _lines(cases, lambda case: (case.score // width, f"{case.score // width * width}"))


def by_group(cases: Iterable[Judged]) -> list[Line]:
    """Cases by group: a purpose, a category, a merchant."""
    return _lines(cases, lambda case: (0, case.group))


def by_cut_off(cases: Iterable[Judged]) -> list[CutOff]:
    """Every cut-off there could be, from approving everybody on."""
    at: dict[int, list[Judged]] = defaultdict(list)
    for case in cases:
        at[case.score].append(case)
    cut_offs: list[CutOff] = []
    approved = bad = profit = 0
    for score in sorted(at, reverse=True):
        approved += len(at[score])
        bad += sum(not case.is_good for case in at[score])
        profit += sum(case.profit for case in at[score])
        cut_offs.append(CutOff(score, approved, bad, profit))
    return cut_offs[::-1]


def fairness(cases: Sequence[Judged]) -> list[Treatment]:
    """Groups side by side, for a column that the policy may not use."""
    lines = by_group(cases)
    false_bad = {line.name: _false_bad_rate([case for case in cases if case.group == line.name]) for line in lines}
    best_approval = max(line.approval_rate for line in lines)
    best_false_bad = min(false_bad.values())
    treatments = []
    for line in lines:
        approval = best_approval / line.approval_rate if line.approved else None
        mistaken = false_bad[line.name] / best_false_bad if best_false_bad else None
        treatments.append(
            Treatment(line.name, line.count, line.approval_rate, false_bad[line.name], approval, mistaken)
        )
    return treatments


def _false_bad_rate(cases: Sequence[Judged]) -> Fraction:
    good = [case for case in cases if case.is_good]
    return Fraction(sum(not case.is_approved for case in good), len(good)) if good else Fraction(0)


def _lines(cases: Iterable[Judged], key: Callable[[Judged], tuple[int, str]]) -> list[Line]:
    grouped: dict[tuple[int, str], list[Judged]] = defaultdict(list)
    for case in cases:
        grouped[key(case)].append(case)
    return [
        Line(
            name,
            len(rows),
            sum(case.is_approved for case in rows),
            sum(not case.is_good for case in rows),
            sum(not case.is_good and case.is_approved for case in rows),
        )
        for (_, name), rows in sorted(grouped.items())
    ]
