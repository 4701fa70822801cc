"""A programme's document: what contradicts itself is refused with its place, and both sides of every edge."""

from datetime import date
from typing import Any

import msgspec
import pytest

from service.errors import Code, Refused
from service.partners.funding import Participation, ScheduleType
from service.partners.programme_faults import faults, require_possible
from service.partners.programme_terms import Netting, ProgrammeTerms, payment_marks
from tests.partners.contracts import BANK, FUND, GOOD, participant, programme, terms

TODAY = date(2026, 3, 2)
CAPITAL: dict[str, Any] = {"tier1_capital": 4_000_000_000_00, "tier1_on": "2021-06-30"}
SHOP, OTHER = "me_01JD8Q4Z7K0000000000000000", "me_01JD8Q4Z7K0000000000000001"


def places(**changes: Any) -> list[str]:
    return [pointer for pointer, _ in faults(terms(**changes), TODAY)]


def alone(kind: str, *shares: int, **more: Any) -> dict[str, Any]:
    partners = (BANK, FUND)
    return {"kind": kind, "participants": [participant(*one) for one in zip(shares, partners, strict=False)]} | more


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        # names
        ({"currency": "XXX"}, ["/currency"]),
        ({"time_zone": "Europe/Spree"}, ["/time_zone"]),
        ({"calendar": "DE-BY"}, []),
        ({"calendar": "DE-XX"}, ["/calendar"]),
        ({"eligibility": {"countries": ["DE", "UK"]}}, ["/eligibility/countries/1"]),
        ({"eligibility": {"jurisdictions": ["EU", "UK"]}}, ["/eligibility/jurisdictions/1"]),
        # once
        (alone("joint", 3_000) | {"participants": [participant(3_000)] * 2}, ["/participants/1/partner_id"]),
        ({"eligibility": {"kinds": ["deposit", "deposit"]}}, ["/eligibility/kinds/1"]),
        ({"eligibility": {"categories": ["a", "b", "a"]}}, ["/eligibility/categories/2"]),
        ({"eligibility": {"grades": ["A", "A"]}}, ["/eligibility/grades/1"]),
        ({"eligibility": {"merchants": [SHOP, OTHER]}}, []),
        ({"eligibility": {"merchants": [SHOP, SHOP]}}, ["/eligibility/merchants/1"]),
        # ranges
        ({"eligibility": {"amount_min": 100, "amount_max": 100}}, []),
        ({"eligibility": {"amount_min": 101, "amount_max": 100}}, ["/eligibility/amount_max"]),
        ({"eligibility": {"amount_max": 0}}, ["/eligibility/amount_max"]),
        ({"eligibility": {"instalments_min": 12, "instalments_max": 12}}, []),
        ({"eligibility": {"instalments_min": 13, "instalments_max": 12}}, ["/eligibility/instalments_max"]),
        ({"eligibility": {"amount_min": 101}, "capacity_per_month": 100}, ["/capacity_per_month"]),
        # shares
        (alone("joint", 6_000, 3_999), []),
        (alone("joint", 6_000, 4_000), ["/participants"]),  # nothing is left for us
        (alone("assisted", 6_000, 4_000), []),
        (alone("assisted", 6_000, 3_999), ["/participants"]),
        (alone("assisted", 6_000, 4_001), ["/participants/1/principal_bps"]),
        ({"participants": [participant(7_000, penalty_bps=6_000), participant(1_000, FUND, penalty_bps=4_001)]},
         ["/participants/1/penalty_bps"]),
        ({"participants": [participant(7_000), participant(0, FUND, interest_bps=100)]},
         ["/participants/1/principal_bps"]),
        (alone("purchase", 10_000), []),
        (alone("purchase", 9_999), ["/participants"]),
        (alone("forward_flow", 10_000), []),
        (alone("forward_flow", 5_000, 5_000), ["/participants"]),
        # schedules
        ({"participants": [participant(7_000, schedule_type="own_rate", rate_percent="5.5")]}, []),
        ({"participants": [participant(7_000, schedule_type="own_rate")]}, ["/participants/0/rate_percent"]),
        ({"participants": [participant(7_000, rate_percent="5.5")]}, ["/participants/0/rate_percent"]),
        ({"participants": [participant(7_000, schedule_type="own_rate", rate_percent="-0.1")]},
         ["/participants/0/rate_percent"]),
        ({"participants": [participant(7_000, schedule_type="share_of_collection")]}, []),
        ({"participants": [participant(7_000, schedule_type="share_of_collection", interest_bps=7_000)]},
         ["/participants/0/interest_bps"]),
        # limits
        ({"concentration": {"merchant_bps": 2_000}}, ["/concentration"]),
        ({"concentration": {"grade_bps": 2_000}, "capacity_per_month": 1_000}, []),
        (alone("assisted", 10_000, limits={"own_share_min_bps": 1}), ["/limits"]),
        ({"participants": [participant(7_000, tier1_capital=1)]}, ["/participants/0/tier1_on"]),
        ({"participants": [participant(7_000, tier1_on="2026-03-02")]}, ["/participants/0/tier1_capital"]),
        ({"participants": [participant(7_000, tier1_capital=1, tier1_on="2026-03-02")]}, []),
        ({"participants": [participant(7_000, tier1_capital=1, tier1_on="2026-03-03")]}, ["/participants/0/tier1_on"]),
        ({"limits": {"partner_capital_max_bps": 2_500}}, ["/participants/0/tier1_capital"]),
        (alone("purchase", 10_000, approval={"url": "https://bank.example/"}), ["/approval"]),
        # lending together: 70/30 goes, 71/29 does not
        (alone("joint", 7_000, limits={"own_share_min_bps": 3_000}), []),
        (alone("joint", 7_100, limits={"own_share_min_bps": 3_000}), ["/participants"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], pointers: list[str]) -> None:
    assert places(**changes) == pointers


@pytest.mark.parametrize(
    ("share", "capital_bps", "on", "pointers"),
    [
        (7_000, 2_500, date(2026, 3, 2), []),
        (7_100, 2_500, date(2026, 3, 2), ["/participants"]),
        (7_000, 2_501, date(2026, 3, 2), ["/limits/partner_capital_max_bps"]),
        (7_000, None, date(2026, 3, 2), ["/eligibility/jurisdictions/1"]),
        (7_100, None, date(2021, 12, 31), []),  # before there was a law
    ],
)
def test_the_law_of_each_jurisdiction_binds(share: int, capital_bps: int | None, on: date, pointers: list[str]) -> None:
    made = terms(
        participants=[participant(share, **CAPITAL)],
        eligibility={"jurisdictions": ["DE", "CN"]},
        limits={} if capital_bps is None else {"partner_capital_max_bps": capital_bps},
    )
    assert [pointer for pointer, _ in faults(made, on)] == pointers


def test_all_faults_are_told_at_the_place_of_the_first() -> None:
    require_possible(terms(), TODAY)
    with pytest.raises(Refused) as caught:
        require_possible(terms(currency="XXX", time_zone="Europe/Spree"), TODAY)
    assert (caught.value.code, caught.value.pointer) == (Code.INVALID_FIELD, "/currency")
    assert "XXX" in caught.value.detail
    assert "Spree" in caught.value.detail


@pytest.mark.parametrize("cut_off", ["24:01", "25:00", "7:00", "23:60", "23:00:00", ""])
def test_a_cut_off_is_a_time_of_day(cut_off: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="cut_off"):
        terms(cut_off=cut_off)


def test_a_plan_keeps_of_the_document_what_its_money_goes_by() -> None:
    funding = programme(
        version=3,
        cut_off="23:00",
        participants=[
            participant(4_000, schedule_type="own_rate", rate_percent="5.5", servicing_bps=100),
            participant(3_000, FUND, interest_bps=2_000, fee_bps=1_000, penalty_bps=500),
        ],
    ).funding
    assert (funding.programme_version, funding.time_zone, funding.cut_off) == (3, "Europe/Berlin", "23:00")
    own_rate, same = funding.participations
    assert (own_rate.schedule_type, str(own_rate.rate_percent)) == (ScheduleType.OWN_RATE, "5.5")
    assert own_rate.servicing_bps == 100
    assert same == Participation(FUND, 3_000, 2_000, 1_000, 500)


def test_a_document_is_short_and_says_the_same_again() -> None:
    """What is not said is not written: the demo's is as short as it is read."""
    made = terms()
    assert msgspec.json.decode(msgspec.json.encode(made), type=ProgrammeTerms) == made
    assert msgspec.to_builtins(made).keys() == GOOD.keys()


@pytest.mark.parametrize(
    ("calendar", "lag_days", "business_on", "settles_on"),
    [
        ("", 0, date(2026, 3, 6), date(2026, 3, 6)),  # a Friday
        ("", 0, date(2026, 3, 7), date(2026, 3, 9)),
        ("", 1, date(2026, 3, 6), date(2026, 3, 9)),
        ("", 2, date(2026, 3, 7), date(2026, 3, 10)),
        ("XECB", 1, date(2026, 4, 2), date(2026, 4, 7)),  # Maundy Thursday: over Easter
        ("", 1, date(2026, 4, 2), date(2026, 4, 3)),
    ],
)
def test_money_is_due_so_many_business_days_later(
    calendar: str, lag_days: int, business_on: date, settles_on: date
) -> None:
    assert terms(calendar=calendar, settle_lag_days=lag_days).settles_on(business_on) == settles_on


def test_what_is_paid_to_eleven_partners_of_a_day_is_told_apart() -> None:
    marks = [mark for nth in range(11) for netting in Netting for mark in sorted({*payment_marks(netting, nth)})]
    assert len({*marks}) == len(marks) == 33
    assert all(mark.isalnum() and mark.isascii() and mark != "S" for mark in marks)
    assert payment_marks(Netting.GROSS, 11) == payment_marks(Netting.GROSS)
