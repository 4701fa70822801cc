"""A capture split among sellers: what each bears of what comes back, and which splits there cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import ids
from service.errors import Code, Refused
from service.merchants.merchant import Merchant
from service.merchants.platform_terms import PlatformTerms
from service.merchants.split import Split, require_sellers, require_splits, shares_of

A, B, C, D = (ids.new_id(ids.MERCHANT, 0, number) for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("splits", "captured", "refunded", "shares"),
    [
        ({A: 60_00, B: 30_00}, 100_00, 0, {A: 60_00, B: 30_00}),
        ({A: 60_00, B: 30_00}, 100_00, 50_00, {A: 30_00, B: 15_00}),
        ({A: 60_00, B: 30_00}, 100_00, 100_00, {A: 0, B: 0}),
        ({A: 1, B: 1, C: 1, D: 1}, 4, 2, {A: 0, B: 1, C: 0, D: 1}),  # halves, and yet 2 in all
        ({A: 33_33, B: 33_33, C: 33_34}, 100_00, 1, {A: 33_33, B: 33_32, C: 33_34}),
    ],
)
def test_who_bears_what_comes_back(
    splits: dict[str, int], captured: int, refunded: int, shares: dict[str, int]
) -> None:
    assert shares_of(tuple(Split(*one) for one in splits.items()), captured, refunded) == shares


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=20), st.integers(0, 5_000), st.data())
def test_no_cent_is_lost_and_each_is_less_than_one_off(amounts: list[int], rest: int, data: st.DataObject) -> None:
    splits = tuple(Split(f"me_{number}", amount) for number, amount in enumerate(amounts))
    captured = sum(amounts) + rest
    refunded = data.draw(st.integers(0, captured))
    shares = shares_of(splits, captured, refunded)
    back = [one.amount - shares[one.merchant_id] for one in splits]
    for one, part in zip(splits, back, strict=True):
        assert 0 <= part <= one.amount
        assert abs(part * captured - one.amount * refunded) < captured
    assert abs((refunded - sum(back)) * captured - rest * refunded) < captured
    if not rest:
        assert sum(back) == refunded


def test_splits_are_of_the_capture_and_each_of_another() -> None:
    require_splits((Split(A, 60), Split(B, 40)), 100)
    for splits, code, pointer in (
        ((Split(A, 60), Split(B, 41)), Code.AMOUNT_MISMATCH, "/splits"),
        ((Split(A, 10), Split(A, 10)), Code.INVALID_FIELD, "/splits/1/merchant_id"),
    ):
        with pytest.raises(Refused) as refused:
            require_splits(splits, 100)
        assert (refused.value.code, refused.value.pointer) == (code, pointer)


def merchant(merchant_id: str, **more: object) -> Merchant:
    return Merchant(merchant_id, "Shop", "DE", "Europe/Berlin", {}, **more)  # type: ignore[arg-type]


def test_only_sellers_of_one_platform_split() -> None:
    platform = merchant(A, platform=PlatformTerms(0))
    seller, other = merchant(B, platform_id=A), merchant(C, platform_id=A)
    merchants = {A: platform, B: seller, C: other, D: merchant(D)}
    for who, named in ((platform, B), (seller, C), (seller, A)):
        require_sellers((Split(named, 1),), who, merchants)
    tester = merchants | {C: merchant(C, platform_id=A, is_test=True)}
    for who, named, known in (
        (seller, B, merchants), (seller, D, merchants), (merchants[D], B, merchants), (platform, "me_0", merchants),
        (seller, C, tester),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            require_sellers((Split(named, 1),), who, known)
        assert (refused.value.code, refused.value.pointer) == (Code.NOT_FOUND, "/splits/0/merchant_id")
