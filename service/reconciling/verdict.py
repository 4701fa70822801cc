"""A day's verdict: the three comparisons put together, the bridge that explains the net, and the worst word. Pure.

    net = theirs - ours, of the day's items            what was open before + net = what is open now
    residual = carried + net - the sum of the lines    it is 0, or the day is not complete

A net of zero says nothing: +1,000 and -1,000 are two breaks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.reconciling.cash import BankEntry, Cash, Settlement, match_cash
from service.reconciling.found import SEVERITY, BreakClass, Found, Leg, is_pending
from service.reconciling.items import Item, Tolerances
from service.reconciling.matching import Left, Match, Rule, match_items
from service.reconciling.positions import PlanKey, Position, compare_positions, principal_of

RULES: Final = 5  # the version of all rules in this room: raised when the same day would get another verdict

FEW: Final = 20  # breaks: so many are told one by one, whatever part of the day they are


class Verdict(StrEnum):
    """The worst that is true of a day; the check `reconciliations_verdict_is_known` says the same."""

    INCOMPLETE = "incomplete"  # the sides cannot be compared: something has to be sent again
    BREAKS = "breaks"  # somebody must act
    WARNINGS = "warnings"  # within the tolerance, or a person must say which rows belong together
    PENDING = "pending"  # it may still come right by itself
    RECONCILED = "reconciled"  # nothing is open


class Gap(StrEnum):
    """Why a day is not complete."""

    FILE_MISSING = "file_missing"  # a file of one side has not come
    CONTINUITY = "continuity"  # a position does not follow from its opening, or from the day's items
    ANOTHER_DAY = "another_day"  # most of it breaks: the partner's file may be that of another day or programme
    TOO_MANY = "too_many"  # more differs than anybody would look through
    RESIDUAL = "residual"  # the lines do not explain the net


class Exact(Struct, frozen=True):
    """Items that match exactly and are left out of the two sides, in one currency; both sides have the same sum."""

    matches: int
    amount: int


class Day(Struct, frozen=True, kw_only=True):
    """All that is compared for one business day of a programme, and what was open before."""

    business_on: date
    ours: tuple[Item, ...] = ()
    theirs: tuple[Item, ...] = ()
    exact: dict[str, Exact] = {}  # by currency
    met: tuple[str, ...] = ()  # events of `exact` that have further rows in `ours` or `theirs`
    carried: Left = Left()
    diverged: tuple[Found, ...] = ()  # status divergences that were open before
    carried_amounts: dict[str, int] = {}  # by currency: what was open before, theirs less ours
    our_positions: tuple[Position, ...] = ()
    their_positions: tuple[Position, ...] = ()
    loose: tuple[str, ...] = ()  # plans whose position does not follow: `positions.loose`, of all our items
    rounded: dict[PlanKey, int] = {}  # what earlier roundings make of a plan's principal, theirs less ours
    settlements: tuple[Settlement, ...] = ()
    entries: tuple[BankEntry, ...] = ()
    opened: dict[str, date] = {}  # by `name_of`: since when it is open; what is not named is of today
    gaps: tuple[Gap, ...] = ()  # what is known to be missing
    confirmed: bool = False  # the partner's file was sent once more as the right one


class Line(Struct, frozen=True):
    """What one class of breaks makes of the net."""

    kind: BreakClass
    count: int  # how many there are
    amount: int  # minor units: theirs less ours, seen from the partner


class Bridge(Struct, frozen=True):
    """How the net of a day's items is explained, in one currency; minor units, seen from the partner."""

    currency: str
    ours: int  # minor units: the sum of our items of the day
    theirs: int  # minor units: the sum of the partner's
    net: int  # theirs - ours
    carried: int  # open before the day
    lines: tuple[Line, ...]
    residual: int  # carried + net - lines
    gross: int  # of what is open: no sign, so that nothing hides behind something else


class Result(Struct, frozen=True):
    """What a day came to."""

    verdict: Verdict
    gaps: tuple[Gap, ...]
    bridges: tuple[Bridge, ...]
    counts: dict[str, int]  # matches of items by rule
    matches: tuple[Match, ...]  # all but the exact ones
    found: tuple[Found, ...]  # of all legs, the most severe first
    pending: int  # of `found`: may still come right by themselves
    paid: int  # settlements that the bank shows
    left: Left
    cash: Cash


def name_of(one: Found) -> str:
    """Its identity as one text."""
    return "|".join(one.identity)


def reconcile(day: Day, tolerances: Tolerances) -> Result:
    """Compare the three sides of a day. The same day gives the same result, in whatever order its rows come."""
    ours, theirs = (*day.ours, *day.carried.ours), (*day.theirs, *day.carried.theirs)
    items = match_items(ours, theirs, tolerances, (*day.met, *day.carried.met))
    explained = _explained(items.left, items.found, day.rounded)
    positions = compare_positions(day.our_positions, day.their_positions, explained, day.diverged)
    cash = match_cash(day.settlements, day.entries, tolerances)
    bridges = _bridges(day, items.found)
    found = sorted((*items.found, *positions, *cash.found), key=lambda one: (SEVERITY[one.kind], one.identity))
    counts = dict(items.counts)
    exact = sum(one.matches for one in day.exact.values())
    if exact:
        counts[Rule.EXACT.value] = counts.get(Rule.EXACT.value, 0) + exact
    waiting = [one for one in found if _waits(one, day)]
    gaps = sorted({*day.gaps, *_gaps(day, found, bridges, counts)})
    verdict = verdict_of(gaps, found, len(waiting), counts)
    return Result(
        verdict, tuple(gaps), bridges, dict(sorted(counts.items())), items.matches, tuple(found), len(waiting),
        cash.matched, items.left, cash,
    )  # fmt: skip


def verdict_of(gaps: Iterable[Gap], found: Iterable[Found], waiting: int, counts: Mapping[str, int]) -> Verdict:
    """The worst that is true: incomplete, breaks, warnings, pending, reconciled."""
    every = list(found)
    tolerated = sum(one.is_tolerated for one in every)
    if any(True for _ in gaps):
        return Verdict.INCOMPLETE
    if len(every) > tolerated + waiting:
        return Verdict.BREAKS
    if tolerated or counts.get(Rule.SUGGESTED.value):
        return Verdict.WARNINGS
    return Verdict.PENDING if waiting else Verdict.RECONCILED


def _waits(one: Found, day: Day) -> bool:
    opened_on = day.opened.get(name_of(one), day.business_on)
    return not one.is_tolerated and is_pending(one.kind, opened_on, day.business_on)


def _gaps(day: Day, found: list[Found], bridges: tuple[Bridge, ...], counts: Mapping[str, int]) -> Iterable[Gap]:
    if day.loose or any(not one.is_continuous for one in day.their_positions):
        yield Gap.CONTINUITY
    if any(bridge.residual for bridge in bridges):
        yield Gap.RESIDUAL
    opened = sum(
        one.leg is not Leg.CASH and not one.is_tolerated and name_of(one) not in day.opened for one in found
    )  # fmt: skip
    if not day.confirmed and opened > FEW and opened > sum(counts.values()):
        yield Gap.ANOTHER_DAY


def _explained(left: Left, found: Iterable[Found], rounded: Mapping[PlanKey, int]) -> dict[PlanKey, int]:
    """What open items and roundings make of each closing, theirs less ours: what gives principal back lowers it."""
    our, their = principal_of(left.ours), principal_of(left.theirs)
    explained = {key: our.get(key, 0) - their.get(key, 0) + rounded.get(key, 0) for key in {*our, *their, *rounded}}
    for one in found:
        if one.kind is BreakClass.ROUNDING and one.plan_id is not None:
            key = one.plan_id, one.currency
            explained[key] = explained.get(key, 0) - principal_apart(one)
    return explained


def principal_apart(one: Found) -> int:
    """Of a rounding: their principal less ours."""
    return sum(int(d.theirs or 0) - int(d.ours or 0) for d in one.differences if d.field == "principal")


def _bridges(day: Day, found: Iterable[Found]) -> tuple[Bridge, ...]:
    lines: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        lines[one.currency].append(one)
    ours, theirs = _sums(day.ours, day.exact), _sums(day.theirs, day.exact)
    currencies = sorted({*ours, *theirs, *lines, *day.carried_amounts})
    return tuple(
        _bridge(one, ours.get(one, 0), theirs.get(one, 0), day.carried_amounts.get(one, 0), lines[one])
        for one in currencies
    )


def _sums(items: Iterable[Item], exact: Mapping[str, Exact]) -> dict[str, int]:
    sums = {currency: one.amount for currency, one in exact.items()}
    for item in items:
        sums[item.currency] = sums.get(item.currency, 0) + item.amount
    return sums


def _bridge(currency: str, ours: int, theirs: int, carried: int, found: list[Found]) -> Bridge:
    by_class: defaultdict[BreakClass, list[int]] = defaultdict(list)
    for one in found:
        by_class[one.kind].append(one.amount)
    lines = tuple(
        Line(kind, len(by_class[kind]), sum(by_class[kind])) for kind in sorted(by_class, key=SEVERITY.__getitem__)
    )
    net = theirs - ours
    residual = carried + net - sum(line.amount for line in lines)
    return Bridge(currency, ours, theirs, net, carried, lines, residual, sum(abs(one.amount) for one in found))
