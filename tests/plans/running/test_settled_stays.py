"""What is settled asks for nothing more, whatever changes afterwards: no plan is owed and overpaid at once."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.versions import Version, amount_to_settle, replay
from service.terms.terms import Captures, DayCount, InterestOn, Method, PaidEarly, RateKind, Terms
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.running.any_facts import START, changes, money_facts, running_terms
from tests.plans.running.test_versions import AT_12, JAN_1, captured, day, lived, paid, refunded

TOLD: Final[dict[str, Any]] = {"id": "change", "recorded_on": day("01-05")}
THEN: Final = TOLD | {"on": day("01-21")}
ON_ALL: Final = AT_12 | {
    "interest_on": InterestOn.FINANCED,
    "method": Method.EQUAL_PRINCIPAL,
}  # every instalment bears interest on all that was lent
CHANGES: Final[dict[str, tuple[type[Any], dict[str, Any]]]] = {
    "another rate": (facts.RateChanged, THEN | {"rate_percent": Decimal(24)}),
    "a pause": (facts.InterestPaused, THEN | {"end_on": day("02-10")}),
    "an extension": (facts.Extended, THEN | {"instalments": 2}),
    "a holiday": (facts.HolidayGranted, THEN | {"principal": 1}),
    "a holiday of interest": (facts.HolidayGranted, THEN | {"interest": 1}),
    "a later due date": (facts.DueMoved, TOLD | {"on": day("01-05"), "due_on": day("02-01"), "to": day("02-20")}),
    "spread anew": (facts.ReAged, TOLD | {"on": day("01-05"), "first_due_on": day("02-20"), "instalments": 9}),
    "what is late, too": (facts.ReAmortized, TOLD | {"on": day("01-05")}),
}


def late(on: str, amount: int) -> facts.Paid:
    """A payment that was received before the change, and told after it."""
    return facts.Paid(id="late", recorded_on=day("01-30"), on=day(on), amount=amount)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("terms", [AT_12, ON_ALL, AT_12 | {"recalculate": True}], ids=["as agreed", "on all", "daily"])
def test_what_was_paid_by_then_is_not_asked_for_more(terms: dict[str, Any], change: str) -> None:
    """All of it and 5.01 more came on 4 January, which is told after the change."""
    kind, said = CHANGES[change]
    owed = amount_to_settle(lived(terms, as_of="01-04"), day("01-04"))
    version = lived(terms, kind(**said, keeps_settled=True), late("01-04", owed + 5_01), as_of="03-01")
    assert (version.outstanding, version.overpaid) == (0, 5_01)


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ("another rate", 13_55), ("an extension", 8_00), ("a holiday", 4_00), ("a later due date", 2_71),
        ("spread anew", 22_50),
    ],
)  # fmt: skip
def test_what_was_told_before_that_rule_stays_as_it_was(change: str, more: int) -> None:
    """Facts do not change their meaning: those that do not say so asked for more of what was paid."""
    kind, said = CHANGES[change]
    owed = amount_to_settle(lived(ON_ALL), JAN_1)
    version = lived(ON_ALL, kind(**said), late("01-04", owed + 5_01), as_of="03-01")
    assert (version.outstanding, version.overpaid) == (more, 5_01)


def in_two(rate: dict[str, Any], *more: AnyFact) -> Version:
    """150.00 may be captured; the first 50.00 are, and come back whole before a rate of 24 %."""
    terms = Terms(**AT_12, captures=Captures.MERGED)
    agreed = facts.Authorized(id="agreed", recorded_on=JAN_1, on=JAN_1, amount=150_00)
    change = facts.RateChanged(**THEN, rate_percent=Decimal(24), **rate)
    came_back = refunded("01-10", 50_00, by_share=True)
    return replay(terms, [agreed, captured(50_00), came_back, change, *more], day("02-01"))


@pytest.mark.parametrize(("rate", "asked"), [({"keeps_settled": True}, 0), ({}, 19)])
def test_a_rate_asks_nothing_of_a_capture_that_came_back_whole(rate: dict[str, Any], asked: int) -> None:
    assert (in_two(rate).outstanding, in_two(rate).overpaid) == (asked, 0)


@pytest.mark.parametrize(
    ("percent", "keeps_settled", "owed"),
    [
        (24, True, 208_03), (24, False, 211_05),  # 200.00 alone would owe 208.06
        (12, True, 205_02), (12, False, 205_02),
        (0, True, 201_99), (0, False, 201_99),  # ... and 202.00
    ],
)  # fmt: skip
def test_a_higher_rate_asks_nothing_of_goods_that_came_back(*, percent: int, keeps_settled: bool, owed: int) -> None:
    """Of 400.00 at 12 % 200.00 come back with their share of the interest; from 2 February on there is another rate."""
    rate = facts.RateChanged(
        id="rate", recorded_on=day("02-02"), on=day("02-02"), rate_percent=Decimal(percent), keeps_settled=keeps_settled
    )
    version = lived(AT_12, refunded("01-10", 200_00, by_share=True), rate)
    assert (version.outstanding, version.overpaid) == (owed, 0)


def test_what_joins_it_later_bears_the_new_rate() -> None:
    """100.00 for what is left of four months at 24 % cost twice what they do at 12 %."""
    joined = captured(100_00, day("01-25"), 1)
    at_24, at_12 = in_two({"keeps_settled": True}, joined), in_two({"keeps_settled": True})
    assert at_12.outstanding == 0
    interest = sum(line.interest - line.paid_interest for line in at_24.lines)
    assert at_24.outstanding == 100_00 + interest
    assert 3_50 < interest < 4_50


@pytest.mark.parametrize(("keeps_settled", "left"), [(True, 0), (False, 16)])
def test_what_was_overpaid_bears_a_charge_back_and_nothing_else_moves(*, keeps_settled: bool, left: int) -> None:
    """A year has 365 days and a month 30 there: a period that was cut in two earned 0.16 more than a whole one."""
    terms = Terms(
        instalments=1, every=65, rate_percent=Decimal("13.6578"), rate_kind=RateKind.EFFECTIVE,
        interest_on=InterestOn.FINANCED, day_count=DayCount.THIRTY_365, recalculate=True,
        paid_early=PaidEarly.AT_DUE_DATE, method=Method.EQUAL_PRINCIPAL,
    )  # fmt: skip
    lent = facts.Captured(id="lent", recorded_on=JAN_1, on=JAN_1, amount=400_00)
    came = paid("01-20", 830_54)
    back = facts.ChargedBack(
        id="back", recorded_on=day("02-02"), on=day("02-02"), amount=39, payment_id=came.id, keeps_settled=keeps_settled
    )
    overpaid = replay(terms, [lent, came], day("03-01")).overpaid
    version = replay(terms, [lent, came, back], day("03-01"))
    assert (version.outstanding, version.overpaid) == (left, overpaid - 39)


def test_charges_that_are_left_move_with_the_due_date() -> None:
    """Principal and interest are paid, a fee is not: it falls due with the date, and nothing is asked for besides."""
    fee = facts.Levied(id="fee", recorded_on=day("01-05"), due_on=day("01-20"), amount=7_00)
    moved = facts.DueMoved(
        id="moved", recorded_on=day("01-06"), on=day("01-06"), due_on=day("02-01"), to=day("02-20"), keeps_settled=True
    )
    owed = amount_to_settle(lived(ON_ALL), JAN_1)
    version = lived(ON_ALL, late("01-04", owed), fee, moved)
    assert [(line.due_on, line.outstanding) for line in version.lines if line.outstanding] == [(day("02-20"), 7_00)]


@given(st.data(), running_terms(), st.integers(500, 2_000_00))
def test_no_plan_is_owed_and_overpaid_at_once(data: st.DataObject, terms: Terms, amount: int) -> None:
    """Whatever happens, and in whatever order it is told; all of it is paid, and more, at some time."""
    events = data.draw(changes(terms, data.draw(money_facts(amount, keeps_settled=True)), keeps_settled=True))
    on = START + timedelta(days=data.draw(st.integers(0, 90)))
    told_on = max(on, data.draw(st.sampled_from([on, max(event.recorded_on for event in events)])))
    try:
        owed = amount_to_settle(replay(terms, [one for one in events if one.on <= on], on), on)
        paid_all = facts.Paid(id="all", recorded_on=told_on, on=on, amount=owed + data.draw(st.sampled_from([1, 5_01])))
        version = replay(terms, [*events, paid_all], date(2024, 12, 31))
    except Refused as refused:
        if refused.code in (Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS):
            return
        raise
    assert not (version.outstanding and version.overpaid)
