"""Purchases that are made up: the real applications are all of instalments, and a day has the other kinds, too.

Every figure follows from the purchase's number, so that each replay has the same. They prove nothing about people: no
model is fitted on them, and no figure is told of them but what became of each.
"""

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from service.plans.offer import Kind

USES: Final = 40
DEPOSITS: Final = 20


class Ending(StrEnum):
    """How a purchase went on."""

    UNUSED = "unused"  # voided on the next day
    PAID = "paid"  # used, or damaged, and paid when it was due
    UNPAID = "unpaid"  # used, or damaged, and never paid
    RETURNED = "returned"  # a deposit whose thing came back whole


class Thing(Struct, frozen=True):
    """What is used or lent. Amounts in cents."""

    name: str
    category: str
    amount: int  # what using it may cost at most; of a deposit, the price of lending it
    deposit_amount: int = 0


TO_USE: Final = (
    Thing("A power bank", "power bank", 12_00),
    Thing("A bicycle", "bicycle", 60_00),
    Thing("A journey by bus", "travel", 140_00),
    Thing("An armchair to try", "furniture", 290_00),
    Thing("A phone to try", "phone", 600_00),
)
TO_LEND: Final = (
    Thing("A hammer drill", "rental", 45_00, 250_00),
    Thing("A cargo bicycle", "bicycle", 160_00, 900_00),
    Thing("A camera", "electronics", 120_00, 1_600_00),
    Thing("A marquee", "rental", 280_00, 2_400_00),
)
CATEGORIES: Final = frozenset(thing.category for thing in (*TO_USE, *TO_LEND))

# As the applications word them, and so as the policy reads them.
_ACCOUNT: Final = (
    "no checking account", "0 <= ... < 200 DM", "no checking account", "... < 0 DM", "no checking account",
    "... >= 200 DM / salary assignments for at least 1 year", "0 <= ... < 200 DM",
)  # fmt: skip
_EMPLOYMENT: Final = ("... >= 7 years", "1 <= ... < 4 years", "4 <= ... < 7 years", "... < 1 year", "unemployed")
_HOUSING: Final = ("own", "rent", "own")


class MadeUp(Struct, frozen=True):
    """One purchase."""

    number: int
    kind: Kind
    thing: Thing
    ending: Ending

    @property
    def reference(self) -> str:
        """The merchant's name for the purchase, and for the consumer."""
        return f"made-up-{self.number:03}"

    @property
    def is_at_home_and_motor(self) -> bool:
        """Which of the demo's two merchants sold it."""
        return self.thing.category not in ("phone", "electronics", "travel")

    @property
    def attributes(self) -> dict[str, Any]:
        """What the merchant says of the consumer."""
        return {
            "age_in_years": 19 + self.number * 7 % 50,
            "status_of_existing_checking_account": _ACCOUNT[self.number % len(_ACCOUNT)],
            "present_employment_since": _EMPLOYMENT[self.number % len(_EMPLOYMENT)],
            "housing": _HOUSING[self.number % len(_HOUSING)],
        }

    @property
    def days(self) -> int:
        """How long it is used."""
        return 1 + self.number * 5 % 12

    @property
    def charged(self) -> int:
        """What using it cost, 50 to 100 % of the most; or what mends the damage, 15 to 65 % of the deposit."""
        if self.kind is Kind.DEPOSIT:
            return self.thing.deposit_amount * (15 + self.number * 10 % 60) // 100
        return self.thing.amount * (50 + self.number * 7 % 51) // 100


def made_up() -> list[MadeUp]:
    """All of them: first the uses, then the deposits."""
    uses = [MadeUp(n, Kind.PAY_AFTER_USE, TO_USE[n % len(TO_USE)], _of_use(n)) for n in range(1, USES + 1)]
    deposits = [
        MadeUp(n, Kind.DEPOSIT, TO_LEND[n % len(TO_LEND)], _of_deposit(n)) for n in range(USES + 1, USES + DEPOSITS + 1)
    ]
    return uses + deposits


def _of_use(number: int) -> Ending:
    """Of nine, one is not used, and one is not paid."""
    return {4: Ending.UNUSED, 7: Ending.UNPAID}.get(number % 9, Ending.PAID)


def _of_deposit(number: int) -> Ending:
    """Of seven, two come back damaged, and of those one is not paid."""
    return {2: Ending.PAID, 5: Ending.UNPAID}.get(number % 7, Ending.RETURNED)
