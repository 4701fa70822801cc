"""What does not match: of which class, how urgent, and until when it may wait. Pure.

| class | leg | priority | it may wait | what ends it |
|---|---|---|---|---|
| missing_in_ledger | item, position | 1 | no | we book it, or the partner takes it back |
| status_divergence | position | 1 | no | a correction on the same day |
| cash_unexplained, cash_short | cash, payout | 1 | one day | the bank tells what it is |
| out_of_turn | payout | 1 | no | a person tells why it left or came back |
| amount_diff | item, position, cash, payout | 2 | no | the wrong side takes it back and books it anew |
| duplicate | item | 2 | no | the partner takes it back |
| missing_in_partner | item, position | 3 | one day | the partner books it |
| timing_value_date | item | 3 | two days | itself |
| bank_fee, rounding | cash, item | 4 | - | it is within the tolerance, and booked as what it is |
| fx_diff | item, cash | 2 | no | no rate was agreed, so no tolerance covers it |
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct


class Leg(StrEnum):
    """Which two sides were compared; the check `breaks_leg_is_known` says the same."""

    ITEM = "item"  # an event: our ledger and the partner's file
    POSITION = "position"  # a participation at the end of the day: the same two
    CASH = "cash"  # a settlement and the bank's entries
    PAYOUT = "payout"  # an entry of the bank and the payouts that it names, or a payout that no entry names


class BreakClass(StrEnum):
    """What does not match, the most severe first; the check `breaks_kind_is_known` says the same."""

    MISSING_IN_LEDGER = "missing_in_ledger"  # the partner shows it, and we do not
    STATUS_DIVERGENCE = "status_divergence"  # owner, status or days past due are not in lockstep
    CASH_UNEXPLAINED = "cash_unexplained"  # the bank shows money that no settlement or payout asked for
    CASH_SHORT = "cash_short"  # a settlement or payout that the bank shows only a part of, or nothing
    OUT_OF_TURN = "out_of_turn"  # a payout that the bank shows, and that as it stands cannot be paid or come back
    AMOUNT_DIFF = "amount_diff"  # both have it, and it is not the same
    DUPLICATE = "duplicate"  # one side has it more than once: the rows too many
    FX_DIFF = "fx_diff"  # both have it, in different currencies
    MISSING_IN_PARTNER = "missing_in_partner"  # we show it, and the partner does not
    TIMING_VALUE_DATE = "timing_value_date"  # the same money on another day
    BANK_FEE = "bank_fee"  # the bank kept so little that it is its fee
    ROUNDING = "rounding"  # within the tolerance


SEVERITY: Final = {one: place for place, one in enumerate(BreakClass)}  # 0 is the most severe

PRIORITY: Final = {
    BreakClass.MISSING_IN_LEDGER: 1,
    BreakClass.STATUS_DIVERGENCE: 1,
    BreakClass.CASH_UNEXPLAINED: 1,
    BreakClass.CASH_SHORT: 1,
    BreakClass.OUT_OF_TURN: 1,
    BreakClass.AMOUNT_DIFF: 2,
    BreakClass.DUPLICATE: 2,
    BreakClass.FX_DIFF: 2,
    BreakClass.MISSING_IN_PARTNER: 3,
    BreakClass.TIMING_VALUE_DATE: 3,
    BreakClass.BANK_FEE: 4,
    BreakClass.ROUNDING: 4,
}

WAITS: Final = {  # days; what is not named here is a break at once
    BreakClass.CASH_UNEXPLAINED: 1,
    BreakClass.CASH_SHORT: 1,
    BreakClass.MISSING_IN_PARTNER: 1,
    BreakClass.TIMING_VALUE_DATE: 2,
}

TOLERATED: Final = frozenset({BreakClass.BANK_FEE, BreakClass.ROUNDING})  # a warning, and nobody's work

_PARTNERS: Final = frozenset({BreakClass.DUPLICATE, BreakClass.MISSING_IN_PARTNER})


class Difference(Struct, frozen=True, gc=False):
    """One thing on which the two sides disagree, as each says it; null: that side has nothing."""

    field: str  # the column
    ours: str | None  # as we say it
    theirs: str | None  # as the other side says it


class Found(Struct, frozen=True):
    """One thing that does not match. `amount` is theirs less ours, in minor units, seen from the partner; of a payout
    what has left our account less what was to leave."""

    leg: Leg
    key: str  # an event, a plan, an end-to-end id, an entry of the bank or a payout
    currency: str
    kind: BreakClass
    amount: int
    plan_id: str | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def identity(self) -> tuple[Leg, str, str]:
        """What makes it the same one on another day; its class may change meanwhile."""
        return self.leg, self.key, self.currency

    @property
    def is_tolerated(self) -> bool:
        """Whether it is booked as what it is, and nobody needs to look."""
        return self.kind in TOLERATED


def due_on(kind: BreakClass, opened_on: date) -> date:
    """The day whose cut-off it may wait for."""
    return opened_on + timedelta(days=WAITS.get(kind, 0))


def is_pending(kind: BreakClass, opened_on: date, business_on: date) -> bool:
    """Whether it may still come right by itself on this day."""
    return business_on < due_on(kind, opened_on)


def first_owner(kind: BreakClass) -> str:
    """Who acts first, until somebody else takes it."""
    return "partner" if kind in _PARTNERS else "operator"


def merged(found: list[Found]) -> list[Found]:
    """One for each identity, of the most severe class, with all its money; in the order of their keys."""
    together: dict[tuple[Leg, str, str], Found] = {}
    for one in sorted(found, key=lambda one: (*one.identity, SEVERITY[one.kind], one.amount, str(one.differences))):
        known = together.get(one.identity)
        if known is None:
            together[one.identity] = one
        else:
            together[one.identity] = Found(
                known.leg, known.key, known.currency, known.kind, known.amount + one.amount,
                known.plan_id or one.plan_id, known.differences + one.differences,
            )  # fmt: skip
    return list(together.values())
