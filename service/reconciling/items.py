"""An item: one event and what it moved of a participation, as one side has it. Pure."""

from datetime import date
from typing import Final

from msgspec import Struct

COMPONENTS: Final = ("principal", "interest", "fee", "penalty", "subsidy")


class Item(Struct, frozen=True, gc=False):
    """One event and what it moved of a participation: minor units, + is to the partner."""

    event_id: str
    plan_id: str
    type: str
    currency: str
    value_on: date
    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    subsidy: int = 0
    settlement_id: str | None = None
    reverses_event_id: str | None = None

    @property
    def components(self) -> tuple[int, int, int, int, int]:
        """Its amounts, one by one."""
        return self.principal, self.interest, self.fee, self.penalty, self.subsidy

    @property
    def amount(self) -> int:
        """All of them together."""
        return self.principal + self.interest + self.fee + self.penalty + self.subsidy

    @property
    def order(self) -> tuple[str, ...]:
        """What it is sorted by: all that it says, so that the order it came in never matters."""
        return (
            self.event_id, self.currency, *(f"{one:+025}" for one in self.components), self.plan_id, self.type,
            self.value_on.isoformat(), self.settlement_id or "", self.reverses_event_id or "",
        )  # fmt: skip


class Tolerances(Struct, frozen=True):
    """How far the sides may be apart without anybody's work, in minor units of each currency."""

    item: int = 1  # of one item
    day: int = 50  # of all roundings of a day
    bank_fee: int = 1_000  # of one settlement


def is_exact(our: Item, their: Item) -> bool:
    """R1, of two rows of one event."""
    return our.currency == their.currency and our.components == their.components and is_same(our, their)


def drift(our: Item, their: Item) -> int:
    """How far apart two rows are, component by component: a cent moved from interest to principal is two."""
    return sum(abs(a - b) for a, b in zip(our.components, their.components, strict=True))


def is_same(our: Item, their: Item) -> bool:
    """Whether two rows of one event say the same but for their amounts and days."""
    return our.plan_id == their.plan_id and our.type == their.type


def undoes(item: Item, other: Item) -> bool:
    """Whether a row takes another back."""
    negated = tuple(-one for one in other.components)
    return item.currency == other.currency and item.plan_id == other.plan_id and item.components == negated


def is_sum(one: Item, many: list[Item]) -> bool:
    """Whether a row is the sum of several: of the same plan and type, or of a whole settlement and so of no plan."""
    alike = not one.plan_id or all(is_same(one, other) for other in many)
    sums = tuple(map(sum, zip(*(other.components for other in many), strict=True)))
    return alike and one.components == sums
