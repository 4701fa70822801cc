"""A policy with good values, of which tests say only what differs."""

from datetime import date
from typing import Any

from service.insurance.policy import AutomaticLimit, InsurancePolicy, Line
from service.support.arrangement import Arrangement, ArrangementKind
from tests.support.worked import arrangement


def policy(line: Line = Line.DOMESTIC, **differs: Any) -> InsurancePolicy:
    good: dict[str, Any] = {
        "name": "Elbe 2026", "arrangement_id": f"sa_{'0' * 26}", "country": "DE", "legal_basis": "clause 12",
        "premium_bps": 35, "overdue_report_days": 60, "extension_days_max": 30, "discretionary_max": 5_000_00,
        "automatic": AutomaticLimit("prompt-payers"),
    }  # fmt: skip
    return InsurancePolicy(line=line, **good | differs)


def terms(kind: ArrangementKind = ArrangementKind.DOMESTIC_TRADE_INSURANCE, **differs: Any) -> Arrangement:
    return arrangement(kind, **{"cover_bps": 9_000} | differs)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")
