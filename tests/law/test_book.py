"""Legal numbers hold from their first day to their last, and the scope of a law turns on its edges."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest
from msgspec.structs import replace

from service.errors import Code, Refused
from service.law.book import ANY, GENERAL, LAW, Certainty, LawRow, LegalRule, number_on, required_on, strictest_on
from service.money import EXPONENTS
from service.policies.scope import Credit, classes_of, scope_of

GOOD: dict[str, Any] = {
    "jurisdiction": "DE",
    "signed_on": date(2026, 12, 1),
    "amount": 500_00,
    "instalments": 4,
    "days_to_full_payment": 42,
    "has_cost": False,
    "third_party_lends": True,
}


def test_every_row_says_what_it_is_in_and_where_it_is_from() -> None:
    for row in LAW:
        assert row.unit in {"bps", "days", "months", "count"} | EXPONENTS.keys()
        assert row.source
        assert row.value >= 0
        assert row.valid_to is None or row.valid_from <= row.valid_to


def contradict(one: LawRow, other: LawRow) -> bool:
    """Whether both give one rule for one credit on one day; a row of any credit is also about each class."""
    return (
        (one.rule, one.jurisdiction) == (other.rule, other.jurisdiction)
        and (one.product == other.product or ANY in {one.product, other.product})
        and max(one.valid_from, other.valid_from) <= min(one.valid_to or date.max, other.valid_to or date.max)
    )


def test_no_two_rows_give_one_rule_on_one_day() -> None:
    assert not [pair for pair in combinations(LAW, 2) if contradict(*pair)]


@pytest.mark.parametrize(
    ("changes", "is_one_too_many"),
    [
        ({}, True),
        ({"value": 2}, True),
        ({"product": ANY}, True),
        ({"valid_from": date(2026, 6, 30)}, True),
        ({"valid_from": date(2026, 7, 1)}, False),
        ({"product": "digital_loan"}, False),
        ({"jurisdiction": "EU"}, False),  # a country's own goes before the Union's
        ({"rule": LegalRule.RATE_MAX}, False),
    ],
)
def test_what_contradicts(changes: dict[str, Any], is_one_too_many: bool) -> None:
    row = LawRow(
        jurisdiction="DE",
        product=GENERAL,
        rule=LegalRule.APR_MAX,
        value=1,
        unit="bps",
        valid_from=date(2026, 1, 1),
        source="a law",
        certainty=Certainty.A,
        valid_to=date(2026, 6, 30),
    )
    other = replace(row, **{"valid_to": None} | changes)
    assert contradict(row, other) is contradict(other, row) is is_one_too_many


@pytest.mark.parametrize(
    ("rule", "jurisdiction", "product", "on", "value"),
    [
        ("amount_max", "DE", "consumer_credit", date(2026, 11, 19), 75_000_00),
        ("amount_max", "DE", "consumer_credit", date(2026, 11, 20), 100_000_00),
        ("amount_min", "FR", "consumer_credit", date(2026, 11, 19), 200_00),
        ("amount_min", "FR", "consumer_credit", date(2026, 11, 20), None),
        ("withdrawal_days", "GB", "deferred_payment_credit", date(2026, 7, 14), None),
        ("withdrawal_days", "GB", "deferred_payment_credit", date(2026, 7, 15), 14),
        ("amount_max", "US", "closed_end_credit", date(2025, 12, 31), 71_900_00),
        ("amount_max", "US", "closed_end_credit", date(2026, 1, 1), 73_400_00),
        ("apr_max", "CN", "private_lending", date(2020, 12, 1), 1540),
        ("apr_max", "CN", "private_lending", date(2025, 6, 1), 1200),
        ("fees_first_year_max", "AU", "low_cost_credit", date(2025, 6, 9), None),
        ("fees_first_year_max", "AU", "low_cost_credit", date(2025, 6, 10), 200_00),
        ("outstanding_max", "SG", "bnpl", date(2026, 1, 1), 2_000_00),
        ("apr_max", "IE", "consumer_credit", date(2022, 5, 15), None),
        ("apr_max", "IE", "consumer_credit", date(2022, 5, 16), 2300),
        ("rate_max", "IE", "consumer_credit", date(2026, 1, 1), None),  # what bounds there is the APR
        ("rate_max", "DE", "consumer_credit", date(2026, 1, 1), None),
        ("settlement_notice_days", "GB", "consumer_credit", date(2005, 5, 30), None),
        ("settlement_notice_days", "GB", "consumer_credit", date(2005, 5, 31), 28),
        ("settlement_deferral_days", "GB", "consumer_credit", date(2005, 5, 30), None),
        ("settlement_deferral_days", "GB", "consumer_credit", date(2005, 5, 31), 30),
        ("part_settlement_days", "GB", "consumer_credit", date(2011, 1, 31), None),
        ("part_settlement_days", "GB", "consumer_credit", date(2011, 2, 1), 28),
        ("compensation_long_max", "DE", "consumer_credit", date(2010, 6, 10), None),
        ("compensation_long_max", "DE", "consumer_credit", date(2010, 6, 11), 100),
        ("compensation_long_max", "DE", "consumer_credit", date(2026, 11, 20), 100),
        ("compensation_short_max", "DE", "consumer_credit", date(2026, 11, 19), 50),
        ("compensation_short_max", "EU", "consumer_credit", date(2026, 11, 20), 50),
        ("compensation_short_max", "GB", "consumer_credit", date(2011, 1, 31), None),
        ("compensation_short_max", "GB", "consumer_credit", date(2011, 2, 1), 50),
        ("compensation_above", "GB", "consumer_credit", date(2011, 2, 1), 8_000_00),
        ("compensation_above", "DE", "consumer_credit", date(2026, 11, 20), None),
        ("rule_of_78_term_months_max", "US", "consumer_credit", date(1993, 9, 29), None),
        ("rule_of_78_term_months_max", "US", "consumer_credit", date(1993, 9, 30), 61),
        ("rule_of_78_term_months_max", "US", "closed_end_credit", date(1993, 9, 30), 61),
        ("retention_months", "US", "closed_end_credit", date(2026, 1, 1), 25),
        ("vouchers_retention_months", "DE", "consumer_credit", date(2024, 12, 31), 120),
        ("vouchers_retention_months", "DE", "consumer_credit", date(2025, 1, 1), 96),
        ("books_retention_months", "DE", "consumer_credit", date(2026, 1, 1), 120),
        ("compliance_retention_months", "US", "closed_end_credit", date(2026, 1, 1), 24),
    ],
)
def test_numbers(rule: str, jurisdiction: str, product: str, on: date, value: int | None) -> None:
    assert number_on(LegalRule(rule), jurisdiction, product, on) == value


def test_a_number_that_is_required() -> None:
    assert required_on(LegalRule.PART_SETTLEMENT_DAYS, "GB", GENERAL, date(2011, 2, 1)) == 28
    with pytest.raises(Refused, match="part_settlement_days in GB on 2011-01-31") as refused:
        required_on(LegalRule.PART_SETTLEMENT_DAYS, "GB", GENERAL, date(2011, 1, 31))
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/jurisdiction")


def test_of_several_caps_the_lowest() -> None:
    cap = strictest_on(LegalRule.APR_MAX, "CA", "consumer_credit", date(2026, 1, 1))
    assert cap is not None
    assert (cap.value, cap.certainty.value) == (3500, "C")


@pytest.mark.parametrize(
    ("changes", "product", "is_regulated"),
    [
        # European Union: interest-free credit of a third party comes into scope
        ({}, "consumer_credit", True),
        ({"signed_on": date(2026, 11, 19)}, "free_credit", False),
        ({"signed_on": date(2026, 11, 19), "has_cost": True}, "consumer_credit", True),
        ({"signed_on": date(2026, 11, 19), "has_cost": True, "amount": 199_99}, "small_or_large_credit", False),
        ({"amount": 100_000_00}, "consumer_credit", True),
        ({"amount": 100_000_01}, "large_credit", False),
        ({"third_party_lends": False, "days_to_full_payment": 50}, "merchant_deferral", False),
        ({"third_party_lends": False, "days_to_full_payment": 51}, "consumer_credit", True),
        ({"third_party_lends": False, "has_cost": True}, "consumer_credit", True),
        (
            {"third_party_lends": False, "large_online_seller": True, "days_to_full_payment": 14},
            "large_online_merchant_deferral",
            False,
        ),
        (
            {"third_party_lends": False, "large_online_seller": True, "days_to_full_payment": 15},
            "consumer_credit",
            True,
        ),
        # United Kingdom
        ({"jurisdiction": "GB"}, "deferred_payment_credit", True),
        ({"jurisdiction": "GB", "signed_on": date(2026, 7, 14)}, "exempt_instalments", False),
        ({"jurisdiction": "GB", "instalments": 12, "days_to_full_payment": 366}, "deferred_payment_credit", True),
        ({"jurisdiction": "GB", "instalments": 13, "days_to_full_payment": 366}, "consumer_credit", True),
        ({"jurisdiction": "GB", "instalments": 12, "days_to_full_payment": 367}, "consumer_credit", True),
        ({"jurisdiction": "GB", "third_party_lends": False}, "merchant_credit", False),
        ({"jurisdiction": "GB", "has_cost": True}, "consumer_credit", True),
        # United States
        ({"jurisdiction": "US"}, "pay_in_four", False),
        ({"jurisdiction": "US", "instalments": 5}, "closed_end_credit", True),
        ({"jurisdiction": "US", "has_cost": True}, "closed_end_credit", True),
        ({"jurisdiction": "US", "has_cost": True, "amount": 73_400_00}, "closed_end_credit", True),
        ({"jurisdiction": "US", "has_cost": True, "amount": 73_400_01}, "exempt_credit", False),
        # others
        ({"jurisdiction": "AU"}, "low_cost_credit", True),
        ({"jurisdiction": "AU", "signed_on": date(2025, 6, 9)}, "consumer_credit", False),
        ({"jurisdiction": "CN"}, "personal_loan", True),
        ({"jurisdiction": "SG"}, "bnpl", True),
        ({"jurisdiction": "IN"}, "digital_loan", True),
        ({"jurisdiction": "BR"}, "consumer_credit", True),
        ({"signed_on": date(2005, 1, 1)}, "consumer_credit", True),
    ],
)
def test_scope(changes: dict[str, Any], product: str, is_regulated: bool) -> None:
    credit = Credit(**GOOD | changes)
    scope = scope_of(credit)
    assert product in classes_of(credit.jurisdiction)
    assert (scope.product, scope.is_regulated) == (product, is_regulated)
    assert scope.why
