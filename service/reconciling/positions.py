"""Participations at the end of a day, ours against the partner's. Pure.

    closing = opening + funded - repaid - refunded + adjusted - charged off

holds on both sides, or the day is not complete. Where the two sides' closings differ by what the plan's open items
move, the difference is told once, as those items, and not once more as a position. Owner, status and days past due
move in lockstep.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from service.reconciling.found import BreakClass, Difference, Found, Leg, merged
from service.reconciling.items import Item

PlanKey = tuple[str, str]  # a plan and a currency
RECOVERY: Final = "recovery"  # of principal that is in no position any more
WORDS: Final = ("owner", "status")
LOCKSTEP: Final = (*WORDS, "days_past_due")


class Position(Struct, frozen=True, gc=False):
    """A partner's share in the principal of a plan, in minor units, and how the plan stands."""

    plan_id: str
    currency: str
    owner: str
    status: str
    opening: int = 0
    funded: int = 0
    repaid: int = 0
    refunded: int = 0
    adjusted: int = 0  # signed
    charged_off: int = 0
    closing: int = 0
    days_past_due: int = 0

    @property
    def is_continuous(self) -> bool:
        """Whether the day's movements lead from its opening to its closing."""
        moved = self.funded - self.repaid - self.refunded + self.adjusted - self.charged_off
        return self.opening + moved == self.closing

    @property
    def says_nothing(self) -> bool:
        """Whether nothing was out, nothing moved and nothing is out."""
        amounts = (self.opening, self.funded, self.repaid, self.refunded, self.adjusted, self.charged_off, self.closing)
        return not any(amounts)


def principal_of(items: Iterable[Item]) -> dict[PlanKey, int]:
    """What items give back of each plan's principal; what they draw is negative. A recovery is of what was given up."""
    sums: Counter[PlanKey] = Counter()
    for item in items:
        if item.type != RECOVERY:
            sums[item.plan_id, item.currency] += item.principal
    return dict(sums)


def loose(positions: Iterable[Position], principal: Mapping[PlanKey, int]) -> list[str]:
    """Plans whose position does not follow from itself, or not from the day's items."""
    left = dict(principal)
    plans = {
        one.plan_id
        for one in positions
        if not one.is_continuous or one.opening - one.closing != left.pop((one.plan_id, one.currency), 0)
    }
    return sorted(plans | {plan_id for (plan_id, _), amount in left.items() if amount})


def compare_positions(
    ours: Iterable[Position],
    theirs: Iterable[Position],
    explained: Mapping[PlanKey, int],
    diverged: Iterable[Found] = (),
) -> list[Found]:
    """What does not match. `explained` is what open items and roundings make of a closing, theirs less ours.

    `diverged` are the status divergences that were open before. A plan of which nothing is out leaves our file; where
    the partner goes on with its other word, the divergence goes on.
    """
    known = {(one.key, one.currency): one.differences for one in diverged}
    our, their = _by_plan(ours), _by_plan(theirs)
    found: list[Found] = []
    for key in sorted(our.keys() | their.keys()):
        one, other = our.get(key, []), their.get(key, [])
        if one and other:
            found += _differing(one[0], other[0], explained.get(key, 0))
        elif one:
            found += _missing(BreakClass.MISSING_IN_PARTNER, one[0], -1, explained.get(key, 0))
        else:
            found += _missing(BreakClass.MISSING_IN_LEDGER, other[0], 1, explained.get(key, 0))
            if still := _still(known.get(key, ()), other[0]):
                found.append(_told(BreakClass.STATUS_DIVERGENCE, other[0], 0, still))
        found += [_told(BreakClass.DUPLICATE, twice, twice.closing, ()) for twice in other[1:]]
    return merged(found)


def _by_plan(positions: Iterable[Position]) -> dict[PlanKey, list[Position]]:
    of_plan: dict[PlanKey, list[Position]] = {}
    for one in sorted(positions, key=str):
        of_plan.setdefault((one.plan_id, one.currency), []).append(one)
    return of_plan


def _differing(our: Position, their: Position, explained: int) -> list[Found]:
    found = []
    lockstep = _differences(our, their, LOCKSTEP)
    if lockstep:
        found.append(_told(BreakClass.STATUS_DIVERGENCE, our, 0, lockstep))
    apart = their.closing - our.closing
    if apart not in (0, explained):
        closing = _differences(our, their, ("closing",))
        found.append(_told(BreakClass.AMOUNT_DIFF, our, apart - explained, closing))
    return found


def _still(known: Iterable[Difference], their: Position) -> tuple[Difference, ...]:
    """What differed before, and does with what the partner says now. Days past due count on, and say nothing more."""
    told = [(one.field, one.ours, str(getattr(their, one.field))) for one in known if one.field in WORDS]
    return tuple(Difference(*one) for one in told if one[1] != one[2])


def _missing(kind: BreakClass, position: Position, sign: int, explained: int) -> list[Found]:
    amount = sign * position.closing
    if position.says_nothing or amount == explained != 0:
        return []
    text = str(position.closing)
    difference = Difference("closing", text, None) if sign < 0 else Difference("closing", None, text)
    return [_told(kind, position, amount, (difference,))]


def _told(kind: BreakClass, position: Position, amount: int, differences: tuple[Difference, ...]) -> Found:
    plan_id = position.plan_id
    return Found(Leg.POSITION, plan_id, position.currency, kind, amount, plan_id, differences)


def _differences(our: Position, their: Position, names: tuple[str, ...]) -> tuple[Difference, ...]:
    told = [(name, str(getattr(our, name)), str(getattr(their, name))) for name in names]
    return tuple(Difference(*one) for one in told if one[1] != one[2])
