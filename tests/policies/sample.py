"""A small policy in which everything can be seen at a glance. Amounts in cents: 100_00 is 100.00 EUR."""

from copy import deepcopy
from typing import Any

import msgspec

from service.policies.compile import CompiledPolicy, compile_policy
from service.policies.document import Policy

DOCUMENT: dict[str, Any] = {
    "id": "po_01JD8Q4Z7K0000000000000000",
    "version": 7,
    "name": "Sample",
    "jurisdiction": "DE",
    "time_zone": "Europe/Berlin",
    "offers_expire_after_minutes": 30,
    "capture_within_days": 14,
    "features": [
        {"name": "age", "type": "integer", "source": "attribute"},
        {"name": "job", "type": "text", "source": "attribute", "values": ["none", "some", "fine"]},
        {"name": "owner", "type": "boolean", "source": "attribute"},
        {"name": "verified", "type": "boolean", "source": "attribute", "absent": "refer"},
        {"name": "overdue", "type": "boolean", "source": "history"},
        {"name": "amount", "type": "integer", "source": "checkout"},
    ],
    "rules": [
        {"name": "minor", "when": [{"feature": "age", "is": "below", "value": 18}], "reason": "UNDER_AGE"},
        {
            "name": "overdue",
            "when": [{"feature": "overdue", "is": "equals", "value": True}],
            "reason": "PAYMENT_OVERDUE",
        },
        {
            "name": "unverified",
            "when": [{"feature": "verified", "is": "equals", "value": False}],
            "reason": "IDENTITY_UNCONFIRMED",
            "kinds": ["pay_after_use", "deposit"],
        },
        {
            "name": "large",
            "when": [{"feature": "amount", "is": "above", "value": 9_000_00}],
            "reason": "REVIEW_NEEDED",
            "verdict": "refer",
        },
    ],
    "scorecard": {
        "base_points": 500,
        "score_at_odds": 600,
        "odds": 10,
        "points_to_double_odds": 40,
        "characteristics": [
            {
                "feature": "age",
                "reason": "AGE_OF_APPLICANT",
                "monotone": "rising",
                "bins": [
                    {"points": 0, "below": 25},
                    {"points": 20, "at_least": 25, "below": 40},
                    {"points": 50, "at_least": 40},
                    {"points": -10, "absent": True},
                ],
            },
            {
                "feature": "job",
                "reason": "OCCUPATION",
                "bins": [
                    {"points": -60, "values": ["none"]},
                    {"points": 40, "values": ["some"]},
                    {"points": 80, "values": ["fine"]},
                    {"points": -5, "absent": True},
                ],
            },
            {
                "feature": "owner",
                "reason": "HOUSING",
                "bins": [
                    {"points": 30, "values": [True]},
                    {"points": 0, "values": [False]},
                    {"points": 0, "absent": True},
                ],
            },
        ],
    },
    "grades": [
        {"name": "A", "score_min": 620},
        {"name": "B", "score_min": 560},
        {"name": "R", "score_min": 540, "verdict": "refer"},
    ],
    "limits": [
        {"grade": "A", "currency": "EUR", "limit": 5_000_00},
        {"grade": "B", "currency": "EUR", "limit": 1_000_00, "steps": [{"paid_off_plans": 3, "limit": 2_000_00}]},
        {"grade": "R", "currency": "EUR", "limit": 500_00},
    ],
    "categories": [
        {"name": "cars", "words": ["Car"]},
        {"name": "rentals", "words": ["bicycle", "power bank"]},
    ],
    "instalments": [
        {
            "name": "pay-in-4",
            "currency": "EUR",
            "categories": ["other"],
            "amount_min": 30_00,
            "amount_max": 10_000_00,
            "subsidy": {"bps": 100},
            "terms": {"first_due_days": 0},
        },
        {
            "name": "monthly",
            "currency": "EUR",
            "grades": ["A"],
            "categories": ["other"],
            "amount_min": 500_00,
            "amount_max": 4_000_00,
            "terms": {"every": 1, "unit": "month", "rate_percent": "9.9"},
            "lengths": [6, 12],
            "length_min": 3,
            "length_max": 24,
        },
        {
            "name": "car",
            "currency": "EUR",
            "categories": ["cars"],
            "amount_min": 1_000_00,
            "amount_max": 4_000_00,
            "terms": {"every": 1, "unit": "month", "rate_percent": "4.9", "down_payment_bps": 2000},
            "lengths": [24],
        },
    ],
    "pay_after_use": [
        {
            "name": "ride",
            "currency": "EUR",
            "categories": ["rentals"],
            "amount_min": 1_00,
            "amount_max": 200_00,
            "due_days": 30,
        }
    ],
    "deposits": [
        {
            "name": "deposit",
            "currency": "EUR",
            "amount_min": 20_00,
            "amount_max": 3_000_00,
            "ladder": [
                {"clean_deposits": 1, "waived_bps": 5000},
                {"clean_deposits": 3, "waived_bps": 8000},
                {"clean_deposits": 9, "waived_bps": 10000},
            ],
            "waived_min": 10_00,
            "due_days": 14,
        }
    ],
}


def document_with(*changes: tuple[str, Any]) -> bytes:
    """The document as JSON with values put at JSON pointers; `/-` at the end of one appends."""
    document = deepcopy(DOCUMENT)
    for pointer, value in changes:
        *path, last = pointer.strip("/").split("/")
        node: Any = document
        for step in path:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if last == "-":
            node.append(value)
        elif isinstance(node, list):
            node[int(last)] = value
        else:
            node[last] = value
    return msgspec.json.encode(document)


def policy_with(*changes: tuple[str, Any]) -> CompiledPolicy:
    """The policy, compiled."""
    return compile_policy(msgspec.json.decode(document_with(*changes), type=Policy))


POLICY = policy_with()
