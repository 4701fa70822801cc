"""Replaying a decision, and holding two policies against each other."""

from typing import Any

import msgspec
import pytest

from service.checkout.challenger import Comparison, comparison_of, difference, takes_challenger
from service.checkout.disclosure import disclosure_of
from service.checkout.evidence import Evidence
from service.checkout.replay import replay
from service.plans.offer import Kind
from tests.checkout.cases import DECISION, MERCHANT, NOON, PROGRAMMES, asked, decided, known
from tests.policies.sample import POLICY, policy_with

STRICTER = policy_with(("/grades/0/score_min", 640), ("/grades/1/score_min", 631))


@pytest.mark.parametrize("request_", [{}, {"amount": 5_000_01}, {"amount": 1_00}, {"language": "zh", "amount": 1_00}])
def test_a_decision_is_replayed_from_its_log(request_: dict[str, Any]) -> None:
    request = msgspec.json.decode(msgspec.json.encode({
        "merchant_reference": "order 1", "consumer": asked().consumer_id, "currency": "EUR", "amount": 400_00,
    } | request_))  # fmt: skip
    raw, snapshot = msgspec.json.encode(request), known(clean_deposits=2, limit=4_000_00)
    sent = msgspec.json.encode(decided(msgspec.convert(request, type(asked())), snapshot).answer)
    evidence = msgspec.json.encode(Evidence(snapshot, MERCHANT, PROGRAMMES))
    assert replay(DECISION, raw, evidence, sent, POLICY, NOON).is_identical
    assert not replay(DECISION, raw, evidence, sent, policy_with(("/version", 8)), NOON).is_identical


def test_a_challenger_is_held_against_the_champion() -> None:
    champion = decided(asked(amount=400_00))
    same, other = decided(asked(amount=400_00)), decided(asked(amount=400_00), policy=STRICTER)
    assert not difference(champion, same).is_swap
    swap = difference(champion, other)
    assert (swap.champion.value, swap.challenger.value, swap.financed) == ("approved", "referred", -400_00)
    report = comparison_of([difference(champion, same), swap, difference(other, champion)])
    assert report == Comparison(
        decisions=3, agreed=1, swapped_in=1, swapped_out=1, champion_approved=2, challenger_approved=2
    )


def test_a_share_is_stable_and_as_large_as_it_says() -> None:
    people = [f"co_{n:026}" for n in range(5_000)]
    taken = {person for person in people if takes_challenger(person, "autumn", 2_000)}
    assert 800 <= len(taken) <= 1_200
    assert taken == {person for person in people if takes_challenger(person, "autumn", 2_000)}
    assert taken <= {person for person in people if takes_challenger(person, "autumn", 3_000)}  # it only grows
    assert taken != {person for person in people if takes_challenger(person, "winter", 2_000)}
    assert not any(takes_challenger(person, "autumn", 0) for person in people)
    assert all(takes_challenger(person, "autumn", 10_000) for person in people)


@pytest.mark.parametrize(
    ("jurisdiction", "names"),
    [
        ("DE", ["cash_price", "down_payment", "credit", "duration", "rate", "charges", "apr", "instalments",
                "total_cost", "total_payable", "warning"]),
        ("US", ["apr", "total_cost", "amount_financed", "total_of_payments", "total_sale_price", "instalments"]),
        ("CN", ["credit", "interest", "charges", "apr", "simple_rate", "instalments", "total_payable", "nothing_else"]),
    ],
)  # fmt: skip
def test_an_offer_is_disclosed_as_its_law_wants(jurisdiction: str, names: list[str]) -> None:
    policy = policy_with(("/jurisdiction", jurisdiction), ("/product_class", "personal_loan"))
    offer = decided(asked(amount=2_000_00, category="car"), policy=policy).answer.offers[0]
    lines = disclosure_of(offer, jurisdiction, NOON)
    assert [line.name for line in lines] == names
    said = {line.name: line.value for line in lines}
    assert offer.apr.printed in said["apr"]
    assert said["instalments"].startswith("23 of ")


def test_a_deposit_is_no_credit_to_disclose() -> None:
    request = asked(kinds=(Kind.DEPOSIT,), deposit_amount=100_00)
    assert disclosure_of(decided(request, known(clean_deposits=9)).answer.offers[0], "DE", NOON) == ()
