"""Whether a consent allows a call: both sides of every edge, and which of several is used."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.outside.consent import NEAREST, Consent, Need, choose, obstacle
from service.outside.source import DataType, Purpose, SourceOutcome

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)

CONSENT = Consent(
    consent_id="cs_1",
    subject="ada@bank",
    purpose=Purpose.CREDIT_DECISION,
    data_types=(DataType.CREDIT_HISTORY, DataType.INCOME),
    gateway_ids=("bureau", "payroll"),
    from_on=date(2025, 3, 2),
    to_on=date(2026, 3, 2),
    times=3,
    used=0,
    given_at=NOON,
    expires_at=NOON + DAY,
    revoked_at=None,
)
NEED = Need("bureau", DataType.CREDIT_HISTORY, Purpose.CREDIT_DECISION, date(2025, 3, 2), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("consent", "need", "at", "expected"),
    [
        ({}, {}, NOON, None),
        # purpose, kind, source
        ({}, {"purpose": Purpose.AFFORDABILITY}, NOON, "no_consent"),
        ({}, {"data_type": DataType.INCOME}, NOON, None),
        ({}, {"data_type": DataType.PUBLIC_CREDIT}, NOON, "no_consent"),
        ({}, {"gateway_id": "payroll"}, NOON, None),
        ({}, {"gateway_id": "register"}, NOON, "no_consent"),
        # the period of the data
        ({}, {"from_on": date(2025, 3, 1)}, NOON, "no_consent"),
        ({}, {"from_on": date(2025, 3, 3)}, NOON, None),
        ({}, {"to_on": date(2026, 3, 3)}, NOON, "no_consent"),
        ({}, {"to_on": date(2026, 3, 1)}, NOON, None),
        # from when, until when
        ({}, {}, NOON - TICK, "no_consent"),
        ({}, {}, NOON + DAY - TICK, None),
        ({}, {}, NOON + DAY, "consent_expired"),
        # how often
        ({"used": 2}, {}, NOON, None),
        ({"used": 3}, {}, NOON, "used_up"),
        # taken back: from whenever on, it is never in force again
        ({"revoked_at": NOON + TICK}, {}, NOON, "consent_revoked"),
        ({"revoked_at": NOON}, {}, NOON + TICK, "consent_revoked"),
        # what is told first
        ({"revoked_at": NOON, "used": 3}, {}, NOON + DAY, "consent_revoked"),
        ({"used": 3}, {}, NOON + DAY, "consent_expired"),
        ({"revoked_at": NOON}, {"gateway_id": "register"}, NOON, "no_consent"),
    ],
)
def test_what_stands_in_the_way(
    consent: dict[str, Any], need: dict[str, Any], at: datetime, expected: str | None
) -> None:
    assert obstacle(replace(CONSENT, **consent), replace(NEED, **need), at) == expected


OPEN = {"used": 0}
OTHER = {"gateway_ids": ("register",)}
REVOKED = {"revoked_at": NOON}
EXPIRED = {"expires_at": NOON + TICK}
USED_UP = {"used": 3}


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ([], "no_consent"),
        ([OTHER], "no_consent"),
        ([OTHER, REVOKED], "consent_revoked"),
        ([REVOKED, EXPIRED], "consent_expired"),
        ([EXPIRED, USED_UP, REVOKED, OTHER], "used_up"),
        ([USED_UP, OTHER, REVOKED, OPEN, EXPIRED], 3),
        ([OPEN, {"expires_at": NOON + DAY - TICK}], 1),  # the one that ends first
        ([OPEN, OPEN], 0),  # of two alike the older
    ],
)
def test_which_consent_is_used(consents: list[dict[str, Any]], expected: str | int) -> None:
    given = [replace(CONSENT, consent_id=f"cs_{place}", **changes) for place, changes in enumerate(consents)]
    chosen = choose(given, NEED, NOON + TICK)
    assert (chosen if isinstance(chosen, SourceOutcome) else int(chosen.consent_id[3:])) == expected


def test_every_obstacle_has_its_place() -> None:
    """What is not among the obstacles is what a source said."""
    said = {"answered", "cached", "no_record", "unavailable", "timed_out"}
    assert set(NEAREST) == set(SourceOutcome) - said
