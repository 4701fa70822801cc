"""The 700 real applications: what was bought, by whom, and how it ended. Pure, but for reading the file beside it."""

import csv
import uuid
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

APPLICATIONS: Final = Path(__file__).with_name("applications.csv")

# Never sent anywhere, so that no decision can use them, nor a model learn them.
PROTECTED: Final = ("personal_status_and_sex", "foreign_worker")
_NO_ATTRIBUTES: Final = (*PROTECTED, "creditability", "purpose", "credit_amount", "duration_in_month")
_WHOLE: Final = (
    "installment_rate_in_percentage_of_disposable_income",
    "present_residence_since",
    "age_in_years",
    "number_of_existing_credits_at_this_bank",
    "number_of_people_being_liable_to_provide_maintenance_for",
)
_HOME: Final = ("car (new)", "car (used)", "furniture/equipment", "domestic appliances", "repairs")

_NAMESPACE: Final = uuid.UUID("6d1f0a52-6d1e-5f39-9c57-1c7d0f6e4b11")


class Application(Struct, frozen=True):
    """One purchase on credit. `amount` in cents; `months` is the term asked for."""

    number: int  # 1..700
    purpose: str
    amount: int
    months: int
    attributes: dict[str, Any]
    is_good: bool  # whether it was paid back

    @property
    def reference(self) -> str:
        """The merchant's name for the purchase, and for the consumer."""
        return f"statlog-{self.number:03}"

    @property
    def is_at_home_and_motor(self) -> bool:
        """Which of the demo's two merchants sold it."""
        return self.purpose in _HOME

    def pays(self, count: int) -> int:
        """How many of `count` instalments are paid. The data say only that it ended badly, not when: from none to
        three in four, spread evenly over the bad ones by their number."""
        return count if self.is_good else count * (self.number * 7 % 16) // 20


def key_of(reference: str, verb: str) -> str:
    """The idempotency key of one request: the same in every replay, so that one cut short can go on."""
    return str(uuid.uuid5(_NAMESPACE, f"{reference}/{verb}"))


def read_applications() -> list[Application]:
    """All of them, in the order of the file."""
    with APPLICATIONS.open(newline="", encoding="utf-8") as file:
        return [application_of(number, row) for number, row in enumerate(csv.DictReader(file), start=1)]


def application_of(number: int, row: dict[str, str]) -> Application:
    """One row of the file. Deutsche Mark are taken as euros."""
    return Application(
        number=number,
        purpose=row["purpose"],
        amount=int(row["credit_amount"]) * 100,
        months=int(row["duration_in_month"]),
        attributes={
            name: int(value) if name in _WHOLE else value for name, value in row.items() if name not in _NO_ATTRIBUTES
        },
        is_good=row["creditability"] == "good",
    )


def nearest_offer(offers: Iterable[dict[str, Any]], months: int) -> dict[str, Any] | None:
    """The offer whose last instalment falls nearest to the term asked for; of two, the first, which is the better."""
    found = [offer for offer in offers if offer["kind"] == "instalments"]
    return min(found, key=lambda offer: abs(_months(offer) - months), default=None)


def _months(offer: dict[str, Any]) -> int:
    first, last = (date.fromisoformat(offer["schedule"][i]["due_on"]) for i in (0, -1))
    return (last.year - first.year) * 12 + last.month - first.month + 1
