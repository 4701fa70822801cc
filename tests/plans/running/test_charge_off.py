"""Collection is given up: interest already earned stays owed, the rest is dropped where the terms say so."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from service.plans.running import facts
from service.plans.running.versions import replay
from service.terms.terms import ChargeOff, Terms
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.running.any_facts import START, money_facts, running_terms
from tests.plans.running.test_versions import AT_12, DAILY, FOUR_MONTHS, changed, lived, paid
from tests.plans.running.test_versions_properties import nothing_is_negative, version_or_none

DROPPED = [ChargeOff.NO_MORE_INTEREST, ChargeOff.ALL_DUE]


@pytest.mark.parametrize("behaviour", DROPPED)
def test_what_stayed_open_bore_interest_after_an_instalment_was_paid_ahead(behaviour: ChargeOff) -> None:
    """On the 15th, after 14 of 31 days of 4.00, 1.81 and 100.70 of principal are paid; 299.30 for 16 days is 1.54."""
    terms = DAILY | {"charge_off": behaviour}
    version = lived(terms, paid("01-15", 102_51), changed(facts.ChargedOff, "01-31"))
    assert sum(line.interest for line in version.lines) == 1_81 + 1_54
    assert version.outstanding == 299_30 + 1_54


@pytest.mark.parametrize("behaviour", DROPPED)
@pytest.mark.parametrize(("ahead", "interest"), [(0, 3_87), (1_00, 3_87), (102_51, 4_00)])
def test_interest_as_agreed_is_earned_by_the_day(behaviour: ChargeOff, ahead: int, interest: int) -> None:
    """30 of 31 days of 4.00, whatever part of it is paid; what is paid as agreed stays paid."""
    events = [paid("01-15", ahead)] if ahead else []
    version = lived(AT_12 | {"charge_off": behaviour}, *events, changed(facts.ChargedOff, "01-31"))
    assert sum(line.interest for line in version.lines) == interest
    assert version.outstanding == 400_00 + interest - ahead


@given(running_terms(), st.data(), st.integers(500, 2_000_00), st.integers(0, 300), st.sampled_from(DROPPED))
def test_charging_off_keeps_what_was_earned(
    terms: Terms, data: st.DataObject, amount: int, days: int, behaviour: ChargeOff
) -> None:
    """Between what is settled if all is paid on the day, and what was owed with all interest to come."""
    events = data.draw(money_facts(amount))
    on = max(START + timedelta(days=days), *(max(event.on, event.recorded_on) for event in events))
    terms = structs.replace(terms, charge_off=behaviour)
    before = version_or_none(terms, events, on)
    assume(before is not None and before.outstanding > 0)
    assert before is not None
    given_up = replay(terms, [*events, facts.ChargedOff(id="off", recorded_on=on, on=on)], on)
    assert sum(line.interest for line in given_up.lines) <= sum(line.interest for line in before.lines)
    assert given_up.outstanding <= before.outstanding
    assert sum(line.principal - line.owed_again for line in given_up.lines) == amount
    nothing_is_negative(given_up)
    assert sum(line.interest for line in given_up.lines) >= sum(
        line.interest for line in before.lines if line.due_on <= on
    )


def test_rates_of_zero_have_nothing_to_drop() -> None:
    terms = Terms(every=30, rate_percent=Decimal(0), charge_off=ChargeOff.NO_MORE_INTEREST)
    on = date(2025, 1, 20)
    captured = facts.Captured(id="c", recorded_on=date(2025, 1, 1), on=date(2025, 1, 1), amount=400_00)
    version = replay(terms, [captured, facts.ChargedOff(id="off", recorded_on=on, on=on)], on)
    assert [line.total for line in version.lines] == [100_00] * 4


def test_what_was_taken_back_is_still_told_when_all_falls_due() -> None:
    """An instalment that is gone hands on what of its principal was owed again."""
    on = date(2025, 2, 1)
    back = facts.ChargedBack(id="back", recorded_on=on, on=on, amount=60_00, payment_id="paid-02-01")
    off = facts.ChargedOff(id="off", recorded_on=on, on=on)
    terms = FOUR_MONTHS | {"charge_off": ChargeOff.ALL_DUE}
    version = lived(terms, paid("02-01", 100_00), back, off)
    assert [(line.total, line.owed_again) for line in version.lines] == [(460_00, 60_00)]
