"""Forms of offers that are kept: what is decided with a kept one is what is decided without."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from service.checkout import blank
from service.merchants.fee import FeeSchedule, MerchantFee
from tests.checkout.cases import MERCHANT, NOON, asked, decided, known

DEAR = replace(MERCHANT, fees={"instalments": FeeSchedule(500, 0, categories={"sofas": MerchantFee(100, 1)})})


def answers() -> list[bytes]:
    """Of all that a form depends on: the merchant, its fees, the category, the day and the grade."""
    return [
        msgspec.json.encode(decided(request, snapshot, merchant=merchant, now=now).answer)
        for merchant in (MERCHANT, DEAR, replace(MERCHANT, time_zone="America/New_York"))
        for request in (asked(), asked(category="sofas"), asked(amount=200_00), asked(deposit_amount=500_00))
        for snapshot in (known(), known(attributes={"job": "other"}))
        for now in (NOON, NOON + timedelta(days=200))
    ]


def test_a_kept_form_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setattr(blank, "KEPT_MAX", 0)
        expected = answers()
    assert len(set(expected)) > len(expected) / 2
    for _ in range(2):
        assert answers() == expected


def test_a_merchant_whose_fee_was_edited_has_another() -> None:
    """Also where the new one lies where the old one lay in memory."""
    fees = []
    for bps in range(50):
        merchant = replace(MERCHANT, fees={"instalments": FeeSchedule(bps, 0)})
        fees.append(decided(merchant=merchant).answer.offers[0].merchant_fee.bps)
        del merchant
    assert fees == [fees[0] + bps for bps in range(50)]


def test_so_many_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blank, "KEPT_MAX", 10)
    for number in range(30):
        assert decided(asked(category=f"word {number}")).answer.offers
        assert len(blank._kept) <= 10
