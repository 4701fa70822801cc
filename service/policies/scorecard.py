"""The scorecard, made ready once: a fact finds its points by one look-up, and a refusal its principal reasons.

score = base_points + the points of each characteristic
lost  = the points of the best bin - the points of the bin the fact is in;   sum(lost) = score_max - score
"""

from bisect import bisect_right
from collections.abc import Mapping

from msgspec import Struct

from service.policies.conditions import Facts
from service.policies.document import Bin, Characteristic, Scorecard
from service.policies.features import Fact
from service.policies.reasons import Direction, Ground

REASONS_MAX = 4  # more are "not likely to be helpful": official interpretation of 12 CFR 1002.9(b)(2), paragraph 1


class ReadyCharacteristic(Struct, frozen=True):
    """`edges` are the inner bounds of whole-number bins, `points` one more than there are; or `words` to points."""

    slot: int
    source: Characteristic
    is_number: bool
    edges: tuple[int, ...]
    points: tuple[int, ...]
    words: dict[str | int, int]
    otherwise: int
    absent: int
    best: int
    worst: int

    def points_of(self, fact: Fact) -> int:
        """The points of the bin `fact` is in."""
        if fact is None:
            return self.absent
        if self.is_number:
            assert isinstance(fact, int)
            return self.points[bisect_right(self.edges, fact)]
        return self.words.get(fact, self.otherwise)


class Loss(Struct, frozen=True):
    """Points that one characteristic is short of its best."""

    points: int
    characteristic: Characteristic
    direction: Direction


class ReadyScorecard(Struct, frozen=True):
    """`score_max` and `score_min` are what the best and the worst facts would reach."""

    base_points: int
    characteristics: tuple[ReadyCharacteristic, ...]
    score_max: int
    score_min: int

    def score(self, facts: Facts) -> int:
        """The score of the facts, which stand in the order of the policy's features."""
        score = self.base_points
        for ready in self.characteristics:
            fact = facts[ready.slot]
            if fact is None:
                score += ready.absent
            elif ready.is_number:
                score += ready.points[bisect_right(ready.edges, fact)]
            else:
                score += ready.words.get(fact, ready.otherwise)
        return score

    def losses(self, facts: Facts) -> list[Loss]:
        """What each characteristic loses, the most first, in the order of the scorecard where they lose the same."""
        losses = [
            Loss(lost, ready.source, _direction(ready, facts[ready.slot]))
            for ready in self.characteristics
            if (lost := ready.best - ready.points_of(facts[ready.slot]))
        ]
        return sorted(losses, key=lambda loss: -loss.points)

    def principal_reasons(self, facts: Facts) -> list[Ground]:
        """Up to four reasons in order of points lost, each code once."""
        grounds: dict[str, Ground] = {}
        for loss in self.losses(facts):
            ground = Ground(loss.characteristic.reason, loss.characteristic.feature, loss.direction)
            grounds.setdefault(ground.code, ground)
        return list(grounds.values())[:REASONS_MAX]


def ready_scorecard(scorecard: Scorecard, slots: Mapping[str, int]) -> ReadyScorecard:
    """A valid scorecard made ready; `slots` is where each feature's fact stands."""
    ready = tuple(_ready(characteristic, slots[characteristic.feature]) for characteristic in scorecard.characteristics)
    return ReadyScorecard(
        scorecard.base_points,
        ready,
        scorecard.base_points + sum(one.best for one in ready),
        scorecard.base_points + sum(one.worst for one in ready),
    )


def number_bins(characteristic: Characteristic) -> list[Bin]:
    """Its whole-number bins from left to right."""
    bins = [bin_ for bin_ in characteristic.bins if not (bin_.absent or bin_.otherwise or bin_.values)]
    return sorted(bins, key=lambda bin_: (bin_.at_least is not None, bin_.at_least or 0))


def _ready(characteristic: Characteristic, slot: int) -> ReadyCharacteristic:
    numbers = number_bins(characteristic)
    worst = min(bin_.points for bin_ in characteristic.bins)  # a bin validation did not ask for: never favourable
    return ReadyCharacteristic(
        slot=slot,
        source=characteristic,
        is_number=bool(numbers),
        edges=tuple(bin_.at_least for bin_ in numbers if bin_.at_least is not None),
        points=tuple(bin_.points for bin_ in numbers),
        words={word: bin_.points for bin_ in characteristic.bins for word in bin_.values},
        otherwise=next((bin_.points for bin_ in characteristic.bins if bin_.otherwise), worst),
        absent=next((bin_.points for bin_ in characteristic.bins if bin_.absent), worst),
        best=max(bin_.points for bin_ in characteristic.bins),
        worst=worst,
    )


def _direction(ready: ReadyCharacteristic, fact: Fact) -> Direction:
    """Which way lies the nearest bin with the best points."""
    if fact is None:
        return Direction.ABSENT
    best = [place for place, points in enumerate(ready.points) if points == ready.best]
    if not ready.is_number or not best:
        return Direction.UNFAVOURABLE
    assert isinstance(fact, int)
    here = bisect_right(ready.edges, fact)
    nearest = min(best, key=lambda place: abs(place - here))
    return Direction.TOO_LOW if here < nearest else Direction.TOO_HIGH
