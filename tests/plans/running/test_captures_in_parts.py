"""Goods shipped in parts: the lines of the captures together are those that were agreed for the whole."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.errors import Code, Refused
from service.money import Rounding
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.rows import Line, RowKind
from service.plans.running.versions import Version, amount_to_settle, next_version, replay
from service.terms.parts import Part
from service.terms.schedule import build_schedule, every_instalment
from service.terms.terms import Captures, Cost, DownPaymentAt, FeeDue, InterestOn, Method, NonBusinessDay, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.running.test_versions import DAILY, FOUR_MONTHS
from tests.terms.any_parts import partitions, terms_with_sums

START = date(2026, 1, 15)
COSTS = (
    Cost("opening", amount=12_00, due=FeeDue.FIRST),
    Cost("keeping", amount=8_00, due=FeeDue.SPREAD),
    Cost("account", amount=1_00, due=FeeDue.EACH),
)


def authorized(amount: int, on: date = START) -> facts.Authorized:
    return facts.Authorized(id="authorized", recorded_on=on, on=on, amount=amount)


def captured(number: int, amount: int, on: date = START) -> facts.Captured:
    return facts.Captured(id=f"capture-{number}", recorded_on=on, on=on, amount=amount)


def life(parts: list[Part], days: list[date]) -> list[AnyFact]:
    dated = zip(parts, days, strict=True)
    return [authorized(parts[0].whole), *(captured(n, part.amount, on) for n, (part, on) in enumerate(dated, 1))]


def version_or_none(terms: Terms, events: list[AnyFact], as_of: date) -> Version | None:
    """The version; None where no such plan can exist."""
    try:
        return replay(terms, events, as_of)
    except Refused as refused:
        if refused.code is Code.IMPOSSIBLE_TERMS:
            return None
        raise


def owed(lines: tuple[Line, ...]) -> list[int]:
    return [line.total for line in lines]


def test_parts_owe_what_was_disclosed() -> None:
    """Three parts of 200.00 of a plan of 600.00 over 24 months at 8.9 %."""
    terms = Terms(instalments=24, every=1, unit=Unit.MONTH, rate_percent=Decimal("8.9"))
    version = replay(terms, [authorized(600_00), *(captured(n, 200_00) for n in (1, 2, 3))], START)
    assert version.outstanding == 657_19
    by_capture = {n: sum(line.total for line in version.lines if line.capture == n) for n in (1, 2, 3)}
    assert by_capture == {1: 219_06, 2: 219_07, 3: 219_06}


@given(terms_with_sums(), partitions())
def test_lines_of_one_day_sum_to_the_schedule(terms: Terms, parts: list[Part]) -> None:
    version = version_or_none(terms, life(parts, [START] * len(parts)), START)
    if version is None:
        return
    agreed = build_schedule(terms, parts[0].whole, START, bound=True)
    by_day = dict.fromkeys([row.due_on for row in agreed], (0, 0, 0))
    for line in version.lines:
        before = by_day.get(line.due_on, (0, 0, 0))
        by_day[line.due_on] = (before[0] + line.principal, before[1] + line.interest, before[2] + line.fee)
    expected = dict.fromkeys(by_day, (0, 0, 0))
    for row in agreed:
        before = expected[row.due_on]
        expected[row.due_on] = (before[0] + row.principal, before[1] + row.interest, before[2] + row.fee)
    assert by_day == expected


@given(terms_with_sums(), partitions(), st.lists(st.integers(0, 400), min_size=7, max_size=7))
def test_captures_of_several_days_bear_no_more_than_the_whole(
    terms: Terms, parts: list[Part], ahead: list[int]
) -> None:
    """Each owes its amount; all bear at most what the whole would on the dearest of their days."""
    days = [START + timedelta(days=count) for count, _ in zip(sorted(ahead), parts, strict=False)]
    version = version_or_none(structs.replace(terms, recalculate=False), life(parts, days), days[-1])
    if version is None:
        return
    wholes = [build_schedule(terms, parts[0].whole, on, bound=True) for on in days]
    assert sum(line.interest for line in version.lines) <= max(sum(row.interest for row in rows) for rows in wholes)
    assert sum(line.fee for line in version.lines) == sum(row.fee for row in wholes[0])
    assert all(min(line.principal, line.interest, line.fee) >= 0 for line in version.lines)
    if terms.down_payment_at is DownPaymentAt.SCHEDULE:
        for number, part in enumerate(parts, 1):
            assert sum(line.principal for line in version.lines if line.capture == number) == part.amount


@pytest.mark.parametrize(
    ("days_later", "captures", "owed_then"),
    [
        (0, Captures.MERGED, [(100_00, 0), (100_00, 2_00), (100_00, 1_00)]),
        (1, Captures.MERGED, [(50_00, 0), (125_00, 2_45), (125_00, 55)]),  # 1.25 by itself
        (1, Captures.FORESEEN, [(100_00, 0), (100_00, 1_95), (100_00, 1_00)]),
        (32, Captures.MERGED, [(50_00, 0), (50_00, 1_00), (200_00, 1_95)]),
    ],
)
def test_what_joins_after_an_instalment_bears_no_more_than_was_disclosed(
    days_later: int, captures: Captures, owed_then: list[tuple[int, int]]
) -> None:
    """300.00 at 12 %, a third at once, a third each in one month and in two: 3.00 of interest were disclosed.

    The half that is captured a day later misses the third that would have been paid at once: 2.45 and 1.25 of interest.
    """
    terms = Terms(
        instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), first_due_days=0,
        method=Method.EQUAL_PRINCIPAL, captures=captures,
    )  # fmt: skip
    later = START + timedelta(days=days_later)
    version = replay(terms, [authorized(300_00), captured(1, 150_00), captured(2, 150_00, later)], later)
    assert [(line.principal, line.interest) for line in version.lines] == owed_then


def test_interest_that_an_instalment_has_no_room_for_is_bounded_where_it_is_asked_for() -> None:
    """Each period rounds its interest up to 0.01 and asks for nothing before the last: 0.03, and 0.01 was disclosed."""
    terms = Terms(
        instalments=3, every=7, rate_percent=Decimal("0.0001"), rounding=Rounding.UP, multiple_of=100,
        captures=Captures.MERGED,
    )  # fmt: skip
    later = START + timedelta(days=1)
    version = replay(terms, [authorized(2), captured(1, 1), captured(2, 1, later)], later)
    assert [(line.principal, line.interest) for line in version.lines] == [(0, 0), (0, 0), (2, 1)]
    assert sum(row.interest for row in build_schedule(terms, 2, START)) == 1


@given(terms_with_sums(), partitions(), st.sampled_from([Captures.MERGED, Captures.FORESEEN]), st.data())
def test_captures_that_join_on_later_days_bear_no_more_than_the_whole(
    terms: Terms, parts: list[Part], captures: Captures, data: st.DataObject
) -> None:
    """Whatever was paid between them: no more interest and costs than the whole on the dearest of their days."""
    days = [START + timedelta(days=data.draw(st.sampled_from([0, 0, 1, 7, 31, 40, 400]))) for _ in parts]
    days.sort()
    terms = structs.replace(terms, captures=captures, recalculate=False)
    events = life(parts, days)
    for number in range(data.draw(st.integers(0, 2))):
        on = START + timedelta(days=data.draw(st.integers(0, 100)))
        events.append(facts.Paid(id=f"p{number}", recorded_on=on, on=on, amount=data.draw(st.integers(1, 500_00))))
    version = version_or_none(terms, events, days[-1])
    if version is None:
        return
    wholes = [build_schedule(terms, parts[0].whole, on, bound=True) for on in {START, *days}]
    interest = max(sum(row.interest for row in rows) for rows in wholes)
    assert sum(line.interest for line in version.lines) <= interest
    assert sum(line.fee for line in version.lines) <= sum(row.fee for row in wholes[0])
    assert all(min(line.principal, line.interest, line.fee, line.outstanding) >= 0 for line in version.lines)
    if terms.down_payment_at is DownPaymentAt.SCHEDULE:
        assert sum(line.principal for line in version.lines) == parts[0].whole


@given(terms_with_sums(), partitions(), st.booleans(), st.data())
def test_step_by_step_and_at_once(terms: Terms, parts: list[Part], recalculate: bool, data: st.DataObject) -> None:
    """Captures with payments among them; all that is asked for can be paid, and then nothing is left."""
    captures = data.draw(st.sampled_from(Captures))
    terms = structs.replace(terms, recalculate=recalculate, captures=captures)
    days = [START + timedelta(days=10 * count) for count in range(len(parts))]
    events = life(parts, days)
    for number in range(data.draw(st.integers(0, 3))):
        on = START + timedelta(days=data.draw(st.integers(0, 100)))
        amount = data.draw(st.integers(1, parts[0].whole))
        events.append(facts.Paid(id=f"p{number}", recorded_on=on, on=on, amount=amount))
    events.sort(key=lambda event: event.recorded_on)
    as_of = START + timedelta(days=120)
    version = version_or_none(terms, events[:1], as_of)
    for known in range(2, len(events) + 1):
        at_once = version_or_none(terms, events[:known], as_of)
        if version is None or at_once is None:
            return
        version = next_version(version, events[known - 1], as_of)
        assert version.digest == at_once.digest
    assert version is not None
    assert all(line.outstanding >= 0 for line in version.lines)
    left = amount_to_settle(version, as_of)
    if left:
        paid = facts.Paid(id="all", recorded_on=as_of, on=as_of, amount=left)
        assert next_version(version, paid, as_of).outstanding == 0


@given(terms_with_sums(), partitions(), st.sampled_from([Captures.MERGED, Captures.FORESEEN]), st.booleans())
def test_captures_that_join_on_the_first_day_become_the_schedule(
    terms: Terms, parts: list[Part], captures: Captures, recalculate: bool
) -> None:
    terms = structs.replace(terms, captures=captures, recalculate=recalculate)
    version = version_or_none(terms, life(parts, [START] * len(parts)), START)
    if version is None:
        return
    agreed = every_instalment(terms, parts[0].whole, START, bound=True)
    due = [(row.principal, row.interest) for row in agreed if not row.is_down_payment]
    assert [(line.principal, line.interest) for line in version.lines if line.kind is RowKind.INSTALMENT] == due
    down = sum(line.principal for line in version.lines if line.kind is RowKind.DOWN_PAYMENT)
    assert down == sum(row.principal for row in agreed if row.is_down_payment)
    assert sum(line.fee for line in version.lines) == sum(row.fee for row in agreed)


def test_costs_are_asked_for_with_the_instalments() -> None:
    version = replay(Terms(**FOUR_MONTHS, costs=COSTS), [captured(1, 400_00)], START)
    assert [line.fee for line in version.lines] == [15_00, 3_00, 3_00, 3_00]
    assert version.outstanding == 424_00


@pytest.mark.parametrize("captures", [Captures.MERGED, Captures.FORESEEN])
def test_a_capture_that_joins_brings_its_share_of_the_costs(captures: Captures) -> None:
    """Two halves, the second when one instalment is past: 6.00 on the next, on all three 0.50 and a third of 4.00."""
    terms = Terms(**FOUR_MONTHS, costs=COSTS, captures=captures)
    events: list[AnyFact] = [authorized(400_00), captured(1, 200_00), captured(2, 200_00, date(2026, 2, 20))]
    version = replay(terms, events, START)
    assert [line.fee for line in version.lines] == [7_50, 9_34, 3_33, 3_33]
    assert {line.capture for line in version.lines} == {1}


@pytest.mark.parametrize("on", [date(2026, 5, 15), date(2026, 5, 16), date(2026, 5, 17), date(2026, 7, 1)])
def test_behind_the_last_instalment_costs_are_owed_at_once(on: date) -> None:
    """17 May 2026 is a Sunday, so the last is payable on Friday the 15th."""
    terms = Terms(
        **FOUR_MONTHS, costs=COSTS, captures=Captures.MERGED, non_business_day=NonBusinessDay.PRECEDING,
        first_due_on=date(2026, 2, 17),
    )  # fmt: skip
    version = replay(terms, [authorized(400_00), captured(1, 200_00), captured(2, 200_00, on)], on)
    assert sum(line.principal for line in version.lines) == 400_00
    assert version.lines[-1].due_on in (date(2026, 5, 15), on)
    assert sum(line.fee for line in version.lines) == 12_00 + 8_00 + 5 * 50
    assert version.lines[-1].fee >= 10_50


def test_a_capture_that_joins_brings_its_share_of_down_payment_and_balloon() -> None:
    sums: dict[str, Any] = {"down_payment": 40_00, "down_payment_at": DownPaymentAt.SCHEDULE, "balloon": 120_00}
    terms = Terms(**FOUR_MONTHS, **sums, captures=Captures.MERGED)
    events: list[AnyFact] = [authorized(400_00), captured(1, 300_00), captured(2, 100_00, date(2026, 2, 20))]
    version = replay(terms, events, START)
    assert [(line.kind, line.capture, line.total) for line in version.lines] == [
        (RowKind.DOWN_PAYMENT, 1, 30_00), (RowKind.INSTALMENT, 1, 45_00), (RowKind.DOWN_PAYMENT, 2, 10_00),
        (RowKind.INSTALMENT, 1, 65_00), (RowKind.INSTALMENT, 1, 65_00), (RowKind.INSTALMENT, 1, 185_00),
    ]  # fmt: skip


def test_parts_paid_off_early_bear_interest_for_their_days_alone() -> None:
    """133.33 at 1 % a month for 15 of 31 days is 0.65, and a cent more where the first line was to be a cent higher."""
    parts = [captured(1, 133_33), captured(2, 133_33), captured(3, 133_34)]
    version = replay(Terms(**DAILY), [authorized(400_00), *parts], START)
    on = START + timedelta(days=15)
    paid = facts.Paid(id="all", recorded_on=on, on=on, amount=amount_to_settle(version, on))
    settled = next_version(version, paid, on)
    assert (settled.outstanding, settled.overpaid) == (0, 0)
    assert [line.interest for line in version.lines[:3]] == [1_33, 1_34, 1_33]
    assert [line.interest for line in settled.lines] == [65, 66, 65, *[0] * 9]


# Nothing, and money before anything


def test_a_use_that_cost_nothing_owes_nothing() -> None:
    version = replay(Terms(**FOUR_MONTHS), [authorized(50_00), captured(1, 0)], START)
    assert (version.lines, version.outstanding, version.overpaid) == ((), 0, 0)
    after = next_version(version, captured(2, 50_00, START + timedelta(days=1)), START)
    assert [(line.capture, line.total) for line in after.lines] == [(2, 12_50)] * 4


def test_money_that_comes_before_a_capture_settles_it() -> None:
    """30.00 came early: of 20.00 captured 10.00 are too much, and the next capture uses those."""
    paid = facts.Paid(id="early", recorded_on=START, on=START, amount=30_00)
    events: list[AnyFact] = [authorized(60_00), paid]
    version = replay(Terms(**FOUR_MONTHS), events, START)
    assert (version.lines, version.overpaid) == ((), 30_00)
    for number, (amount, outstanding, overpaid) in enumerate([(20_00, 0, 10_00), (0, 0, 10_00), (40_00, 30_00, 0)], 1):
        version = next_version(version, captured(number, amount, START + timedelta(days=number)), START)
        assert (version.outstanding, version.overpaid) == (outstanding, overpaid)


@pytest.mark.parametrize("captures", [[], [captured(1, 0)]])
def test_without_a_schedule_nothing_else_happens_to_it(captures: list[AnyFact]) -> None:
    head: dict[str, Any] = {"id": "x", "recorded_on": START}
    refused: list[AnyFact] = [
        facts.RateChanged(**head, on=START, rate_percent=Decimal(1)),
        facts.Extended(**head, on=START, instalments=1),
        facts.Refunded(**head, on=START, amount=1),
        facts.Forgiven(**head, on=START),
    ]
    for event in refused:
        with pytest.raises(Refused) as raised:
            replay(Terms(), [authorized(50_00), *captures, event], START)
        assert raised.value.code is Code.STATE_FORBIDS


def test_what_is_paid_stays_paid_when_another_cent_joins() -> None:
    """Of 0.02 in five the last asks for all; the second, paid before, asks for its 0.01 still, so the last for one."""
    terms = Terms(instalments=6, every=7, grace_principal=1, captures=Captures.MERGED)
    paid = facts.Paid(id="paid", recorded_on=START, on=START, amount=1)
    version = replay(terms, [captured(1, 1), paid, captured(2, 1, START + timedelta(days=10))], START)
    assert [(line.principal, line.outstanding) for line in version.lines if line.total] == [(1, 0), (1, 1)]


@pytest.mark.parametrize("recalculate", [False, True])
def test_what_joins_on_the_last_due_date_stands_behind_the_last_instalment(recalculate: bool) -> None:
    """No course asks for it any more: 60.00 of 160.00 are due at once, and paid like the others."""
    terms = Terms(instalments=2, every=7, captures=Captures.MERGED, recalculate=recalculate)
    last = START + timedelta(days=14)
    parts: list[AnyFact] = [authorized(160_00), captured(1, 100_00), captured(2, 60_00, last)]
    version = replay(terms, parts, last)
    assert [(line.kind, line.due_on, line.principal) for line in version.lines] == [
        (RowKind.INSTALMENT, START + timedelta(days=7), 50_00),
        (RowKind.INSTALMENT, last, 50_00),
        (RowKind.EXTRA, last, 60_00),
    ]
    paid = facts.Paid(id="paid", recorded_on=last, on=last, amount=160_00)
    assert (next_version(version, paid, last).outstanding, next_version(version, paid, last).overpaid) == (0, 0)


def test_equal_principal_stays_principal_when_more_is_lent_at_a_flat_rate() -> None:
    """Interest comes on top of the equal part; it is no part of it."""
    terms = Terms(
        instalments=2, every=30, rate_percent=Decimal(12), method=Method.EQUAL_PRINCIPAL,
        interest_on=InterestOn.FINANCED, captures=Captures.FORESEEN,
    )  # fmt: skip
    parts: list[AnyFact] = [authorized(100_00), captured(1, 60_00), captured(2, 40_00, START + timedelta(days=10))]
    lines = replay(terms, parts, START).lines
    assert [line.principal for line in lines] == [50_00, 50_00]
    ahead = facts.Paid(id="ahead", recorded_on=START + timedelta(days=11), on=START + timedelta(days=11), amount=50_00)
    following = replay(structs.replace(terms, recalculate=True), [*parts, ahead], ahead.on)
    assert [line.principal for line in following.lines] == [50_00, 50_00]
