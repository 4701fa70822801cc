"""Lives of plans, told in facts; a line is what is owed and what is paid of it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from service.errors import Code, Refused
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.rows import RowKind
from service.plans.running.versions import DOES, Version, amount_to_settle, next_version, replay
from service.terms.allocation_rule import (
    Allocation,
    AllocationRule,
    Component,
    Direction,
    Future,
    PaymentKind,
    Timing,
)
from service.terms.terms import (
    Captures,
    ChargeOff,
    DayCount,
    DownPaymentAt,
    Interest,
    Method,
    NonBusinessDay,
    PaidEarly,
    Remainder,
    Terms,
    Unit,
)

JAN_1 = date(2025, 1, 1)
FOUR_MONTHS: dict[str, Any] = {"every": 1, "unit": Unit.MONTH}
AT_12: dict[str, Any] = FOUR_MONTHS | {"rate_percent": Decimal(12)}
DAILY: dict[str, Any] = AT_12 | {"recalculate": True}


def test_every_fact_has_its_rule_or_undoes_another() -> None:
    undo = {facts.PaymentReturned, facts.CaptureReversed, facts.Waived, facts.Corrected}
    assert DOES.keys() | undo == set(get_args(AnyFact))
    assert not DOES.keys() & undo


def day(text: str) -> date:
    return date.fromisoformat(f"2025-{text}")


def captured(amount: int = 400_00, on: date = JAN_1, number: int = 0) -> facts.Captured:
    return facts.Captured(id=f"capture-{number}", recorded_on=on, on=on, amount=amount)


def paid(on: str, amount: int, **fields: Any) -> facts.Paid:
    return facts.Paid(id=f"paid-{on}", recorded_on=day(on), on=day(on), amount=amount, **fields)


def refunded(on: str, amount: int, **fields: Any) -> facts.Refunded:
    return facts.Refunded(id=f"refund-{on}", recorded_on=day(on), on=day(on), amount=amount, **fields)


def lived(terms: dict[str, Any], *events: AnyFact, as_of: str | None = None) -> Version:
    """The version after a capture of 400.00 on 1 January and the events."""
    return replay(Terms(**terms), [captured(), *events], day(as_of) if as_of else JAN_1)


def owed(version: Version) -> list[int]:
    return [line.total for line in version.lines]


def left(version: Version) -> list[int]:
    return [line.outstanding for line in version.lines]


def test_an_instalment_is_paid() -> None:
    version = lived(FOUR_MONTHS, paid("02-01", 100_00))
    assert left(version) == [0, 100_00, 100_00, 100_00]
    assert version.lines[0].settled_on == day("02-01")
    assert version.outstanding == 300_00


def test_too_much_is_kept_apart_and_given_back() -> None:
    version = lived(FOUR_MONTHS, paid("02-01", 450_00))
    assert (version.outstanding, version.overpaid) == (0, 50_00)
    back = facts.OverpaidReturned(id="back", recorded_on=day("02-02"), on=day("02-02"), amount=50_00)
    assert next_version(version, back, day("02-02")).overpaid == 0


LATE_FEE = facts.Levied(id="fee", recorded_on=day("02-09"), due_on=day("01-20"), amount=7_00)
FORESEEN = FOUR_MONTHS | {"captures": Captures.FORESEEN}


@pytest.mark.parametrize(
    ("terms", "later", "owed_at_once", "rest"),
    [
        (FOUR_MONTHS, facts.PaymentReturned(id="bounced", recorded_on=day("02-09"), on=day("02-01"),
                                            payment_id="paid-02-01"), 50_00, 400_00),
        (FOUR_MONTHS, LATE_FEE, 7_00, 0),
        (FORESEEN, facts.Captured(id="more", recorded_on=day("02-09"), on=day("02-09"), amount=30_00), 30_00, 0),
    ],
)  # fmt: skip
def test_what_went_back_and_was_not_overpaid_is_owed_since_then(
    terms: dict[str, Any], later: AnyFact, owed_at_once: int, rest: int
) -> None:
    """450.00 came for 400.00, and 50.00 of it went back; what is known later leaves less that was paid too much."""
    back = facts.OverpaidReturned(id="back", recorded_on=day("02-05"), on=day("02-05"), amount=50_00)
    version = lived(terms, paid("02-01", 450_00), back, later)
    assert [(line.due_on, line.principal, line.owed_again) for line in version.lines if line.kind is RowKind.EXTRA] == [
        (day("02-05"), owed_at_once, owed_at_once)
    ]
    assert (version.outstanding, version.overpaid) == (owed_at_once + rest, 0)
    assert version.standing.went_back_unpaid == owed_at_once


def test_paying_ahead_reduces_the_term_or_the_amount() -> None:
    """150.00 before the first due date: the last instalments go, or all become smaller."""
    term = FOUR_MONTHS | {"allocation": Allocation(AllocationRule(future=Future.LAST))}
    amount = FOUR_MONTHS | {"allocation": Allocation(AllocationRule(future=Future.REAMORTIZE))}
    assert left(lived(term, paid("01-15", 150_00))) == [100_00, 100_00, 50_00, 0]
    assert left(lived(amount, paid("01-15", 150_00))) == [62_50, 62_50, 62_50, 62_50]


def test_paying_ahead_saves_interest_only_where_interest_follows() -> None:
    assert owed(lived(AT_12))[:2] == [102_51, 102_51]
    early = paid("01-16", 102_51)
    assert sum(line.interest for line in lived(AT_12, early).lines) == 10_05
    assert sum(line.interest for line in lived(DAILY, early).lines) == 9_49


def test_principal_past_due_goes_on_bearing_interest() -> None:
    on_time, late = lived(DAILY, as_of="02-01"), lived(DAILY, as_of="02-15")
    assert on_time.lines[1].interest == 3_01  # 301.49 at 1 %
    assert late.lines[1].interest == 3_51  # and 98.51 for 14 of 28 days: 3.0149 + 0.4926
    assert lived(DAILY | {"overdue_interest": False}, as_of="02-15").digest == on_time.digest


def test_a_late_fact_takes_its_place_in_the_past() -> None:
    """Known in March, paid in February: as if it had been known in time."""
    events = [paid("02-01", 102_51), paid("03-01", 102_51)]
    in_time = lived(DAILY, *events, as_of="03-10")
    late = msgspec.structs.replace(events[0], recorded_on=day("03-10"))
    assert lived(DAILY, events[1], late, as_of="03-10").digest == in_time.digest


def test_a_payment_that_bounced_never_happened() -> None:
    version = lived(DAILY, paid("02-01", 102_51), as_of="02-01")
    returned = facts.PaymentReturned(id="returned", recorded_on=day("02-01"), on=day("02-01"), payment_id="paid-02-01")
    assert next_version(version, returned, day("02-01")).digest == lived(DAILY, as_of="02-01").digest


@pytest.mark.parametrize(
    ("future", "lines"),
    [
        (Future.NEXT, [10_00, 100_00, 100_00, 100_00]),
        (Future.LAST, [100_00, 100_00, 100_00, 10_00]),
        (Future.REAMORTIZE, [77_50, 77_50, 77_50, 77_50]),
    ],
)
def test_a_refund_lands_by_its_own_rule(future: Future, lines: list[int]) -> None:
    rule = Allocation(by_kind=((PaymentKind.MERCHANT_REFUND, AllocationRule(future=future)),))
    assert left(lived(FOUR_MONTHS | {"allocation": rule}, refunded("01-15", 90_00))) == lines


def test_a_refund_returns_the_interest_it_has_borne() -> None:
    """Half the goods come back after half a month: 200.00 at 1 % for 15 of 31 days is 97 cents."""
    version = lived(DAILY, refunded("01-16", 200_00))
    assert {each.id: each.interest + each.principal for each in version.allocations} == {
        "refund-01-16": 200_00,
        "refund-01-16/interest": 97,
    }
    assert len(lived(DAILY, refunded("01-16", 200_00, returns_interest=False)).allocations) == 1


def test_a_payment_taken_back_is_owed_again() -> None:
    back = facts.ChargedBack(id="back", recorded_on=day("02-10"), on=day("02-10"), amount=60_00,
                             payment_id="paid-02-01")  # fmt: skip
    version = lived(FOUR_MONTHS, paid("02-01", 100_00), back)
    assert owed(version) == [100_00, 160_00, 100_00, 100_00]
    assert version.lines[1].owed_again == 60_00
    after_the_end = msgspec.structs.replace(back, on=day("06-10"), recorded_on=day("06-10"))
    assert owed(lived(FOUR_MONTHS, paid("02-01", 100_00), after_the_end)) == [100_00] * 4 + [60_00]
    with pytest.raises(Refused):
        lived(FOUR_MONTHS, msgspec.structs.replace(back, payment_id="none"))


def test_a_fee_joins_the_instalment_of_its_day() -> None:
    fee = facts.Levied(id="late", recorded_on=day("02-10"), due_on=day("02-10"), amount=5_00, is_penalty=True)
    version = lived(FOUR_MONTHS, fee)
    assert [line.penalty for line in version.lines] == [0, 5_00, 0, 0]
    assert lived(FOUR_MONTHS, paid("02-01", 400_00), fee).outstanding == 5_00
    assert lived(FOUR_MONTHS, paid("02-01", 402_00), fee).outstanding == 3_00  # what was overpaid settles it


def test_captures_run_terms_of_their_own_or_join() -> None:
    second = captured(200_00, day("01-20"), 1)
    own = lived(FOUR_MONTHS | {"captures": Captures.OWN_TERM}, second)
    assert [(line.due_on.isoformat()[5:], line.total) for line in own.lines] == [
        ("02-01", 100_00), ("02-20", 50_00), ("03-01", 100_00), ("03-20", 50_00),
        ("04-01", 100_00), ("04-20", 50_00), ("05-01", 100_00), ("05-20", 50_00),
    ]  # fmt: skip
    assert owed(lived(FOUR_MONTHS | {"captures": Captures.MERGED}, second)) == [150_00] * 4


def changed(kind: type[Any], on: str, **fields: Any) -> Any:
    return kind(id=kind.__name__, recorded_on=day(on), on=day(on), **fields)


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (changed(facts.RateChanged, "02-02", rate_percent=Decimal(24)), [102_51, 104_54, 104_54, 104_55]),
        (changed(facts.RateChanged, "02-02", rate_percent=Decimal(0)), [102_51, 100_50, 100_50, 100_49]),
        (changed(facts.InterestPaused, "01-01", end_on=day("02-01")), [102_51, 102_51, 102_51, 98_39]),
        (changed(facts.Extended, "02-02", instalments=2), [102_51, 62_12, 62_12, 62_12, 62_12, 62_10]),
        (changed(facts.ReAmortized, "02-02"), [0, 137_36, 137_36, 137_35]),
        (changed(facts.ReAged, "01-01", first_due_on=day("02-01"), instalments=2), [203_00, 203_01]),
    ],
)
def test_changes_of_schedule(change: AnyFact, lines: list[int]) -> None:
    assert owed(lived(DAILY | {"overdue_interest": False}, change)) == lines


def test_re_aging_replaces_what_is_not_yet_past_due() -> None:
    """On 10 February, the first 100.00 past due and 40.00 paid ahead: 260.00 ahead and 100.00 late, in three parts."""
    ahead_first = AllocationRule(((Timing.IN_ADVANCE, Component.PRINCIPAL), (Timing.PAST_DUE, Component.PRINCIPAL)))
    terms = FOUR_MONTHS | {"allocation": Allocation(ahead_first)}
    change = changed(facts.ReAged, "02-10", first_due_on=day("03-15"), instalments=3)
    version = lived(terms, paid("02-05", 40_00), change)
    assert [(line.due_on.isoformat()[5:], line.total, line.outstanding) for line in version.lines] == [
        ("02-01", 0, 0), ("03-15", 160_00, 120_00), ("04-15", 120_00, 120_00), ("05-15", 120_00, 120_00),
    ]  # fmt: skip


def test_a_due_date_moves_and_the_others_follow() -> None:
    version = lived(FOUR_MONTHS, changed(facts.DueMoved, "02-01", to=day("02-15")))
    assert [line.due_on.isoformat()[5:] for line in version.lines] == ["02-15", "03-15", "04-15", "05-15"]
    for to in ("2025-01-01", "2024-12-31"):
        with pytest.raises(Refused):
            lived(FOUR_MONTHS, changed(facts.DueMoved, "02-01", to=date.fromisoformat(to)))
    with pytest.raises(Refused):
        lived(FOUR_MONTHS, changed(facts.DueMoved, "02-02", to=day("02-15")))


@pytest.mark.parametrize(
    ("behaviour", "lines"),
    [
        (ChargeOff.KEEP, [102_51, 102_51, 102_51, 102_52]),
        (ChargeOff.NO_MORE_INTEREST, [102_51, 102_51, 102_51, 97_98]),
        (ChargeOff.ALL_DUE, [102_51, 303_00]),
    ],
)
def test_charged_off(behaviour: ChargeOff, lines: list[int]) -> None:
    """On 15 February, with the first instalment unpaid."""
    terms = DAILY | {"charge_off": behaviour, "overdue_interest": False}
    version = lived(terms, changed(facts.ChargedOff, "02-15"))
    assert owed(version) == lines
    assert sum(line.principal for line in version.lines) == 400_00
    with pytest.raises(Refused) as refused:
        next_version(version, changed(facts.ReAmortized, "02-16"), day("02-16"))
    assert refused.value.code is Code.STATE_FORBIDS


def test_forgiven() -> None:
    version = lived(AT_12, paid("02-01", 102_51), changed(facts.Forgiven, "02-15"))
    assert version.outstanding == 0
    assert [line.forgiven for line in version.lines] == [0, 102_51, 102_51, 102_52]


@pytest.mark.parametrize(
    ("paid_early", "interest"),
    [(PaidEarly.AT_ONCE, 1_94), (PaidEarly.AT_ONCE_UNLESS_SETTLED, 4_00), (PaidEarly.AT_DUE_DATE, 4_00)],
)
def test_the_amount_to_settle(paid_early: PaidEarly, interest: int) -> None:
    """On 16 January: 15 of 31 days of 4.00, or all of it."""
    version = lived(DAILY | {"paid_early": paid_early})
    assert amount_to_settle(version, day("01-16")) == 400_00 + interest
    settled = next_version(version, paid("01-16", 400_00 + interest), day("01-16"))
    assert (settled.outstanding, settled.overpaid) == (0, 0)


def test_facts_are_json() -> None:
    """What is stored of a plan is enough to replay it."""
    version = lived(DAILY, paid("01-16", 50_00), changed(facts.RateChanged, "02-02", rate_percent=Decimal("9.9")))
    text = msgspec.json.encode(version.facts)
    assert replay(version.terms, msgspec.json.decode(text, type=list[AnyFact]), JAN_1).digest == version.digest


def test_lines_fall_due_on_business_days_and_interest_keeps_its_dates() -> None:
    """1 February 2025 is a Saturday: payable on Monday, and paid then it is not late."""
    version = lived(AT_12 | {"non_business_day": NonBusinessDay.FOLLOWING}, paid("02-03", 102_51), as_of="02-03")
    assert [line.due_on for line in version.lines][:2] == [day("02-03"), day("03-03")]
    assert version.lines[0].paid_late == 0
    assert [line.interest for line in version.lines] == [line.interest for line in lived(AT_12).lines]


def test_no_schedule_changes_before_a_capture() -> None:
    with pytest.raises(Refused) as refused:
        replay(Terms(), [facts.Forgiven(id="none", recorded_on=JAN_1, on=JAN_1)], JAN_1 + timedelta(days=60))
    assert refused.value.code is Code.STATE_FORBIDS


def test_what_is_paid_before_a_capture_is_kept_for_it() -> None:
    """100.00 paid ahead settles the first instalment of what is captured a month later."""
    early, ship = paid("01-01", 102_51), captured(on=day("02-01"))
    before = replay(Terms(**AT_12), [early], day("01-02"))
    assert (before.overpaid, before.lines) == (102_51, ())
    after = next_version(before, ship, day("02-01"))
    assert after.overpaid == 0
    assert sum(line.paid for line in after.lines) == 102_51


def test_charge_backs_follow_the_order_of_the_terms() -> None:
    terms = FOUR_MONTHS | {"chargeback_order": (Component.PENALTY, Component.PRINCIPAL)}
    fee = facts.Levied(id="late", recorded_on=day("01-10"), due_on=day("01-10"), amount=5_00, is_penalty=True)
    back = facts.ChargedBack(id="back", recorded_on=day("02-10"), on=day("02-10"), amount=8_00,
                             payment_id="paid-02-01")  # fmt: skip
    line = lived(terms, fee, paid("02-01", 105_00), back).lines[1]
    assert (line.penalty, line.owed_again) == (5_00, 3_00)


def test_a_charge_back_into_what_was_paid_ahead_makes_room_for_its_interest() -> None:
    """The last two instalments were paid ahead as principal; the earlier one opens again, and owes its interest."""
    terms = Terms(
        every=30,
        rate_percent=Decimal("28.37"),
        interest=Interest.DAILY,
        day_count=DayCount.ACTUAL_ACTUAL_END,
        recalculate=True,
        paid_early=PaidEarly.AT_ONCE_UNLESS_SETTLED,
        remainder=Remainder.EVEN,
        down_payment_bps=2500,
        down_payment_at=DownPaymentAt.SCHEDULE,
        allocation=Allocation(default=AllocationRule(future=Future.LAST)),
    )
    start = date(2024, 1, 31)
    back_on = start + timedelta(days=89)
    days = {0: 129, 9: 49, 24: 532}  # after the start; and amounts
    dated = [(f"p{count}", start + timedelta(days=count), amount) for count, amount in days.items()]
    ahead = [facts.Paid(id=name, recorded_on=on, on=on, amount=amount) for name, on, amount in dated]
    back = facts.ChargedBack(id="back", recorded_on=back_on, on=back_on, amount=1, payment_id="p0")
    for as_of in (back_on, back_on + timedelta(days=300)):
        version = replay(terms, [captured(1071, start), *ahead, back], as_of)
        assert [line.principal - line.owed_again for line in version.lines] == [268, 196, 181, 213, 213]
        assert [line.interest for line in version.lines] == [0, 17, 8, 16, 0]


def test_what_the_last_cannot_ask_for_the_one_before_it_does() -> None:
    """The last instalment was paid ahead, at the interest of that day: another rate leaves it no cent to give."""
    start = date(2024, 1, 31)
    terms = Terms(
        every=1,
        unit=Unit.HALF_MONTH,
        rate_percent=Decimal("10.46"),
        day_count=DayCount.THIRTY_360,
        allocation=Allocation(default=AllocationRule(future=Future.LAST)),
    )
    ahead = facts.Paid(id="ahead", recorded_on=start, on=start, amount=1247)
    pause = facts.InterestPaused(id="pause", recorded_on=start, on=start, end_on=start + timedelta(days=2))
    rate = facts.RateChanged(id="rate", recorded_on=start, on=start, rate_percent=Decimal("12.11"))
    version = replay(terms, [captured(4937, start), ahead, pause, rate], start)
    assert sum(line.principal for line in version.lines) == 4937
    assert (version.lines[3].paid, version.lines[3].outstanding) == (1247, 0)


def test_interest_on_what_was_repaid_ahead_is_no_reason_to_ask_for_more_principal() -> None:
    """Equal principal, the last two repaid ahead: a rate that begins later is owed there, and principal before them."""
    start, later = date(2024, 1, 31), date(2024, 5, 1)
    terms = Terms(
        instalments=7,
        every=30,
        method=Method.EQUAL_PRINCIPAL,
        day_count=DayCount.THIRTY_360,
        down_payment_bps=2500,
        down_payment_at=DownPaymentAt.SCHEDULE,
        allocation=Allocation(by_kind=((PaymentKind.MERCHANT_REFUND, AllocationRule(future=Future.LAST)),)),
    )
    one = facts.Paid(id="one", recorded_on=start, on=start, amount=1)
    back = facts.Refunded(
        id="back", recorded_on=start, on=start, amount=724, returns_interest=False, kind=PaymentKind.MERCHANT_REFUND
    )
    rate = facts.RateChanged(id="rate", recorded_on=later, on=later, rate_percent=Decimal("1.80"))
    version = replay(terms, [captured(1561, start), one, back, rate], later)
    assert [line.principal for line in version.lines] == [390, 167, 167, 167, 168, 167, 166, 169]
    assert [line.outstanding for line in version.lines][-2:] == [1, 0]


def test_the_amount_to_settle_leaves_no_cent() -> None:
    """What the parts are worth is 808.15; allocated from the last instalment backwards, a cent more is rounded up."""
    start, on = date(2024, 1, 31), date(2024, 3, 26)
    terms = Terms(
        instalments=5,
        every=14,
        rate_percent=Decimal("9.21"),
        interest=Interest.DAILY,
        day_count=DayCount.ACTUAL_ACTUAL_END,
        down_payment_bps=2500,
        down_payment_at=DownPaymentAt.SCHEDULE,
        remainder=Remainder.EVEN,
        recalculate=True,
        paid_early=PaidEarly.AT_DUE_DATE,
        allocation=Allocation(default=AllocationRule(future=Future.LAST), direction=Direction.VERTICAL),
    )
    version = replay(terms, [captured(799_71, start)], on)
    assert amount_to_settle(version, on) == 808_16
    settled = facts.Paid(id="all", recorded_on=on, on=on, amount=808_16)
    assert (next_version(version, settled, on).outstanding, next_version(version, settled, on).overpaid) == (0, 0)
