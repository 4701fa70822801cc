"""The items of a day, ours against the partner's: which belong together, by rules in their order. Pure.

R1  exact: the same event and the same amounts
R2  alike: the same plan, type and amounts, value dates at most two days apart, and nothing else that fits
R3  rounding: the same event, at most 0.01 apart an item and 0.50 a day
R4  batch: one row of one side is the sum of several of the other, in one settlement: of all of it, or of those of one
    plan and type
R5  reversal: a row and the one that takes it back, both on one side
R6  suggested: several rows fit, so a person must say which

The order of rows never matters. A row of nothing but zeros says nothing: where the other side has no such row, it is
not missing.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.reconciling.found import BreakClass, Difference, Found, Leg, merged
from service.reconciling.items import COMPONENTS, Item, Tolerances, drift, is_exact, is_same, is_sum, undoes

DAYS_APART: Final = timedelta(days=2)  # R2


class Rule(StrEnum):
    """Why rows belong together."""

    EXACT = "exact"
    ALIKE = "alike"
    ROUNDING = "rounding"
    BATCH = "batch"
    REVERSAL = "reversal"
    SUGGESTED = "suggested"  # not confirmed: each of them is still open


class Match(Struct, frozen=True):
    """Rows that belong together, by their events."""

    rule: Rule
    ours: tuple[str, ...]  # our events
    theirs: tuple[str, ...]  # the partner's


class Left(Struct, frozen=True):
    """What does not belong together at the end of a day, for the next day to look for again."""

    ours: tuple[Item, ...] = ()
    theirs: tuple[Item, ...] = ()
    met: tuple[str, ...] = ()  # events among them that both sides have already: these rows are too many


class Matching(Struct, frozen=True):
    """What came of comparing items. Exact matches are counted, all others also told one by one."""

    counts: dict[str, int]  # matches by rule
    matches: tuple[Match, ...]
    found: tuple[Found, ...]
    left: Left


def match_items(
    ours: Iterable[Item], theirs: Iterable[Item], tolerances: Tolerances, met: Iterable[str] = ()
) -> Matching:
    """Apply the rules in their order to what both sides have, and say what is left.

    Rows that match exactly may be left out on both sides: of those events, `met` names the ones that have rows here.
    """
    return _Matcher(ours, theirs, tolerances, met).match()


class _Side:
    """The rows of a side that do not belong to any of the other yet, by event."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.of_event: defaultdict[str, list[Item]] = defaultdict(list)
        for item in sorted(items, key=lambda item: item.order):
            self.of_event[item.event_id].append(item)

    def take(self, item: Item) -> None:
        rows = self.of_event[item.event_id]
        rows.remove(item)
        if not rows:
            del self.of_event[item.event_id]

    def rows(self) -> list[Item]:
        return [item for event_id in sorted(self.of_event) for item in self.of_event[event_id]]


class _Matcher:
    def __init__(
        self, ours: Iterable[Item], theirs: Iterable[Item], tolerances: Tolerances, met: Iterable[str]
    ) -> None:
        self.ours, self.theirs, self.tolerances = _Side(ours), _Side(theirs), tolerances
        self.met = set(met)  # events that both sides have: one row too many of them is a duplicate
        self.matches: list[Match] = []
        self.found: list[Found] = []
        self.counts: Counter[str] = Counter()
        self.rounded: Counter[str] = Counter()  # by currency

    def match(self) -> Matching:
        self._exact()
        again = True
        while again:  # a row that was taken back may leave one that it stood for
            self._alike()
            self._rounding()
            self._batch()
            again = self._reversal()
        self._suggest()
        left = self._left()
        self._what_is_left()
        return Matching(dict(sorted(self.counts.items())), tuple(self.matches), tuple(merged(self.found)), left)

    def _left(self) -> Left:
        ours = tuple(one for one in self.ours.rows() if any(one.components) or one.event_id in self.theirs.of_event)
        theirs = tuple(one for one in self.theirs.rows() if any(one.components) or one.event_id in self.ours.of_event)
        return Left(ours, theirs, tuple(sorted({one.event_id for one in ours + theirs} & self.met)))

    def _keep(self, rule: Rule, ours: list[Item], theirs: list[Item]) -> None:
        for item in ours:
            self.ours.take(item)
        for item in theirs:
            self.theirs.take(item)
        self._tell(rule, ours, theirs)

    def _tell(self, rule: Rule, ours: list[Item], theirs: list[Item]) -> None:
        self.counts[rule.value] += 1
        if rule is not Rule.EXACT:
            self.matches.append(
                Match(rule, tuple(one.event_id for one in ours), tuple(one.event_id for one in theirs))
            )  # fmt: skip

    # R1
    def _exact(self) -> None:
        for event_id in sorted(self.ours.of_event.keys() & self.theirs.of_event.keys()):
            pair = _exact_pair(self.ours.of_event[event_id], self.theirs.of_event[event_id])
            if pair:
                our, their = pair
                self.met.add(event_id)
                self._keep(Rule.EXACT, [our], [their])
                if our.value_on != their.value_on:
                    self.found.append(_late(our, their))

    # R2
    def _alike(self) -> None:
        for ours, theirs in self._groups():
            dates = [one.value_on for one in theirs], [one.value_on for one in ours]
            for our in list(ours):
                first, last = _within(dates[0], our.value_on)
                if last - first == 1:
                    their = theirs[first]
                    back = _within(dates[1], their.value_on)
                    if back[1] - back[0] == 1:
                        self._keep(Rule.ALIKE, [our], [their])

    def _groups(self) -> list[tuple[list[Item], list[Item]]]:
        """Rows with the same plan, type, currency and amounts, whose events only one side has; by value date."""
        sides: list[dict[tuple[object, ...], list[Item]]] = []
        for side, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            groups: defaultdict[tuple[object, ...], list[Item]] = defaultdict(list)
            for item in side.rows():
                if item.event_id not in other.of_event and item.event_id not in self.met and any(item.components):
                    groups[item.plan_id, item.type, item.currency, item.components].append(item)
            sides.append(groups)
        ours, theirs = sides
        return [(_by_day(ours[key]), _by_day(theirs[key])) for key in sorted(ours.keys() & theirs.keys(), key=str)]

    # R3
    def _rounding(self) -> None:
        for event_id in sorted(self.ours.of_event.keys() & self.theirs.of_event.keys()):
            our, their = _nearest(self.ours.of_event[event_id], self.theirs.of_event[event_id])
            apart = drift(our, their)
            if our.currency != their.currency or not is_same(our, their) or apart > self.tolerances.item:
                continue
            if self.rounded[our.currency] + apart <= self.tolerances.day:
                self.rounded[our.currency] += apart
                self.met.add(event_id)
                self._keep(Rule.ROUNDING, [our], [their])
                self.found.append(_differing(BreakClass.ROUNDING, our, their))

    # R4
    def _batch(self) -> None:
        self._batches(lambda item: (item.settlement_id or "", item.currency))
        self._batches(lambda item: (item.settlement_id or "", item.currency, item.plan_id, item.type))

    def _batches(self, key_of: Callable[[Item], tuple[str, ...]]) -> None:
        groups: defaultdict[tuple[str, ...], tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
        for place, (side, other) in enumerate(((self.ours, self.theirs), (self.theirs, self.ours))):
            for item in side.rows():
                if item.settlement_id and item.event_id not in other.of_event and item.event_id not in self.met:
                    groups[key_of(item)][place].append(item)
        for _, (ours, theirs) in sorted(groups.items()):
            one, many = (ours, theirs) if len(ours) == 1 else (theirs, ours)
            if len(one) == 1 and len(many) > 1 and is_sum(one[0], many):
                self._keep(Rule.BATCH, ours, theirs)

    # R5
    def _reversal(self) -> bool:
        taken = False
        for side, is_ours in ((self.ours, True), (self.theirs, False)):
            for item in side.rows():
                reversed_id = item.reverses_event_id
                if not reversed_id or item not in side.of_event.get(item.event_id, ()):
                    continue
                undone = [one for one in side.of_event.get(reversed_id, ()) if one is not item and undoes(item, one)]
                if undone:
                    pair = [undone[0], item]
                    self._keep(Rule.REVERSAL, pair if is_ours else [], [] if is_ours else pair)
                    taken = True
        return taken

    # R6
    def _suggest(self) -> None:
        for ours, theirs in self._groups():
            days = [one.value_on for one in theirs]
            near = [one for one in ours if len(range(*_within(days, one.value_on)))]
            if near:
                self._tell(Rule.SUGGESTED, near, theirs)

    def _what_is_left(self) -> None:
        for event_id in sorted(self.ours.of_event.keys() & self.theirs.of_event.keys()):
            our, their = _nearest(self.ours.of_event[event_id], self.theirs.of_event[event_id])
            self.met.add(event_id)
            self.ours.take(our)
            self.theirs.take(their)
            if our.currency == their.currency:
                self.found.append(_differing(BreakClass.AMOUNT_DIFF, our, their))
            else:
                self.found += [_alone(BreakClass.FX_DIFF, our, -1), _alone(BreakClass.FX_DIFF, their, 1)]
        sides = ((self.ours, BreakClass.MISSING_IN_PARTNER, -1), (self.theirs, BreakClass.MISSING_IN_LEDGER, 1))
        for side, kind, sign in sides:
            for item in side.rows():
                if any(item.components):
                    is_met = item.event_id in self.met
                    self.found.append(_alone(BreakClass.DUPLICATE if is_met else kind, item, sign))


def _exact_pair(ours: list[Item], theirs: list[Item]) -> tuple[Item, Item] | None:
    """The first two rows that are the same; those of one value date before all others."""
    pairs = [(our, their) for our in ours for their in theirs if is_exact(our, their)]
    return min(pairs, key=lambda pair: pair[0].value_on != pair[1].value_on, default=None)


def _within(days: list[date], day: date) -> tuple[int, int]:
    """Which of the sorted days are near enough: from the first place up to, but not including, the second."""
    return bisect_left(days, day - DAYS_APART), bisect_right(days, day + DAYS_APART)


def _by_day(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda one: (one.value_on, one.order))


def _nearest(ours: list[Item], theirs: list[Item]) -> tuple[Item, Item]:
    our = ours[0]
    return our, min(theirs, key=lambda their: (our.currency != their.currency, drift(our, their), their.order))


def _late(our: Item, their: Item) -> Found:
    days = Difference("value_on", our.value_on.isoformat(), their.value_on.isoformat())
    return Found(Leg.ITEM, our.event_id, our.currency, BreakClass.TIMING_VALUE_DATE, 0, our.plan_id, (days,))


def _differing(kind: BreakClass, our: Item, their: Item) -> Found:
    named = [(name, str(getattr(our, name)), str(getattr(their, name))) for name in ("plan_id", "type", *COMPONENTS)]
    differences = tuple(Difference(*one) for one in named if one[1] != one[2])
    amount = their.amount - our.amount
    return Found(Leg.ITEM, our.event_id, our.currency, kind, amount, our.plan_id, differences)


def _alone(kind: BreakClass, item: Item, sign: int) -> Found:
    """A row that the other side does not have."""
    text = str(item.amount)
    difference = Difference("amount", text, None) if sign < 0 else Difference("amount", None, text)
    return Found(Leg.ITEM, item.event_id, item.currency, kind, sign * item.amount, item.plan_id or None, (difference,))
