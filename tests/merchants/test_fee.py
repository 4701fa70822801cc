"""What we keep of a capture: by category and tier, at least and at most, and the tax on it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.errors import Refused
from service.merchants.fee import (
    FeeSchedule,
    FeeTerms,
    FeeTier,
    MerchantFee,
    PaidBesides,
    Volume,
    fee_of,
    merchant_fee,
    raised,
    require_fees,
    tax_on,
    taxed,
    terms_of,
    tier_of,
)

ON = date(2026, 3, 2)
TIERS = (FeeTier(1_000_000_00, 250), FeeTier(5_000_000_00, 200, 10))


@pytest.mark.parametrize(
    ("fee", "tier", "amount", "kept"),
    [
        (MerchantFee(290, 30), 0, 600_00, 17_70),
        (MerchantFee(290, 30, FeeTerms(tiers=TIERS)), 0, 600_00, 17_70),
        (MerchantFee(290, 30, FeeTerms(tiers=TIERS)), 1, 600_00, 15_00),
        (MerchantFee(290, 30, FeeTerms(tiers=TIERS)), 2, 600_00, 12_10),
        (MerchantFee(290, 30, FeeTerms(maximum=12_00)), 0, 600_00, 12_00),
        (MerchantFee(290, 30, FeeTerms(minimum=1_00)), 0, 20_00, 1_00),
        (MerchantFee(290, 30, FeeTerms(minimum=1_00)), 0, 50, 50),  # never more than the capture
        (MerchantFee(10_000), 0, 600_00, 600_00),
        (MerchantFee(), 0, 600_00, 0),
    ],
)
def test_what_is_kept(fee: MerchantFee, tier: int, amount: int, kept: int) -> None:
    assert merchant_fee(fee, 0, amount, tier) == kept


@pytest.mark.parametrize(
    ("bps", "charged", "amount", "tax"),
    [(1_900, 12_00, 600_00, 2_28), (600, 17_70, 600_00, 1_06), (0, 12_00, 600_00, 0), (1_800, 600_00, 600_00, 0)],
)
def test_the_tax_on_it(bps: int, charged: int, amount: int, tax: int) -> None:
    assert tax_on(MerchantFee(terms=FeeTerms(tax_bps=bps)), charged, amount) == tax


@pytest.mark.parametrize(
    ("country", "on", "bps"),
    [
        ("CN", date(2026, 3, 2), 600),
        ("CN", date(2016, 4, 30), 0),
        ("IN", date(2026, 3, 2), 1_800),
        ("DE", date(2026, 3, 2), 0),
        ("GB", date(2026, 3, 2), 0),
    ],
)
def test_a_country_taxes_it(country: str, on: date, bps: int) -> None:
    assert terms_of(taxed(MerchantFee(290, 30), country, on)).tax_bps == bps


@pytest.mark.parametrize(
    ("volume", "tier"),
    [(0, 0), (999_999_99, 0), (1_000_000_00, 1), (4_999_999_99, 1), (5_000_000_00, 2)],
)
def test_the_tier_is_that_of_the_month(volume: int, tier: int) -> None:
    fee = MerchantFee(290, 30, FeeTerms(tiers=TIERS))
    volumes = {"EUR": Volume(date(2026, 3, 1), volume)}
    assert tier_of(fee, volumes, "EUR", ON) == tier
    assert tier_of(fee, volumes, "EUR", date(2026, 4, 1)) == 0  # a new month begins with nothing
    assert tier_of(fee, volumes, "USD", ON) == 0
    assert tier_of(MerchantFee(290), volumes, "EUR", ON) == 0


@pytest.mark.parametrize(
    ("kind", "category", "fee"),
    [
        ("instalments", "cars", MerchantFee(90)),
        ("instalments", "books", MerchantFee(290, 30)),
        ("instalments", None, MerchantFee(290, 30)),
        ("deposit", "cars", MerchantFee()),
    ],
)
def test_a_category_has_its_own(kind: str, category: str | None, fee: MerchantFee) -> None:
    assert fee_of({"instalments": FeeSchedule(290, 30, categories={"cars": MerchantFee(90)})}, kind, category) == fee


def test_what_the_merchant_pays_for_its_consumers_comes_on_top_of_every_tier() -> None:
    fee = raised(MerchantFee(290, 30, FeeTerms(tiers=TIERS)), 100, 5)
    assert fee == MerchantFee(390, 35, FeeTerms(tiers=(FeeTier(1_000_000_00, 350, 5), FeeTier(5_000_000_00, 300, 15))))


BOUND = FeeTerms(minimum=2_00, maximum=12_00)


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        (50_00, 2_00 + 1_75),  # 2.90 % and 0.30 are 1.75: at least 2.00, and 3.50 % besides
        (300_00, 9_00 + 10_50),
        (3_000_00, 12_00 + 105_00),
        (1_00, 1_00),  # never more than the capture
    ],
)
def test_a_least_and_a_most_bound_our_fee_and_not_what_the_merchant_pays_besides(amount: int, kept: int) -> None:
    fee = raised(MerchantFee(290, 30, BOUND), 350, 0)
    assert fee == MerchantFee(290, 30, replace(BOUND, besides=PaidBesides(350, 0)))
    assert merchant_fee(fee, 0, amount) == kept


def test_what_is_paid_besides_in_parts_is_that_of_the_whole() -> None:
    fee = raised(MerchantFee(0, 0, FeeTerms(maximum=1)), 350, 5)
    assert [merchant_fee(fee, before, 33_33) for before in (0, 33_33, 66_66)] == [1_17 + 5, 1_16 + 5, 1_17 + 5]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 10_000))
def test_parts_keep_what_the_whole_keeps(parts: list[int], bps: int) -> None:
    fee, kept, before = MerchantFee(bps), 0, 0
    for part in parts:
        kept += merchant_fee(fee, before, part)
        before += part
    assert abs(kept - merchant_fee(fee, 0, sum(parts))) <= 0 or bps == 10_000


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"minimum": 5, "maximum": 4}, "/fees/instalments/terms/maximum"),
        ({"tiers": (TIERS[1], TIERS[0])}, "/fees/instalments/terms/tiers"),
        ({"tiers": (TIERS[0], TIERS[0])}, "/fees/instalments/terms/tiers"),
        ({"tax_bps": 1_900}, "/fees/instalments/terms/tax_bps"),
        ({"besides": PaidBesides(100, 0)}, "/fees/instalments/terms/besides"),
    ],
)
def test_fees_that_cannot_be(terms: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        require_fees({"instalments": FeeSchedule(290, terms=FeeTerms(**terms))})
    assert refused.value.pointer == pointer
    with pytest.raises(Refused) as inner:
        require_fees({"deposit": FeeSchedule(categories={"cars": MerchantFee(290, terms=FeeTerms(**terms))})})
    assert "/fees/deposit/categories/cars/terms/" in str(inner.value.pointer)
