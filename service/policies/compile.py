"""A policy made ready for the hot path, once per publication: names become places, lists become tables.

`compile_policy` expects a valid document (`validate.faults` is empty).
"""

from bisect import bisect_right
from collections import defaultdict
from datetime import timedelta

from msgspec import Struct

from service.outside.source import Wanted
from service.plans.offer import Kind
from service.policies.attributes import AttributeRead, attributes_read
from service.policies.conditions import Facts, Test, compile_all
from service.policies.document import Absent, Counter, Feature, Grade, LimitRow, Per, Policy, Source, Verdict
from service.policies.features import PYTHON_TYPE, split_outside
from service.policies.price_list import Ladder, Rung, ladder_of, rungs_of
from service.policies.reasons import Ground
from service.policies.scorecard import ReadyScorecard, ready_scorecard


class FactPlan(Struct, frozen=True):
    """Where every fact is read, and at which place it stands among the facts: the features', in their order.

    The words a text may be: none listed means any.
    """

    count: int
    attributes: tuple[tuple[int, str, type, frozenset[str]], ...]  # place, attribute, type, words
    known: tuple[tuple[int, Source, str, frozenset[str]], ...]  # place, source, its name there, words
    counters: tuple[tuple[int, str], ...]  # place, and what is counted: `consumer/60`
    ratios: tuple[tuple[int, int, int], ...]  # place, of, over
    outside: tuple[tuple[int, str, str, type, frozenset[str]], ...]  # place, source, its fact, type, words
    needed: tuple[tuple[int, str, Verdict], ...]  # place, feature, and what its absence means


class ReadyRule(Struct, frozen=True):
    """`ground` names the fact that the rule's first condition reads."""

    holds: Test
    ground: Ground
    verdict: Verdict
    kinds: tuple[Kind, ...]


class CompiledPolicy(Struct, frozen=True):
    """A policy and its tables."""

    policy: Policy
    facts: FactPlan
    windows: frozenset[tuple[Per, int]]  # counted for features: whose attempts, over how many minutes
    rules: tuple[ReadyRule, ...]
    scorecard: ReadyScorecard
    segments: tuple[tuple[Test, str], ...]
    grade_floors: tuple[int, ...]  # ascending
    limit_rows: dict[tuple[str, str, str | None], LimitRow]  # by currency, grade, segment
    decreases: tuple[tuple[Test, int], ...]  # and the share kept, in basis points
    attributes: tuple[AttributeRead, ...]  # what merchants may register with a consumer
    categories: dict[str, str]  # the merchants' words, case-folded
    currencies: frozenset[str]
    offers_live: timedelta
    ladders: dict[tuple[str, str, str], Ladder]  # by currency, category, grade
    outside: tuple[Wanted, ...]  # the sources, each with the facts that features read of it

    def category_of(self, word: str) -> str:
        """Our category for the merchant's word."""
        return self.categories.get(word.casefold(), self.policy.other_category)

    def unknown_words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Of the merchant's words those that stand in no category."""
        known, other = self.categories, self.policy.other_category
        return tuple([word for word in words if word.casefold() not in known and word.casefold() != other])

    def grade_of(self, score: int) -> Grade | None:
        """The best grade the score reaches; None below the last."""
        reached = bisect_right(self.grade_floors, score)
        return self.policy.grades[-reached] if reached else None

    def limit_for(self, grade: str, currency: str, facts: Facts, paid_off_plans: int) -> int:
        """The limit the table gives; zero for a currency it does not know."""
        segment = next((name for holds, name in self.segments if holds(facts)), None) if self.segments else None
        row = self.limit_rows.get((currency, grade, segment)) or self.limit_rows.get((currency, grade, None))
        if row is None:
            return 0
        reached = [step.limit for step in row.steps if paid_off_plans >= step.paid_off_plans] if row.steps else ()
        return max(reached, default=row.limit)

    def rungs(self, currency: str, category: str, grade: str, asked: int | None) -> tuple[Rung, ...]:
        """What is shown, and what has exactly the number of instalments `asked` for; the best first."""
        ladder = self.ladders.get((currency, category, grade))
        if ladder is None:
            return ()
        return ladder.shown if asked is None else ladder.asked.get(asked, ladder.shown)


def compile_policy(policy: Policy) -> CompiledPolicy:
    """The tables of a valid policy."""
    slots = {feature.name: slot for slot, feature in enumerate(policy.features)}
    counted = _counted(policy)
    return CompiledPolicy(
        policy=policy,
        facts=_facts(policy.features, slots, counted),
        windows=frozenset((counter.per, counter.window_minutes) for counter in counted.values()),
        rules=tuple(
            ReadyRule(
                compile_all(rule.when, slots), Ground(rule.reason, rule.when[0].feature), rule.verdict, rule.kinds
            )
            for rule in policy.rules
        ),
        scorecard=ready_scorecard(policy.scorecard, slots),
        segments=tuple((compile_all(segment.when, slots), segment.name) for segment in policy.segments),
        grade_floors=tuple(grade.score_min for grade in reversed(policy.grades)),
        limit_rows={(row.currency, row.grade, row.segment): row for row in policy.limits},
        decreases=tuple((compile_all(one.when, slots), one.kept_bps) for one in policy.decreases),
        attributes=attributes_read(policy),
        categories={word.casefold(): category.name for category in policy.categories for word in category.words},
        currencies=frozenset(row.currency for row in policy.limits),
        offers_live=timedelta(minutes=policy.offers_expire_after_minutes),
        ladders=_ladders(policy),
        outside=_outside(policy),
    )


def _counted(policy: Policy) -> dict[str, Counter]:
    """The counters by the names of the features that read them; one that nobody reads is not counted."""
    counters = {counter.name: counter for counter in policy.counters}
    return {
        feature.name: counters[feature.of or feature.name]
        for feature in policy.features
        if feature.source is Source.VELOCITY
    }


def _facts(features: tuple[Feature, ...], slots: dict[str, int], counted: dict[str, Counter]) -> FactPlan:
    placed = [(slots[feature.name], feature, feature.of or feature.name) for feature in features]
    special = (Source.ATTRIBUTE, Source.VELOCITY, Source.OUTSIDE, Source.RATIO)
    return FactPlan(
        count=len(features),
        attributes=tuple(
            (slot, of, PYTHON_TYPE[feature.type], frozenset(feature.values))
            for slot, feature, of in placed
            if feature.source is Source.ATTRIBUTE
        ),
        known=tuple(
            (slot, feature.source, of, frozenset(feature.values))
            for slot, feature, of in placed
            if feature.source not in special
        ),
        counters=tuple((slots[name], f"{one.per}/{one.window_minutes}") for name, one in counted.items()),
        ratios=tuple(
            (slot, slots[of], slots[feature.over]) for slot, feature, of in placed if feature.source is Source.RATIO
        ),
        outside=tuple(
            (slot, *split_outside(of), PYTHON_TYPE[feature.type], frozenset(feature.values))
            for slot, feature, of in placed
            if feature.source is Source.OUTSIDE
        ),
        needed=tuple(
            (slot, feature.name, Verdict(feature.absent))
            for slot, feature, _ in placed
            if feature.absent is not Absent.NEUTRAL
        ),
    )


def _outside(policy: Policy) -> tuple[Wanted, ...]:
    read = [split_outside(feature.of) for feature in policy.features if feature.source is Source.OUTSIDE]
    return tuple(
        Wanted(source, tuple(sorted({fact for name, fact in read if name == source.name}))) for source in policy.outside
    )


def _ladders(policy: Policy) -> dict[tuple[str, str, str], Ladder]:
    every_grade = tuple(grade.name for grade in policy.grades)
    every_category = (*(category.name for category in policy.categories), policy.other_category)
    rungs: dict[tuple[str, str, str], dict[Rung, None]] = defaultdict(dict)
    for row, rung in rungs_of(policy):
        for grade in row.grades or every_grade:
            for category in row.categories or every_category:
                rungs[row.currency, category, grade][rung] = None  # the same twice is one
    return {place: ladder_of(tuple(ordered)) for place, ordered in rungs.items()}
