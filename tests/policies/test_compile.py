"""What a policy says, once it is made ready."""

from typing import Any

import pytest

from service.checkout.case import READERS
from service.plans.offer import Kind
from service.policies.conditions import compile_all
from service.policies.document import Comparison, Condition
from service.policies.features import KNOWN, Fact
from service.policies.price_list import Rung, in_one_sum
from service.policies.reasons import ReasonCode, sentence_of
from service.policies.words import Language
from tests.policies.sample import POLICY, policy_with


@pytest.mark.parametrize(
    ("comparison", "value", "holds", "fails"),
    [
        ("equals", 5, [5], [4, 6, None]),
        ("differs", 5, [4, 6], [5, None]),
        ("below", 5, [4], [5, 6, None]),
        ("at_most", 5, [4, 5], [6, None]),
        ("at_least", 5, [5, 6], [4, None]),
        ("above", 5, [6], [4, 5, None]),
        ("one_of", (1, 5), [1, 5], [2, None]),
        ("none_of", (1, 5), [2], [1, 5, None]),
        ("absent", None, [None], [0, 5]),
    ],
)
def test_conditions(comparison: str, value: Any, holds: list[Any], fails: list[Any]) -> None:
    values = value if isinstance(value, tuple) else ()
    condition = Condition("fact", Comparison(comparison), None if values else value, values)
    test = compile_all((condition,), {"fact": 0})
    assert [test([fact]) for fact in holds] == [True] * len(holds)
    assert [test([fact]) for fact in fails] == [False] * len(fails)


@pytest.mark.parametrize(
    ("score", "grade"),
    [(1000, "A"), (620, "A"), (619, "B"), (560, "B"), (559, "R"), (540, "R"), (539, None), (-9, None)],
)
def test_grades(score: int, grade: str | None) -> None:
    found = POLICY.grade_of(score)
    assert (found.name if found else None) == grade


@pytest.mark.parametrize(
    ("word", "category"), [("Car", "cars"), ("CAR", "cars"), ("bicycle", "rentals"), ("", "other"), ("boat", "other")]
)
def test_categories(word: str, category: str) -> None:
    assert POLICY.category_of(word) == category


@pytest.mark.parametrize(
    ("asked", "lengths"),
    [(None, [4, 6, 12]), (6, [4, 6, 12]), (9, [4, 6, 12, 9]), (24, [4, 6, 12, 24]), (25, [4, 6, 12])],
)
def test_lengths(asked: int | None, lengths: list[int]) -> None:
    rungs = POLICY.rungs("EUR", "other", "A", asked)
    assert [rung.terms.instalments for rung in rungs if rung.kind is Kind.INSTALMENTS] == lengths


def test_segments_have_limits_of_their_own() -> None:
    policy = policy_with(
        ("/segments", [{"name": "owners", "when": [{"feature": "owner", "is": "equals", "value": True}]}]),
        ("/limits/-", {"grade": "A", "currency": "EUR", "segment": "owners", "limit": 9_999_00}),
    )
    owner: list[Fact]
    tenant: list[Fact]
    owner, tenant = [40, "fine", True, True, False, 1], [40, "fine", False, True, False, 1]
    assert policy.limit_for("A", "EUR", owner, 0) == 9_999_00
    assert policy.limit_for("A", "EUR", tenant, 0) == 5_000_00
    assert policy.limit_for("B", "EUR", owner, 0) == 1_000_00  # a segment without a row of its own has the general one
    assert policy.limit_for("A", "USD", owner, 0) == 0


@pytest.mark.parametrize("bps", [0, 1, 333, 2000, 9999])
@pytest.mark.parametrize("fixed", [0, 7_77])
@pytest.mark.parametrize("financed", [1, 99, 100_01, 4_000_00])
def test_the_highest_price_that_leaves_an_amount(bps: int, fixed: int, financed: int) -> None:
    terms = in_one_sum(30)
    rung = Rung(Kind.INSTALMENTS, "x", terms, 1, 10**9, True, bps, fixed)
    price = rung.price_of(financed)
    assert price - rung.down_payment_of(price) <= financed
    assert price + 1 - rung.down_payment_of(price + 1) > financed


def test_every_known_fact_is_read() -> None:
    assert set(READERS) == {(source, name) for source, names in KNOWN.items() for name in names}


@pytest.mark.parametrize("language", Language)
def test_every_reason_has_a_sentence_in_every_language(language: Language) -> None:
    for is_of_deposit in (False, True):
        for code in ReasonCode:
            sentence, english = (
                sentence_of(code, one, is_of_deposit=is_of_deposit) for one in (language, Language.ENGLISH)
            )
            assert sentence
            assert (sentence == english) is (language is Language.ENGLISH)
