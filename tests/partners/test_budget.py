"""Which budgets a plan takes from, how much, and what they come to."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from service.partners.allocation import NotTaken, Opening
from service.partners.budget import is_limited, needs_of
from tests.partners.contracts import BANK, FUND, PROGRAMME, participant, programme, terms

SHOP = "me_01JD8Q4Z7K0000000000000000"
PLAN = Opening("instalments", "EUR", 600_01, 12, "B", SHOP, "DE", date(2026, 3, 2))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAPITAL: dict[str, Any] = {"tier1_capital": 4_000_000_000_00, "tier1_on": "2025-12-31"}
CEILING = 1_000_000_000_00

MONTH = f"{PROGRAMME}:2026-03"


def needs(now: datetime = NOON, plan: Opening = PLAN, **changes: Any) -> list[tuple[str, int, int, NotTaken]]:
    one = programme(**changes)
    return [(need.budget, need.amount, need.most, need.says) for need in needs_of(one, one.funding, plan, now)]


def test_a_plan_takes_nothing_of_a_programme_without_limits() -> None:
    assert needs() == []
    assert not is_limited(terms())


@pytest.mark.parametrize(
    ("now", "cut_off", "month"),
    [
        ("2026-03-31T21:00:00.000+00:00", "23:00", "2026-03"),  # 23:00 in Berlin
        ("2026-03-31T21:00:00.001+00:00", "23:00", "2026-04"),
        ("2026-03-31T21:59:59.999+00:00", "24:00", "2026-03"),
        ("2026-03-31T22:00:00.000+00:00", "24:00", "2026-04"),
    ],
)
def test_a_capacity_is_of_the_month_of_the_business_day(now: str, cut_off: str, month: str) -> None:
    found = needs(datetime.fromisoformat(now), capacity_per_month=1_000_00, cut_off=cut_off)
    assert found == [(f"{PROGRAMME}:{month}", 600_01, 1_000_00, NotTaken.CAPACITY)]


def test_of_a_capacity_one_merchant_and_one_grade_have_their_shares() -> None:
    found = needs(capacity_per_month=1_000_01, concentration={"merchant_bps": 5_000, "grade_bps": 2_500})
    assert found == [
        (f"{MONTH}:{SHOP}", 600_01, 500_01, NotTaken.MERCHANT_SHARE),
        (f"{MONTH}:B", 600_01, 250_00, NotTaken.GRADE_SHARE),
        (MONTH, 600_01, 1_000_01, NotTaken.CAPACITY),
    ]


def test_each_partners_money_out_is_held_against_its_own_capital() -> None:
    both = [participant(5_000, **CAPITAL), participant(2_000, FUND, **CAPITAL | {"tier1_capital": 100_00})]
    found = needs(participants=both, limits={"partner_capital_max_bps": 2_500})
    assert found == [
        (f"{BANK}:EUR", 300_01, CEILING, NotTaken.CAPITAL),
        (f"{FUND}:EUR", 120_00, 25_00, NotTaken.CAPITAL),
    ]


@pytest.mark.parametrize(
    ("agreed", "plan", "ceiling"),
    [
        (None, {}, None),
        (None, {"jurisdiction": "CN"}, CEILING),  # by the law
        (2_000, {"jurisdiction": "CN"}, 800_000_000_00),  # the stricter of both
        (10_000, {"jurisdiction": "CN"}, CEILING),
        (10_000, {"jurisdiction": "CN", "on": date(2021, 12, 31)}, 4_000_000_000_00),
    ],
)
def test_the_law_of_the_plan_binds_besides(agreed: int | None, plan: dict[str, Any], ceiling: int | None) -> None:
    limits = {} if agreed is None else {"partner_capital_max_bps": agreed}
    found = needs(plan=replace(PLAN, **plan), participants=[participant(7_000, **CAPITAL)], limits=limits)
    assert [most for _, _, most, _ in found] == ([] if ceiling is None else [ceiling])


@pytest.mark.parametrize(
    ("changes", "limited"),
    [
        ({"capacity_per_month": 1}, True),
        ({"approval": {"url": "https://bank.example/"}}, True),
        ({"participants": [participant(7_000, **CAPITAL)]}, True),  # a law may ask for it
        ({"priority": 1, "cut_off": "23:00"}, False),
    ],
)
def test_it_is_known_where_nothing_has_to_be_asked(changes: dict[str, Any], limited: bool) -> None:
    assert is_limited(terms(**changes)) is limited
