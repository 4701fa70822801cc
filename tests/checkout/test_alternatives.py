"""What is offered instead when the whole is not possible."""

from typing import Any

import pytest

from service.plans.offer import Kind
from tests.checkout.cases import asked, codes, decided, known
from tests.policies.sample import policy_with


def instead(request: dict[str, Any], snapshot: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    """Each alternative: the change, number of instalments, amount of the plan, and what is paid or held besides."""
    answer = decided(asked(**request), known(**snapshot)).answer
    assert answer.offers == ()
    return [
        (one.change.value, one.offer.terms.instalments, one.offer.amount, one.offer.down_payment + one.offer.held)
        for one in answer.alternatives
    ]


@pytest.mark.parametrize(
    ("request_", "snapshot", "alternatives"),
    [
        (  # 300.00 of the limit are left
            {"amount": 301_00},
            {"limit": 5_000_00, "reserved": 1_500_00, "used": 3_200_00},
            [("larger_down_payment", 4, 300_00, 1_00), ("smaller_amount", 4, 300_00, 0)],
        ),
        (
            {"amount": 301_00},
            {"limit": 30_00},
            [("larger_down_payment", 4, 30_00, 271_00), ("smaller_amount", 4, 30_00, 0)],
        ),
        ({"amount": 301_00}, {"limit": 29_99}, []),  # below the smallest plan
        # another number of instalments than asked for: the two longest below it
        ({"amount": 600_00, "instalments": 30}, {}, [("shorter_term", 12, 600_00, 0), ("shorter_term", 6, 600_00, 0)]),
        ({"amount": 600_00, "instalments": 5, "category": "car"}, {}, []),  # never a longer one
        # both: as much as the longest row carries
        (
            {"amount": 4_500_00, "instalments": 12},
            {},
            [
                ("shorter_term", 4, 4_500_00, 0),
                ("larger_down_payment", 12, 4_000_00, 500_00),
                ("smaller_amount", 12, 4_000_00, 0),
            ],
        ),
        # a row with a down payment keeps its share of a smaller price
        (
            {"amount": 10_000_00, "category": "car"},
            {"limit": 2_000_00},
            [],  # referred: above 9,000.00 a person looks
        ),
        (
            {"amount": 8_000_00, "category": "car"},
            {"limit": 2_000_00},
            [("larger_down_payment", 24, 2_000_00, 6_000_00), ("smaller_amount", 24, 2_000_00, 500_00)],
        ),
        (
            {"amount": 250_00, "category": "bicycle"},
            {},
            [("smaller_amount", 1, 200_00, 0)],
        ),
        # a deposit above the highest: the share of the highest is waived, the rest held
        (
            {"kinds": (Kind.DEPOSIT,), "deposit_amount": 4_000_00},
            {"clean_deposits": 3},
            [("smaller_waiver", 1, 4_000_00, 1_600_00)],
        ),
        ({"kinds": (Kind.DEPOSIT,), "deposit_amount": 4_000_00}, {"clean_deposits": 0}, []),
    ],
)  # fmt: skip
def test_alternatives(
    request_: dict[str, Any], snapshot: dict[str, Any], alternatives: list[tuple[str, int, int, int]]
) -> None:
    assert instead(request_, snapshot) == alternatives


def test_what_is_approved_has_no_alternatives() -> None:
    assert decided(asked(amount=500_00, instalments=6)).answer.alternatives == ()


def test_who_is_declined_for_who_they_are_hears_no_smaller_amount() -> None:
    answer = decided(asked(amount=6_000_00), known(attributes={"age": 17})).answer
    assert answer.alternatives == ()


def test_every_alternative_is_worth_asking_for() -> None:
    """Asked for as such, each alternative is approved."""
    policy = policy_with()
    for amount in (5_000_01, 6_000_00, 8_999_99):
        for one in decided(asked(amount=amount), policy=policy).answer.alternatives:
            price = one.offer.amount + one.offer.down_payment
            if one.change.value == "smaller_amount":
                assert codes(decided(asked(amount=price), policy=policy)) == []
