"""Replaying a decision, and holding two policies against each other."""

from typing import Any

import msgspec
import pytest

from service.checkout.challenger import Comparison, comparison_of, difference, takes_challenger
from service.checkout.evidence import Evidence
from service.checkout.replay import replay
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
