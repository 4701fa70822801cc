"""Arrangements and a loss with good values, of which tests say only what differs."""

from datetime import date
from typing import Any

from service.support.arrangement import Arrangement, ArrangementKind, Attachment, AttachmentKind, Cause
from service.support.loss import Holder, Loss
from service.support.waterfall import Tier

MERCHANT, INSURER, POOL = (f"{prefix}_{'0' * 25}{number}" for prefix, number in (("me", 1), ("sp", 2), ("sp", 3)))
A, B = (f"pa_{'0' * 25}{number}" for number in (4, 5))
CREDIT = (Cause.CREDIT,)


def arrangement(kind: ArrangementKind = ArrangementKind.LOAN_GUARANTEE, **differs: Any) -> Arrangement:
    good: dict[str, Any] = {
        "name": "Guarantee", "currency": "EUR", "cover_bps": 10_000, "causes": CREDIT, "provider_id": INSURER,
        "begins_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31),
    }  # fmt: skip
    return Arrangement(kind=kind, **good | differs)


def loss(principal: int, **differs: Any) -> Loss:
    good: dict[str, Any] = {
        "cause": Cause.CREDIT,
        "on": date(2026, 6, 1),
        "debtor": "consumer 1",
        "merchant_id": MERCHANT,
    }
    return Loss(principal=principal, **good | differs)


# An appliance of 6,000.00, given up with 4,500.00 open, of which 300.00 was paid later.
APPLIANCE = loss(
    4_500_00, interest=96_30, fees=40_00, recovered=300_00, holders=(Holder(A, 7_000), Holder(B, 3_000)),
)  # fmt: skip
RECOURSE = arrangement(
    ArrangementKind.MERCHANT_RECOURSE, provider_id=None, causes=(Cause.DISPUTE, Cause.FRAUD, Cause.MERCHANT_FAILURE)
)
SHARE = arrangement(ArrangementKind.RESERVE, provider_id=None, cover_bps=1_000, funded=True)
TIERS = ("recourse", "share", "insurer", "pool")


def tiers(**differs: Any) -> tuple[Tier, ...]:
    """The merchant in full where it is to blame, its share where it is not, the insurer, the pool."""
    first = Attachment(AttachmentKind.EACH_AND_EVERY, 250_00)
    insurance = arrangement(ArrangementKind.CONSUMER_INSURANCE, cover_bps=8_000, debtor_max=5_000_00, attachment=first)
    pool = arrangement(ArrangementKind.COMPENSATION_POOL, provider_id=POOL, cover_bps=4_000, funded=True, **differs)
    terms = (RECOURSE, SHARE, insurance, pool)
    return tuple(Tier(name, 1, one) for name, one in zip(TIERS, terms, strict=True))
