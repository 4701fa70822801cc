"""Costs that a merchant pays: of each capture by its share, out of what it is owed, and back with the goods."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion
from service.merchants.fee import FeeTerms, MerchantFee
from service.plans.amend import Amend
from service.plans.capture import Capture
from service.plans.money_back import Refund
from service.plans.reverse import ReverseCapture
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.policies.validate import read_policy
from service.terms.pricing import price_of
from service.terms.terms import Captures, Cost, Payer, Terms, Unit
from tests.plans.lives import APPROVAL
from tests.plans.test_costs_come_back import Bought
from tests.policies.sample import document_with

THEIRS = Cost("campaign", amount=6_00, bps=100, payer=Payer.MERCHANT)
FOUR = Terms(costs=(THEIRS,))  # of 600.00 the merchant pays 12.00
AT = "/instalments/1/terms"


def charged(bought: Bought) -> int:
    """What the merchant is owed less for them."""
    return bought.booked(Occasion.MERCHANT_COST).get(A.MERCHANT_PAYABLE, 0)


def test_the_consumer_pays_nothing_of_them_and_the_merchant_gets_less() -> None:
    price, free = (price_of("DE", "consumer_credit", terms, 600_00, date(2026, 3, 2)) for terms in (FOUR, Terms()))
    assert price == free
    bought = Bought(FOUR)
    assert bought.owed == 600_00
    assert bought.booked(Occasion.MERCHANT_COST) == {A.MERCHANT_PAYABLE: 12_00, A.MERCHANT_FEE_INCOME: -12_00}
    assert bought.life.balances(bought.plan_id)[A.FEE_INCOME] == 0
    assert bought.booked(Occasion.FEE_SHARE) == {}  # partners share what consumers pay


@pytest.mark.parametrize("captures", list(Captures))
@pytest.mark.parametrize(
    ("captured", "shares"), [((200_00, 400_00), [4_00, 12_00]), ((1, 99_99, 500_00), [0, 2_00, 12_00])]
)
def test_each_capture_bears_its_share(captures: Captures, captured: tuple[int, ...], shares: list[int]) -> None:
    bought = Bought(replace(FOUR, captures=captures), captured[0])
    assert charged(bought) == shares[0]
    for amount, share in zip(captured[1:], shares[1:], strict=True):
        bought.do(Capture, amount=amount)
        assert charged(bought) == share


def test_of_what_is_voided_there_is_none_and_of_an_order_that_becomes_more_there_is_more() -> None:
    bought = Bought(FOUR, 150_00)
    bought.do(Void)
    assert charged(bought) == 3_00
    bought = Bought(FOUR, 300_00, amount_max=1_000_00)
    bought.do(Amend, amount=900_00, approval=APPROVAL)  # 6.00 and 1 % are 15.00 now
    bought.do(Capture, amount=600_00)
    assert charged(bought) == 15_00


def test_a_capture_that_was_a_mistake_bears_nothing() -> None:
    bought = Bought(FOUR)
    bought.do(ReverseCapture, capture=1)
    assert (charged(bought), bought.life.balances(bought.plan_id)[A.MERCHANT_FEE_INCOME]) == (0, 0)


@pytest.mark.parametrize(("refund_costs", "left"), [(True, [8_00, 4_00, 0]), (False, [12_00, 12_00, 12_00])])
def test_they_come_back_with_the_goods_where_the_terms_say_so(refund_costs: bool, left: list[int]) -> None:
    bought = Bought(replace(FOUR, refund_costs=refund_costs))
    for amount in left:
        bought.do(Refund, amount=200_00)
        assert charged(bought) == amount
    assert bought.owed == 0


def test_who_withdraws_from_the_credit_has_bought_all_the_same() -> None:
    bought = Bought(FOUR, jurisdiction="DE")
    bought.life.now += timedelta(3)
    bought.do(Withdraw)
    assert charged(bought) == 12_00


def test_the_tax_on_fees_is_on_them_too() -> None:
    """19 % of 12.00; and back with a third of the goods."""
    bought = Bought(FOUR, merchant_fee=MerchantFee(290, 30, FeeTerms(tax_bps=1_900)))
    taxed = {A.MERCHANT_PAYABLE: 14_28, A.MERCHANT_FEE_INCOME: -12_00, A.TAX_PAYABLE: -2_28}
    assert bought.booked(Occasion.MERCHANT_COST) == taxed
    bought.do(Refund, amount=200_00)
    assert bought.booked(Occasion.MERCHANT_COST) == {
        A.MERCHANT_PAYABLE: 9_52, A.MERCHANT_FEE_INCOME: -8_00, A.TAX_PAYABLE: -1_52,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cost", "terms", "at"),
    [
        ({}, {}, None),
        ({"due": "first"}, {}, "/costs/0/due"),
        ({"due": "spread"}, {}, "/costs/0/due"),
        ({"due": "each"}, {}, "/costs/0/due"),
        ({"in_apr": False}, {}, "/costs/0/in_apr"),
        ({}, {"first_due_days": 0}, None),  # it is no line of the consumer's
        ({"amount": 250_00, "bps": 0}, {}, None),  # as much as the least that is bought
        ({"amount": 250_01, "bps": 0}, {}, "/costs"),
        ({}, {"refund_costs": False}, None),
    ],
)
def test_what_a_policy_may_say_of_them(cost: dict[str, Any], terms: dict[str, Any], at: str | None) -> None:
    said = {"name": "campaign", "amount": 1_00, "bps": 100, "payer": "merchant"} | cost
    written = {"instalments": 12, "every": 1, "unit": Unit.MONTH.value, "costs": [said]} | terms
    faults = read_policy(document_with((AT, written), ("/instalments/1/amount_min", 250_00)))[1]
    assert {fault.pointer for fault in faults} == (set() if at is None else {AT + at})
