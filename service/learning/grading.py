"""The cut-off of highest profit, and the grades that follow from it. Pure.

    cut-off   the lowest score of the last grade that may buy: where approving everybody from there on brings the most
    grades    each better one begins where the odds of a good ending are twice those at the edge below it; closer
              together where the highest score leaves no room for that

Names, limits and prices of the grades stay as they are: the proposal only says which scores get them.
"""

from collections.abc import Sequence
from fractions import Fraction

from msgspec.structs import replace

from service.checkout.answer import Outcome
from service.checkout.measures import Judged, by_cut_off
from service.learning.backtest import bps_of, promised_bad
from service.learning.record import GradeProposal, ProposedGrade
from service.learning.replaying import Replayed
from service.money import BPS
from service.policies.document import Grade, Policy, Verdict
from service.policies.scorecard import ready_scorecard


def best_cut_off(replayed: Sequence[Replayed]) -> int | None:
    """The score from which on approving everybody brings the most; of several the one that approves the most. None: no
    purchase could be priced."""
    priced = [Judged(one.score, one.is_good, True, one.profit) for one in replayed if one.profit is not None]
    best = max(by_cut_off(priced), key=lambda cut: (cut.profit, cut.approved), default=None)
    return None if best is None else best.score_min


def grades_from(policy: Policy, cut_off: int) -> tuple[Grade, ...] | None:
    """The policy's grades, the last that may buy from `cut_off` on; None where the scores above leave no room.

    Four grades from 480 on, with 40 points to double the odds, begin at 600, 560, 520 and 480. Grades below, which a
    person looks at, keep their distance to the last that may buy.
    """
    buying = [grade for grade in policy.grades if grade.verdict is Verdict.APPROVE]
    if not buying or policy.grades[: len(buying)] != tuple(buying):
        return None
    card = policy.scorecard
    highest = ready_scorecard(card, {one.feature: 0 for one in card.characteristics}).score_max
    step = min(card.points_to_double_odds, (highest - cut_off) // len(buying))
    if step < 1:
        return None
    moved = cut_off - buying[-1].score_min
    better = [replace(one, score_min=cut_off + step * place) for place, one in enumerate(reversed(buying))]
    below = [replace(one, score_min=one.score_min + moved) for one in policy.grades[len(buying) :]]
    return (*reversed(better), *below)


def proposal_of(
    policy: Policy, graded: Policy, before: Sequence[Replayed], after: Sequence[Replayed], *, is_taken: bool
) -> GradeProposal:
    """What the grades of `graded` would do instead of those of `policy`, on the same purchases."""
    last = next(grade for grade in reversed(graded.grades) if grade.verdict is Verdict.APPROVE)
    return GradeProposal(
        cut_off=last.score_min,
        approved=sum(one.outcome is Outcome.APPROVED for one in after),
        approved_before=sum(one.outcome is Outcome.APPROVED for one in before),
        profit=_profit(after),
        profit_before=_profit(before),
        is_taken=is_taken,
        grades=tuple(_grades(policy, graded, after)),
    )


def _profit(replayed: Sequence[Replayed]) -> int:
    return sum(one.profit or 0 for one in replayed if one.outcome is Outcome.APPROVED)


def _grades(policy: Policy, graded: Policy, replayed: Sequence[Replayed]) -> list[ProposedGrade]:
    edges = [None, *(grade.score_min for grade in graded.grades)]
    proposed = []
    for above, grade, was in zip(edges, graded.grades, policy.grades, strict=False):
        rows = [one for one in replayed if grade.score_min <= one.score and (above is None or one.score < above)]
        bad = Fraction(sum(not one.is_good for one in rows), len(rows) or 1)
        promised = round(BPS * promised_bad(policy.scorecard, grade.score_min))
        proposed.append(ProposedGrade(grade.name, grade.score_min, was.score_min, len(rows), bps_of(bad), promised))
    return proposed
