"""Which answers are read again, and how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.outside.kept import Kept, kept_until, read_again
from service.outside.source import DataType, OutsideSource, Purpose, SourceOutcome, SourceRead, Wanted

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
SOURCE = OutsideSource("bureau", "schufa", DataType.CREDIT_HISTORY, Purpose.CREDIT_DECISION, 365, 60)
WANTED = Wanted(SOURCE, ("defaults", "score"))
KEPT = Kept(
    "en_1", "schufa", DataType.CREDIT_HISTORY, Purpose.CREDIT_DECISION, frozenset({"defaults", "score", "enquiries"}),
    365, SourceOutcome.ANSWERED, {"score": 612, "enquiries": 3}, NOON,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "at", "is_read"),
    [
        ({}, NOON, True),
        ({}, NOON - TICK, False),  # heard in the future of a clock that was set back
        ({}, NOON + HOUR - TICK, True),
        ({}, NOON + HOUR, False),
        ({"gateway": "crif"}, NOON, False),
        ({"data_type": DataType.INCOME}, NOON, False),
        ({"purpose": Purpose.AFFORDABILITY}, NOON, False),
        ({"days_back": 364}, NOON, False),
        ({"days_back": 366}, NOON, False),
        ({"asked": frozenset({"defaults", "score"})}, NOON, True),
        ({"asked": frozenset({"score"})}, NOON, False),  # what was not asked for is not known
    ],
)
def test_whether_it_is_read(change: dict[str, Any], at: datetime, is_read: bool) -> None:
    read = read_again([replace(KEPT, **change)], WANTED, at)
    expected = SourceRead(SourceOutcome.CACHED, {"score": 612}, "en_1")  # of the facts only those wanted
    assert read == (expected if is_read else None)


def test_the_latest_is_read() -> None:
    older = replace(KEPT, enquiry_id="en_0", answered_at=NOON - TICK, facts={"score": 300})
    read = read_again([older, KEPT], WANTED, NOON)
    assert read
    assert read.facts == {"score": 612}


def test_no_record_is_said_again() -> None:
    read = read_again([replace(KEPT, outcome=SourceOutcome.NO_RECORD, facts={})], WANTED, NOON)
    assert read == SourceRead(SourceOutcome.NO_RECORD, {}, "en_1")


def test_a_policy_that_reads_afresh_never_reads_again() -> None:
    source = replace(SOURCE, cached_for_minutes=0)
    assert read_again([KEPT], Wanted(source, WANTED.facts), NOON) is None


@pytest.mark.parametrize(
    ("minutes", "consent_ends", "expected"),
    [
        (0, NOON + HOUR, None),
        (60, NOON + HOUR + TICK, NOON + HOUR),
        (60, NOON + HOUR, NOON + HOUR),
        (60, NOON + HOUR - TICK, NOON + HOUR - TICK),
    ],
)
def test_until_when_it_is_kept(minutes: int, consent_ends: datetime, expected: datetime | None) -> None:
    assert kept_until(replace(SOURCE, cached_for_minutes=minutes), consent_ends, NOON) == expected
