"""Checkouts and snapshots that differ from a good one only in what a test says. Amounts in cents."""

from datetime import UTC, datetime
from typing import Any

from service.checkout.answer import Decision
from service.checkout.decide import decide
from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.merchants.fee import FeeSchedule
from service.merchants.merchant import Merchant
from service.partners.programme import Programme
from service.policies.compile import CompiledPolicy
from tests.partners.contracts import programme
from tests.policies.sample import POLICY

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONSUMER = "co_01JD8Q4Z7K7M8W3N5V2C9XTB4H"
DECISION = "de_01JD8Q4Z7K7M8W3N5V2C9XTB4H"

# Grade A with 630 points of 660, so a limit of 5,000.00
GOOD = {"age": 40, "job": "fine", "owner": False, "verified": True}
MERCHANT = Merchant(
    "me_01JD8Q4Z7K7M8W3N5V2C9XTB4H",
    "Shop",
    "DE",
    "Europe/Berlin",
    {"instalments": FeeSchedule(290, 30), "deposit": FeeSchedule(50, 0)},
)
PROGRAMMES = (programme(),)


def asked(**changes: Any) -> Checkout:
    """A purchase of 400.00."""
    facts: dict[str, Any] = {
        "merchant_reference": "order 1",
        "consumer_id": CONSUMER,
        "currency": "EUR",
        "amount": 400_00,
    }
    return Checkout(**facts | changes)


def known(**changes: Any) -> Snapshot:
    """A good consumer without an account; `attributes` are added to the good ones, None takes one away."""
    attributes = GOOD | changes.pop("attributes", {})
    return Snapshot(
        consumer_id=CONSUMER,
        attributes={name: value for name, value in attributes.items() if value is not None},
        **changes,
    )


def decided(
    request: Checkout | None = None,
    snapshot: Snapshot | None = None,
    *,
    policy: CompiledPolicy = POLICY,
    merchant: Merchant = MERCHANT,
    programmes: tuple[Programme, ...] = PROGRAMMES,
    now: datetime = NOON,
) -> Decision:
    """The decision on a good case, changed as said."""
    return decide(DECISION, request or asked(), snapshot or known(), merchant, programmes, policy, now)


def codes(decision: Decision) -> list[str]:
    """The codes of its reasons."""
    return [reason.code.value for reason in decision.answer.reasons]
