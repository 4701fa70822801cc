"""How a policy would have done on past purchases, and how another beside it. Pure.

Rates are basis points, amounts minor units, measures of separation between 0 and 1.
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from service.checkout.answer import Outcome
from service.checkout.measures import CutOff, Judged, Line, by_band, by_cut_off, by_group, power_of
from service.learning.record import CrossValidation
from service.learning.replaying import Replayed
from service.learning.spread import interval, placements_of
from service.money import BPS, Rounding, quotient
from service.policies.document import Policy, Scorecard


class Part(Struct, frozen=True, kw_only=True):
    """Some of the purchases: a purpose, or all."""

    name: str
    rows: int
    approved: int
    approval_bps: int
    bad: int
    bad_bps: int  # of all of them
    approved_bad: int
    approved_bad_bps: int  # of those approved


class Band(Part, frozen=True, kw_only=True):
    """Those with a score from `score_min` to below `score_below`."""

    score_min: int
    score_below: int
    promised_bad_bps: int  # what the scale says of these scores


class Point(Struct, frozen=True):
    """What would be if the score alone decided, from `score_min` on, at the policy's prices."""

    score_min: int
    approved: int
    approval_bps: int  # of those that any cut-off could approve
    bad_bps: int
    profit: int


class Separation(Struct, frozen=True):
    """How well the score tells good from bad; `auc_low` to `auc_high` is the 95 % interval (DeLong)."""

    auc: float
    auc_low: float
    auc_high: float
    gini: float
    ks: float


class Backtest(Struct, frozen=True, kw_only=True):
    """One policy on the purchases of one file."""

    policy: str
    policy_id: str
    version: int
    all: Part
    outcomes: dict[str, int]
    with_alternatives: int  # declined as asked, and something less was offered
    separation: Separation
    cross_validation: CrossValidation | None  # None: nobody has held anything out
    profit: int  # of those approved
    bands: tuple[Band, ...]
    purposes: tuple[Part, ...]
    cut_offs: tuple[Point, ...]
    best_cut_off: Point | None  # None: no purchase could be priced


class Swap(Struct, frozen=True):
    """Purchases approved by one policy and not by the other."""

    rows: int
    bad: int


class Beside(Struct, frozen=True):
    """The second policy held against the first: differences are second less first, on the same purchases."""

    auc: float
    auc_low: float
    auc_high: float
    approval_bps: int
    approved_bad_bps: int
    profit: int
    swapped_in: Swap
    swapped_out: Swap


def backtest(policy: Policy, replayed: Sequence[Replayed], validated: CrossValidation | None) -> Backtest:
    """What came of replaying the purchases under `policy`."""
    cases = _judged(replayed)
    points = [_point(point, sum(one.profit is not None for one in replayed)) for point in by_cut_off(_priced(replayed))]
    outcomes = Counter(one.outcome for one in replayed)
    return Backtest(
        policy=policy.name,
        policy_id=policy.policy_id,
        version=policy.version,
        all=_part(by_group([Judged(one.score, one.is_good, one.is_approved, group="all") for one in cases])[0]),
        outcomes={outcome.value: outcomes[outcome] for outcome in Outcome},
        with_alternatives=sum(one.has_alternatives for one in replayed),
        separation=_separation(cases),
        cross_validation=validated,
        profit=sum(one.profit for one in cases if one.is_approved),
        bands=_bands(policy.scorecard, cases),
        purposes=tuple(sorted(map(_part, by_group(cases)), key=lambda part: -part.rows)),
        cut_offs=tuple(points),
        best_cut_off=max(points, key=lambda point: (point.profit, point.approved), default=None),
    )


def beside(first: Backtest, second: Backtest, ours: Sequence[Replayed], theirs: Sequence[Replayed]) -> Beside:
    """Two policies on the same purchases in the same order."""
    good = [one.is_good for one in ours]
    placed = placements_of([one.score for one in theirs], good).less(placements_of([one.score for one in ours], good))
    gained = second.separation.auc - first.separation.auc
    low, high = interval(gained, placed.error)
    return Beside(
        round(gained, 4),
        round(low, 4),
        round(high, 4),
        second.all.approval_bps - first.all.approval_bps,
        second.all.approved_bad_bps - first.all.approved_bad_bps,
        second.profit - first.profit,
        _swapped(theirs, ours),
        _swapped(ours, theirs),
    )


def bps_of(share: Fraction) -> int:
    """A share in basis points."""
    return quotient(share.numerator * BPS, share.denominator, Rounding.HALF_UP)


def promised_bad(card: Scorecard, score: int) -> float:
    """The share of bad endings that the scale promises of a score."""
    odds = card.odds * math.exp2((score - card.score_at_odds) / card.points_to_double_odds)
    return 1 / (1 + odds)


def _judged(replayed: Sequence[Replayed]) -> list[Judged]:
    return [
        Judged(one.score, one.is_good, one.outcome is Outcome.APPROVED, one.profit or 0, one.category)
        for one in replayed
    ]


def _priced(replayed: Sequence[Replayed]) -> list[Judged]:
    return [Judged(one.score, one.is_good, True, one.profit) for one in replayed if one.profit is not None]


def _separation(cases: Sequence[Judged]) -> Separation:
    power = power_of(cases)
    error = placements_of([one.score for one in cases], [one.is_good for one in cases]).error
    low, high = interval(float(power.auc), error)
    return Separation(
        round(float(power.auc), 4),
        round(max(low, 0), 4),
        round(min(high, 1), 4),
        round(float(power.gini), 4),
        round(float(power.ks), 4),
    )


def _part(line: Line) -> Part:
    return Part(
        name=line.name,
        rows=line.count,
        approved=line.approved,
        approval_bps=bps_of(line.approval_rate),
        bad=line.bad,
        bad_bps=bps_of(Fraction(line.bad, line.count)),
        approved_bad=line.bad_approved,
        approved_bad_bps=bps_of(line.bad_rate),
    )


def _bands(card: Scorecard, cases: Sequence[Judged]) -> tuple[Band, ...]:
    """Bands as wide as the points that double the odds: each should hold half the bad ones of the one before."""
    width = card.points_to_double_odds
    bands = []
    for line in by_band(cases, width):
        part, low = _part(line), int(line.name)
        promised = [promised_bad(card, one.score) for one in cases if low <= one.score < low + width]
        bands.append(
            Band(
                name=f"{low} to {low + width - 1}",
                rows=part.rows,
                approved=part.approved,
                approval_bps=part.approval_bps,
                bad=part.bad,
                bad_bps=part.bad_bps,
                approved_bad=part.approved_bad,
                approved_bad_bps=part.approved_bad_bps,
                score_min=low,
                score_below=low + width,
                promised_bad_bps=round(BPS * sum(promised) / len(promised)),
            )
        )
    return tuple(bands)


def _point(cut: CutOff, priced: int) -> Point:
    share, bad = Fraction(cut.approved, priced), Fraction(cut.bad, cut.approved)
    return Point(cut.score_min, cut.approved, bps_of(share), bps_of(bad), cut.profit)


def _swapped(into: Sequence[Replayed], out_of: Sequence[Replayed]) -> Swap:
    rows = [
        one
        for one, its in zip(into, out_of, strict=True)
        if one.outcome is Outcome.APPROVED and its.outcome is not Outcome.APPROVED
    ]
    return Swap(len(rows), sum(not one.is_good for one in rows))
