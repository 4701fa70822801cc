"""Lives of plans whose dates or amounts are agreed anew: the plans of `test_versions`, 400.00 from 1 January."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from service.errors import Code, Refused
from service.money import Rounding
from service.plans.running import facts
from service.plans.running.rows import Row, RowKind
from service.plans.running.versions import amount_to_settle, next_version, replay
from service.terms.allocation_rule import Allocation, AllocationRule, Component, Future
from service.terms.terms import (
    CapturedInside,
    Captures,
    ChargeOff,
    Cost,
    DayCount,
    DownPaymentAt,
    FeeDue,
    Interest,
    NonBusinessDay,
    PaidEarly,
    Remainder,
    Terms,
    Uncovered,
    Unit,
)
from tests.plans.running.test_versions import AT_12, DAILY, FOUR_MONTHS, captured, changed, day, left, lived, owed, paid

WITH_DOWN_PAYMENT = FOUR_MONTHS | {"down_payment_bps": 2500, "down_payment_at": DownPaymentAt.SCHEDULE}


# A payment holiday


def test_instalments_excused_from_principal_come_after_the_last() -> None:
    """Interest is paid meanwhile, so that the equal part stays what it was."""
    version = lived(AT_12, changed(facts.HolidayGranted, "02-02", principal=1))
    assert owed(version) == [102_51, 3_01, 102_51, 102_51, 102_52]
    assert [line.principal for line in version.lines][1] == 0
    assert version.lines[-1].due_on == day("06-01")


def test_without_interest_an_excused_instalment_asks_for_nothing() -> None:
    version = lived(FOUR_MONTHS, changed(facts.HolidayGranted, "03-01", principal=2))
    assert owed(version) == [100_00, 0, 0, 100_00, 100_00, 100_00]
    assert version.lines[2].settled_on == date(2025, 1, 1)


def test_deferred_interest_is_asked_for_at_once_afterwards() -> None:
    version = lived(AT_12, changed(facts.HolidayGranted, "02-02", interest=2))
    assert [line.interest for line in version.lines] == [4_00, 0, 0, 6_05]
    assert [line.principal for line in version.lines] == [line.principal for line in lived(AT_12).lines]


def test_a_holiday_needs_instalments_to_come() -> None:
    for on, holiday in (("02-02", {"interest": 3}), ("05-02", {"principal": 1})):
        with pytest.raises(Refused) as refused:
            lived(AT_12, changed(facts.HolidayGranted, on, **holiday))
        assert refused.value.code in (Code.IMPOSSIBLE_TERMS, Code.STATE_FORBIDS)


def test_what_is_paid_ahead_of_deferred_interest_is_asked_for_there() -> None:
    """The second instalment asked for 264.43, and 274.31 were paid on it: the others ask for so much less."""
    terms: dict[str, Any] = {
        "rate_percent": Decimal("46.9123"), "interest": Interest.DAILY, "interest_free": 1, "grace_principal": 1,
        "balloon": 10_00, "multiple_of": 100, "captures": Captures.MERGED, "recalculate": True,
        "costs": (Cost("account", amount=7, due=FeeDue.EACH),),
        "paid_early": PaidEarly.AT_ONCE_UNLESS_SETTLED, "uncovered_interest": Uncovered.CARRIED,
        "allocation": Allocation(AllocationRule(future=Future.REAMORTIZE)),
    }  # fmt: skip
    start = date(2026, 3, 2)
    holiday = facts.HolidayGranted(id="holiday", recorded_on=start, on=start, interest=2)
    on = date(2026, 3, 3)
    ahead = facts.Paid(id="ahead", recorded_on=on, on=on, amount=823_22)
    version = replay(Terms(**terms), [captured(823_22, start), holiday, ahead], on)
    assert sum(line.principal for line in version.lines) == 823_22
    assert all(line.paid_principal <= line.principal for line in version.lines)


# Dates


def test_a_later_due_date_bears_interest_for_its_days() -> None:
    """A month of 30/360, and 17 of the 29 days of the next: 0.79 and 0.46."""
    terms = Terms(
        instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.4822"), interest=Interest.DAILY,
        day_count=DayCount.THIRTY_360,
    )  # fmt: skip
    begin = date(2024, 1, 1)
    moved = facts.DueMoved(id="moved", recorded_on=begin, on=date(2024, 2, 1), to=date(2024, 2, 18))
    assert [line.interest for line in replay(terms, [captured(100_00, begin), moved], begin).lines][:2] == [1_25, 66]


def test_an_instalment_goes_before_the_down_payment_of_what_is_captured_on_its_day() -> None:
    terms = Terms(**WITH_DOWN_PAYMENT | {"captures": Captures.MERGED})
    second = captured(80_00, day("03-01"), number=2)
    lines = replay(terms, [captured(), second], day("03-01")).lines
    assert [(line.due_on.month, line.kind) for line in lines][:4] == [
        (1, RowKind.DOWN_PAYMENT), (2, RowKind.INSTALMENT), (3, RowKind.INSTALMENT), (3, RowKind.DOWN_PAYMENT),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inside", "interest"), [(CapturedInside.DAYS_LEFT, 5_03), (CapturedInside.WHOLE_PERIOD, 6_00)]
)
def test_what_is_captured_inside_a_period(inside: CapturedInside, interest: int) -> None:
    """200.00 on 16 January: 4.00, and 16 of 31 days of 2.00, or all of it; the equal part follows."""
    terms = Terms(**AT_12 | {"captures": Captures.MERGED, "captured_inside": inside})
    lines = replay(terms, [captured(), captured(200_00, day("01-16"), number=2)], day("01-16")).lines
    assert lines[0].interest == interest
    assert len({line.total for line in lines[:3]}) == 1
    assert sum(line.principal for line in lines) == 600_00


def test_a_capture_foreseen_joins_the_instalments_past_due_as_well() -> None:
    """200.00 more on 15 March; what was paid in January counts for the 150.00 of each instalment."""
    second = captured(200_00, day("03-15"), number=2)
    first, *_ = lines = lived(FOUR_MONTHS | {"captures": Captures.FORESEEN}, paid("01-20", 120_00), second).lines
    assert [line.principal for line in lines] == [150_00] * 4
    assert (first.paid, first.outstanding) == (120_00, 30_00)


def test_what_is_owed_behind_the_last_instalment_stays_behind_it() -> None:
    fee = facts.Levied(id="fee", recorded_on=day("01-02"), due_on=day("08-01"), amount=5_00)
    longer = changed(facts.Extended, "02-02", instalments=1)
    line = lived(FOUR_MONTHS, fee, longer).lines[-1]
    assert (line.kind, line.begin_on, line.due_on) == (RowKind.EXTRA, day("06-01"), day("08-01"))


# Overdue, settled, given up


def test_nobody_pays_anything() -> None:
    """All of it bears interest all the time; an instalment past due that asks for more interest is less principal."""
    assert [line.interest for line in lived(DAILY, as_of="05-02").lines] == [4_00, 4_00, 4_00, 4_00]


def test_settling_takes_the_running_period_whole_of_what_is_past_due_as_well() -> None:
    version = lived(DAILY | {"paid_early": PaidEarly.AT_ONCE_UNLESS_SETTLED}, as_of="02-15")
    assert amount_to_settle(version, day("02-15")) == 408_00
    settled = next_version(version, paid("02-15", 408_00), day("02-15"))
    assert (settled.outstanding, settled.overpaid) == (0, 0)


def test_the_last_instalment_takes_ahead_what_was_agreed_and_not_its_rounding() -> None:
    """Of 102.51 and 102.52 for the last, a payment of the equal part from the end leaves nothing of it."""
    terms = DAILY | {"allocation": Allocation(AllocationRule(future=Future.LAST))}
    assert owed(lived(terms))[-2:] == [102_51, 102_52]
    assert left(lived(terms, paid("01-16", 102_51)))[-1] == 0


def test_charged_off_on_the_day_an_instalment_is_due() -> None:
    terms = DAILY | {"charge_off": ChargeOff.ALL_DUE}
    assert owed(lived(terms, changed(facts.ChargedOff, "02-01"))) == [404_00]


def test_charging_off_what_was_paid_in_time_changes_nothing() -> None:
    """The payment was known late: there is nothing to give up, and the instalments stay."""
    terms = DAILY | {"charge_off": ChargeOff.ALL_DUE}
    in_time = paid("01-16", 401_94)
    version = lived(terms, changed(facts.ChargedOff, "02-15"), in_time)
    assert (len(version.lines), version.outstanding, version.overpaid) == (4, 0, 0)


def test_interest_of_a_part_of_a_period_is_rounded() -> None:
    """3.015 of the second instalment for 14 of 28 days."""
    terms = AT_12 | {"charge_off": ChargeOff.NO_MORE_INTEREST}
    assert lived(terms, changed(facts.ChargedOff, "02-15")).lines[1].interest == 1_51


def test_what_takes_money_is_settled_that_day() -> None:
    """A row that asks for nothing is settled; when it asks again and is paid, that is the day."""
    row = Row(RowKind.INSTALMENT, day("01-01"), day("02-01"))
    row.mark(day("01-05"))
    row.owed[Component.PRINCIPAL] = 10
    assert row.pay(Component.PRINCIPAL, 10, day("01-20")) == 10
    assert row.settled_on == day("01-20")


# Re-aged


def test_a_down_payment_not_made_is_spread_with_the_rest() -> None:
    change = changed(facts.ReAged, "02-10", first_due_on=day("03-15"), instalments=3)
    assert owed(lived(WITH_DOWN_PAYMENT, change)) == [0, 0, 133_33, 133_33, 133_34]
    half = paid("01-01", 50_00)
    assert owed(lived(WITH_DOWN_PAYMENT, half, change)) == [50_00, 0, 116_67, 116_67, 116_66]


def test_re_aging_may_begin_with_the_instalment_due_that_day() -> None:
    """Agreed in June, as if since April: what has become due since bears interest."""
    change = facts.ReAged(
        id="re-aged", recorded_on=day("06-01"), on=day("02-01"), first_due_on=day("02-01"), instalments=3
    )
    lines = lived(DAILY, change, as_of="03-02").lines
    assert [line.due_on.month for line in lines] == [2, 3, 4]
    assert [line.interest for line in lines][:2] == [4_00, 4_00]
    assert sum(line.principal for line in lines) == 400_00


@pytest.mark.parametrize("on", ["02-03", "02-01"])
def test_an_instalment_moves_by_the_date_that_is_shown_and_by_its_own(on: str) -> None:
    """1 February 2025 is a Saturday: Monday the 3rd is shown."""
    terms = FOUR_MONTHS | {"non_business_day": NonBusinessDay.FOLLOWING}
    version = lived(terms, changed(facts.DueMoved, on, to=day("02-14")))
    assert [line.due_on for line in version.lines] == [day("02-14"), day("03-14"), day("04-14"), day("05-14")]
    with pytest.raises(Refused):
        lived(terms, changed(facts.DueMoved, "02-02", to=day("02-14")))


def test_a_cent_is_still_owed_when_its_interest_is_more_than_the_cent() -> None:
    """Every equal part rounds to nothing, and the last instalment asks for the cent and a cent of interest a period."""
    terms: dict[str, Any] = {
        "instalments": 6, "every": 30, "rate_percent": Decimal(39), "rounding": Rounding.UP,
        "instalment_rounding": Rounding.DOWN, "uncovered_interest": Uncovered.CARRIED,
    }  # fmt: skip
    on = date(2026, 3, 3)
    extended = facts.Extended(id="extended", recorded_on=on, on=on, instalments=4)
    lines = replay(Terms(**terms), [captured(1, on), extended], on).lines
    assert [(line.principal, line.interest) for line in lines] == [(0, 0)] * 9 + [(1, 10)]


def test_instalments_made_even_ask_for_interest_once() -> None:
    """342.38 over three years, of which the first two ask for no interest: it is carried to the last, which is reckoned
    anew when all are made even. What an earlier try had asked for with another instalment is not asked for as well.
    """
    terms = Terms(
        instalments=3, every=1, unit=Unit.YEAR, rate_percent=Decimal("38.9347"), grace_interest=2, recalculate=True,
        uncovered_interest=Uncovered.CARRIED, interest=Interest.DAILY, remainder=Remainder.FIRST,
        down_payment_bps=1000, down_payment=1, down_payment_at=DownPaymentAt.SCHEDULE, paid_early=PaidEarly.AT_DUE_DATE,
    )  # fmt: skip
    known = [captured(342_38), paid("02-10", 34_25), changed(facts.ReAmortized, "02-24")]
    version = replay(terms, known, day("02-24"))
    assert [line.principal for line in version.lines] == [34_25, 126_49, 126_49, 55_15]
    assert sum(line.principal for line in version.lines) == 342_38
